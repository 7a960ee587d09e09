"""Bad dealings: a complaint shows nothing, and only the accused can disprove it, by revealing the disputed shares.

Fewer than t of them say nothing about what was dealt; with t complaints nothing is revealed.
Source: contracts/src/committee/Disputes.sol; Gennaro, Jarecki, Krawczyk, Rabin 1999.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from governance.encoding.committee import CommitteeDomain, compute_commitments_hash
from governance.spec.curve import Curve
from governance.spec.outcome import Outcome, Result
from governance.spec.phases import (
    POINT_BYTES,
    already_done,
    close_answers,
    close_complaints,
    dealers_of,
    dealing_of,
    mismatch,
    place_of,
    require_member,
    require_registered,
    stay,
    take_step,
    with_dealing,
    with_member,
    with_term,
)
from governance.spec.rules import Refusal, refuse
from governance.spec.state import CommitteeState, SystemState
from governance.types import Address, Epoch, Fault, Hash32, MemberIndex, Phase, Timestamp
from governance.types.events import Event
from governance.types.events.committee import DealerAccused, DealerDisqualified, ShareRevealed


def process_complain(
    state: SystemState, caller: Address, epoch: Epoch, dealers: Sequence[MemberIndex], now: Timestamp
) -> Result:
    """The member has named, once and together, every dealer whose envelope for it does not verify."""
    term = take_step(state, epoch, Phase.ACKNOWLEDGING, now)
    if isinstance(term, Refusal):
        return term
    member = require_registered(state.committee, epoch, caller)
    if isinstance(member, Refusal):
        return member
    if member.complained or any(member.verification_key_hash):
        return already_done(member, "complained or acknowledged")
    if not dealers:
        return _no_dealing(epoch, MemberIndex(0))
    committee = with_member(state.committee, epoch, dataclasses.replace(member, complained=True))
    committee = with_term(committee, epoch, complained=term.complained + 1)
    bit = 1 << (place_of(committee, epoch, caller) or 0)
    events: list[Event] = []
    last = 0
    for dealer in dealers:
        if dealer <= last or dealer == member.index:
            return _no_dealing(epoch, dealer)
        last = dealer
        accused = _accuse(committee, epoch, dealer, member.index, bit)
        if isinstance(accused, Refusal):
            return accused
        committee, told = accused
        events += told
    term = committee.epochs[epoch]
    if term.acknowledged + term.complained == term.registered:
        return close_complaints(state, committee, epoch, now, b"", *events)
    return stay(state, committee, *events)


def process_answer(
    state: SystemState,
    caller: Address,
    epoch: Epoch,
    commitments: bytes | None,
    shares: Sequence[Hash32],
    now: Timestamp,
    curve: Curve | None = None,
    *,
    claimed_wrong: bool = False,
) -> Result:
    """The accused has revealed the disputed shares; the first that is not on its polynomial disqualifies it.

    A replay knows the commitments from the dealing, and of a wrong answer only the shares up to the wrong one: then
    `commitments` is None and, without a curve, `claimed_wrong` says whether the last of them is wrong.
    """
    term = take_step(state, epoch, Phase.ANSWERING, now)
    if isinstance(term, Refusal):
        return term
    source = term.predecessor or epoch
    dealer = require_member(state.committee, source, caller)
    if isinstance(dealer, Refusal):
        return dealer
    place = place_of(state.committee, source, caller) or 0
    dealing = dealing_of(state.committee, epoch, place)
    if not dealing.complainants or dealing.disqualified:
        message = f"nobody complained of member {dealer.index}, or it is disqualified already"
        return refuse("R-Committee-23", "NoComplaint", message, actual=dealer.index)
    if dealing.answered:
        return already_done(dealer, "answered")
    recipients = [
        member.index for at, member in enumerate(state.committee.members[epoch]) if dealing.complainants >> at & 1
    ]
    if commitments is not None:
        domain = CommitteeDomain(state.chain_id, state.system.committee, epoch)
        is_whole = bool(commitments) and not len(commitments) % POINT_BYTES
        same = is_whole and compute_commitments_hash(domain, dealer.index, commitments) == dealing.commitments_hash
        if not same or len(shares) != len(recipients):
            return mismatch(dealer.index, "answers with what it dealt, a share for each complaint")
    events: list[Event] = []
    is_wrong = False
    for at, (recipient, share) in enumerate(zip(recipients, shares, strict=False)):
        events.append(ShareRevealed(epoch, dealer.index, recipient, share))
        is_wrong = claimed_wrong and at == len(shares) - 1
        if curve is not None:
            is_wrong = not curve.is_share(state.committee.commitments[epoch, place], recipient, share)
        if is_wrong:
            break
    committee = state.committee
    if is_wrong:
        committee = with_dealing(committee, epoch, place, dataclasses.replace(dealing, disqualified=True))
        events.append(DealerDisqualified(epoch, dealer.index, dealer.oracle, Fault.WRONG_SHARE))
    else:
        committee = with_dealing(committee, epoch, place, dataclasses.replace(dealing, answered=True))
    committee = with_term(committee, epoch, accused=term.accused - 1)
    if term.accused == 1:
        return close_answers(state, committee, epoch, now, b"", *events)
    return stay(state, committee, *events)


def close_silent(state: SystemState, epoch: Epoch, now: Timestamp) -> Outcome:
    """R-Committee-23: who was accused and did not answer in time is disqualified."""
    committee, events = state.committee, []
    for place, dealer in enumerate(dealers_of(committee, epoch)):
        dealing = dealing_of(committee, epoch, place)
        if dealing.complainants and not dealing.answered and not dealing.disqualified:
            committee = with_dealing(committee, epoch, place, dataclasses.replace(dealing, disqualified=True))
            events.append(DealerDisqualified(epoch, dealer.index, dealer.oracle, Fault.SILENT))
    committee = with_term(committee, epoch, accused=0)
    return close_answers(state, committee, epoch, now, b"", *events)


def _accuse(
    committee: CommitteeState, epoch: Epoch, dealer: MemberIndex, accuser: MemberIndex, bit: int
) -> tuple[CommitteeState, list[Event]] | Refusal:
    dealers = dealers_of(committee, epoch)
    place = next((at for at, each in enumerate(dealers) if each.index == dealer), None)
    if place is None or not any(dealing_of(committee, epoch, place).dealing_hash):
        return _no_dealing(epoch, dealer)
    dealing, term = dealing_of(committee, epoch, place), committee.epochs[epoch]
    events: list[Event] = [DealerAccused(epoch, dealer, accuser)]
    accused = dataclasses.replace(dealing, complainants=dealing.complainants | bit)
    owing = term.accused + (not dealing.complainants and not dealing.disqualified)
    if not dealing.disqualified and accused.complainants.bit_count() >= term.threshold:
        accused, owing = dataclasses.replace(accused, disqualified=True), owing - 1
        events.append(DealerDisqualified(epoch, dealer, dealers[place].oracle, Fault.MANY_COMPLAINTS))
    return with_term(with_dealing(committee, epoch, place, accused), epoch, accused=owing), events


def _no_dealing(epoch: Epoch, dealer: MemberIndex) -> Refusal:
    message = f"no other member {dealer} has dealt in epoch {epoch}, or the dealers are not named in ascending order"
    return refuse("R-Committee-21", "NoDealing", message, actual=dealer)
