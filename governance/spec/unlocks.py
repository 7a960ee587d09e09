"""The bus between workers and oracles: ask, approve, answer.

An answer is irrevocable once it is broadcast, so nobody answers before t members approved; and answers of several
requests pool, so what counts is who ever answered for an identity. Source: contracts/src/committee/UnlockBus.sol.
"""

from __future__ import annotations

import dataclasses

from governance.encoding.releases import compute_request_id, compute_transport_context, compute_transport_hash
from governance.spec.brake import stops_seen
from governance.spec.curve import Curve
from governance.spec.outcome import Outcome, Result, with_entry
from governance.spec.phases import already_done, place_of, require_member
from governance.spec.releases import REASONS, compute_releasability
from governance.spec.rules import Refusal, refuse
from governance.spec.state import Answered, SystemState
from governance.types import (
    Address,
    Epoch,
    Identity,
    MemberRecord,
    Releasability,
    ReleaseId,
    RequestId,
    RequestRecord,
    Timestamp,
)
from governance.types.events.committee import PartialPosted, PartialRefused, UnlockApproved, UnlockRequested


def process_request(
    state: SystemState,
    caller: Address,
    release_id: ReleaseId,
    transport_key: bytes,
    proof: bytes,
    now: Timestamp,
    curve: Curve | None = None,
) -> Result:
    """The worker has asked for an unlock, with a fresh transport key."""
    committee, epoch = state.committee, state.committee.current_epoch
    if not epoch:
        return refuse("R-Committee-19", "NoCommittee", "no committee key is in force")
    if refusal := _check_releasable(state, release_id, caller, now):
        return refusal
    last = committee.last_requests.get((release_id, caller))
    if last is not None and is_open(state, committee.requests[last], now):
        return _request_open(last, committee.requests[last])
    identity, bus = state.releases.workers[release_id, caller], state.system.committee
    context = compute_transport_context(state.chain_id, bus, release_id, caller, identity)
    if curve is not None and not curve.is_transport_key(context, identity, transport_key, proof):
        return refuse("R-Committee-09", "BadPoint", "nobody has proven to know the secret behind this transport key")
    lineage = state.releases.releases[release_id].lineage
    answered = committee.answered.get((epoch, identity), Answered(lineage))
    if refusal := _check_not_barred(state, epoch, identity, answered):
        return refusal
    transport_hash = compute_transport_hash(transport_key)
    request_id = compute_request_id(state.chain_id, bus, epoch, release_id, caller, transport_hash)
    if request_id in committee.requests:
        return _request_open(request_id, committee.requests[request_id])
    expires_at = Timestamp(now + state.parameters.request_lifetime)
    request = RequestRecord(release_id, identity, transport_hash, caller, epoch, expires_at, 0, 0)
    committee = dataclasses.replace(
        committee,
        requests=with_entry(committee.requests, request_id, request),
        last_requests=with_entry(committee.last_requests, (release_id, caller), request_id),
        transport_keys=with_entry(committee.transport_keys, request_id, transport_key),
        answered=with_entry(committee.answered, (epoch, identity), answered),
    )
    event = UnlockRequested(request_id, release_id, caller, epoch, identity, transport_key, proof, expires_at)
    return Outcome(dataclasses.replace(state, committee=committee), (event,))


def process_approve(state: SystemState, caller: Address, request_id: RequestId, now: Timestamp) -> Result:
    """The member has approved the request: it saw the release in force at a confirmed block."""
    opened = _require_open(state, request_id, now)
    if isinstance(opened, Refusal):
        return opened
    member = require_member(state.committee, opened.epoch, caller)
    if isinstance(member, Refusal):
        return member
    bit = _bit(state, opened.epoch, caller)
    if opened.approvals & bit:
        return already_done(member, "approved")
    if refusal := _check_releasable(state, opened.release_id, opened.worker, now):
        return refusal
    answered = state.committee.answered[opened.epoch, opened.identity]
    if refusal := _check_not_barred(state, opened.epoch, opened.identity, answered):
        return refusal
    approved = dataclasses.replace(opened, approvals=opened.approvals | bit)
    event = UnlockApproved(request_id, member.index, approved.approvals.bit_count())
    return Outcome(_with_request(state, request_id, approved), (event,))


