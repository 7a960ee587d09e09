"""Ballots: cast by the voter, or signed off line and relayed, singly and in batches; and what a late one does.

What makes a ballot inadmissible is a value, so that a batch can go on. Source: contracts/src/council/Voting.sol.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from governance.encoding.abi import encode_values
from governance.encoding.keccak import keccak256
from governance.spec.ballots import MAX_BALLOTS, cast, count_of
from governance.spec.dormancy import hear
from governance.spec.outcome import Outcome, Result, with_entry
from governance.spec.proposals import (
    FLAG_CANCELED,
    FLAG_EXECUTED,
    FLAG_EXTENDED,
    ballots_of,
    is_late,
    is_passing,
    state_of,
)
from governance.spec.rules import Refusal, refuse
from governance.spec.state import SystemState
from governance.types import (
    Address,
    BallotWord,
    ProposalId,
    ProposalRecord,
    ProposalState,
    SeatNumber,
    Standing,
    Support,
    Timestamp,
)
from governance.types.events import Event
from governance.types.events.council import BallotSkipped, ProposalExtended, VoteCast


@dataclass(frozen=True, slots=True)
class RelayedBallot:
    """A ballot that its voter signed off line. `signed` says whether the signature is the voter's: who calls has
    verified it, since this layer knows no signature."""

    voter: Address
    support: int
    round: int
    count: int  # ballots that the seat had cast in that round before this one
    reason: str = ""
    signed: bool = True


def process_ballot(
    state: SystemState, voter: Address, proposal_id: ProposalId, support: int, reason: str, now: Timestamp
) -> Result:
    """The voter's ballot counts, in the place of its last one."""
    proposal = _require_open(state, proposal_id, now)
    if isinstance(proposal, Refusal):
        return proposal
    seat = _judge(state, proposal, voter, support)
    return seat if isinstance(seat, Refusal) else _count(state, voter, proposal_id, seat, support, reason, now)


def process_signed_ballot(state: SystemState, proposal_id: ProposalId, ballot: RelayedBallot, now: Timestamp) -> Result:
    """The signed ballot counts.

    It must name the round and the count of now (R-Council-07): a relayer cannot hold it back and play it later.
    """
    proposal = _require_open(state, proposal_id, now)
    if isinstance(proposal, Refusal):
        return proposal
    seat = _judge_signed(state, proposal, ballot)
    if isinstance(seat, Refusal):
        return seat
    return _count(state, ballot.voter, proposal_id, seat, ballot.support, ballot.reason, now)


def process_signed_ballots(
    state: SystemState, proposal_id: ProposalId, ballots: Sequence[RelayedBallot], now: Timestamp
) -> Result:
    """Each ballot counts that would count alone, in this order; the others are skipped, and say why (R-Council-27)."""
    opened = _require_open(state, proposal_id, now)
    if isinstance(opened, Refusal):
        return opened
    events: list[Event] = []
    for ballot in ballots:
        taken = process_signed_ballot(state, proposal_id, ballot, now)
        if isinstance(taken, Refusal):
            reason = _encode_refusal(state, proposal_id, ballot, taken)
            skipped = BallotSkipped(proposal_id, ballot.voter, ballot.support, ballot.round, ballot.count, reason)
            events.append(skipped)
            continue
        state = taken.state
        events += taken.events
    return Outcome(state, tuple(events))


def process_skipped(state: SystemState, skipped: BallotSkipped, now: Timestamp) -> Result:
    """What a batch with that one ballot does. Of its signature the event says only whether it was the fault."""
    forged = skipped.reason[:4] == _selector("BadSignature")
    ballot = RelayedBallot(skipped.voter, skipped.support, skipped.round, skipped.count, signed=not forged)
    return process_signed_ballots(state, skipped.proposal_id, [ballot], now)


def _require_open(state: SystemState, proposal_id: ProposalId, now: Timestamp) -> ProposalRecord | Refusal:
    proposal = state.council.proposals.get(proposal_id)
    if proposal is None:
        return refuse("R-Council-17", "UnknownProposal", f"no proposal has the id {proposal_id}", actual=proposal_id)
    # Not state_of: an urgent proposal that passes already still takes ballots.
    if now > proposal.closes_at or proposal.flags & (FLAG_EXECUTED | FLAG_CANCELED):
        actual = state_of(state, proposal, now)
        message = f"the proposal is {actual.name.lower()}, and this needs it active"
        return refuse("R-Council-05", "UnexpectedState", message, actual=actual, required=ProposalState.ACTIVE)
    return proposal


