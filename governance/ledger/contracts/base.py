"""What every contract's client can do: read at a block, read several things in one request, build a call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from governance.chain.errors import RpcError
from governance.chain.rpc import Rpc, as_bytes
from governance.ledger.artifacts import ContractName
from governance.ledger.codec import Call, decode_answer, encode_call
from governance.ledger.reverts import explain_revert
from governance.types import Address

Block = int | str  # a number, or "latest", "finalized", "pending"


@dataclass(frozen=True)
class ContractClient:
    """One contract at its address."""

    rpc: Rpc
    address: Address
    name: ClassVar[ContractName]

    def _call(self, function: str, *arguments: Any) -> Call:
        return Call(self.name, function, arguments)

    def _read(self, function: str, *arguments: Any, returns: Sequence[Any], at: Block = "latest") -> Any:
        """Raises: LedgerRefused, RpcUnavailable, UndecodableAnswer."""
        (answer,) = self._read_many([(function, arguments)], returns=returns, at=at)
        return answer

    def _read_many(
        self, calls: Sequence[tuple[str, Sequence[Any]]], *, returns: Sequence[Any], at: Block = "latest"
    ) -> list[Any]:
        """Several reads that return the same types, in one request."""
        tag = hex(at) if isinstance(at, int) else at
        asked = [Call(self.name, function, tuple(arguments)) for function, arguments in calls]
        requests = [("eth_call", [{"to": self.address, "data": "0x" + encode_call(call).hex()}, tag]) for call in asked]
        try:
            answers = self.rpc.batch(requests)
        except RpcError as e:
            if e.data is None and "revert" not in e.message.lower():
                raise
            raise explain_revert(e.data, called=str(asked[0]), to=self.name) from e
        return [decode_answer(returns, as_bytes(answer)) for answer in answers]
