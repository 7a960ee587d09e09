"""Transactions that are lost, stuck or overtaken on their way to a block, on a real node."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from governance.chain.errors import RpcError
from governance.chain.rpc import Rpc
from oracle import outbox as outbox_module
from outbox_world import REFUSES, World

pytestmark = pytest.mark.chain


@pytest.fixture
def world(anvil: Any, tmp_path: Path) -> Iterator[World]:
    with Rpc(anvil.url) as rpc:
        yield World(rpc, tmp_path)


def test_transaction_that_no_rpc_knows_is_sent_again_as_it_was(world: World) -> None:
    world.send()
    (before,) = world.pool().values()
    world.drop_all()
    world.pass_time(outbox_module.LOST - 1)
    assert world.pool() == {}
    world.pass_time(2)
    assert [each["hash"] for each in world.pool().values()] == [before["hash"]]
    assert world.states() == ["pending"]
    world.mine()
    world.settle()
    assert world.states() == ["mined"]


def test_transaction_that_is_lost_again_and_again_is_replaced_in_the_end(world: World) -> None:
    world.send()
    (before,) = world.pool().values()
    for _ in range(12):
        world.drop_all()
        world.pass_time(outbox_module.LOST + 1)
    (after,) = world.pool().values()
    assert int(after["maxFeePerGas"], 16) > int(before["maxFeePerGas"], 16)


def test_transaction_that_one_rpc_knows_is_not_lost(world: World) -> None:
    class Forgetful(Rpc):
        sent = 0

        def call(self, method: str, *params: Any) -> Any:
            Forgetful.sent += method == "eth_sendRawTransaction"
            return None if method == "eth_getTransactionByHash" else super().call(method, *params)

    world.rpcs = [Forgetful(world.rpc.url), world.rpc]
    world.restart()
    world.send("post/1")
    world.pass_time(outbox_module.LOST + 1)
    assert world.is_busy("post/1")
    assert Forgetful.sent == 1


def test_answer_that_no_rpc_knows_is_sent_again_only_if_it_is_asked_for_again(world: World) -> None:
    world.send("post/1")
    (before,) = world.pool().values()
    world.drop_all()
    world.pass_time(outbox_module.LOST + 1)
    assert not world.is_busy("post/1")
    assert world.pool() == {}
    assert world.send("post/1")
    assert [each["hash"] for each in world.pool().values()] == [before["hash"]]


def test_nonce_of_an_answer_that_was_lost_and_given_up_holds_nothing_up(world: World) -> None:
    world.send("post/1")
    world.send("approve/2")
    lost = world.journal.sent()[1]
    world.rpc.call("anvil_dropTransaction", "0x" + lost.hash.hex())
    world.pass_time(outbox_module.LOST + 1)
    world.outbox.drop_withheld()
    world.send("approve/3", b"3")  # at the nonce that is free
    world.mine()
    world.settle()
    states = {sent.action: (sent.nonce, sent.state) for sent in world.journal.sent()}
    assert states == {"post/1": (0, "dropped"), "approve/2": (1, "mined"), "approve/3": (0, "mined")}


def test_transaction_that_a_dearer_day_left_behind_is_replaced_at_what_a_new_one_would_bid(world: World) -> None:
    world.send()
    (before,) = world.pool().values()
    dear = 5 * int(before["maxFeePerGas"], 16)
    world.rpc.call("anvil_setNextBlockBaseFeePerGas", hex(dear))
    world.mine()
    assert world.count == 0
    world.pass_time()
    (after,) = world.pool().values()
    assert int(after["maxFeePerGas"], 16) > dear
    world.mine()
    world.settle()
    assert world.states() == ["mined", "replaced"]


def test_fee_is_not_raised_without_end_while_the_chain_stands_still(world: World) -> None:
    world.send()
    first = int(world.journal.sent()[0].fields["maxFeePerGas"])
    for _ in range(20):
        world.pass_time()
    newest = world.journal.sent()[0]
    assert newest.state == "pending"
    assert first < int(newest.fields["maxFeePerGas"]) <= outbox_module.DEAREST * first
    assert "sent_again" in world.told.events
    assert len(world.pool()) == 1
    world.mine()
    world.settle()
    assert world.journal.sent()[0].state == "mined"


def test_nothing_above_the_highest_fee_is_ever_bid(world: World) -> None:
    world.restart(max_fee=1.5)
    world.send()
    for _ in range(6):
        world.pass_time()
    assert all(int(sent.fields["maxFeePerGas"]) <= 1_500_000_000 for sent in world.journal.sent())


def test_transaction_that_was_dropped_while_the_chain_stood_still_is_sent_again_after_a_restart(world: World) -> None:
    world.send("approve/1")
    world.send("approve/2")
    for _ in range(12):
        world.pass_time()
    world.drop_all()
    world.restart()
    world.settle()
    assert sorted(world.pool()) == [0, 1]
    world.mine()
    world.settle()
    assert world.states().count("mined") == 2
    assert world.count == 2


def test_replacement_that_no_node_takes_leaves_the_one_before_in_its_place(world: World) -> None:
    class Proud(Rpc):
        def call(self, method: str, *params: Any) -> Any:
            if method == "eth_sendRawTransaction":
                raise RpcError("replacement transaction underpriced", code=-32000)
            return super().call(method, *params)

    world.send()
    world.rpcs = [Proud(world.rpc.url)]
    world.restart()
    world.settle()
    world.pass_time()
    assert world.states() == ["failed", "pending"]
    world.rpcs = [world.rpc]
    world.restart()
    world.mine()
    world.settle()
    assert world.states() == ["failed", "mined"]


def test_nonce_that_stands_open_below_others_is_used_up(world: World) -> None:
    world.send("approve/1")
    world.send("approve/2")
    lost = world.journal.sent()[1]
    world.rpc.call("anvil_dropTransaction", "0x" + lost.hash.hex())
    world.journal.mark_sent(lost.hash, "failed")
    world.mine()
    assert world.count == 0
    world.settle()
    world.pass_time(outbox_module.OPEN - 1)
    assert world.journal.sent()[0].action == "approve/2"
    world.pass_time(2)
    assert world.journal.sent()[0].action == "fill/0"
    world.mine()
    world.settle()
    assert world.count == 2
    states = {sent.action: sent.state for sent in reversed(world.journal.sent())}
    assert states == {"approve/1": "failed", "approve/2": "mined", "fill/0": "mined"}


def test_transaction_at_the_nonce_of_a_dearer_unknown_one_gets_through(world: World) -> None:
    """A journal that was lost: what is under way is not known any more, and is dearer than what is bid."""
    fields = {**world.outbox._draft("x", b""), "to": REFUSES, "gas": 50_000}
    fields["maxFeePerGas"] = fields["maxFeePerGas"] * 5 // 4
    fields["maxPriorityFeePerGas"] = fields["maxPriorityFeePerGas"] * 5 // 4
    world.rpc.call("eth_sendRawTransaction", "0x" + world.signer.sign_transaction(fields).hex())
    for _ in range(6):
        if world.send():
            break
        world.now += 61
    assert world.journal.sent()[0].state == "pending"
    world.mine()
    world.settle()
    assert world.journal.sent()[0].state == "mined"
    assert world.count == 1
