"""Events of Seats: grants, removals, keys, field for field in the order of the ABI.

Source: contracts/src/interfaces/ISeats.sol.
"""

from __future__ import annotations

from dataclasses import dataclass

from governance.types.enums import KeyKind
from governance.types.names import (
    Address,
    ChamberNumber,
    Hash32,
    Jurisdiction,
    OrganisationId,
    SeatMask,
    SeatNumber,
    ShortName,
    Timestamp,
)


@dataclass(frozen=True, slots=True)
class SeatGranted:
    seat: SeatNumber
    organisation_id: OrganisationId
    chamber: ChamberNumber
    organisation: str
    jurisdiction: Jurisdiction
    affiliation: Hash32
    framework: ShortName
    kind: KeyKind
    voting_key: Address
    recovery_key: Address
    evidence_hash: Hash32


@dataclass(frozen=True, slots=True)
class SeatRemoved:
    seat: SeatNumber
    organisation_id: OrganisationId


@dataclass(frozen=True, slots=True)
class SeatSuspended:
    seat: SeatNumber
    organisation_id: OrganisationId
    evidence_hash: Hash32


@dataclass(frozen=True, slots=True)
class SeatReclassified:
    seat: SeatNumber
    organisation_id: OrganisationId
    jurisdiction: Jurisdiction
    affiliation: Hash32
    framework: ShortName
    evidence_hash: Hash32


@dataclass(frozen=True, slots=True)
class SuspensionWithheld:
    """A reclassification breached independence, and without that seat the live ones could not pass the tier."""

    seat: SeatNumber
    tier: int


@dataclass(frozen=True, slots=True)
class SilenceCounted:
    seat: SeatNumber
    by: SeatNumber
    challengeable_at: Timestamp


@dataclass(frozen=True, slots=True)
class SeatChallenged:
    seat: SeatNumber
    by: SeatNumber
    answer_by: Timestamp


@dataclass(frozen=True, slots=True)
class SilenceEnded:
    seat: SeatNumber


@dataclass(frozen=True, slots=True)
class RotationStarted:
    seat: SeatNumber
    new_key: Address
    ready_at: Timestamp


@dataclass(frozen=True, slots=True)
class RotationCancelled:
    seat: SeatNumber
    new_key: Address


@dataclass(frozen=True, slots=True)
class KeyRotated:
    seat: SeatNumber
    old_key: Address
    new_key: Address
    by_recovery_key: bool


@dataclass(frozen=True, slots=True)
class RecoveryKeyRotated:
    seat: SeatNumber
    old_key: Address
    new_key: Address


@dataclass(frozen=True, slots=True)
class RosterChanged:
    version: int
    seats: SeatMask
    live: SeatMask


SeatsEvent = (
    SeatGranted
    | SeatRemoved
    | SeatSuspended
    | SeatReclassified
    | SuspensionWithheld
    | SilenceCounted
    | SeatChallenged
    | SilenceEnded
    | RotationStarted
    | RotationCancelled
    | KeyRotated
    | RecoveryKeyRotated
    | RosterChanged
)
