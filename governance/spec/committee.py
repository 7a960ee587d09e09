"""The board on which a committee makes its key without a dealer.

Registering: everybody commits. Dealing: everybody reveals exactly t commitments. Acknowledging: each member proves its
share. A missed deadline or an accusation ends the epoch. Source: contracts/src/committee/DkgBoard.sol.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from governance.encoding.abi import encode_values
from governance.encoding.committee import CommitteeDomain, compute_commitments_hash
from governance.encoding.keccak import keccak256
from governance.encoding.structs import Array
from governance.spec.curve import Curve
from governance.spec.outcome import Outcome, Result, with_entry
from governance.spec.rules import Refusal, refuse
from governance.spec.state import CommitteeState, SystemState
from governance.types import (
    ZERO_HASH,
    Address,
    Epoch,
    EpochRecord,
    Hash32,
    MemberIndex,
    MemberRecord,
    Phase,
    Timestamp,
)
from governance.types.events import Event
from governance.types.events.committee import (
    Acknowledged,
    DealerAccused,
    Dealt,
    EpochAborted,
    EpochInForce,
    PhaseAdvanced,
    TransportKeyRegistered,
)

TRANSPORT_KEY_BYTES = 1216  # MLKEM768_X25519: ML-KEM-768 1184, X25519 32
POINT_BYTES = 256
BEING_MADE = frozenset({Phase.REGISTERING, Phase.DEALING, Phase.ACKNOWLEDGING})
NO_EPOCH_RECORD = EpochRecord(Phase.NONE, 0, 0, 0, 0, 0, 0, Timestamp(0), Timestamp(0), ZERO_HASH)


def process_register(
    state: SystemState,
    caller: Address,
    epoch: Epoch,
    transport_key: bytes,
    commitments_hash: Hash32,
    now: Timestamp,
) -> Result:
    """The member has posted a fresh transport key and the hash of its commitments, before anybody reveals."""
    member = _take_step(state, caller, epoch, Phase.REGISTERING, now)
    if isinstance(member, Refusal):
        return member
    if any(member.commitments_hash):
        return already_done(member, "registered")
    if len(transport_key) != TRANSPORT_KEY_BYTES or not any(commitments_hash):
        message = f"a transport key has {TRANSPORT_KEY_BYTES} bytes and commitments a hash, got {len(transport_key)}"
        return refuse("R-Committee-08", "CommitmentMismatch", message, actual=len(transport_key))
    committee = _with_member(
        state.committee,
        epoch,
        dataclasses.replace(
            member, transport_key_hash=Hash32(keccak256(transport_key)), commitments_hash=commitments_hash
        ),
    )
    event = TransportKeyRegistered(epoch, member.index, transport_key, commitments_hash)
    registered = committee.epochs[epoch].registered + 1
    return _count(state, committee, epoch, now, {"registered": registered}, (event,), Phase.DEALING)


def process_deal(
    state: SystemState,
    caller: Address,
    epoch: Epoch,
    commitments: bytes,
    proof: bytes,
    envelopes: Sequence[bytes],
    now: Timestamp,
    curve: Curve | None = None,
) -> Result:
    """The member has revealed its commitments, with an envelope for every other member."""
    member = _take_step(state, caller, epoch, Phase.DEALING, now)
    if isinstance(member, Refusal):
        return member
    if any(member.dealing_hash):
        return already_done(member, "dealt")
    term = state.committee.epochs[epoch]
    domain = CommitteeDomain(state.chain_id, state.system.committee, epoch)
    if refusal := _check_dealing(term, member, domain, commitments, proof, curve):
        return refusal
    own = place_of(state.committee, epoch, caller)
    if len(envelopes) != term.size or any((not envelope) != (at == own) for at, envelope in enumerate(envelopes)):
        return _mismatch(member, "deals an envelope to every other member and none to itself")
    dealing_hash = keccak256(encode_values(("bytes", Array("bytes")), (commitments, tuple(envelopes))))
    committee = _with_member(state.committee, epoch, dataclasses.replace(member, dealing_hash=Hash32(dealing_hash)))
    changes: dict[str, Any] = {"dealt": term.dealt + 1}
    if curve is not None:
        sums = curve.add_each(committee.aggregates[epoch], commitments) if term.dealt else commitments
        committee = dataclasses.replace(committee, aggregates=with_entry(committee.aggregates, epoch, sums))
        if changes["dealt"] == term.size:
            if not curve.are_usable(sums):
                return _bad_point("the sums of all dealings contain the identity")
            changes["key_hash"] = keccak256(sums[:POINT_BYTES])
    event = Dealt(epoch, member.index, commitments, proof, tuple(envelopes))
    return _count(state, committee, epoch, now, changes, (event,), Phase.ACKNOWLEDGING)


def process_acknowledge(
    state: SystemState,
    caller: Address,
    epoch: Epoch,
    proof: bytes | None,
    now: Timestamp,
    curve: Curve | None = None,
    *,
    verification_key: bytes = b"",
    key: bytes = b"",
) -> Result:
    """The member has proven its share; with the last one the key is in force.

    Without a curve, both keys are claims. Events do not carry the proof: None leaves it to re-execution.
    """
    member = _take_step(state, caller, epoch, Phase.ACKNOWLEDGING, now)
    if isinstance(member, Refusal):
        return member
    if any(member.verification_key_hash):
        return already_done(member, "acknowledged")
    if curve is not None:
        verification_key = curve.evaluate(state.committee.aggregates[epoch], member.index)
        domain = CommitteeDomain(state.chain_id, state.system.committee, epoch)
        if proof is not None and not curve.is_share_possession(domain, member.index, proof, verification_key):
            return _bad_proof(member)
    record = dataclasses.replace(member, verification_key_hash=Hash32(keccak256(verification_key)))
    committee = _with_member(state.committee, epoch, record)
    keys = with_entry(committee.verification_keys, (epoch, member.index), verification_key)
    term = committee.epochs[epoch]
    counted = dataclasses.replace(term, acknowledged=term.acknowledged + 1)
    committee = dataclasses.replace(
        committee, verification_keys=keys, epochs=with_entry(committee.epochs, epoch, counted)
    )
    state = dataclasses.replace(state, committee=committee)
    event = Acknowledged(epoch, member.index, verification_key)
    if counted.acknowledged < counted.size:
        return Outcome(state, (event,))
    outcome = _put_in_force(state, epoch, key)
    return Outcome(outcome.state, (event, *outcome.events))


def process_accuse(state: SystemState, caller: Address, epoch: Epoch, dealer: MemberIndex, now: Timestamp) -> Result:
    """The epoch is aborted by a member that got a wrong share. Allowed while everything is stopped, too."""
    term = state.committee.epochs.get(epoch, NO_EPOCH_RECORD)
    if term.phase not in (Phase.DEALING, Phase.ACKNOWLEDGING):
        return _wrong_phase(epoch, term.phase, Phase.ACKNOWLEDGING)
    if now > term.phase_ends_at:
        return _deadline(epoch, term, now)
    accuser = require_member(state.committee, epoch, caller)
    if isinstance(accuser, Refusal):
        return accuser
    if not any(member.index == dealer and any(member.dealing_hash) for member in state.committee.members[epoch]):
        message = f"no member {dealer} of epoch {epoch} has dealt"
        return refuse("R-Committee-21", "NoDealing", message, actual=dealer)
    outcome = _abort(state, epoch, "a dealer was accused")
    return Outcome(outcome.state, (DealerAccused(epoch, dealer, accuser.index), *outcome.events))


def process_finalise(state: SystemState, epoch: Epoch, now: Timestamp, *, key: bytes = b"") -> Result:
    """The key is in force, though not every member acknowledged."""
    term = state.committee.epochs.get(epoch, NO_EPOCH_RECORD)
    if term.phase is not Phase.ACKNOWLEDGING:
        return _wrong_phase(epoch, term.phase, Phase.ACKNOWLEDGING)
    if refusal := check_not_stopped(state):
        return refusal
    if now <= term.phase_ends_at:
        return _deadline(epoch, term, now)
    if term.acknowledged < term.threshold + term.slack:
        return _acknowledgements(term)
    return _put_in_force(state, epoch, key)


def process_abort(state: SystemState, epoch: Epoch, now: Timestamp) -> Result:
    """The epoch is aborted after a missed deadline; what was in force before stays."""
    term = state.committee.epochs.get(epoch, NO_EPOCH_RECORD)
    if term.phase not in BEING_MADE:
        return _wrong_phase(epoch, term.phase, Phase.REGISTERING)
    if now <= term.phase_ends_at:
        return _deadline(epoch, term, now)
    if term.phase is Phase.ACKNOWLEDGING and term.acknowledged >= term.threshold + term.slack:
        return _acknowledgements(term)
    return _abort(state, epoch, "a deadline was missed")


def check_not_stopped(state: SystemState) -> Refusal | None:
    """R-Committee-12: no key is made while everything is stopped."""
    if not state.is_everything_stopped():
        return None
    return refuse("R-Committee-12", "EverythingStopped", "everything is stopped: no committee key is made")


def require_member(committee: CommitteeState, epoch: Epoch, caller: Address) -> MemberRecord | Refusal:
    """R-Committee-06: the caller's record in that epoch."""
    place = place_of(committee, epoch, caller)
    if place is None:
        message = f"{caller} is no member of epoch {epoch}"
        return refuse("R-Committee-06", "NotMember", message, actual=caller)
    return committee.members[epoch][place]


