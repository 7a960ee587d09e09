"""The ABI types of every struct that is hashed or read from a getter, in the order of its dataclass's fields.

A test reads contracts/src and proves that each line is what Solidity declares.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from governance.types import (
    ActionKind,
    AddConstraint,
    AmendConstraint,
    Bounds,
    ChamberTally,
    ChangeSeats,
    ConfirmStop,
    ConstraintParameter,
    ConstraintRecord,
    ConstraintStatus,
    DealingRecord,
    Direction,
    EpochRecord,
    FormCommittee,
    GrantRelease,
    IdentityRequest,
    IncidentRecord,
    KeyKind,
    LedgerEntry,
    MemberRecord,
    Mode,
    ModelRecord,
    NameSuccessor,
    OracleMember,
    Parameters,
    ParameterSetting,
    Phase,
    PinnedCode,
    ProposalRecord,
    ProposalState,
    QuorumState,
    Reclassify,
    RegisterModel,
    ReleaseRecord,
    ReleaseStatus,
    RenewRelease,
    ReplaceSeat,
    RequestRecord,
    Resume,
    RetireConstraint,
    RevokeRelease,
    RotationRecord,
    ScopeRecord,
    SeatGrant,
    SeatRecord,
    SetParameter,
    SetParameters,
    SignedBallotRecord,
    SilenceRecord,
    Standing,
    StopRecord,
    StopStatus,
    SuspendSeat,
    System,
    TierRule,
    WorkerGrant,
)


@dataclass(frozen=True, slots=True)
class Array:
    """Many of one type; a fixed number of them where `length` is given."""

    item: Any
    length: int | None = None


# Struct -> the types of its members: an ABI type, an enum, a struct, or an Array of one of them.
SCHEMAS: dict[type, tuple[Any, ...]] = {}

# --- types/Actions.sol
SCHEMAS[ParameterSetting] = ("bytes32", Direction, "int128")
SCHEMAS[AddConstraint] = ("string", "uint40", Array(ParameterSetting), "bytes")
SCHEMAS[SetParameter] = ("bytes32", "bytes32", "bytes32", "int128")
SCHEMAS[AmendConstraint] = ("bytes32", "bytes32", "uint40", "bytes")
SCHEMAS[RetireConstraint] = ("bytes32", "bytes32")
SCHEMAS[IdentityRequest] = (Mode, "uint16")
SCHEMAS[RegisterModel] = (
    "address", "uint64", "bytes32", "bytes32", "bytes32", "bytes32", "bytes32", Array(IdentityRequest), "string",
)  # fmt: skip
SCHEMAS[WorkerGrant] = ("address", "uint16", "string")
SCHEMAS[GrantRelease] = ("bytes32", Mode, "uint40", Array(WorkerGrant), "bytes")
SCHEMAS[RenewRelease] = ("bytes32", "uint40")
SCHEMAS[RevokeRelease] = ("bytes32", "string")
SCHEMAS[ConfirmStop] = ("uint64",)
SCHEMAS[Resume] = (Array("uint64"),)
SCHEMAS[SuspendSeat] = ("uint8", "bytes32")
SCHEMAS[SeatGrant] = ("string", "uint8", "bytes2", "bytes32", "bytes32", KeyKind, "address", "address", "bytes32")
SCHEMAS[ChangeSeats] = (Array("uint8"), Array(SeatGrant))
SCHEMAS[Reclassify] = ("uint8", "bytes2", "bytes32", "bytes32", "bytes32")
SCHEMAS[ReplaceSeat] = ("uint8", SeatGrant)
SCHEMAS[OracleMember] = ("bytes32", "address")
SCHEMAS[PinnedCode] = ("address", "bytes32")
SCHEMAS[NameSuccessor] = (Array(PinnedCode),)
SCHEMAS[FormCommittee] = ("uint16", "uint16", Array(OracleMember), "uint64")

# --- types/Parameters.sol
SCHEMAS[TierRule] = ("uint16", "uint16", "bool", "uint8", "uint16", "uint16", "bool", "uint40", "uint40")
SCHEMAS[Parameters] = (
    Array(TierRule, 4), "uint40", "uint40", "uint24", "uint8", "uint8", "uint40", "uint40", "uint40", "uint40",
    "uint40", "uint40", "uint40", "uint40", "uint32", "uint40", "uint40", "uint40",
)  # fmt: skip
SCHEMAS[Bounds] = (Parameters, Parameters)
SCHEMAS[SetParameters] = (Parameters,)  # all members are static, so that this is abi.encode(Parameters)

# --- types/Proposals.sol, types/System.sol
SCHEMAS[ProposalRecord] = (
    "uint64", "uint40", "uint40", "uint32", "uint32", ActionKind, "uint8", "uint8", "uint8", "uint8", "uint24",
    "address", "uint64", Array("uint256", 2), "uint64",
)  # fmt: skip
SCHEMAS[SignedBallotRecord] = ("address", "uint8", "uint8", "uint8", "string", "bytes")
SCHEMAS[ChamberTally] = ("uint8", "uint8", "uint8", "uint8", "uint8", "bool")
SCHEMAS[QuorumState] = (
    ProposalState, "uint8", "uint8", "uint8", "uint8", "uint8", "uint8", "uint8", "bool", "uint40", "uint40", "uint40",
    Array(ChamberTally),
)  # fmt: skip
SCHEMAS[System] = ("address",) * 6

# --- interfaces
SCHEMAS[SeatRecord] = (
    "bytes32", "bytes32", "bytes32", "address", "address", "bytes2", "uint8", KeyKind, Standing, "uint40", "uint40",
)  # fmt: skip
SCHEMAS[RotationRecord] = ("address", "uint40")
SCHEMAS[SilenceRecord] = ("uint40", "uint40")
SCHEMAS[ConstraintRecord] = (ConstraintStatus, "uint40", "bytes32", "bytes32")
SCHEMAS[ConstraintParameter] = (Direction, "int128")
SCHEMAS[LedgerEntry] = ("bytes32", ActionKind, "bytes32", "bytes32", "bytes32", "uint8", "uint256", "uint40")
SCHEMAS[ModelRecord] = (
    "bytes32", "bytes32", "bytes32", "bytes32", "bytes32", "bytes32", "address", "uint64", "uint32", "uint40",
)  # fmt: skip
SCHEMAS[ReleaseRecord] = (
    ReleaseStatus, Mode, "uint40", "uint40", "uint32", "uint32", "bytes32", "bytes32", "bytes32",
)  # fmt: skip
SCHEMAS[ScopeRecord] = ("uint40", "uint32", "uint32", "uint32")
SCHEMAS[StopRecord] = (
    "bytes32", StopStatus, "uint40", "uint40", "uint64", "bytes32", "uint8", "uint64", "uint32",
)  # fmt: skip
SCHEMAS[IncidentRecord] = ("bytes32", "bytes32", "bytes32", "address", "uint40", "uint8", "uint32")
SCHEMAS[EpochRecord] = (
    Phase, "uint16", "uint16", "uint16", "uint16", "uint16", "uint16", "uint40", "uint40", "bytes32",
    "uint64", "uint32", "uint16", "uint16",
)  # fmt: skip
SCHEMAS[MemberRecord] = ("address", "uint16", "bytes32", "bytes32", "bytes32", "bytes32", "bool")
SCHEMAS[DealingRecord] = ("bytes32", "bytes32", "uint32", "bool", "bool")
SCHEMAS[RequestRecord] = ("bytes32", "bytes32", "bytes32", "address", "uint64", "uint40", "uint32", "uint32")
