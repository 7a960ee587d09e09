"""Releases: expiring permissions for named workers, and the receipts that these leave.

Source: contracts/src/Releases.sol.
"""

from __future__ import annotations

import dataclasses

from governance.encoding.documents import compute_document_hash
from governance.encoding.names import hash_text, release_id_of
from governance.encoding.releases import compute_identity
from governance.spec.brake import is_stopped, lapsed_at
from governance.spec.outcome import Outcome, Result, with_entry
from governance.spec.rules import Refusal, refuse
from governance.spec.state import ReleasesState, SystemState
from governance.types import (
    EVERYTHING,
    ZERO_ADDRESS,
    ZERO_HASH,
    Address,
    GrantRelease,
    Hash32,
    Identity,
    Mode,
    ModelId,
    OrganisationId,
    ProposalId,
    ReceiptState,
    Releasability,
    ReleaseId,
    ReleaseRecord,
    ReleaseStatus,
    RenewRelease,
    RevokeRelease,
    ScopeId,
    SeatRecord,
    Standing,
    Tier,
    Timestamp,
    WorkerGrant,
)
from governance.types.events import Event
from governance.types.events.releases import (
    ReceiptsAnchored,
    ReleaseGranted,
    ReleaseRenewed,
    ReleaseRevoked,
    WorkerNamed,
)

MAX_WORKERS = 16
NO_RECEIPTS = ReceiptState(0, 0, ZERO_HASH)
REASONS: dict[Releasability, str] = {
    Releasability.UNKNOWN_RELEASE: "no such release was executed",
    Releasability.RELEASABLE: "the release is in force",
    Releasability.EXPIRED: "the release has expired",
    Releasability.REVOKED: "the release was revoked",
    Releasability.STOPPED: "a stop stands",
    Releasability.BARRED: "a stop lapsed after this release, or the system has a successor: it never runs again",
    Releasability.WORKER_NOT_NAMED: "the release does not name this worker",
}


# --- what a worker may do


def is_releasable(state: SystemState, release_id: ReleaseId, worker: Address, now: Timestamp) -> bool:
    """R-Releases-08: executed, unexpired, unrevoked, unstopped, named worker."""
    return compute_releasability(state, release_id, worker, now) is Releasability.RELEASABLE


def compute_releasability(state: SystemState, release_id: ReleaseId, worker: Address, now: Timestamp) -> Releasability:
    """Why that worker may not unlock under that release, or RELEASABLE."""
    standing = compute_standing(state, state.releases.releases.get(release_id), now)
    if standing is Releasability.RELEASABLE and not any(state.releases.workers.get((release_id, worker), b"")):
        return Releasability.WORKER_NOT_NAMED
    return standing


def compute_standing(state: SystemState, release: ReleaseRecord | None, now: Timestamp) -> Releasability:
    """How a release stands, whoever asks. BARRED comes before STOPPED, since it is for ever."""
    if release is None or release.status is ReleaseStatus.NONE:
        return Releasability.UNKNOWN_RELEASE
    if release.status is ReleaseStatus.REVOKED:
        return Releasability.REVOKED
    if now >= release.expires_at:
        return Releasability.EXPIRED
    own, everything = state.brake.get_scope(ScopeId(release.lineage)), state.brake.get_scope(EVERYTHING)
    recorded = (release.lineage_generation, release.global_generation)
    if (own.generation, everything.generation) != recorded:
        return Releasability.BARRED
    exist = any(release.lineage) and own.opened_at and everything.opened_at
    return Releasability.STOPPED if not exist or own.standing or everything.standing else Releasability.RELEASABLE


# --- what a vote may do


def check_grant(state: SystemState, action: GrantRelease, now: Timestamp) -> Tier | Refusal:
    """The tier that the release needs now, if it may be granted (R-Releases-06)."""
    model = state.releases.models.get(action.model_id)
    if model is None:
        return refuse("R-Releases-02", "UnknownModel", f"no model 0x{action.model_id.hex()} is registered")
    if refusal := _check_expiry(state, action.expires_at, Timestamp(now + 1), now):
        return refusal
    allowed = state.parameters.document_bytes
    if not 0 < len(action.scope) <= allowed:
        message = f"the scope has {len(action.scope)} bytes, and 1 to {allowed} are allowed"
        return refuse("R-Releases-11", "ScopeSize", message, actual=len(action.scope), required=allowed)
    return _check_workers(state, action) or _tier_under(state, model.lineage)


