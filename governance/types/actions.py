"""The typed actions, one dataclass a Solidity struct, field for field. How they become bytes is `encoding`'s business.

Source: contracts/src/types/Actions.sol.
"""

from __future__ import annotations

from dataclasses import dataclass

from governance.types.enums import ActionKind, Direction, KeyKind, Mode
from governance.types.names import (
    NO_EPOCH,
    Address,
    ChamberNumber,
    ConstraintId,
    Epoch,
    Hash32,
    Jurisdiction,
    ModelId,
    OrganisationId,
    ReleaseId,
    SeatNumber,
    ShortName,
    StopId,
    Timestamp,
)
from governance.types.parameters import Parameters


@dataclass(frozen=True, slots=True)
class ParameterSetting:
    key: ShortName
    direction: Direction
    value: int  # [int128]; ratios are in parts per million


@dataclass(frozen=True, slots=True)
class AddConstraint:
    name: str  # the constraint's id is its keccak256
    expires_at: Timestamp  # 0 = never; an expired constraint denies its scope
    parameters: tuple[ParameterSetting, ...]
    document: bytes  # canonical JSON (RFC 8785)


@dataclass(frozen=True, slots=True)
class SetParameter:
    """Of TIGHTEN_PARAMETER and LOOSEN_PARAMETER: the contract itself compares old and new."""

    constraint_id: ConstraintId
    expected_parent: Hash32  # the version that this change was written against
    key: ShortName
    value: int  # [int128]


@dataclass(frozen=True, slots=True)
class AmendConstraint:
    """Of AMEND_TIGHTER (a claim, open to objection) and AMEND_LOOSER."""

    constraint_id: ConstraintId
    expected_parent: Hash32
    expires_at: Timestamp
    document: bytes


@dataclass(frozen=True, slots=True)
class RetireConstraint:
    constraint_id: ConstraintId
    expected_parent: Hash32


@dataclass(frozen=True, slots=True)
class IdentityRequest:
    mode: Mode
    party: int  # 0 for PLAIN and EVAL; 1..n for the parties of MPC [uint16]


@dataclass(frozen=True, slots=True)
class RegisterModel:
    registrar: Address
    seal_nonce: int  # chosen before sealing, never used for two seals [uint64]
    parent_model: ModelId  # 32 zero bytes for the root of a new lineage
    manifest_hash: Hash32
    content_root: Hash32
    key_commitment: Hash32
    committee_key_hash: Hash32
    identities: tuple[IdentityRequest, ...]
    name: str  # for people; not unique


@dataclass(frozen=True, slots=True)
class WorkerGrant:
    worker: Address
    party: int  # [uint16]
    organisation: str


@dataclass(frozen=True, slots=True)
class GrantRelease:
    model_id: ModelId
    mode: Mode
    expires_at: Timestamp
    workers: tuple[WorkerGrant, ...]
    scope: bytes  # canonical JSON


@dataclass(frozen=True, slots=True)
class RenewRelease:
    release_id: ReleaseId
    expires_at: Timestamp


@dataclass(frozen=True, slots=True)
class RevokeRelease:
    release_id: ReleaseId
    reason: str


@dataclass(frozen=True, slots=True)
class ConfirmStop:
    stop_id: StopId


@dataclass(frozen=True, slots=True)
class Resume:
    stop_ids: tuple[StopId, ...]  # exact ids; others stand


@dataclass(frozen=True, slots=True)
class SuspendSeat:
    seat: SeatNumber
    evidence_hash: Hash32


@dataclass(frozen=True, slots=True)
class SeatGrant:
    organisation: str  # the organisation's id is its keccak256
    chamber: ChamberNumber
    jurisdiction: Jurisdiction
    affiliation: Hash32  # common control: keccak256 of the group's name
    framework: ShortName  # the ethical framework that an oversight seat declares, 32 zero bytes elsewhere
    kind: KeyKind
    voting_key: Address
    recovery_key: Address
    evidence_hash: Hash32  # what the labels rest on


@dataclass(frozen=True, slots=True)
class ChangeSeats:
    """One atomic batch, judged on the resulting set. Removals come first."""

    removals: tuple[SeatNumber, ...]
    grants: tuple[SeatGrant, ...]


@dataclass(frozen=True, slots=True)
class Reclassify:
    """Labels are claims that a vote makes. What they breach is healed by suspension."""

    seat: SeatNumber
    jurisdiction: Jurisdiction
    affiliation: Hash32
    framework: ShortName
    evidence_hash: Hash32


@dataclass(frozen=True, slots=True)
class ReplaceSeat:
    """Who takes the place, in the same chamber, of a seat that stayed silent through its challenge."""

    seat: SeatNumber
    replacement: SeatGrant


@dataclass(frozen=True, slots=True)
class OracleMember:
    organisation_id: OrganisationId
    oracle: Address


@dataclass(frozen=True, slots=True)
class FormCommittee:
    threshold: int  # t [uint16]
    slack: int  # acknowledgements needed beyond t [uint16]
    members: tuple[OracleMember, ...]
    predecessor: Epoch = NO_EPOCH  # the epoch in force, whose key these members are to hold; 0 = a new key


@dataclass(frozen=True, slots=True)
class SetParameters:
    """Not a struct of its own in Solidity: the action bytes are abi.encode(Parameters)."""

    parameters: Parameters


@dataclass(frozen=True, slots=True)
class PinnedCode:
    """A contract, and the keccak256 of its code."""

    account: Address
    code_hash: Hash32


@dataclass(frozen=True, slots=True)
class NameSuccessor:
    """The whole of what comes after; the first part is the one that is called the successor."""

    parts: tuple[PinnedCode, ...]


Action = (
    AddConstraint
    | SetParameter
    | AmendConstraint
    | RetireConstraint
    | RegisterModel
    | GrantRelease
    | RenewRelease
    | RevokeRelease
    | ConfirmStop
    | Resume
    | SuspendSeat
    | ChangeSeats
    | Reclassify
    | ReplaceSeat
    | FormCommittee
    | SetParameters
    | NameSuccessor
)

ACTION_OF_KIND: dict[ActionKind, type[Action]] = {
    ActionKind.ADD_CONSTRAINT: AddConstraint,
    ActionKind.TIGHTEN_PARAMETER: SetParameter,
    ActionKind.AMEND_TIGHTER: AmendConstraint,
    ActionKind.REVOKE_RELEASE: RevokeRelease,
    ActionKind.CONFIRM_STOP: ConfirmStop,
    ActionKind.SUSPEND_SEAT: SuspendSeat,
    ActionKind.REGISTER_MODEL: RegisterModel,
    ActionKind.GRANT_RELEASE: GrantRelease,
    ActionKind.RENEW_RELEASE: RenewRelease,
    ActionKind.LOOSEN_PARAMETER: SetParameter,
    ActionKind.AMEND_LOOSER: AmendConstraint,
    ActionKind.RETIRE_CONSTRAINT: RetireConstraint,
    ActionKind.RESUME: Resume,
    ActionKind.CHANGE_SEATS: ChangeSeats,
    ActionKind.FORM_COMMITTEE: FormCommittee,
    ActionKind.SET_PARAMETERS: SetParameters,
    ActionKind.NAME_SUCCESSOR: NameSuccessor,
    ActionKind.RECLASSIFY: Reclassify,
    ActionKind.REPLACE_SEAT: ReplaceSeat,
}
