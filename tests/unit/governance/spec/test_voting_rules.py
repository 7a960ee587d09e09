"""Batches of signed ballots, late ballots, vetoes: refusals first."""

from __future__ import annotations

import dataclasses
from itertools import permutations

import pytest

from governance.encoding.keccak import keccak256
from governance.encoding.names import compute_constraint_id
from governance.spec import council, voting
from governance.spec.ballots import count_of
from governance.spec.outcome import Outcome, Result
from governance.spec.proposals import FLAG_CANCELED, FLAG_ESCALATED, FLAG_EXTENDED, FLAG_VETOED, ballots_of, eta_of
from governance.spec.voting import RelayedBallot
from governance.types import (
    ActionKind,
    AddConstraint,
    AmendConstraint,
    ChangeSeats,
    ProposalId,
    ProposalState,
    SeatNumber,
    SuspendSeat,
    Timestamp,
)
from governance.types.events.council import BallotSkipped, ProposalExtended, VetoCast, VoteCast
from refusals import refused
from spec_charter import DAY, PARAMETERS, STRANGER, label, make_grant
from spec_world import World

ADD = AddConstraint("no weapons", Timestamp(0), (), b"{}")
CHANGE = ChangeSeats((SeatNumber(14),), (make_grant(20, 2),))
TIER4 = [0, 1, 2, 3, 5, 6, 7, 8, 10, 11, 12, 13]


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def change(world: World) -> ProposalId:
    """A change of seats that lacks one yes, in the last second of its round."""
    proposal_id = world.propose(ActionKind.CHANGE_SEATS, CHANGE)
    world.vote(proposal_id, TIER4[1:])
    world.now = world.proposal(proposal_id).closes_at
    return proposal_id


def veto(world: World, proposal_id: ProposalId, seat: int) -> Result:
    return council.process_veto(world.state, world.key(seat), proposal_id, "think again", world.now)


def ballot(world: World, seat: int, support: int = 1, **changes: object) -> RelayedBallot:
    return dataclasses.replace(RelayedBallot(world.key(seat), support, 1, 0), **changes)  # type: ignore[arg-type]


# --- batches


def test_batch_is_refused_where_no_ballot_could_count(world: World) -> None:
    refused(voting.process_signed_ballots(world.state, ProposalId(1), [], world.now), "R-Council-17", "UnknownProposal")
    proposal_id = world.propose(ActionKind.ADD_CONSTRAINT, ADD)
    world.wait(4 * DAY)
    late = voting.process_signed_ballots(world.state, proposal_id, [ballot(world, 0)], world.now)
    refused(late, "R-Council-05", "UnexpectedState")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"voter": STRANGER}, "NotLiveSeat(address)"),
        ({"support": 3}, "BadSupport(uint8)"),
        ({"round": 2}, "StaleBallot(uint256,uint8,uint8,uint8,uint8,uint8)"),
        ({"signed": False}, "BadSignature(address)"),
    ],
)
def test_batch_skips_a_bad_ballot_with_its_error(world: World, changes: dict[str, object], error: str) -> None:
    proposal_id = world.propose(ActionKind.ADD_CONSTRAINT, ADD)
    batch = [ballot(world, 0), ballot(world, 1, **changes), ballot(world, 2)]
    outcome = world.take(voting.process_signed_ballots(world.state, proposal_id, batch, world.now))
    first, skipped, last = outcome.events
    assert isinstance(first, VoteCast)
    assert isinstance(last, VoteCast)
    assert isinstance(skipped, BallotSkipped)
    assert skipped.reason[:4] == keccak256(error.encode())[:4]
    # and its event alone says enough for a replay, which believes none
    again = voting.process_skipped(world.state, skipped, world.now)
    assert isinstance(again, Outcome)
    assert again.events == (skipped,)
    assert again.state == world.state
    lie = dataclasses.replace(skipped, voter=world.key(5), support=1, round=1)
    retold = voting.process_skipped(world.state, lie, world.now)
    assert isinstance(retold, Outcome)
    assert retold.events != (lie,)


def test_batch_takes_a_seats_ballots_in_the_order_of_their_counts(world: World) -> None:
    proposal_id = world.propose(ActionKind.ADD_CONSTRAINT, ADD)
    batch = [ballot(world, 4), ballot(world, 4, 0, count=1), ballot(world, 4)]
    world.take(voting.process_signed_ballots(world.state, proposal_id, batch, world.now))
    assert count_of(ballots_of(world.proposal(proposal_id)), SeatNumber(4)) == 2


def test_batch_equals_its_ballots_one_by_one_in_any_order(world: World) -> None:
    """Invariant 17."""
    proposal_id = world.propose(ActionKind.ADD_CONSTRAINT, ADD)
    ballots = [ballot(world, 0), ballot(world, 1, 0), ballot(world, 2, 2), ballot(world, 3, signed=False)]
    state = world.state
    for one in ballots:
        taken = voting.process_signed_ballot(state, proposal_id, one, world.now)
        state = taken.state if isinstance(taken, Outcome) else state
    for order in permutations(ballots):
        batch = voting.process_signed_ballots(world.state, proposal_id, order, world.now)
        assert isinstance(batch, Outcome)
        assert batch.state == state


# --- the last part of a round


