"""One oracle inside the test's own process, on a real chain, with four members that the test plays."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from committee_player import Player
from governance.ledger.deployment import Deployment
from governance.ledger.signer import Signer
from governance.types import Epoch, Phase
from live_system import LiveSystem
from oracle.config import OracleConfig
from oracle.endpoints import Endpoint
from oracle.journal import Journal
from oracle.node import Node
from oracle.report import Report
from oracle.store import SecretStore

PATIENCE = 20  # [seconds] of chain time


class Liar(Endpoint):
    """An RPC that changes what it answers to one method."""

    method = ""
    change: Callable[[Any], Any] = staticmethod(lambda answer: answer)

    def call(self, method: str, *params: Any) -> Any:
        answer = super().call(method, *params)
        return self.change(answer) if method == self.method else answer

    def batch(self, calls: Any) -> list[Any]:
        answers = super().batch(calls)
        return [
            self.change(answer) if method == self.method else answer
            for (method, _), answer in zip(calls, answers, strict=True)
        ]


@dataclass
class OracleWorld:
    """A committee that was formed; our oracle is its first member."""

    system: LiveSystem
    directory: Path
    me: Signer
    others: list[Signer]
    epoch: Epoch
    said: io.StringIO = field(default_factory=io.StringIO)
    journal: Journal = field(init=False, repr=False)

    @property
    def deployment(self) -> Deployment:
        return self.system.ledger.deployment

    @property
    def term(self) -> Any:
        return self.system.ledger.committee.get_epoch(self.epoch)

    def endpoint(self, kind: type[Endpoint] = Endpoint, **options: Any) -> Endpoint:
        made = kind(self.system.anvil.url, self.deployment.chain_id, self.deployment.genesis_hash)
        for name, value in options.items():
            setattr(made, name, value)
        return made

    def node(self, *rpcs: Endpoint, deployment: Deployment | None = None, agreement: int | None = None) -> Node:
        """Our oracle, with what it has on disk: another process after a restart."""
        secrets = self.directory / "secrets"
        store = (
            SecretStore.open(secrets, "secret")
            if secrets.exists()
            else SecretStore.create(secrets, "secret", insecure_devnet=True)
        )
        self.journal = Journal(self.directory / "journal.sqlite", {"oracle": self.me.address})
        used = list(rpcs) or [self.endpoint()]
        urls = tuple(rpc.url for rpc in used)
        return Node(
            config=OracleConfig(self.directory, rpc=urls, agreement=agreement, patience=PATIENCE),
            deployment=deployment or self.deployment,
            rpcs=used,
            signer=self.me,
            store=store,
            journal=self.journal,
            report=Report(self.journal, stream=self.said),
        )

    def mine(self, blocks: int = 1) -> None:
        self.system.anvil.rpc.call("anvil_mine", hex(blocks))

    def look(self, node: Node, times: int = 1) -> bool:
        """A few looks, each after three blocks; what each has sent is in a block before anything else happens."""
        worked = True
        for _ in range(times):
            self.mine(3)
            worked = node.look()
            self.await_empty_pool()
        return worked

    def await_empty_pool(self) -> None:
        """What was sent is in a block: anvil answers before it mines, and a rollback meanwhile loses it a block."""
        deadline = time.monotonic() + 60
        while int(self.system.anvil.rpc.call("txpool_status")["pending"], 16):
            assert time.monotonic() < deadline, "what was sent is in no block"
            time.sleep(0.01)

    def look_until(self, node: Node, question: Callable[[bool], bool]) -> None:
        """Looks until the answer to whether one worked is as asked for: an RPC that failed once rests for a while."""
        deadline = time.monotonic() + 60
        while not question(self.look(node)):
            assert time.monotonic() < deadline, f"it never looked as asked for: {self.said.getvalue()[-2000:]}"
            time.sleep(0.1)

    def events(self, name: str) -> list[dict[str, Any]]:
        """What our oracle said, of that event."""
        lines = [json.loads(line) for line in self.said.getvalue().splitlines()]
        return [line for line in lines if line["event"] == name]

    def make_key(self, node: Node) -> list[Player]:
        """Our oracle and the four that the test plays have made a key."""
        players = [Player(self.system, signer, self.epoch) for signer in self.others]
        self.look(node)
        for player in players:
            player.register()
        self.look(node, times=2)
        for player in players:
            player.deal()
        self.look(node, times=2)  # it is the first of the list, and settles
        assert self.term.phase is Phase.ACKNOWLEDGING
        for player in players:
            player.acknowledge()
        self.look(node, times=2)
        assert self.term.phase is Phase.IN_FORCE
        return players
