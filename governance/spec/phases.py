"""How an epoch that is being made goes from phase to phase, and what ends it.

Each phase ends when everybody has done its part, or by anybody's call after its deadline, with those who have. What
lacks enough members or dealers aborts, and what was in force before stays. Source: contracts/src/committee/Phases.sol.
"""

from __future__ import annotations

import dataclasses

from governance.encoding.keccak import keccak256
from governance.spec.outcome import Outcome, with_entry
from governance.spec.rules import Refusal, refuse
from governance.spec.state import CommitteeState, SystemState
from governance.types import (
    ZERO_HASH,
    Address,
    DealingRecord,
    Epoch,
    EpochRecord,
    MemberRecord,
    Phase,
    Timestamp,
)
from governance.types.events import Event
from governance.types.events.committee import EpochAborted, EpochInForce, PhaseAdvanced

POINT_BYTES = 256
BEING_MADE = frozenset(Phase(number) for number in range(Phase.REGISTERING, Phase.IN_FORCE))
NO_EPOCH_RECORD = EpochRecord(Phase.NONE, 0, 0, 0, 0, 0, 0, Timestamp(0), Timestamp(0), ZERO_HASH)
NO_DEALING = DealingRecord(ZERO_HASH, ZERO_HASH)


def take_step(state: SystemState, epoch: Epoch, phase: Phase, now: Timestamp) -> EpochRecord | Refusal:
    """The epoch's record, if it is in that phase, in time, and nothing is stopped."""
    term = state.committee.epochs.get(epoch, NO_EPOCH_RECORD)
    if term.phase is not phase:
        return wrong_phase(epoch, term.phase, phase)
    if now > term.phase_ends_at:
        return deadline(epoch, term, now)
    return check_not_stopped(state) or term


def check_not_stopped(state: SystemState) -> Refusal | None:
    """R-Committee-12: no key is made while everything is stopped."""
    if not state.is_everything_stopped():
        return None
    return refuse("R-Committee-12", "EverythingStopped", "everything is stopped: no committee key is made")


def require_member(committee: CommitteeState, epoch: Epoch, caller: Address) -> MemberRecord | Refusal:
    """R-Committee-06: the caller's record in that epoch."""
    place = place_of(committee, epoch, caller)
    if place is None:
        return _not_member(epoch, caller)
    return committee.members[epoch][place]


def require_registered(committee: CommitteeState, epoch: Epoch, caller: Address) -> MemberRecord | Refusal:
    """R-Committee-06: the caller's record, if it registered; nobody else can have been dealt a share."""
    member = require_member(committee, epoch, caller)
    if isinstance(member, MemberRecord) and not any(member.transport_key_hash):
        return _not_member(epoch, caller)
    return member


def place_of(committee: CommitteeState, epoch: Epoch, oracle: Address) -> int | None:
    """The oracle's position in the epoch's list: its bit in approvals and partials."""
    members = committee.members.get(epoch, ())
    return next((place for place, member in enumerate(members) if member.oracle == oracle), None)


def dealers_of(committee: CommitteeState, epoch: Epoch) -> tuple[MemberRecord, ...]:
    """The dealers' list: the members of the epoch, or in a resharing of its predecessor."""
    return committee.members[committee.epochs[epoch].predecessor or epoch]


def dealing_of(committee: CommitteeState, epoch: Epoch, place: int) -> DealingRecord:
    """What the dealer at that place of the dealers' list has done."""
    return committee.dealings[epoch][place]


def with_dealing(committee: CommitteeState, epoch: Epoch, place: int, dealing: DealingRecord) -> CommitteeState:
    """The state in which the dealer at that place has done this."""
    dealings = tuple(dealing if at == place else each for at, each in enumerate(committee.dealings[epoch]))
    return dataclasses.replace(committee, dealings=with_entry(committee.dealings, epoch, dealings))


def with_member(committee: CommitteeState, epoch: Epoch, record: MemberRecord) -> CommitteeState:
    """The state with the member's record."""
    members = tuple(record if member.index == record.index else member for member in committee.members[epoch])
    return dataclasses.replace(committee, members=with_entry(committee.members, epoch, members))


def with_term(committee: CommitteeState, epoch: Epoch, **changes: object) -> CommitteeState:
    """The state with these changes of the epoch's record."""
    term = dataclasses.replace(committee.epochs[epoch], **changes)  # type: ignore[arg-type]
    return dataclasses.replace(committee, epochs=with_entry(committee.epochs, epoch, term))


def enter(
    state: SystemState, committee: CommitteeState, epoch: Epoch, phase: Phase, now: Timestamp, *events: Event
) -> Outcome:
    """The next phase has begun; `events` came before."""
    ends_at = Timestamp(now + state.parameters.dkg_phase)
    committee = with_term(committee, epoch, phase=phase, phase_ends_at=ends_at)
    return Outcome(dataclasses.replace(state, committee=committee), (*events, PhaseAdvanced(epoch, phase, ends_at)))


def stay(state: SystemState, committee: CommitteeState, *events: Event) -> Outcome:
    """The phase goes on."""
    return Outcome(dataclasses.replace(state, committee=committee), events)


def abort(state: SystemState, committee: CommitteeState, epoch: Epoch, reason: str, *events: Event) -> Outcome:
    """The epoch has ended without a key of its own."""
    phase = committee.epochs[epoch].phase
    committee = with_term(committee, epoch, phase=Phase.ABORTED)
    return stay(state, committee, *events, EpochAborted(epoch, phase, reason))