def test_late_ballot_that_turns_the_vote_extends_the_round_once(world: World, change: ProposalId) -> None:
    """Invariant 19."""
    outcome = world.take(voting.process_ballot(world.state, world.key(0), change, 1, "", world.now))
    closes_at = Timestamp(world.now + PARAMETERS.late_window)
    assert outcome.events[1] == ProposalExtended(change, closes_at)
    assert world.proposal(change).closes_at == closes_at
    assert world.proposal(change).flags == FLAG_EXTENDED
    assert eta_of(world.state, world.proposal(change)) == closes_at + 30 * DAY
    world.now = closes_at
    for support in (0, 1):  # withdrawn, and cast again
        last = world.take(voting.process_ballot(world.state, world.key(0), change, support, "", world.now))
        assert len(last.events) == 1
    assert world.proposal(change).closes_at == closes_at


@pytest.mark.parametrize(("seat", "support"), [(0, 0), (0, 2), (1, 1), (4, 0)])
def test_late_ballot_that_turns_nothing_extends_nothing(
    world: World, change: ProposalId, seat: int, support: int
) -> None:
    outcome = world.take(voting.process_ballot(world.state, world.key(seat), change, support, "", world.now))
    assert len(outcome.events) == 1
    assert not world.proposal(change).flags


def test_ballot_before_the_last_part_extends_nothing(world: World, change: ProposalId) -> None:
    world.now = Timestamp(world.now - PARAMETERS.late_window)
    assert len(world.take(voting.process_ballot(world.state, world.key(0), change, 1, "", world.now)).events) == 1


def test_late_ballot_never_delays_what_provably_tightens(world: World) -> None:
    proposal_id = world.propose(ActionKind.ADD_CONSTRAINT, ADD)
    world.vote(proposal_id, range(7))
    world.now = world.proposal(proposal_id).closes_at
    outcome = world.take(voting.process_ballot(world.state, world.key(7), proposal_id, 1, "", world.now))
    assert len(outcome.events) == 1
    assert world.proposal(proposal_id).late_window == 0


def test_objection_opens_a_round_that_can_be_extended_again(world: World) -> None:
    world.carry(ActionKind.ADD_CONSTRAINT, ADD)
    identifier = compute_constraint_id("no weapons")
    parent = world.state.constraints.constraints[identifier].version
    amendment = AmendConstraint(identifier, parent, Timestamp(0), b"[]")
    proposal_id = world.propose(ActionKind.AMEND_TIGHTER, amendment)
    world.vote(proposal_id, range(7))
    world.now = world.proposal(proposal_id).closes_at
    world.vote(proposal_id, [7])
    assert world.proposal(proposal_id).flags == FLAG_EXTENDED
    world.take(council.process_object(world.state, world.key(9), proposal_id, label("c"), "why", world.now))
    assert world.proposal(proposal_id).flags == FLAG_ESCALATED
    world.vote(proposal_id, TIER4[1:])
    world.now = world.proposal(proposal_id).closes_at
    world.vote(proposal_id, [0])
    assert world.proposal(proposal_id).flags == FLAG_ESCALATED | FLAG_EXTENDED


# --- vetoes


def test_veto_is_refused_to_strangers_at_tier_1_twice_and_from_the_eta_on(world: World) -> None:
    tier1 = world.propose(ActionKind.ADD_CONSTRAINT, ADD)
    refused(veto(world, tier1, 0), "R-Council-25", "NotVetoable")
    change = world.propose(ActionKind.CHANGE_SEATS, CHANGE)
    stranger = council.process_veto(world.state, STRANGER, change, "", world.now)
    refused(stranger, "R-Council-01", "NotLiveSeat")
    refused(veto(world, ProposalId(1), 0), "R-Council-17", "UnknownProposal")
    world.take(veto(world, change, 0))
    refused(veto(world, change, 0), "R-Council-26", "AlreadyVetoed")
    world.vote(change, TIER4)
    world.now = eta_of(world.state, world.proposal(change))
    refused(veto(world, change, 1), "R-Council-05", "UnexpectedState")


def test_veto_ends_a_proposal_with_more_than_half_of_a_chamber(world: World) -> None:
    change = world.propose(ActionKind.CHANGE_SEATS, CHANGE)
    world.vote(change, TIER4)
    world.now = Timestamp(world.proposal(change).closes_at + 1)
    for seat in (0, 5, 6, 10, 11):
        world.take(veto(world, change, seat))
        assert world.state_of(change) is ProposalState.QUEUED
    outcome = world.take(veto(world, change, 7))
    assert outcome.events[0] == VetoCast(change, SeatNumber(7), 1, 3, 3, "think again")
    assert world.state_of(change) is ProposalState.CANCELED
    assert world.proposal(change).flags == FLAG_CANCELED | FLAG_VETOED


def test_veto_counts_only_seats_that_still_are(world: World) -> None:
    change = world.propose(ActionKind.CHANGE_SEATS, CHANGE)
    for seat in (0, 1):
        world.take(veto(world, change, seat))
    world.carry(ActionKind.SUSPEND_SEAT, SuspendSeat(SeatNumber(1), label("evidence")))
    world.take(veto(world, change, 2))
    assert world.state_of(change) is ProposalState.ACTIVE
    world.take(veto(world, change, 3))
    assert world.state_of(change) is ProposalState.CANCELED
