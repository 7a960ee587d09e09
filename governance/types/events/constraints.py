"""Events of Constraints: the ledger's changes, field for field in the order of the ABI.

Source: contracts/src/interfaces/IConstraints.sol.
"""

from __future__ import annotations

from dataclasses import dataclass

from governance.types.enums import ActionKind, Direction
from governance.types.names import Address, ConstraintId, Hash32, ProposalId, ShortName, Timestamp


@dataclass(frozen=True, slots=True)
class ConstraintAdded:
    constraint_id: ConstraintId
    proposal_id: ProposalId
    name: str
    expires_at: Timestamp
    document: bytes


@dataclass(frozen=True, slots=True)
class ConstraintAmended:
    constraint_id: ConstraintId
    proposal_id: ProposalId
    kind: ActionKind
    expires_at: Timestamp
    document: bytes


@dataclass(frozen=True, slots=True)
class ConstraintRetired:
    constraint_id: ConstraintId
    proposal_id: ProposalId


@dataclass(frozen=True, slots=True)
class ParameterChanged:
    constraint_id: ConstraintId
    key: ShortName
    proposal_id: ProposalId
    direction: Direction
    old_value: int
    new_value: int


@dataclass(frozen=True, slots=True)
class LedgerAdvanced:
    n: int
    constraint_id: ConstraintId
    proposal_id: ProposalId
    head: Hash32
    kind: ActionKind
    document_hash: Hash32
    parent: Hash32
    tier: int
    time: Timestamp


@dataclass(frozen=True, slots=True)
class LedgerInherited:
    predecessor: Address  # its Council
    entries: int
    head: Hash32


ConstraintsEvent = (
    ConstraintAdded | ConstraintAmended | ConstraintRetired | ParameterChanged | LedgerAdvanced | LedgerInherited
)