def process_post(
    state: SystemState,
    caller: Address,
    request_id: RequestId,
    partial_key: bytes,
    now: Timestamp,
    curve: Curve | None = None,
    *,
    claimed_wrong: bool = False,
) -> Result:
    """The member's partial is accepted, or is on record as a wrong one, which changes nothing.

    The request's transport key and the member's key share are those on record. Without a curve, `claimed_wrong` says
    whether the partial is wrong.
    """
    opened = _require_open(state, request_id, now)
    if isinstance(opened, Refusal):
        return opened
    member = require_member(state.committee, opened.epoch, caller)
    if isinstance(member, Refusal):
        return member
    if not any(member.verification_key_hash):
        return _bad_partial(member)
    bit = _bit(state, opened.epoch, caller)
    if opened.partials & bit:
        return already_done(member, "answered")
    if refusal := _check_approved(state, opened, bit):
        return refusal
    if refusal := _check_releasable(state, opened.release_id, opened.worker, now):
        return refusal
    is_wrong = claimed_wrong
    if curve is not None:
        key = state.committee.verification_keys[opened.epoch, member.index]
        is_wrong = not curve.is_partial(state.committee.transport_keys[request_id], partial_key, key)
    if is_wrong:  # R-Committee-17
        return Outcome(state, (PartialRefused(request_id, member.index, member.oracle, partial_key),))
    answered = state.committee.answered[opened.epoch, opened.identity]
    if refusal := _check_not_barred(state, opened.epoch, opened.identity, answered):
        return refusal
    if not answered.members:
        answered = dataclasses.replace(answered, stops_seen=stops_seen(state.brake, answered.lineage))
    answered = dataclasses.replace(answered, members=answered.members | bit)
    posted = dataclasses.replace(opened, partials=opened.partials | bit)
    state = _with_request(state, request_id, posted)
    pooled = with_entry(state.committee.answered, (opened.epoch, opened.identity), answered)
    state = dataclasses.replace(state, committee=dataclasses.replace(state.committee, answered=pooled))
    return Outcome(state, (PartialPosted(request_id, member.index, partial_key, posted.partials.bit_count()),))


# --- reads


def is_open(state: SystemState, request: RequestRecord, now: Timestamp) -> bool:
    """Whether the request is neither expired nor answered by t, and was made to the committee in force."""
    threshold = state.committee.epochs[request.epoch].threshold
    is_in_force = request.epoch == state.committee.current_epoch
    return now <= request.expires_at and request.partials.bit_count() < threshold and is_in_force


def is_barred(state: SystemState, epoch: Epoch, identity: Identity) -> bool:
    """R-Committee-18: a stop fell between the first partial for that identity and the t-th."""
    answered = state.committee.answered.get((epoch, identity))
    return answered is not None and _is_barred(state, epoch, answered)


def _is_barred(state: SystemState, epoch: Epoch, answered: Answered) -> bool:
    """With none the next answer is the first; with t or more the identity key is out, and barring is too late."""
    threshold = state.committee.epochs[epoch].threshold
    if not 0 < answered.members.bit_count() < threshold:
        return False
    return stops_seen(state.brake, answered.lineage) != answered.stops_seen


def _check_not_barred(state: SystemState, epoch: Epoch, identity: Identity, answered: Answered) -> Refusal | None:
    if not _is_barred(state, epoch, answered):
        return None
    message = "a stop fell between the first partial for this identity and the last: it waits for a refresh"
    return refuse("R-Committee-18", "IdentityBarred", message, actual=identity)


def _check_releasable(state: SystemState, release_id: ReleaseId, worker: Address, now: Timestamp) -> Refusal | None:
    reason = compute_releasability(state, release_id, worker, now)
    if reason is Releasability.RELEASABLE:
        return None
    return refuse("R-Committee-13", "NotReleasable", REASONS[reason], actual=reason)


def _check_approved(state: SystemState, request: RequestRecord, bit: int) -> Refusal | None:
    threshold, approvals = state.committee.epochs[request.epoch].threshold, request.approvals.bit_count()
    if approvals >= threshold and request.approvals & bit:
        return None
    own = "" if request.approvals & bit else ", and the answering one is not among them"
    message = f"{approvals} of {threshold} members approved{own}"
    return refuse("R-Committee-16", "NotApproved", message, actual=approvals, required=threshold)


def _require_open(state: SystemState, request_id: RequestId, now: Timestamp) -> RequestRecord | Refusal:
    request = state.committee.requests.get(request_id)
    if request is not None and is_open(state, request, now):
        return request
    message = (
        "no such request was made"
        if request is None
        else "the request has expired, t members answered it, or its committee is no longer in force"
    )
    return refuse("R-Committee-15", "NoOpenRequest", message, actual=request_id)


def _with_request(state: SystemState, request_id: RequestId, request: RequestRecord) -> SystemState:
    requests = with_entry(state.committee.requests, request_id, request)
    return dataclasses.replace(state, committee=dataclasses.replace(state.committee, requests=requests))


def _bit(state: SystemState, epoch: Epoch, caller: Address) -> int:
    place = place_of(state.committee, epoch, caller)
    return 0 if place is None else 1 << place


def _request_open(request_id: RequestId, request: RequestRecord) -> Refusal:
    message = f"a request stands until {request.expires_at}, or this transport key served one"
    return refuse("R-Committee-14", "RequestOpen", message, actual=request_id, required=request.expires_at)


def _bad_partial(member: MemberRecord) -> Refusal:
    message = f"member {member.index} has proven no key share that its partial could verify under"
    return refuse("R-Committee-17", "BadPartial", message, actual=member.index)
