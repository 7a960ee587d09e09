"""The board on which a committee makes its key without a dealer, or deals the key in force to other members.

Registering: everybody posts a transport key and, for a new key, commits. Dealing: dealers reveal exactly t commitments.
Settling: somebody sums them. Acknowledging: each member proves its share, or complains (`disputes`). Source:
contracts/src/committee/DkgBoard.sol.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from governance.encoding.abi import encode_values
from governance.encoding.committee import CommitteeDomain, compute_commitments_hash
from governance.encoding.keccak import keccak256
from governance.encoding.structs import Array
from governance.spec.curve import Curve
from governance.spec.disputes import close_silent
from governance.spec.outcome import Result, with_entry
from governance.spec.phases import (
    BEING_MADE,
    NO_EPOCH_RECORD,
    POINT_BYTES,
    abort,
    already_done,
    close_complaints,
    close_dealing,
    deadline,
    dealers_of,
    dealing_of,
    enter,
    finish,
    mismatch,
    place_of,
    put_in_force,
    quorum,
    require_member,
    require_registered,
    select_dealers,
    stay,
    take_step,
    with_dealing,
    with_member,
    with_term,
    wrong_phase,
)
from governance.spec.rules import Refusal, refuse
from governance.spec.state import SystemState
from governance.types import Address, DealingRecord, Epoch, EpochRecord, Hash32, MemberRecord, Phase, Timestamp
from governance.types.events.committee import Acknowledged, Dealt, Settled, TransportKeyRegistered

TRANSPORT_KEY_BYTES = 1216  # MLKEM768_X25519: ML-KEM-768 1184, X25519 32


def process_register(
    state: SystemState,
    caller: Address,
    epoch: Epoch,
    transport_key: bytes,
    commitments_hash: Hash32,
    now: Timestamp,
) -> Result:
    """The member has posted a fresh transport key and, for a new key, the hash of its commitments."""
    term = take_step(state, epoch, Phase.REGISTERING, now)
    if isinstance(term, Refusal):
        return term
    member = require_member(state.committee, epoch, caller)
    if isinstance(member, Refusal):
        return member
    if any(member.transport_key_hash):
        return already_done(member, "registered")
    if len(transport_key) != TRANSPORT_KEY_BYTES or any(commitments_hash) == bool(term.predecessor):
        message = (
            f"a transport key has {TRANSPORT_KEY_BYTES} bytes, got {len(transport_key)}; commitments to a new key "
            "have a hash, and in a resharing nothing is committed to"
        )
        return refuse("R-Committee-08", "CommitmentMismatch", message, actual=len(transport_key))
    record = dataclasses.replace(
        member, transport_key_hash=Hash32(keccak256(transport_key)), commitments_hash=commitments_hash
    )
    committee = with_term(with_member(state.committee, epoch, record), epoch, registered=term.registered + 1)
    event = TransportKeyRegistered(epoch, member.index, transport_key, commitments_hash)
    if term.registered + 1 == term.size:
        return enter(state, committee, epoch, Phase.DEALING, now, event)
    return stay(state, committee, event)


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
    """The dealer has revealed its commitments, with an envelope for every registered member but itself."""
    term = take_step(state, epoch, Phase.DEALING, now)
    if isinstance(term, Refusal):
        return term
    committee = state.committee
    source = term.predecessor or epoch
    dealer = require_member(committee, source, caller)
    if isinstance(dealer, Refusal):
        return dealer
    place = place_of(committee, source, caller) or 0
    if any(dealing_of(committee, epoch, place).dealing_hash):
        return already_done(dealer, "dealt")
    domain = CommitteeDomain(state.chain_id, state.system.committee, epoch)
    if refusal := _check_dealing(term, dealer, domain, commitments, proof, curve):
        return refusal
    due = [member.oracle != caller and any(member.transport_key_hash) for member in committee.members[epoch]]
    if [bool(envelope) for envelope in envelopes] != due:
        return mismatch(dealer.index, "deals an envelope to every other registered member and none to itself")
    dealing = DealingRecord(
        commitments_hash=compute_commitments_hash(domain, dealer.index, commitments),
        dealing_hash=Hash32(keccak256(encode_values(("bytes", Array("bytes")), (commitments, tuple(envelopes))))),
    )
    committee = with_term(with_dealing(committee, epoch, place, dealing), epoch, dealt=term.dealt + 1)
    committee = dataclasses.replace(
        committee, commitments=with_entry(committee.commitments, (epoch, place), commitments)
    )
    event = Dealt(epoch, dealer.index, commitments, proof, tuple(envelopes))
    expected = committee.epochs[term.predecessor].acknowledged if term.predecessor else term.registered
    if term.dealt + 1 == expected:
        return close_dealing(state, committee, epoch, now, event)
    return stay(state, committee, event)


def process_settle(
    state: SystemState,
    epoch: Epoch,
    commitments: Sequence[bytes] | None,
    now: Timestamp,
    curve: Curve | None = None,
    *,
    key_hash: Hash32 | None = None,
) -> Result:
    """The commitments of all dealers that qualify are summed, in a resharing with the factors of interpolation.

    None stands for those that were dealt. Without a curve the hash of the key is a claim.
    """
    term = take_step(state, epoch, Phase.SETTLING, now)
    if isinstance(term, Refusal):
        return term
    committee = state.committee
    selected, dealers = select_dealers(committee, epoch), dealers_of(committee, epoch)
    places = [place for place in range(len(dealers)) if selected >> place & 1]
    if commitments is not None:
        if len(commitments) != len(places):
            message = f"{len(commitments)} dealings are given, and {len(places)} qualify"
            required = len(places)
            return refuse("R-Committee-24", "WrongDealings", message, actual=len(commitments), required=required)
        for place, given in zip(places, commitments, strict=True):
            if given != committee.commitments[epoch, place]:
                return mismatch(dealers[place].index, "is summed with what it dealt")
    if curve is not None:
        dealt = {dealers[place].index: committee.commitments[epoch, place] for place in places}
        sums = curve.combine(dealt, is_resharing=bool(term.predecessor))
        if sums is None:
            return _bad_point("the sums of all dealings contain the identity")
        committee = dataclasses.replace(committee, aggregates=with_entry(committee.aggregates, epoch, sums))
        key_hash = Hash32(keccak256(sums[:POINT_BYTES]))
    if key_hash is None or (term.predecessor and key_hash != committee.epochs[term.predecessor].key_hash):
        return refuse("R-Committee-24", "WrongDealings", "a resharing leaves the key as it is", actual=key_hash)
    committee = with_term(committee, epoch, qualified=selected, key_hash=key_hash)
    following = Phase.CONFIRMING if term.qualified else Phase.ACKNOWLEDGING
    event = Settled(epoch, tuple(dealers[place].index for place in places), key_hash)
    return enter(state, committee, epoch, following, now, event)


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
    is_last = state.committee.epochs.get(epoch, NO_EPOCH_RECORD).phase is Phase.CONFIRMING
    term = take_step(state, epoch, Phase.CONFIRMING if is_last else Phase.ACKNOWLEDGING, now)
    if isinstance(term, Refusal):
        return term
    member = require_registered(state.committee, epoch, caller)
    if isinstance(member, Refusal):
        return member
    if any(member.verification_key_hash) or (member.complained and not is_last):
        return already_done(member, "acknowledged or complained")
    if curve is not None:
        verification_key = curve.evaluate(state.committee.aggregates[epoch], member.index)
        domain = CommitteeDomain(state.chain_id, state.system.committee, epoch)
        if proof is not None and not curve.is_share_possession(domain, member.index, proof, verification_key):
            return _bad_proof(member)
    record = dataclasses.replace(member, verification_key_hash=Hash32(keccak256(verification_key)))
    committee = with_term(with_member(state.committee, epoch, record), epoch, acknowledged=term.acknowledged + 1)
    keys = with_entry(committee.verification_keys, (epoch, member.index), verification_key)
    committee = dataclasses.replace(committee, verification_keys=keys)
    event = Acknowledged(epoch, member.index, verification_key)
    if term.acknowledged + 1 == term.registered:
        return put_in_force(state, committee, epoch, key, event)
    if not is_last and term.acknowledged + 1 + term.complained == term.registered:
        return close_complaints(state, committee, epoch, now, key, event)
    return stay(state, committee, event)


def process_advance(state: SystemState, epoch: Epoch, now: Timestamp, *, key: bytes = b"") -> Result:
    """A phase has ended by its deadline: the epoch goes on with those who did their part, comes in force, or aborts.

    While everything is stopped it can only abort, and nobody is blamed for what a stop kept it from.
    """
    committee = state.committee
    term = committee.epochs.get(epoch, NO_EPOCH_RECORD)
    if term.phase not in BEING_MADE:
        return wrong_phase(epoch, term.phase, Phase.REGISTERING)
    if now <= term.phase_ends_at:
        return deadline(epoch, term, now)
    if state.is_everything_stopped():
        return abort(state, committee, epoch, "everything is stopped")
    match term.phase:
        case Phase.REGISTERING if term.registered < quorum(term):
            return abort(state, committee, epoch, "too few registered")
        case Phase.REGISTERING:
            return enter(state, committee, epoch, Phase.DEALING, now)
        case Phase.DEALING:
            return close_dealing(state, committee, epoch, now)
        case Phase.SETTLING:
            return abort(state, committee, epoch, "nobody settled the sums")
        case Phase.ACKNOWLEDGING:
            return close_complaints(state, committee, epoch, now, key)
        case Phase.CONFIRMING:
            return finish(state, committee, epoch, key)
        case _:
            return close_silent(state, epoch, now)


def _check_dealing(
    term: EpochRecord,
    dealer: MemberRecord,
    domain: CommitteeDomain,
    commitments: bytes,
    proof: bytes,
    curve: Curve | None,
) -> Refusal | None:
    if len(commitments) != term.threshold * POINT_BYTES:
        return mismatch(dealer.index, f"reveals exactly {term.threshold} commitments")
    revealed = compute_commitments_hash(domain, dealer.index, commitments)
    constant = commitments[:POINT_BYTES]
    if term.predecessor:
        if keccak256(constant) != dealer.verification_key_hash:
            message = f"member {dealer.index} deals another share again than the one that it has proven"
            return refuse("R-Committee-22", "NotItsShare", message, actual=dealer.index)
    elif revealed != dealer.commitments_hash:
        return mismatch(dealer.index, "reveals what it committed to")
    if curve is None:
        return None
    if not curve.are_usable(commitments):
        return _bad_point(f"a commitment of dealer {dealer.index} is no usable point")
    if not curve.is_dealer_possession(domain, dealer.index, revealed, proof, constant):
        return _bad_proof(dealer)
    return None


def _bad_point(message: str) -> Refusal:
    return refuse("R-Committee-09", "BadPoint", message)


def _bad_proof(member: MemberRecord) -> Refusal:
    message = f"the proof of possession of member {member.index} does not verify"
    return refuse("R-Committee-10", "BadProof", message, actual=member.index)