def put_in_force(
    state: SystemState, committee: CommitteeState, epoch: Epoch, claimed_key: bytes, *events: Event
) -> Outcome:
    """The key is in force; in a resharing the shares of the predecessor answer no more."""
    key_hash = committee.epochs[epoch].key_hash
    key = committee.aggregates.get(epoch, b"")[:POINT_BYTES] or claimed_key
    key = key if keccak256(key) == key_hash else b""  # what was settled is not put in force as something else
    if predecessor := committee.epochs[epoch].predecessor:
        committee = with_term(committee, predecessor, phase=Phase.SUPERSEDED)
    committee = dataclasses.replace(with_term(committee, epoch, phase=Phase.IN_FORCE), current_epoch=epoch)
    return stay(state, committee, *events, EpochInForce(epoch, key_hash, key))


def finish(state: SystemState, committee: CommitteeState, epoch: Epoch, key: bytes, *events: Event) -> Outcome:
    """R-Committee-20: in force with as many acknowledgements as threshold and slack ask for, else aborted."""
    term = committee.epochs[epoch]
    if term.acknowledged < quorum(term):
        return abort(state, committee, epoch, "too few acknowledged", *events)
    return put_in_force(state, committee, epoch, key, *events)


def close_dealing(
    state: SystemState, committee: CommitteeState, epoch: Epoch, now: Timestamp, *events: Event
) -> Outcome:
    """Nobody deals any more."""
    if committee.epochs[epoch].dealt < dealers_needed(committee, epoch):  # R-Committee-25
        return abort(state, committee, epoch, "too few dealt", *events)
    return enter(state, committee, epoch, Phase.SETTLING, now, *events)


def close_complaints(
    state: SystemState, committee: CommitteeState, epoch: Epoch, now: Timestamp, key: bytes, *events: Event
) -> Outcome:
    """Nobody complains any more."""
    if committee.epochs[epoch].accused:
        return enter(state, committee, epoch, Phase.ANSWERING, now, *events)
    return close_answers(state, committee, epoch, now, key, *events)


def close_answers(
    state: SystemState, committee: CommitteeState, epoch: Epoch, now: Timestamp, key: bytes, *events: Event
) -> Outcome:
    """Nobody is accused any more: each dealer has answered, or is disqualified."""
    term, qualified = committee.epochs[epoch], select_dealers(committee, epoch)
    if qualified.bit_count() < dealers_needed(committee, epoch):  # R-Committee-25
        return abort(state, committee, epoch, "too few dealers qualify", *events)
    if qualified != term.qualified:
        return enter(state, _forget_acknowledgements(committee, epoch), epoch, Phase.SETTLING, now, *events)
    if term.complained:
        return enter(state, committee, epoch, Phase.CONFIRMING, now, *events)
    return finish(state, committee, epoch, key, *events)


def select_dealers(committee: CommitteeState, epoch: Epoch) -> int:
    """R-Committee-25: all valid dealers, or in a resharing exactly the first t of the predecessor's by index."""
    dealers = dealers_of(committee, epoch)
    valid = [
        (dealers[place].index, place)
        for place, dealing in enumerate(committee.dealings[epoch])
        if any(dealing.dealing_hash) and not dealing.disqualified
    ]
    most = dealers_needed(committee, epoch) if committee.epochs[epoch].predecessor else len(valid)
    return sum(1 << place for _, place in sorted(valid)[:most])


def dealers_needed(committee: CommitteeState, epoch: Epoch) -> int:
    """R-Committee-25: with fewer than t dealers, fewer than t members would know the key."""
    term = committee.epochs[epoch]
    return committee.epochs[term.predecessor].threshold if term.predecessor else term.threshold


def quorum(term: EpochRecord) -> int:
    """Acknowledgements that bring an epoch in force."""
    return term.threshold + term.slack


def already_done(member: MemberRecord, what: str) -> Refusal:
    """R-Committee-07."""
    return refuse("R-Committee-07", "AlreadyDone", f"member {member.index} has {what} already", actual=member.index)


def wrong_phase(epoch: Epoch, actual: Phase, required: Phase) -> Refusal:
    """R-Committee-04."""
    message = f"epoch {epoch} is {actual.name.lower()}, and this needs {required.name.lower()}"
    return refuse("R-Committee-04", "UnexpectedPhase", message, actual=actual, required=required)


def deadline(epoch: Epoch, term: EpochRecord, now: Timestamp) -> Refusal:
    """R-Committee-05."""
    tense = "ended" if now > term.phase_ends_at else "ends"
    message = f"the phase of epoch {epoch} {tense} at {term.phase_ends_at}, and it is {now}"
    return refuse("R-Committee-05", "PhaseDeadline", message, actual=now, required=term.phase_ends_at)


def mismatch(index: int, duty: str) -> Refusal:
    """R-Committee-08."""
    message = f"a dealer {duty}; member {index} does not"
    return refuse("R-Committee-08", "CommitmentMismatch", message, actual=index)


def _not_member(epoch: Epoch, caller: Address) -> Refusal:
    message = f"{caller} is no member of epoch {epoch}, or did not register for it"
    return refuse("R-Committee-06", "NotMember", message, actual=caller)


def _forget_acknowledgements(committee: CommitteeState, epoch: Epoch) -> CommitteeState:
    """Other sums give other shares: who has proven its share of the old ones proves that of the new."""
    members = tuple(dataclasses.replace(member, verification_key_hash=ZERO_HASH) for member in committee.members[epoch])
    keys = {of: key for of, key in committee.verification_keys.items() if of[0] != epoch}
    committee = dataclasses.replace(
        committee, members=with_entry(committee.members, epoch, members), verification_keys=keys
    )
    return with_term(committee, epoch, acknowledged=0)
