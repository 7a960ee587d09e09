"""Transactions of an oracle on a real node: once, in order, and tried before they are sent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from governance.chain.rpc import Rpc
from governance.encoding.abi import encode_values
from governance.encoding.keccak import keccak256
from governance.errors import Unavailable
from oracle import outbox as outbox_module
from outbox_world import ACCEPTS, ECHO, REFUSES, Dead, World

pytestmark = pytest.mark.chain

NO_OPEN_REQUEST = keccak256(b"NoOpenRequest(bytes32,uint40)")[:4] + encode_values(("bytes32", "uint40"), (bytes(32), 0))


@pytest.fixture
def world(anvil: Any, tmp_path: Path) -> Iterator[World]:
    with Rpc(anvil.url) as rpc:
        yield World(rpc, tmp_path)


def test_action_is_busy_until_its_block_is_final(world: World) -> None:
    assert not world.is_busy()
    assert world.send()
    assert world.is_busy()
    world.settle()
    world.mine()
    assert world.is_busy()
    world.settle()
    assert world.states() == ["mined"]
    assert world.is_busy()
    world.mine(2)
    assert not world.is_busy()  # from here on only the proven state says whether it was done
    assert world.told.events == ["sent", "mined"]


def test_receipt_that_the_state_never_confirms_is_not_believed_for_ever(world: World) -> None:
    world.send()
    world.mine()
    world.settle()
    assert world.is_busy()
    world.now += outbox_module.SHOWN_AFTER + 1
    assert not world.is_busy()


def test_refusal_by_the_ledger_is_told_and_rested_upon_ever_longer(world: World) -> None:
    world.restart(REFUSES)
    assert not world.send(data=NO_OPEN_REQUEST)
    assert world.told.refusals[0][:2] == ("approve/1", "R-Committee-15")
    pauses = []
    for _ in range(8):
        assert world.is_busy()
        start = world.now
        while world.is_busy():
            world.now += 0.5
        pauses.append(world.now - start)
        assert not world.send(data=NO_OPEN_REQUEST)
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60]
    assert world.journal.sent() == []
    assert not world.is_busy("approve/2")


def test_what_others_have_done_is_no_refusal(world: World) -> None:
    world.restart(REFUSES)
    assert not world.send(data=NO_OPEN_REQUEST, overtaken=("NoOpenRequest",))
    assert world.told.refusals == []
    assert world.told.events == ["overtaken"]
    assert world.is_busy()


def test_account_without_ether_is_told_and_rested_upon(world: World) -> None:
    world.rpc.call("anvil_setBalance", world.signer.address, "0x0")
    assert not world.send()
    assert len(world.told.refusals) == 1
    assert world.is_busy()


def test_two_actions_take_two_nonces_in_order(world: World) -> None:
    assert world.send("approve/1")
    assert world.send("approve/2")
    assert sorted(world.pool()) == [0, 1]
    world.mine()
    assert world.count == 2


def test_nonce_of_a_lost_transaction_is_not_given_to_another(world: World) -> None:
    world.send("approve/1")
    world.drop_all()
    world.send("approve/2")
    assert {sent.action: sent.nonce for sent in world.journal.sent()} == {"approve/1": 0, "approve/2": 1}


def test_transaction_that_never_left_is_sent_after_a_restart(world: World) -> None:
    world.send()
    world.drop_all()
    (before,) = world.journal.sent()
    world.restart()
    assert world.is_busy()
    world.settle()
    assert [each["hash"] for each in world.pool().values()] == ["0x" + before.hash.hex()]
    world.mine()
    world.settle()
    assert world.states() == ["mined"]
    assert world.count == 1


def test_answer_that_never_left_is_sent_after_a_restart_only_if_it_is_asked_for_again(world: World) -> None:
    world.send("post/1")
    world.drop_all()
    (before,) = world.journal.sent()
    world.restart()
    assert world.is_busy("post/1")
    for _ in range(2):
        world.settle()
        assert not world.is_busy("post/1")
        assert world.pool() == {}
    assert world.send("post/1", data=b"other")  # it is sent as it was made
    assert world.is_busy("post/1")
    assert [each["hash"] for each in world.pool().values()] == ["0x" + before.hash.hex()]
    world.mine()
    world.settle()
    assert world.states() == ["mined"]


def test_answer_that_is_not_asked_for_again_is_given_up_with_its_nonce(world: World) -> None:
    world.send("post/1")
    world.drop_all()
    world.restart()
    world.outbox.drop_withheld()
    assert world.states() == ["pending"]  # nothing was withheld yet
    world.settle()
    world.outbox.drop_withheld()
    assert world.states() == ["dropped"]
    assert world.told.events == ["sent", "withdrawn"]
    world.settle()
    assert world.pool() == {}
    world.send("approve/2")
    assert list(world.pool()) == [0]


def test_answer_that_is_stuck_is_replaced_only_if_it_is_asked_for_again(world: World) -> None:
    world.send("post/1")
    world.settle()
    assert world.is_busy("post/1")
    world.now += outbox_module.STUCK + 1
    world.settle()
    assert not world.is_busy("post/1")
    assert world.states() == ["pending"]
    world.send("post/1")
    assert world.states() == ["pending", "replaced"]
    assert world.is_busy("post/1")


def test_answer_that_the_ledger_refuses_by_now_is_not_sent_again_though_it_is_asked_for(world: World) -> None:
    world.send("post/1", NO_OPEN_REQUEST, is_irrevocable=True)
    world.drop_all()
    world.restart()
    world.settle()
    world.rpc.call("anvil_setCode", ACCEPTS, ECHO)  # from now on it refuses
    assert not world.send("post/1", NO_OPEN_REQUEST, is_irrevocable=True)
    assert world.pool() == {}
    world.outbox.drop_withheld()
    assert world.states() == ["dropped"]


def test_transaction_that_is_stuck_is_replaced_at_its_nonce_with_a_higher_fee(world: World) -> None:
    world.send()
    (before,) = world.pool().values()
    world.now += outbox_module.STUCK + 1
    world.settle()
    (after,) = world.pool().values()
    assert int(after["maxFeePerGas"], 16) > int(before["maxFeePerGas"], 16)
    assert (after["nonce"], after["input"]) == (before["nonce"], before["input"])
    assert world.states() == ["pending", "replaced"]
    world.settle()  # its own time has begun
    assert world.states() == ["pending", "replaced"]
    world.mine()
    world.settle()
    assert world.states() == ["mined", "replaced"]
    assert world.count == 1


def test_transaction_whose_nonce_went_to_another_is_dropped_once_that_is_final(world: World) -> None:
    world.send()
    world.drop_all()
    fields = {**world.journal.sent()[0].fields, "to": REFUSES, "maxFeePerGas": 10**11}
    world.rpc.call("eth_sendRawTransaction", "0x" + world.signer.sign_transaction(fields).hex())
    world.mine()
    world.settle()
    assert world.states() == ["pending"]  # a block that may still go away
    world.mine(2)
    world.settle()
    assert world.states() == ["dropped"]
    assert not world.is_busy()
    assert world.send()


def test_transaction_that_fails_in_its_block_is_tried_again_only_after_a_rest(world: World) -> None:
    world.send(data=b"")
    world.rpc.call("anvil_setCode", ACCEPTS, "0x60006000fd")  # the contract has changed its mind
    world.mine()
    world.settle()
    assert world.states() == ["failed"]
    assert world.is_busy()
    world.now += 2
    assert not world.is_busy()


def test_send_goes_by_the_rpc_that_works(world: World) -> None:
    world.rpcs = [Dead(), world.rpc]
    world.restart()
    assert world.send()
    world.mine()
    world.settle()
    assert world.states() == ["mined"]


def test_send_is_unavailable_when_no_rpc_answers(world: World) -> None:
    world.rpcs = [Dead()]
    world.restart()
    with pytest.raises(Unavailable):
        world.send()
    assert world.journal.sent() == []


def test_settle_is_unavailable_when_no_rpc_answers(world: World) -> None:
    world.send()
    world.rpcs = [Dead()]
    world.restart()
    with pytest.raises(Unavailable):
        world.settle()
    assert world.states() == ["pending"]


def test_transaction_that_no_node_takes_is_told(world: World) -> None:
    class Picky(Rpc):
        def call(self, method: str, *params: Any) -> Any:
            if method == "eth_sendRawTransaction":
                return super().call("eth_sendRawTransaction", "0x1234")
            return super().call(method, *params)

    world.rpcs = [Picky(world.rpc.url)]
    world.restart()
    assert not world.send()
    assert world.states() == ["failed"]
    assert world.told.refusals[0][0] == "approve/1"
    assert world.is_busy()


def test_transaction_that_may_have_arrived_stays_pending(world: World) -> None:
    class Drops(Rpc):
        def call(self, method: str, *params: Any) -> Any:
            answer = super().call(method, *params)
            if method == "eth_sendRawTransaction":
                raise Unavailable("the connection was cut after it arrived")
            return answer

    world.rpcs = [Drops(world.rpc.url)]
    world.restart()
    assert world.send()
    world.mine()
    world.settle()
    assert world.states() == ["mined"]
    assert world.count == 1
