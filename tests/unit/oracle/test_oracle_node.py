"""One oracle, looked at from inside: what it does when the chain, an RPC or its own store is not as it should be."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from committee_player import Player, form_committee
from governance.chain import view as view_module
from governance.chain.rpc import Rpc
from governance.ledger.deployment import Deployment
from governance.ledger.signer import Signer
from governance.types import Epoch, Hash32, Phase
from live_system import LiveSystem, live_system
from oracle.config import OracleConfig
from oracle.endpoints import Endpoint
from oracle.errors import Latched
from oracle.journal import Journal
from oracle.node import Node
from oracle.report import Report
from oracle.store import SecretStore

pytestmark = pytest.mark.chain


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


def hide_logs(receipts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**receipt, "logs": []} for receipt in receipts]


@dataclass
class World:
    """A committee that was formed on a real chain; the test plays four members, and our oracle is the first."""

    system: LiveSystem
    directory: Path
    me: Signer
    others: list[Signer]
    epoch: Epoch
    said: io.StringIO = field(default_factory=io.StringIO)

    @property
    def deployment(self) -> Deployment:
        return self.system.ledger.deployment

    def endpoint(self, kind: type[Endpoint] = Endpoint, **options: Any) -> Endpoint:
        made = kind(self.system.anvil.url, self.deployment.chain_id, self.deployment.genesis_hash)
        for name, value in options.items():
            setattr(made, name, value)
        return made

    def node(self, *rpcs: Endpoint, deployment: Deployment | None = None, agreement: int | None = None) -> Node:
        """Our oracle, with what it has on disk."""
        where = deployment or self.deployment
        secrets = self.directory / "secrets"
        store = (
            SecretStore.open(secrets, "secret")
            if secrets.exists()
            else SecretStore.create(secrets, "secret", insecure_devnet=True)
        )
        self.journal = Journal(self.directory / "journal.sqlite", {"oracle": self.me.address})
        used = list(rpcs) or [self.endpoint()]
        config = OracleConfig(self.directory, rpc=tuple(rpc.url for rpc in used), agreement=agreement)
        return Node(
            config=config,
            deployment=where,
            rpcs=used,
            signer=self.me,
            store=store,
            journal=self.journal,
            report=Report(self.journal, stream=self.said),
        )

    def mine(self, blocks: int = 1) -> None:
        self.system.anvil.rpc.call("anvil_mine", hex(blocks))

    def look(self, node: Node, times: int = 1) -> bool:
        """A few looks, each after three blocks."""
        worked = True
        for _ in range(times):
            self.mine(3)
            worked = node.look()
        return worked

    def events(self, name: str) -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in self.said.getvalue().splitlines()]
        return [line for line in lines if line["event"] == name]

    @property
    def term(self) -> Any:
        return self.system.ledger.committee.get_epoch(self.epoch)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with live_system(tmp_path) as system:
        signers = [Signer.random() for _ in range(5)]
        system.fund(*(signer.address for signer in signers))
        epoch = form_committee(system, [signer.address for signer in signers])
        yield World(system, tmp_path, signers[0], signers[1:], epoch)


def test_oracle_registers_once_however_often_it_looks(world: World) -> None:
    node = world.node()
    assert world.look(node, times=4)
    assert world.term.registered == 1
    assert len(world.events("sent")) == 1
    assert world.events("mined")


def test_oracle_plays_its_part_to_the_end(world: World) -> None:
    node = world.node()
    players = [Player(world.system, signer, world.epoch) for signer in world.others]
    world.look(node)
    for player in players:
        player.register()
    world.look(node, times=2)
    for player in players:
        player.deal()
    world.look(node, times=2)
    for player in players:
        player.acknowledge()
    world.look(node, times=2)
    assert world.term.phase is Phase.IN_FORCE
    assert node.ceremony.share_of(world.epoch) is not None
    assert [each["secret"] for each in world.events("erased")] == [f"registration-{world.epoch}"]


def test_oracle_with_another_copy_of_its_key_says_so_and_deals_nothing(world: World) -> None:
    """A copy of the directory registered first: this store does not hold what the chain was promised."""
    for signer in (world.me, *world.others):
        Player(world.system, signer, world.epoch).register()
    node = world.node()
    assert world.look(node, times=2)  # what is wrong with one key generation is no reason to slow down
    (trouble,) = world.events("key_generation")
    assert "a dealing that this store does not hold" in trouble["reason"]
    assert world.events("sent") == []
    assert world.term.dealt == 0


def test_key_generation_that_went_wrong_does_not_hold_up_unlocks(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for signer in (world.me, *world.others):
        Player(world.system, signer, world.epoch).register()
    node = world.node()
    acted: list[int] = []
    monkeypatch.setattr(node.unlocks, "act", lambda heads: acted.append(heads.finalized.number))
    world.look(node, times=2)
    assert world.events("key_generation")
    assert len(acted) == 2


def test_events_that_the_only_rpc_hides_are_missed_aloud(world: World) -> None:
    node = world.node(world.endpoint(Liar, method="eth_getBlockReceipts", change=hide_logs))
    assert not world.look(node, times=2)
    assert "receipts hash to" in world.events("wrong")[0]["reason"]
    assert world.journal.cursor is None
    assert world.events("sent") == []


def test_events_that_one_rpc_hides_are_read_from_another(world: World) -> None:
    liar = world.endpoint(Liar, method="eth_getBlockReceipts", change=hide_logs)
    assert world.look(world.node(liar, world.endpoint()))
    assert world.term.registered == 1


def test_board_that_the_only_rpc_forges_is_acted_upon_by_nobody(world: World) -> None:
    def forge(answer: dict[str, Any]) -> dict[str, Any]:
        for entry in answer["storageProof"]:
            entry["proof"] = entry["proof"][:-1]
        return answer

    node = world.node(world.endpoint(Liar, method="eth_getProof", change=forge))
    world.look(node, times=2)
    assert world.events("key_generation")
    assert world.term.registered == 0


@pytest.mark.parametrize("is_latched_on_disk", [False, True])
def test_final_block_that_changed_latches_for_ever(world: World, is_latched_on_disk: bool) -> None:
    node = world.node()
    world.look(node)
    world.system.anvil.rpc.call("anvil_rollback", 6)
    world.system.anvil.rpc.call("anvil_setBlockTimestampInterval", 3)
    with pytest.raises(Latched, match="was final"):
        world.look(node, times=4)
    if is_latched_on_disk:
        world.journal.close()
        node = world.node()
    sent = world.system.ledger.rpc.call("eth_getTransactionCount", world.me.address, "pending")
    with pytest.raises(Latched) as latched:
        world.look(node)
    assert latched.value.rule == "R-Oracle-05"
    assert world.system.ledger.rpc.call("eth_getTransactionCount", world.me.address, "pending") == sent


def test_oracle_reads_the_chain_again_after_a_person_has_reset_its_latch(world: World) -> None:
    node = world.node()
    world.look(node)
    world.system.anvil.rpc.call("anvil_rollback", 6)
    world.system.anvil.rpc.call("anvil_setBlockTimestampInterval", 3)
    with pytest.raises(Latched):
        world.look(node, times=4)
    world.journal.reset_latch()
    world.journal.close()
    assert world.look(world.node(), times=2)
    assert world.journal.cursor is not None


def test_oracle_that_is_behind_reads_and_does_nothing_else(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view_module, "MAX_STEP", 10)
    node = world.node()
    world.mine(3)
    looks = 0
    while True:
        assert node.look()
        looks += 1
        if node.pulse.is_caught_up:
            break
        assert world.events("sent") == []
    assert looks > 2
    assert world.events("sent")


def test_oracle_does_nothing_on_contracts_that_it_does_not_know(world: World) -> None:
    hashes = {**world.deployment.code_hashes, "Committee": Hash32(b"\x01" * 32)}
    node = world.node(deployment=replace(world.deployment, code_hashes=hashes))
    assert not world.look(node, times=2)
    assert "other code for Committee" in world.events("wrong")[0]["reason"]
    assert world.term.registered == 0


def test_oracle_keeps_the_shorter_of_its_own_and_the_charters_stall_limit(world: World) -> None:
    node = world.node()
    world.look(node)
    limit = world.system.ledger.council.get_parameters()[1].stall_limit
    assert node._view.stall_limit == min(60.0, limit)


def test_oracle_waits_longer_after_each_look_that_failed(world: World) -> None:
    node = world.node()
    world.system.anvil.stop()
    waits: list[float] = []
    node.run(lambda: len(waits) == 6, poll=0.25, wait=waits.append)
    assert waits == [0.5, 1.0, 2.0, 4.0, 5.0, 5.0]
    assert len(world.events("unavailable")) >= 1


def test_oracle_looks_at_its_pace_when_all_is_well(world: World) -> None:
    node = world.node()
    world.mine(3)
    waits: list[float] = []
    node.run(lambda: len(waits) == 3, poll=100.0, wait=waits.append)
    assert all(90 < wait <= 100 for wait in waits)


def test_rpc_of_another_chain_has_no_voice(world: World, start_anvil: Callable[..., Any]) -> None:
    other = start_anvil()
    stranger = Endpoint(other.url, world.deployment.chain_id, world.deployment.genesis_hash)
    node = world.node(world.endpoint(), stranger, agreement=1)
    assert world.look(node)
    assert node.pulse.heads is not None
    assert len(node.pulse.heads.latest) == 1
    with Rpc(other.url) as rpc:
        assert rpc.block()["number"] == "0x0"
