"""Constraints: the hash-chained ledger of safety rules. It changes only by executed proposals."""

from __future__ import annotations

from typing import ClassVar

from governance.ledger.artifacts import ContractName
from governance.ledger.contracts.base import Block, ContractClient
from governance.types import (
    Address,
    ConstraintId,
    ConstraintParameter,
    ConstraintRecord,
    Hash32,
    LedgerEntry,
    ShortName,
)


class ConstraintsClient(ContractClient):
    """Reads of Constraints."""

    name: ClassVar[ContractName] = "Constraints"

    def get_head(self, *, at: Block = "latest") -> Hash32:
        return Hash32(self._read("head", returns=["bytes32"], at=at))

    def get_genesis_head(self, *, at: Block = "latest") -> Hash32:
        return Hash32(self._read("genesisHead", returns=["bytes32"], at=at))

    def get_first_entry(self, *, at: Block = "latest") -> int:
        """The number of the first own entry: how many the predecessors made."""
        return int(self._read("firstEntry", returns=["uint64"], at=at))

    def get_predecessor(self, *, at: Block = "latest") -> Address:
        """The Council of the system that this one follows; the zero address if it follows none."""
        return Address(self._read("predecessor", returns=["address"], at=at))

    def get_entries(self, *, at: Block = "latest") -> list[LedgerEntry]:
        """Every change from the first, those of predecessors included."""
        count = self._read("entryCount", returns=["uint64"], at=at)
        if not count:
            return []
        return self._read_many([("entry", [n]) for n in range(count)], returns=[LedgerEntry], at=at)

    def get_constraint(self, constraint_id: ConstraintId, *, at: Block = "latest") -> ConstraintRecord:
        found: ConstraintRecord = self._read("getConstraint", constraint_id, returns=[ConstraintRecord], at=at)
        return found

    def get_parameter(
        self, constraint_id: ConstraintId, key: ShortName, *, at: Block = "latest"
    ) -> ConstraintParameter:
        found: ConstraintParameter = self._read(
            "getParameter", constraint_id, key, returns=[ConstraintParameter], at=at
        )
        return found
