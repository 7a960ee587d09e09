"""An account with an outbox on a real node, and what the node does to its transactions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from governance.chain.rpc import Rpc
from governance.encoding.names import make_address
from governance.errors import Unavailable
from governance.ledger.signer import Signer
from governance.types import Address, ChainId
from oracle import outbox as outbox_module
from oracle.journal import Journal
from oracle.outbox import Outbox

ACCEPTS = make_address("ac" * 20)
REFUSES = make_address("ef" * 20)  # reverts with what it was called with
ECHO = "0x" + "3660006000373660" + "00fd"


class Told:
    """What an outbox reports."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.refusals: list[tuple[str, str | None, str]] = []

    def info(self, event: str, **fields: object) -> None:
        self.events.append(event)

    def refused(self, subject: str, rule: str | None, reason: str) -> None:
        self.refusals.append((subject, rule, reason))


class World:
    """A node, an account, and an outbox that can be made anew as after a restart."""

    def __init__(self, rpc: Rpc, directory: Path) -> None:
        self.rpc, self.now, self.told = rpc, 0.0, Told()
        self.rpcs: list[Any] = [rpc]
        self.signer = Signer.random()
        self.journal = Journal(directory / "journal.sqlite", {"chain": "31337"})
        rpc.call("anvil_setBalance", self.signer.address, hex(10**20))
        rpc.call("anvil_setCode", ACCEPTS, "0x00")
        rpc.call("anvil_setCode", REFUSES, ECHO)
        rpc.call("evm_setAutomine", False)
        self.restart()

    def restart(self, contract: Address = ACCEPTS, max_fee: float = 1000.0) -> None:
        self.outbox = Outbox(
            self.rpcs,
            chain_id=ChainId(31337),
            contract=contract,
            signer=self.signer,
            journal=self.journal,
            report=self.told,
            max_fee=max_fee,
            monotonic=lambda: self.now,
        )

    @property
    def final(self) -> int:
        return max(0, int(self.rpc.block()["number"], 16) - 2)

    @property
    def count(self) -> int:
        return int(self.rpc.call("eth_getTransactionCount", self.signer.address, "latest"), 16)

    def pool(self) -> dict[int, dict[str, Any]]:
        """What waits for a block, by nonce."""
        senders = self.rpc.call("txpool_content")["pending"].values()
        return {int(nonce): each for sender in senders for nonce, each in sender.items()}

    def drop_all(self) -> None:
        self.rpc.call("anvil_dropAllTransactions")

    def mine(self, blocks: int = 1) -> None:
        self.rpc.call("anvil_mine", hex(blocks))

    def send(self, action: str = "approve/1", data: bytes = b"", **options: Any) -> bool:
        return self.outbox.send(action, action, data, self.final, **options)

    def settle(self) -> None:
        self.outbox.settle(self.final)

    def is_busy(self, action: str = "approve/1") -> bool:
        return self.outbox.is_busy(action, self.final)

    def states(self) -> list[str]:
        return [sent.state for sent in self.journal.sent()]

    def pass_time(self, seconds: float = outbox_module.STUCK + 1) -> None:
        self.now += seconds
        self.settle()


class Dead:
    """An RPC that is down."""

    name = "dead"

    def call(self, method: str, *params: Any) -> Any:
        raise Unavailable("dead")

    def batch(self, calls: Any) -> Any:
        raise Unavailable("dead")
