"""The RPCs by which an oracle's transactions leave: each may sit on them, forget them, lie about them or be down.

What is told here of a transaction is one RPC's word. It says only what is done next; whether an action was done at all
is read from the proven state by whoever asked for it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from governance.chain.errors import RpcError, RpcUnavailable
from governance.chain.rpc import Rpc, as_int
from governance.chain.view import Notice, ignore
from governance.errors import Unavailable
from oracle.journal import Sent

MAX_BLOCK = 2**63 - 1  # what a journal holds

T = TypeVar("T")


class Relay:
    """One oracle's RPCs, in the order in which they are asked."""

    def __init__(self, rpcs: Sequence[Rpc], notice: Notice = ignore) -> None:
        self._rpcs = deque(rpcs)
        self._notice = notice

    def __iter__(self) -> Iterator[Rpc]:
        return iter(self._rpcs)

    def turn(self) -> None:
        """Another RPC is asked first from now on."""
        self._rpcs.rotate(-1)

    def doubt(self, rpc: Rpc, why: Unavailable | RpcError) -> None:
        self._notice(rpc, why)

    def ask(self, method: str, read: Callable[[Any], T], *params: Any) -> T:
        """The first answer that can be read. Raises: Unavailable."""
        failure: Unavailable | None = None
        for rpc in self._rpcs:
            try:
                return read(rpc.call(method, *params))
            except Unavailable as e:
                failure = e
                self._notice(rpc, e)
        raise failure if failure is not None else AssertionError("a relay has an RPC")

    def broadcast(self, sent: Sent) -> RpcError | None:
        """Handed to every RPC, since any one of them may sit on it; why not, if not one took it."""
        refusals: list[tuple[Rpc, RpcError]] = []
        is_taken = False
        for rpc in self._rpcs:
            try:
                told = rpc.call("eth_sendRawTransaction", "0x" + sent.raw.hex())
                is_taken = True
                if told != "0x" + sent.hash.hex():
                    self._notice(rpc, RpcUnavailable(f"{rpc.name} took a transaction, and calls it by another hash"))
            except RpcError as e:
                if "already" in e.message.lower():  # known already, or imported already
                    is_taken = True
                else:
                    refusals.append((rpc, e))
            except Unavailable as e:  # it may have arrived: it stays pending, and is looked for
                self._notice(rpc, e)
        if not is_taken:
            return refusals[-1][1] if refusals else None
        for rpc, refusal in refusals:
            if "nonce too low" not in refusal.message.lower():  # it is in a block already, by way of another RPC
                self._notice(rpc, refusal)
        return None

    def find_mined(self, tx_hash: bytes) -> tuple[int, bool] | None:
        """The block that holds it, and whether it succeeded, as the first RPC says that knows of one.

        Raises: Unavailable, if no RPC answers.
        """
        return self._find("eth_getTransactionReceipt", tx_hash, _read_receipt)

    def is_lost(self, tx_hash: bytes) -> bool:
        """Whether no RPC that answers knows of it, in its pool or in a block. Raises: Unavailable, if none answers."""
        return self._find("eth_getTransactionByHash", tx_hash, lambda answer: answer) is None

    def _find(self, method: str, tx_hash: bytes, read: Callable[[Any], T | None]) -> T | None:
        failure: Unavailable | None = None
        answers = 0
        for rpc in self._rpcs:
            try:
                found = read(rpc.call(method, "0x" + tx_hash.hex()))
            except Unavailable as e:
                failure = e
                self._notice(rpc, e)
                continue
            if found is not None:
                return found
            answers += 1
        if not answers and failure is not None:
            raise failure
        return None


def _read_receipt(receipt: Any) -> tuple[int, bool] | None:
    """Block and success; None if there is no receipt yet. Raises: RpcUnavailable."""
    if receipt is None:
        return None
    if not isinstance(receipt, Mapping):
        raise RpcUnavailable("a node answered with something else than a receipt")
    if receipt.get("blockNumber") is None:
        return None
    return min(as_int(receipt["blockNumber"]), MAX_BLOCK), as_int(receipt.get("status")) == 1