def check_renew(state: SystemState, action: RenewRelease, now: Timestamp) -> Tier | Refusal:
    """The tier that the renewal needs now; it extends a release that lives, and revives nothing."""
    release = state.releases.releases.get(action.release_id)
    standing = compute_standing(state, release, now)
    if release is None or standing not in (Releasability.RELEASABLE, Releasability.STOPPED):
        return _not_alive(standing)
    earliest = Timestamp(release.expires_at + 1)
    return _check_expiry(state, action.expires_at, earliest, now) or _tier_under(state, release.lineage)


def check_revoke(state: SystemState, action: RevokeRelease) -> Tier | Refusal:
    """The tier of a revocation. An expired or stopped release can be revoked too: the safe way is never refused."""
    release = state.releases.releases.get(action.release_id)
    if release is None:
        return _not_alive(Releasability.UNKNOWN_RELEASE)
    if release.status is ReleaseStatus.REVOKED:
        return _not_alive(Releasability.REVOKED)
    return Tier.TIGHTEN


def execute_grant(
    state: SystemState, action: GrantRelease, proposal_id: ProposalId, tier: int, now: Timestamp
) -> Outcome | Refusal:
    """The release is alive and names its workers."""
    required = check_grant(state, action, now)
    if isinstance(required, Refusal):
        return required
    lineage = state.releases.models[action.model_id].lineage
    lapse = lapsed_at(state.brake, lineage)
    if lapse and state.council.proposals[proposal_id].created_at <= lapse:
        required = Tier.LOOSEN  # a lapse only allows new proposals: this one was voted without the report
    if tier < required:
        message = f"the release now needs tier {required}, since a stop covers or covered it"
        return refuse("R-Council-18", "TierTooLow", message, actual=tier, required=required)

    release_id, scope_hash = release_id_of(proposal_id), compute_document_hash(action.scope)
    release = ReleaseRecord(
        status=ReleaseStatus.ALIVE,
        mode=action.mode,
        expires_at=action.expires_at,
        executed_at=now,
        lineage_generation=state.brake.get_scope(ScopeId(lineage)).generation,
        global_generation=state.brake.get_scope(EVERYTHING).generation,
        lineage=lineage,
        model_id=action.model_id,
        scope_hash=scope_hash,
    )
    events: list[Event] = [
        ReleaseGranted(release_id, action.model_id, action.mode, action.expires_at, scope_hash, action.scope)
    ]
    workers = dict(state.releases.workers)
    for grant in action.workers:
        identity = identity_of(state, action.model_id, action.mode, grant.party)
        workers[release_id, grant.worker] = identity
        events.append(WorkerNamed(release_id, grant.worker, identity, grant.party, grant.organisation))
    releases = dataclasses.replace(
        state.releases,
        releases=with_entry(state.releases.releases, release_id, release),
        scopes=with_entry(state.releases.scopes, release_id, action.scope),
        workers=workers,
        parties=_keep_parties(state, action),
    )
    return Outcome(dataclasses.replace(state, releases=releases), tuple(events))


def execute_renew(
    state: SystemState, action: RenewRelease, proposal_id: ProposalId, tier: int, now: Timestamp
) -> Outcome | Refusal:
    """The release ends later."""
    required = check_renew(state, action, now)
    if isinstance(required, Refusal):
        return required
    if tier < required:
        message = f"the renewal now needs tier {required}, since a stop covers it"
        return refuse("R-Council-18", "TierTooLow", message, actual=tier, required=required)
    old = state.releases.releases[action.release_id]
    event = ReleaseRenewed(action.release_id, proposal_id, old.expires_at, action.expires_at)
    renewed = dataclasses.replace(old, expires_at=action.expires_at)
    return Outcome(_with_release(state, action.release_id, renewed), (event,))


def execute_revoke(state: SystemState, action: RevokeRelease, proposal_id: ProposalId) -> Outcome | Refusal:
    """The release is revoked, for ever."""
    checked = check_revoke(state, action)
    if isinstance(checked, Refusal):
        return checked
    revoked = dataclasses.replace(state.releases.releases[action.release_id], status=ReleaseStatus.REVOKED)
    event = ReleaseRevoked(action.release_id, proposal_id, action.reason)
    return Outcome(_with_release(state, action.release_id, revoked), (event,))


def process_anchor_receipts(
    state: SystemState, caller: Address, release_id: ReleaseId, root: Hash32, count: int
) -> Result:
    """The worker's next receipts are anchored, whatever the release's standing: the last come after its end."""
    if (release_id, caller) not in state.releases.workers:
        message = f"{caller} is no worker that this release names"
        return refuse("R-Releases-09", "NotNamedWorker", message, actual=caller)
    old = state.releases.receipts.get((release_id, caller), NO_RECEIPTS)
    new = ReceiptState(old.batches + 1, old.receipts + count, root)
    receipts = with_entry(state.releases.receipts, (release_id, caller), new)
    releases = dataclasses.replace(state.releases, receipts=receipts)
    event = ReceiptsAnchored(release_id, caller, old.batches, root, old.receipts, count)
    return Outcome(dataclasses.replace(state, releases=releases), (event,))