def place_of(committee: CommitteeState, epoch: Epoch, oracle: Address) -> int | None:
    """The oracle's position in the epoch's list: its bit in approvals and partials."""
    members = committee.members.get(epoch, ())
    return next((place for place, member in enumerate(members) if member.oracle == oracle), None)


def already_done(member: MemberRecord, what: str) -> Refusal:
    """R-Committee-07."""
    return refuse("R-Committee-07", "AlreadyDone", f"member {member.index} has {what} already", actual=member.index)


def _take_step(
    state: SystemState, caller: Address, epoch: Epoch, phase: Phase, now: Timestamp
) -> MemberRecord | Refusal:
    term = state.committee.epochs.get(epoch, NO_EPOCH_RECORD)
    if term.phase is not phase:
        return _wrong_phase(epoch, term.phase, phase)
    if now > term.phase_ends_at:
        return _deadline(epoch, term, now)
    return check_not_stopped(state) or require_member(state.committee, epoch, caller)


def _check_dealing(
    term: EpochRecord,
    member: MemberRecord,
    domain: CommitteeDomain,
    commitments: bytes,
    proof: bytes,
    curve: Curve | None,
) -> Refusal | None:
    if len(commitments) != term.threshold * POINT_BYTES:
        return _mismatch(member, f"reveals exactly {term.threshold} commitments")
    if compute_commitments_hash(domain, member.index, commitments) != member.commitments_hash:
        return _mismatch(member, "reveals what it committed to")
    if curve is None:
        return None
    if not curve.are_usable(commitments):
        return _bad_point(f"a commitment of dealer {member.index} is no usable point")
    constant = commitments[:POINT_BYTES]
    if not curve.is_dealer_possession(domain, member.index, member.commitments_hash, proof, constant):
        return _bad_proof(member)
    return None


