"""An RPC that fails is left alone for a while, so that one that is down does not slow down those that work.

Before its first answer counts, it has shown that it serves the chain that was meant: one that serves another loses its
voice, like one that is down.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from governance.chain.errors import ChainMismatch, RpcOverloaded, RpcUnavailable
from governance.chain.pace import Backoff
from governance.chain.rpc import Rpc, as_int
from governance.errors import CustodesError
from governance.types import ChainId, Hash32

TIMEOUT = 10.0  # [seconds]
PAUSE = (0.25, 10.0)  # [seconds] first and longest

T = TypeVar("T")


class Endpoint(Rpc):
    """An RPC with a memory of its failures. While it rests, every call fails at once and costs nothing."""

    def __init__(
        self,
        url: str,
        chain_id: ChainId,
        genesis_hash: Hash32,
        *,
        timeout: float = TIMEOUT,
        name: str | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        draw: Callable[[], float] = random.random,
    ) -> None:
        super().__init__(url, timeout=timeout, name=name)
        self._chain = (chain_id, genesis_hash)
        self._is_verified = False
        self._monotonic = monotonic
        self._backoff = Backoff(*PAUSE, draw=draw)
        self._until = 0.0
        self._failure = ""  # why it rests

    @property
    def is_resting(self) -> bool:
        return self._monotonic() < self._until

    def call(self, method: str, *params: Any) -> Any:
        """Raises: RpcUnavailable, RpcError."""
        return self._guarded(lambda: super(Endpoint, self).call(method, *params))

    def batch(self, calls: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        """Raises: RpcUnavailable, RpcError."""
        return self._guarded(lambda: super(Endpoint, self).batch(calls))

    def verify(self) -> None:
        """Returns if this is the chain with that id and that block 0; asked once.

        Raises: ChainMismatch, RpcUnavailable, RpcError.
        """
        if self._is_verified:
            return
        chain_id, block_0 = super().batch([("eth_chainId", []), ("eth_getBlockByNumber", ["0x0", False])])
        expected, genesis_hash = self._chain
        if as_int(chain_id) != expected:
            raise ChainMismatch(f"{self.name} serves chain {as_int(chain_id)}, and chain {expected} is required")
        if not isinstance(block_0, dict) or block_0.get("hash") != "0x" + genesis_hash.hex():
            raise ChainMismatch(f"block 0 of {self.name} is not 0x{genesis_hash.hex()[:16]}…: another chain")
        self._is_verified = True

    def _guarded(self, ask: Callable[[], T]) -> T:
        if self.is_resting:
            raise RpcUnavailable(self._failure)
        try:
            self.verify()
            answer = ask()
        except ChainMismatch as e:
            self._rest(0.0)
            raise RpcUnavailable(self._tell(e)) from e
        except RpcOverloaded as e:
            self._rest(e.retry_after)
            raise RpcOverloaded(self._tell(e), wants_fewer=e.wants_fewer, retry_after=e.retry_after) from e
        except RpcUnavailable as e:  # an RpcError is an answer
            self._rest(0.0)
            raise RpcUnavailable(self._tell(e)) from e
        self._backoff.reset()
        return answer

    def _tell(self, error: CustodesError) -> str:
        """The same words now and while it rests: whoever tells what is new tells this once."""
        self._failure = f"{error.message}; it is left alone for a while"
        return self._failure

    def _rest(self, at_least: float) -> None:
        self._until = self._monotonic() + self._backoff.next(at_least)