def identity_of(state: SystemState, model_id: ModelId, mode: Mode, party: int) -> Identity:
    """The identity of a registered model for one mode and party."""
    key_hash = state.releases.models[model_id].committee_key_hash
    return compute_identity(state.chain_id, state.system.releases, key_hash, model_id, mode, party)


def _check_workers(state: SystemState, action: GrantRelease) -> Refusal | None:
    count = len(action.workers)
    if not 1 <= count <= MAX_WORKERS:
        message = f"a release names 1 to {MAX_WORKERS} workers, got {count}"
        return refuse("R-Releases-04", "BadCount", message, actual=count, required=MAX_WORKERS)
    seen: set[Address] = set()
    for grant in action.workers:
        known = identity_of(state, action.model_id, action.mode, grant.party) in state.releases.identities
        if grant.worker == ZERO_ADDRESS or grant.worker in seen or not known:
            mode = action.mode.name.lower()
            message = f"{grant.worker} is zero, named twice, or the model has no identity for {mode}, {grant.party}"
            return refuse("R-Releases-04", "BadWorker", message, actual=grant.worker)
        seen.add(grant.worker)
    return _check_parties(state, action) if action.mode is Mode.MPC else None


def _check_parties(state: SystemState, action: GrantRelease) -> Refusal | None:
    """R-Releases-12: parties under one control, or in one jurisdiction, could be made to pool what they hold."""
    holders: list[tuple[WorkerGrant, SeatRecord]] = []
    for grant in action.workers:
        record = _holder(state, grant)
        if record is None:
            message = f"{grant.organisation!r}, the organisation of {grant.worker}, holds no seat"
            return refuse("R-Releases-12", "PartyWithoutSeat", message, actual=grant.organisation)
        for other, other_record in holders:
            related = record.affiliation == other_record.affiliation or record.jurisdiction == other_record.jurisdiction
            if other.party != grant.party and related:
                message = f"{grant.organisation} and {other.organisation} share an affiliation or a jurisdiction"
                return refuse("R-Releases-12", "DependentParties", message, actual=(grant.worker, other.worker))
        for label in labels_of(record):
            held = state.releases.parties.get((action.model_id, label), grant.party)
            if held != grant.party:
                # R-Releases-13: an identity key is for ever: two releases must not add what one would have kept apart
                message = f"{grant.organisation}, its group or its jurisdiction was given party {held} of that model"
                return refuse("R-Releases-13", "PartyHeld", message, actual=held, required=grant.party)
        holders.append((grant, record))
    return None


def _keep_parties(state: SystemState, action: GrantRelease) -> dict[tuple[ModelId, Hash32], int]:
    """Who was given which party of the model, this release included."""
    parties = dict(state.releases.parties)
    for grant in action.workers if action.mode is Mode.MPC else ():
        record = _holder(state, grant)
        if record is not None:
            parties |= {(action.model_id, label): grant.party for label in labels_of(record)}
    return parties


def _holder(state: SystemState, grant: WorkerGrant) -> SeatRecord | None:
    seat, standing = state.seats.seat_of_organisation(OrganisationId(hash_text(grant.organisation)))
    return None if standing is Standing.NONE else state.seats.get_seat(seat)


def labels_of(record: SeatRecord) -> tuple[Hash32, Hash32]:
    """What must differ between parties: the affiliation group, and the jurisdiction, left-aligned."""
    return record.affiliation, Hash32(record.jurisdiction.ljust(32, b"\0"))


def _check_expiry(state: SystemState, expires_at: Timestamp, earliest: Timestamp, now: Timestamp) -> Refusal | None:
    latest = now + state.parameters.release_lifetime
    if earliest <= expires_at <= latest:
        return None
    message = f"the release would end at {expires_at}, and {earliest} to {latest} is allowed"
    return refuse("R-Releases-05", "BadExpiry", message, actual=expires_at, required=(earliest, latest))


def _tier_under(state: SystemState, lineage: ModelId) -> Tier:
    return Tier.LOOSEN if is_stopped(state.brake, lineage) else Tier.RELEASE


def _with_release(state: SystemState, release_id: ReleaseId, release: ReleaseRecord) -> SystemState:
    releases: ReleasesState = dataclasses.replace(
        state.releases, releases=with_entry(state.releases.releases, release_id, release)
    )
    return dataclasses.replace(state, releases=releases)


def _not_alive(standing: Releasability) -> Refusal:
    return refuse("R-Releases-07", "ReleaseNotAlive", REASONS[standing], actual=standing)
