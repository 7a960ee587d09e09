"""Events of Releases: models, releases, receipts, field for field in the order of the ABI.

Source: contracts/src/interfaces/IReleases.sol.
"""

from __future__ import annotations

from dataclasses import dataclass

from governance.types.enums import Mode
from governance.types.names import Address, Hash32, Identity, ModelId, ProposalId, ReleaseId, Timestamp


@dataclass(frozen=True, slots=True)
class ModelRegistered:
    model_id: ModelId
    lineage: ModelId
    proposal_id: ProposalId
    registrar: Address
    seal_nonce: int
    parent_model: ModelId
    manifest_hash: Hash32
    content_root: Hash32
    key_commitment: Hash32
    committee_key_hash: Hash32
    name: str


@dataclass(frozen=True, slots=True)
class IdentityRegistered:
    identity: Identity
    model_id: ModelId
    mode: Mode
    party: int


@dataclass(frozen=True, slots=True)
class ReleaseGranted:
    release_id: ReleaseId
    model_id: ModelId
    mode: Mode
    expires_at: Timestamp
    scope_hash: Hash32
    scope: bytes


@dataclass(frozen=True, slots=True)
class WorkerNamed:
    release_id: ReleaseId
    worker: Address
    identity: Identity
    party: int
    organisation: str


@dataclass(frozen=True, slots=True)
class ReleaseRenewed:
    release_id: ReleaseId
    proposal_id: ProposalId
    old_expires_at: Timestamp
    expires_at: Timestamp


@dataclass(frozen=True, slots=True)
class ReleaseRevoked:
    release_id: ReleaseId
    proposal_id: ProposalId
    reason: str


@dataclass(frozen=True, slots=True)
class ReceiptsAnchored:
    release_id: ReleaseId
    worker: Address
    batch: int
    root: Hash32
    first_sequence: int
    count: int


ReleasesEvent = (
    ModelRegistered
    | IdentityRegistered
    | ReleaseGranted
    | WorkerNamed
    | ReleaseRenewed
    | ReleaseRevoked
    | ReceiptsAnchored
)
