"""Events of Committee: the DKG board and the unlock bus, field for field in the order of the ABI.

Source: contracts/src/interfaces/ICommittee.sol.
"""

from __future__ import annotations

from dataclasses import dataclass

from governance.types.enums import Fault, Phase
from governance.types.names import (
    NO_EPOCH,
    Address,
    Epoch,
    Hash32,
    Identity,
    MemberIndex,
    OrganisationId,
    ProposalId,
    ReleaseId,
    RequestId,
    Timestamp,
)


@dataclass(frozen=True, slots=True)
class EpochStarted:
    epoch: Epoch
    proposal_id: ProposalId
    threshold: int
    slack: int
    size: int
    phase_ends_at: Timestamp
    predecessor: Epoch = NO_EPOCH


@dataclass(frozen=True, slots=True)
class MemberNamed:
    epoch: Epoch
    index: MemberIndex
    oracle: Address
    organisation_id: OrganisationId


@dataclass(frozen=True, slots=True)
class TransportKeyRegistered:
    epoch: Epoch
    index: MemberIndex
    transport_key: bytes
    commitments_hash: Hash32


@dataclass(frozen=True, slots=True)
class PhaseAdvanced:
    epoch: Epoch
    phase: Phase
    phase_ends_at: Timestamp


@dataclass(frozen=True, slots=True)
class Dealt:
    epoch: Epoch
    dealer: MemberIndex
    commitments: bytes
    proof: bytes
    envelopes: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class DealerAccused:
    epoch: Epoch
    dealer: MemberIndex
    accuser: MemberIndex


@dataclass(frozen=True, slots=True)
class ShareRevealed:
    epoch: Epoch
    dealer: MemberIndex
    recipient: MemberIndex
    share: Hash32  # a scalar, big-endian


@dataclass(frozen=True, slots=True)
class DealerDisqualified:
    epoch: Epoch
    dealer: MemberIndex
    oracle: Address
    fault: Fault


@dataclass(frozen=True, slots=True)
class Settled:
    epoch: Epoch
    dealers: tuple[MemberIndex, ...]
    key_hash: Hash32


@dataclass(frozen=True, slots=True)
class Acknowledged:
    epoch: Epoch
    index: MemberIndex
    verification_key: bytes


@dataclass(frozen=True, slots=True)
class EpochInForce:
    epoch: Epoch
    key_hash: Hash32
    key: bytes


@dataclass(frozen=True, slots=True)
class EpochAborted:
    epoch: Epoch
    phase: Phase
    reason: str


@dataclass(frozen=True, slots=True)
class UnlockRequested:
    request_id: RequestId
    release_id: ReleaseId
    worker: Address
    epoch: Epoch
    identity: Identity
    transport_key: bytes
    proof: bytes
    expires_at: Timestamp


@dataclass(frozen=True, slots=True)
class UnlockApproved:
    request_id: RequestId
    index: MemberIndex
    approvals: int


@dataclass(frozen=True, slots=True)
class PartialPosted:
    request_id: RequestId
    index: MemberIndex
    partial_key: bytes
    partials: int


@dataclass(frozen=True, slots=True)
class PartialRefused:
    request_id: RequestId
    index: MemberIndex
    oracle: Address
    partial_key: bytes


CommitteeEvent = (
    EpochStarted
    | MemberNamed
    | TransportKeyRegistered
    | PhaseAdvanced
    | Dealt
    | DealerAccused
    | ShareRevealed
    | DealerDisqualified
    | Settled
    | Acknowledged
    | EpochInForce
    | EpochAborted
    | UnlockRequested
    | UnlockApproved
    | PartialPosted
    | PartialRefused
)
