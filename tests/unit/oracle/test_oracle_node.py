"""One oracle, looked at from inside: what it does when the chain, an RPC or its own store is not as it should be."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bad_provider import bad_provider
from committee_player import Player, form_committee
from governance.chain import view as view_module
from governance.chain.rpc import Rpc
from governance.ledger.signer import Signer
from governance.types import Hash32
from live_system import live_system
from oracle import node as node_module
from oracle.endpoints import Endpoint
from oracle.errors import Latched
from oracle.heads import Alarm, HeadListener
from oracle.messages import event_topic
from oracle_world import Liar, OracleWorld

pytestmark = pytest.mark.chain


def hide_logs(receipts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**receipt, "logs": []} for receipt in receipts]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[OracleWorld]:
    with live_system(tmp_path) as system:
        signers = [Signer.random() for _ in range(5)]
        system.fund(*(signer.address for signer in signers))
        epoch = form_committee(system, [signer.address for signer in signers])
        yield OracleWorld(system, tmp_path, signers[0], signers[1:], epoch)


def test_oracle_registers_once_however_often_it_looks(world: OracleWorld) -> None:
    node = world.node()
    assert world.look(node, times=4)
    assert world.term.registered == 1
    assert len(world.events("sent")) == 1
    assert world.events("mined")


def test_oracle_plays_its_part_to_the_end(world: OracleWorld) -> None:
    node = world.node()
    world.make_key(node)
    assert node.ceremony.share_of(world.epoch) is not None
    assert [each["secret"] for each in world.events("erased")] == [f"dealing-{world.epoch}", f"envelope-{world.epoch}"]


def test_oracle_with_another_copy_of_its_key_says_so_and_deals_nothing(world: OracleWorld) -> None:
    """A copy of the directory registered first: this store does not hold what the chain was promised."""
    for signer in (world.me, *world.others):
        Player(world.system, signer, world.epoch).register()
    node = world.node()
    assert world.look(node, times=2)  # what is wrong with one key generation is no reason to slow down
    (trouble,) = world.events("key_generation")
    assert "a dealing that this store does not hold" in trouble["reason"]
    assert world.events("sent") == []
    assert world.term.dealt == 0


def test_key_generation_that_went_wrong_does_not_hold_up_unlocks(
    world: OracleWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    for signer in (world.me, *world.others):
        Player(world.system, signer, world.epoch).register()
    node = world.node()
    acted: list[int] = []
    monkeypatch.setattr(node.unlocks, "act", lambda heads: acted.append(heads.finalized.number))
    world.look(node, times=2)
    assert world.events("key_generation")
    assert len(acted) == 2


def test_events_that_the_only_rpc_hides_are_missed_aloud(world: OracleWorld) -> None:
    node = world.node(world.endpoint(Liar, method="eth_getBlockReceipts", change=hide_logs))
    assert not world.look(node, times=2)
    assert "receipts hash to" in world.events("wrong")[0]["reason"]
    assert world.journal.cursor is None
    assert world.events("sent") == []


def test_events_that_one_rpc_hides_are_read_from_another(world: OracleWorld) -> None:
    liar = world.endpoint(Liar, method="eth_getBlockReceipts", change=hide_logs)
    assert world.look(world.node(liar, world.endpoint()))
    assert world.term.registered == 1


def test_board_that_the_only_rpc_forges_is_acted_upon_by_nobody(world: OracleWorld) -> None:
    def forge(answer: dict[str, Any]) -> dict[str, Any]:
        for entry in answer["storageProof"]:
            entry["proof"] = entry["proof"][:-1]
        return answer

    node = world.node(world.endpoint(Liar, method="eth_getProof", change=forge))
    world.look(node, times=2)
    assert world.events("wrong")
    assert world.term.registered == 0


@pytest.mark.parametrize("is_latched_on_disk", [False, True])
def test_final_block_that_changed_latches_for_ever(world: OracleWorld, is_latched_on_disk: bool) -> None:
    node = world.node()
    world.look_until(node, lambda worked: worked)
    world.system.anvil.rpc.call("anvil_rollback", 6)
    world.system.anvil.rpc.call("anvil_setBlockTimestampInterval", 3)
    with pytest.raises(Latched, match="was final"):
        world.look_until(node, lambda _: False)
    if is_latched_on_disk:
        world.journal.close()
        node = world.node()
    sent = world.system.ledger.rpc.call("eth_getTransactionCount", world.me.address, "pending")
    with pytest.raises(Latched) as latched:
        world.look(node)
    assert latched.value.rule == "R-Oracle-05"
    assert world.system.ledger.rpc.call("eth_getTransactionCount", world.me.address, "pending") == sent


def test_oracle_reads_the_chain_again_after_a_person_has_reset_its_latch(world: OracleWorld) -> None:
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


def test_oracle_that_is_behind_reads_and_does_nothing_else(world: OracleWorld, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_oracle_does_nothing_on_contracts_that_it_does_not_know(world: OracleWorld) -> None:
    hashes = {**world.deployment.code_hashes, "Committee": Hash32(b"\x01" * 32)}
    node = world.node(deployment=replace(world.deployment, code_hashes=hashes))
    assert not world.look(node, times=2)
    assert "other code for Committee" in world.events("wrong")[0]["reason"]
    assert world.term.registered == 0


def test_oracle_keeps_the_shorter_of_its_own_and_the_charters_stall_limit(world: OracleWorld) -> None:
    node = world.node()
    world.look(node)
    limit = world.system.ledger.council.get_parameters()[1].stall_limit
    assert node._view.stall_limit == min(60.0, limit)


def test_oracle_waits_longer_after_each_look_that_failed(world: OracleWorld) -> None:
    node = world.node()
    world.system.anvil.stop()
    waits: list[float] = []
    node.run(lambda: len(waits) == 6, poll=0.25, wait=waits.append)
    assert waits == [0.5, 1.0, 2.0, 4.0, 5.0, 5.0]
    assert len(world.events("unavailable")) >= 1


def test_oracle_looks_at_its_pace_when_all_is_well(world: OracleWorld) -> None:
    node = world.node()
    world.mine(3)
    waits: list[float] = []
    node.run(lambda: len(waits) == 3, poll=100.0, wait=waits.append)
    assert all(90 < wait <= 100 for wait in waits)


def test_rpc_of_another_chain_has_no_voice(world: OracleWorld, start_anvil: Callable[..., Any]) -> None:
    other = start_anvil()
    stranger = Endpoint(other.url, world.deployment.chain_id, world.deployment.genesis_hash)
    node = world.node(world.endpoint(), stranger, agreement=1)
    assert world.look(node)
    assert node.pulse.heads is not None
    assert len(node.pulse.heads.latest) == 1
    with Rpc(other.url) as rpc:
        assert rpc.block()["number"] == "0x0"


def test_oracle_is_woken_by_a_head_long_before_it_would_look(world: OracleWorld) -> None:
    node, alarm = world.node(), Alarm()
    url = world.system.anvil.url
    listener = HeadListener(url.replace("http", "ws"), alarm.ring)
    ended, began = threading.Event(), time.monotonic()

    def mine() -> None:
        with Rpc(url) as rpc:
            while not ended.wait(0.1):
                rpc.call("anvil_mine", "0x1")

    miner = threading.Thread(target=mine, daemon=True)
    miner.start()
    listener.start()
    try:
        node.run(lambda: bool(world.events("mined")) or time.monotonic() > began + 60, poll=60.0, idle=alarm.sleep)
    finally:
        ended.set()
        listener.stop()
        miner.join(5)
    assert world.term.registered == 1
    assert time.monotonic() - began < 50
    assert listener.is_heard


def test_oracle_polls_where_a_socket_is_dead(world: OracleWorld) -> None:
    node, alarm = world.node(), Alarm()
    listener = HeadListener("ws://127.0.0.1:9", alarm.ring)  # nobody listens there
    listener.start()
    looks: list[None] = []
    try:
        node.run(
            lambda: len(looks) == 4, poll=0.01, idle=alarm.sleep, after_look=lambda worked: looks.append(world.mine(3))
        )
    finally:
        listener.stop()
    assert world.term.registered == 1
    assert not listener.is_heard


@pytest.mark.parametrize(
    "limits", [{"most_calls": 5}, {"hangs_above": 12}], ids=["a limit of 5 calls", "no answer above 12 calls"]
)
def test_oracle_reads_all_through_a_provider_with_limits(world: OracleWorld, limits: dict[str, int]) -> None:
    with bad_provider(world.system.anvil.url) as provider:
        for name, value in limits.items():
            setattr(provider, name, value)
        rpc = Endpoint(provider.url, world.deployment.chain_id, world.deployment.genesis_hash, timeout=0.5)
        node = world.node(rpc)
        deadline = time.monotonic() + 60
        while not (world.events("mined") or time.monotonic() > deadline):
            world.mine()
            node.look()
            time.sleep(0.02)
    assert world.term.registered == 1
    assert provider.refused > 0
    named = world.journal.logs(event_topic("MemberNamed"))
    assert len(named) == len({(log.block, log.index) for log in named}) == 5


def test_oracle_that_cannot_read_receipts_follows_no_further_and_goes_on_where_it_was(
    world: OracleWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node_module, "READ_AT_ONCE", 4)
    deaf = world.endpoint(Liar, method="eth_getBlockReceipts", change=lambda receipts: None)
    node = world.node(deaf)
    for _ in range(5):
        assert not world.look(node)
    kept = len(node._unread)
    believed = node._view.believed
    assert not world.look(node)
    assert (len(node._unread), node._view.believed) == (kept, believed)  # memory is bounded by one look's blocks
    assert world.events("sent") == []
    deaf.change = lambda receipts: receipts
    world.look_until(node, lambda worked: worked)
    assert node._unread == []
    world.look_until(node, lambda _: world.term.registered == 1)


def test_balance_that_is_low_is_told_once_and_no_rpc_can_invent_another(world: OracleWorld) -> None:
    node = world.node()
    world.system.anvil.rpc.call("anvil_setBalance", world.me.address, hex(10**15))
    world.look(node)
    assert node.pulse.balance == 10**15
    (told,) = world.events("poor")
    assert "0.0010 ether" in told["reason"]

    def enrich(answer: dict[str, Any]) -> dict[str, Any]:
        return {**answer, "balance": hex(10**20), "accountProof": answer["accountProof"][:-1]}

    other = world.node(world.endpoint(Liar, method="eth_getProof", change=enrich))
    world.look(other)
    assert other.pulse.balance is None
