"""Logs under a receipts root: a node can neither hide nor invent one."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import rlp
from trie import HexaryTrie

from governance.chain.errors import RpcUnavailable
from governance.chain.headers import Header, verify_header
from governance.chain.proofs import EMPTY_TRIE
from governance.chain.receipts import BadReceipts, compute_ordered_root, may_hold_logs_of, read_logs, verify_receipts
from governance.chain.rpc import Rpc

EMITTER = "0x" + "e1" * 20
OTHER = "0x" + "e2" * 20
SENDER = "0x" + "f0" * 20
TOPIC = bytes.fromhex("aa".rjust(64, "0"))
# log1(0, 32, 0xaa) twice, the second time with 42 as data
CODE = "0x" + "60aa60206000a1" + "602a600052" + "60aa60206000a1" + "00"


class Node:
    """A node with two contracts that emit, and blocks by hand."""

    def __init__(self, rpc: Rpc) -> None:
        self.rpc = rpc
        for address in (EMITTER, OTHER):
            rpc.call("anvil_setCode", address, CODE)
        rpc.call("anvil_setBalance", SENDER, hex(10**20))
        rpc.call("anvil_impersonateAccount", SENDER)
        rpc.call("evm_setAutomine", False)
        self.nonce = 0

    def block(self, *calls: str, legacy: bool = False) -> Header:
        """A block in which SENDER calls these contracts, in this order."""
        for target in calls:
            call = {"from": SENDER, "to": target, "gas": hex(100_000), "nonce": hex(self.nonce)}
            fees = {"gasPrice": hex(10**10)} if legacy else {"maxFeePerGas": hex(10**10), "maxPriorityFeePerGas": "0x1"}
            self.rpc.call("eth_sendTransaction", {**call, **fees})
            self.nonce += 1
        self.rpc.call("anvil_mine", "0x1")
        return verify_header(self.rpc.block())

    def receipts(self, header: Header) -> list[dict[str, Any]]:
        return list(self.rpc.call("eth_getBlockReceipts", hex(header.number)))


@pytest.fixture
def node(anvil: Any) -> Iterator[Node]:
    with Rpc(anvil.url) as rpc:
        yield Node(rpc)


def other_topic(receipts: list[dict[str, Any]]) -> None:
    receipts[0]["logs"][0]["topics"][0] = "0x" + "bb".rjust(64, "0")


LIES: dict[str, Callable[[list[dict[str, Any]]], Any]] = {
    "a log that is hidden": lambda receipts: receipts[0]["logs"].pop(),
    "a receipt that is hidden": lambda receipts: receipts.pop(),
    "all that is hidden": lambda receipts: receipts.clear(),
    "a log that is invented": lambda receipts: receipts[1]["logs"].append(receipts[0]["logs"][0]),
    "other data": lambda receipts: receipts[0]["logs"][1].__setitem__("data", "0x" + "07".rjust(64, "0")),
    "another topic": other_topic,
    "another contract": lambda receipts: receipts[0]["logs"][0].__setitem__("address", OTHER),
    "another order": lambda receipts: receipts.reverse(),
    "a failure for a success": lambda receipts: receipts[0].__setitem__("status", "0x0"),
    "another type": lambda receipts: receipts[0].__setitem__("type", "0x1"),
    "no status": lambda receipts: receipts[0].pop("status"),
    "no logs": lambda receipts: receipts[0].pop("logs"),
    "no hex": lambda receipts: receipts[0].__setitem__("logsBloom", "0xzz"),
    "no receipt": lambda receipts: receipts.__setitem__(0, None),
}


@pytest.mark.chain
@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_receipts_are_refused_when_one_was_bent(node: Node, lie: Callable[[list[dict[str, Any]]], Any]) -> None:
    header = node.block(EMITTER, SENDER, OTHER)
    receipts = copy.deepcopy(node.receipts(header))
    lie(receipts)
    with pytest.raises(BadReceipts):
        verify_receipts(header, receipts)


@pytest.mark.chain
@pytest.mark.parametrize("answer", [None, {}, "0x"])
def test_receipts_are_refused_when_they_are_no_list(node: Node, answer: object) -> None:
    with pytest.raises(BadReceipts):
        verify_receipts(node.block(EMITTER), answer)


@pytest.mark.chain
@pytest.mark.parametrize("legacy", [False, True])
def test_logs_of_a_block_are_read_in_order(node: Node, legacy: bool) -> None:
    header = node.block(OTHER, EMITTER, SENDER, EMITTER, legacy=legacy)
    logs = verify_receipts(header, node.receipts(header))
    assert [log.index for log in logs] == list(range(6))
    assert [log.address.hex()[:2] for log in logs] == ["e2", "e2", "e1", "e1", "e1", "e1"]
    assert {log.topics for log in logs} == {(TOPIC,)}
    assert [int.from_bytes(log.data, "big") for log in logs] == [0, 42] * 3


@pytest.mark.chain
def test_logs_of_one_contract_are_read_over_many_blocks(node: Node) -> None:
    headers = [node.block(*calls) for calls in ((EMITTER,), (), (OTHER,), (EMITTER, EMITTER), (SENDER,))]
    logs = read_logs(node.rpc, headers, EMITTER)
    assert [(log.block - headers[0].number, log.index) for log in logs] == [
        (0, 0),
        (0, 1),
        (3, 0),
        (3, 1),
        (3, 2),
        (3, 3),
    ]


@pytest.mark.chain
def test_blocks_that_the_bloom_excludes_are_not_asked_for(node: Node) -> None:
    headers = [node.block(), node.block(SENDER)]
    assert not any(may_hold_logs_of(header, EMITTER) for header in headers)
    assert may_hold_logs_of(node.block(EMITTER), EMITTER)

    class Deaf:
        name = "deaf"

        def batch(self, calls: object) -> list[object]:
            raise AssertionError(f"asked for {calls}")

    assert read_logs(Deaf(), headers, EMITTER) == []  # type: ignore[arg-type]


@pytest.mark.chain
def test_receipts_that_a_node_does_not_have_are_no_empty_block(node: Node) -> None:
    header = node.block(EMITTER)

    class Forgetful:
        name = "forgetful"

        def batch(self, calls: list[object]) -> list[object]:
            return [None for _ in calls]

    with pytest.raises(RpcUnavailable):
        read_logs(Forgetful(), [header], EMITTER)  # type: ignore[arg-type]


@pytest.mark.chain
def test_block_of_many_receipts_is_verified(node: Node) -> None:
    header = node.block(*[EMITTER] * 140)  # indices of one and of two bytes
    assert len(verify_receipts(header, node.receipts(header))) == 280


@pytest.mark.parametrize("count", [0, 1, 2, 3, 16, 17, 127, 128, 129, 130, 257, 300])
@pytest.mark.parametrize("size", [1, 40])
def test_ordered_root_is_that_of_another_library(count: int, size: int) -> None:
    items = [at.to_bytes(2, "big").rjust(size, b"\x01")[-size:] or b"\x01" for at in range(1, count + 1)]
    trie = HexaryTrie({})
    for at, item in enumerate(items):
        trie[rlp.encode(at)] = item
    assert compute_ordered_root(items) == (trie.root_hash if items else EMPTY_TRIE)