def _count(
    state: SystemState,
    committee: CommitteeState,
    epoch: Epoch,
    now: Timestamp,
    changes: dict[str, Any],
    events: tuple[Event, ...],
    following: Phase,
) -> Outcome:
    """One more member has done the phase's step; when all have, the next phase begins."""
    term = dataclasses.replace(committee.epochs[epoch], **changes)
    done = term.registered if following is Phase.DEALING else term.dealt
    if done == term.size:
        ends_at = Timestamp(now + state.parameters.dkg_phase)
        term = dataclasses.replace(term, phase=following, phase_ends_at=ends_at)
        events = (*events, PhaseAdvanced(epoch, following, ends_at))
    committee = dataclasses.replace(committee, epochs=with_entry(committee.epochs, epoch, term))
    return Outcome(dataclasses.replace(state, committee=committee), events)


def _put_in_force(state: SystemState, epoch: Epoch, claimed_key: bytes) -> Outcome:
    committee = state.committee
    key = committee.aggregates.get(epoch, b"")[:POINT_BYTES] or claimed_key
    key_hash = Hash32(keccak256(key))
    term = dataclasses.replace(committee.epochs[epoch], phase=Phase.IN_FORCE, key_hash=key_hash)
    committee = dataclasses.replace(committee, current_epoch=epoch, epochs=with_entry(committee.epochs, epoch, term))
    return Outcome(dataclasses.replace(state, committee=committee), (EpochInForce(epoch, key_hash, key),))


def _abort(state: SystemState, epoch: Epoch, reason: str) -> Outcome:
    committee = state.committee
    term = committee.epochs[epoch]
    aborted = with_entry(committee.epochs, epoch, dataclasses.replace(term, phase=Phase.ABORTED))
    state = dataclasses.replace(state, committee=dataclasses.replace(committee, epochs=aborted))
    return Outcome(state, (EpochAborted(epoch, term.phase, reason),))


def _with_member(committee: CommitteeState, epoch: Epoch, record: MemberRecord) -> CommitteeState:
    members = tuple(record if member.index == record.index else member for member in committee.members[epoch])
    return dataclasses.replace(committee, members=with_entry(committee.members, epoch, members))


def _wrong_phase(epoch: Epoch, actual: Phase, required: Phase) -> Refusal:
    message = f"epoch {epoch} is {actual.name.lower()}, and this needs {required.name.lower()}"
    return refuse("R-Committee-04", "UnexpectedPhase", message, actual=actual, required=required)


def _deadline(epoch: Epoch, term: EpochRecord, now: Timestamp) -> Refusal:
    tense = "ended" if now > term.phase_ends_at else "ends"
    message = f"the phase of epoch {epoch} {tense} at {term.phase_ends_at}, and it is {now}"
    return refuse("R-Committee-05", "PhaseDeadline", message, actual=now, required=term.phase_ends_at)


def _acknowledgements(term: EpochRecord) -> Refusal:
    required = term.threshold + term.slack
    message = f"{term.acknowledged} members acknowledged; {required} finalise, fewer are aborted"
    return refuse("R-Committee-20", "Acknowledgements", message, actual=term.acknowledged, required=required)


def _mismatch(member: MemberRecord, duty: str) -> Refusal:
    message = f"a dealer {duty}; member {member.index} does not"
    return refuse("R-Committee-08", "CommitmentMismatch", message, actual=member.index)


def _bad_point(message: str) -> Refusal:
    return refuse("R-Committee-09", "BadPoint", message)


def _bad_proof(member: MemberRecord) -> Refusal:
    message = f"the proof of possession of member {member.index} does not verify"
    return refuse("R-Committee-10", "BadProof", message, actual=member.index)
