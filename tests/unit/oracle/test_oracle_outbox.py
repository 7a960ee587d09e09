"""Transactions of an oracle on a real node: once, in order, and through what gets lost on the way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from governance.chain.errors import RpcError
from governance.chain.rpc import Rpc
from governance.encoding.abi import encode_values
from governance.encoding.keccak import keccak256
from governance.encoding.names import make_address
from governance.errors import Unavailable
from governance.ledger.signer import Signer
from governance.types import Address, ChainId
from oracle import outbox as outbox_module
from oracle.journal import Journal
from oracle.outbox import Outbox

pytestmark = pytest.mark.chain

ACCEPTS = make_address("ac" * 20)
REFUSES = make_address("ef" * 20)  # reverts with what it was called with
ECHO = "0x" + "3660006000373660" + "00fd"
NO_OPEN_REQUEST = keccak256(b"NoOpenRequest(bytes32,uint40)")[:4] + encode_values(("bytes32", "uint40"), (bytes(32), 0))


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


@pytest.fixture
def world(anvil: Any, tmp_path: Path) -> Iterator[World]:
    with Rpc(anvil.url) as rpc:
        yield World(rpc, tmp_path)


class Dead:
    """An RPC that is down."""

    name = "dead"

    def call(self, method: str, *params: Any) -> Any:
        raise Unavailable("dead")

    def batch(self, calls: Any) -> Any:
        raise Unavailable("dead")


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


def pass_time(world: World) -> None:
    world.now += outbox_module.STUCK + 1
    world.settle()


def test_transaction_that_a_dearer_day_left_behind_is_replaced_at_what_a_new_one_would_bid(world: World) -> None:
    world.send()
    (before,) = world.pool().values()
    dear = 5 * int(before["maxFeePerGas"], 16)
    world.rpc.call("anvil_setNextBlockBaseFeePerGas", hex(dear))
    world.mine()
    assert world.count == 0
    pass_time(world)
    (after,) = world.pool().values()
    assert int(after["maxFeePerGas"], 16) > dear
    world.mine()
    world.settle()
    assert world.states() == ["mined", "replaced"]


def test_fee_is_not_raised_without_end_while_the_chain_stands_still(world: World) -> None:
    world.send()
    first = int(world.journal.sent()[0].fields["maxFeePerGas"])
    for _ in range(20):
        pass_time(world)
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
        pass_time(world)
    assert all(int(sent.fields["maxFeePerGas"]) <= 1_500_000_000 for sent in world.journal.sent())


def test_transaction_that_was_dropped_while_the_chain_stood_still_is_sent_again_after_a_restart(world: World) -> None:
    world.send("approve/1")
    world.send("approve/2")
    for _ in range(12):
        pass_time(world)
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
    pass_time(world)
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
    pass_time(world)
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