def _judge(state: SystemState, proposal: ProposalRecord, voter: Address, support: int) -> SeatNumber | Refusal:
    """Whether that voter may cast that ballot now, and its seat."""
    seat, standing = state.seats.seat_of(voter)
    if standing is not Standing.LIVE:
        return refuse("R-Council-01", "NotLiveSeat", f"{voter} holds no live seat", actual=voter)
    if not proposal.eligible >> seat & 1:
        message = f"seat {seat} was not there when the proposal was made"
        return refuse("R-Council-04", "NotEligible", message, actual=seat)
    if support not in tuple(Support):
        message = f"a ballot is against (0), for (1) or abstains (2), not {support}"
        return refuse("R-Council-08", "BadSupport", message, actual=support)
    if count_of(ballots_of(proposal), seat) == MAX_BALLOTS:
        message = f"seat {seat} has cast {MAX_BALLOTS} ballots in this round"
        return refuse("R-Council-06", "TooManyBallots", message, actual=MAX_BALLOTS)
    return seat


def _judge_signed(state: SystemState, proposal: ProposalRecord, ballot: RelayedBallot) -> SeatNumber | Refusal:
    seat = _judge(state, proposal, ballot.voter, ballot.support)
    if isinstance(seat, Refusal):
        return seat
    signed, expected = (ballot.round, ballot.count), (proposal.round, count_of(ballots_of(proposal), seat))
    if signed != expected:
        message = f"the ballot is for round {signed[0]}, count {signed[1]}; now it is {expected[0]}, {expected[1]}"
        return refuse("R-Council-07", "StaleBallot", message, actual=signed, required=expected)
    if not ballot.signed:  # R-Seats-21: by ecrecover or the contract's answer, as the seat's kind says
        message = f"the signature is not {ballot.voter}'s"
        return refuse("R-Council-07", "BadSignature", message, required=ballot.voter)
    return seat


def _count(
    state: SystemState,
    voter: Address,
    proposal_id: ProposalId,
    seat: SeatNumber,
    support: int,
    reason: str,
    now: Timestamp,
) -> Outcome:
    before = state.council.proposals[proposal_id]
    word = cast(ballots_of(before), seat, Support(support))
    first, second = before.ballots
    ballots: tuple[BallotWord, BallotWord] = (word, second) if before.round == 1 else (first, word)
    proposal = dataclasses.replace(before, ballots=ballots)
    events: list[Event] = []
    state = hear(state, seat, events)
    events.append(VoteCast(voter, proposal_id, support, 1, reason))
    # R-Council-24: who turns failing into passing at the end gives all others as long to answer, once a round.
    if is_late(before, now) and is_passing(state, proposal) and not is_passing(state, before):
        closes_at = Timestamp(now + before.late_window)
        proposal = dataclasses.replace(proposal, closes_at=closes_at, flags=proposal.flags | FLAG_EXTENDED)
        events.append(ProposalExtended(proposal_id, closes_at))
    proposals = with_entry(state.council.proposals, proposal_id, proposal)
    council = dataclasses.replace(state.council, proposals=proposals)
    return Outcome(dataclasses.replace(state, council=council), tuple(events))


# What makes a signed ballot inadmissible, as the contract encodes it.
_ERRORS = {
    "NotLiveSeat": ("address",),
    "NotEligible": ("uint256", "uint8"),
    "BadSupport": ("uint8",),
    "TooManyBallots": ("uint256", "uint8"),
    "StaleBallot": ("uint256", "uint8", "uint8", "uint8", "uint8", "uint8"),
    "BadSignature": ("address",),
}


def _selector(error: str) -> bytes:
    return keccak256(f"{error}({','.join(_ERRORS[error])})".encode())[:4]


def _encode_refusal(state: SystemState, proposal_id: ProposalId, ballot: RelayedBallot, refusal: Refusal) -> bytes:
    """The custom error with its arguments."""
    proposal = state.council.proposals[proposal_id]
    seat, _standing = state.seats.seat_of(ballot.voter)
    expected = (proposal.round, count_of(ballots_of(proposal), seat))
    arguments: dict[str, tuple[object, ...]] = {
        "NotLiveSeat": (ballot.voter,),
        "NotEligible": (proposal_id, seat),
        "BadSupport": (ballot.support,),
        "TooManyBallots": (proposal_id, seat),
        "StaleBallot": (proposal_id, seat, ballot.round, ballot.count, *expected),
        "BadSignature": (ballot.voter,),
    }
    return _selector(refusal.error) + encode_values(_ERRORS[refusal.error], arguments[refusal.error])
