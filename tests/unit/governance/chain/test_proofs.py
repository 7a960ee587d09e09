"""Account and storage proofs of a real node, and every way to bend them."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import rlp
from hypothesis import given
from hypothesis import strategies as st
from trie import HexaryTrie

from governance.chain.headers import Header, verify_header
from governance.chain.proofs import EMPTY_CODE, EMPTY_TRIE, BadProof, verify_account, verify_storage
from governance.chain.rpc import Rpc
from governance.chain.view import ChainView, NoAgreement, prove
from governance.encoding.keccak import keccak256
from simulated_chain import SimulatedRpc

CONTRACT = "0x" + "c0" * 20
STRANGER = "0x" + "5a" * 20
CODE = bytes.fromhex("600160005260206000f3")
STORED = {0: 7, 1: 2**255 + 1, 5: 1, 2**200 + 3: 99, 77: 256}
ABSENT = 4


class Node:
    """A node with one contract, and a block that holds it."""

    def __init__(self, rpc: Rpc) -> None:
        self.rpc = rpc
        rpc.call("anvil_setCode", CONTRACT, "0x" + CODE.hex())
        for slot, value in STORED.items():
            rpc.call("anvil_setStorageAt", CONTRACT, f"0x{slot:064x}", f"0x{value:064x}")
        rpc.call("anvil_mine", "0x2")
        self.header: Header = verify_header(rpc.block())

    def answer(self, *slots: int, address: str = CONTRACT) -> dict[str, Any]:
        keys = [f"0x{slot:064x}" for slot in slots]
        return dict(self.rpc.call("eth_getProof", address, keys, hex(self.header.number)))


@pytest.fixture
def node(anvil: Any) -> Iterator[Node]:
    with Rpc(anvil.url) as rpc:
        yield Node(rpc)


def flip(proof: list[str], at: int) -> None:
    """One nibble of that node is another."""
    last = "0" if proof[at][-1] != "0" else "1"
    proof[at] = proof[at][:-1] + last


BENDS: dict[str, Callable[[list[str]], Any]] = {
    "a leaf that was changed": lambda proof: flip(proof, -1),
    "a root that was changed": lambda proof: flip(proof, 0),
    "no leaf": lambda proof: proof.pop(),
    "no root": lambda proof: proof.pop(0),
    "nothing": lambda proof: proof.clear(),
    "no hex": lambda proof: proof.__setitem__(0, "0xzz"),
    "no node": lambda proof: proof.__setitem__(-1, "0x01"),
}


@pytest.mark.chain
@pytest.mark.parametrize("bend", BENDS.values(), ids=BENDS)
def test_account_is_refused_when_its_proof_is_bent(node: Node, bend: Callable[[list[str]], Any]) -> None:
    answer = node.answer()
    bend(answer["accountProof"])
    with pytest.raises(BadProof):
        verify_account(node.header.state_root, CONTRACT, answer)


@pytest.mark.chain
@pytest.mark.parametrize("bend", BENDS.values(), ids=BENDS)
@pytest.mark.parametrize("slot", [0, ABSENT])
def test_storage_is_refused_when_its_proof_is_bent(node: Node, bend: Callable[[list[str]], Any], slot: int) -> None:
    answer = node.answer(slot)
    account = verify_account(node.header.state_root, CONTRACT, answer)
    bend(answer["storageProof"][0]["proof"])
    with pytest.raises(BadProof):
        verify_storage(account.storage_root, [slot], answer)


@pytest.mark.chain
@pytest.mark.parametrize("answer", [{}, {"accountProof": None}, {"accountProof": "0x"}, {"accountProof": []}])
def test_account_is_refused_without_a_proof(node: Node, answer: dict[str, Any]) -> None:
    with pytest.raises(BadProof):
        verify_account(node.header.state_root, CONTRACT, answer)


@pytest.mark.chain
def test_account_is_refused_under_another_root(node: Node) -> None:
    with pytest.raises(BadProof):
        verify_account(keccak256(b"another"), CONTRACT, node.answer())


@pytest.mark.chain
def test_account_is_refused_with_the_proof_of_another_address(node: Node) -> None:
    """What leads to another leaf proves nothing about this one, absence least of all."""
    with pytest.raises(BadProof):
        verify_account(node.header.state_root, CONTRACT, node.answer(address=STRANGER))


@pytest.mark.chain
def test_slot_is_refused_with_the_proof_of_another(node: Node) -> None:
    answer = node.answer(0, 5)
    account = verify_account(node.header.state_root, CONTRACT, answer)
    first, second = answer["storageProof"]
    first["proof"], second["proof"] = second["proof"], first["proof"]
    with pytest.raises(BadProof):
        verify_storage(account.storage_root, [0, 5], answer)


@pytest.mark.chain
def test_slot_that_was_not_answered_is_no_zero(node: Node) -> None:
    answer = node.answer(0)
    account = verify_account(node.header.state_root, CONTRACT, answer)
    with pytest.raises(BadProof, match="no proof was given"):
        verify_storage(account.storage_root, [0, 1], answer)


@pytest.mark.chain
@pytest.mark.parametrize("entries", [7, [7], [{}], [{"key": "0x0"}], [{"key": "zero", "proof": []}], [None]])
def test_storage_is_refused_when_its_proofs_are_malformed(node: Node, entries: object) -> None:
    account = verify_account(node.header.state_root, CONTRACT, node.answer())
    with pytest.raises(BadProof):
        verify_storage(account.storage_root, [0], {"storageProof": entries})


@pytest.mark.chain
def test_values_that_the_node_states_beside_the_proof_are_not_read(node: Node) -> None:
    answer = node.answer(0)
    answer["balance"] = "0xffff"
    answer["storageProof"][0]["value"] = "0x1234"
    account = verify_account(node.header.state_root, CONTRACT, answer)
    assert account.balance == 0
    assert verify_storage(account.storage_root, [0], answer) == {0: 7}


@pytest.mark.chain
def test_account_and_slots_are_proven(node: Node) -> None:
    answer = node.answer(*STORED, ABSENT)
    account = verify_account(node.header.state_root, CONTRACT, answer)
    assert account.code_hash == keccak256(CODE)
    assert verify_storage(account.storage_root, [*STORED, ABSENT], answer) == {**STORED, ABSENT: 0}


@pytest.mark.chain
def test_absent_account_is_proven_to_be_empty(node: Node) -> None:
    account = verify_account(node.header.state_root, STRANGER, node.answer(0, address=STRANGER))
    assert (account.nonce, account.balance, account.storage_root) == (0, 0, EMPTY_TRIE)
    assert account.code_hash == EMPTY_CODE
    assert verify_storage(account.storage_root, [0], node.answer(0, address=STRANGER)) == {0: 0}


@given(st.dictionaries(st.integers(0, 2**64), st.integers(1, 2**256 - 1), min_size=1, max_size=40), st.integers(0, 99))
def test_storage_proof_agrees_with_a_trie_of_another_library(stored: dict[int, int], absent: int) -> None:
    trie = HexaryTrie({})
    for slot, value in stored.items():
        trie[keccak256(slot.to_bytes(32, "big"))] = rlp.encode(value)
    entries = []
    for slot in {*stored, absent}:
        nodes = trie.get_proof(keccak256(slot.to_bytes(32, "big")))
        entries.append({"key": hex(slot), "proof": ["0x" + rlp.encode(node).hex() for node in nodes]})
    words = verify_storage(trie.root_hash, [*stored, absent], {"storageProof": entries})
    assert words == {absent: 0, **stored}


# ---- over an RPC


class Liar(SimulatedRpc):
    """A real node behind somebody who changes what it answers."""

    def __init__(self, rpc: Rpc, change: Callable[[dict[str, Any]], Any] = lambda answer: None) -> None:
        self.rpc, self.change, self.is_down, self.name = rpc, change, False, "liar"

    def call(self, method: str, *params: Any) -> Any:
        if self.is_down:
            return super().call(method, *params)
        answer = copy.deepcopy(self.rpc.call(method, *params))
        self.change(answer)
        return answer


def look(*rpcs: Any) -> ChainView:
    return ChainView(rpcs, agreement=1, stall_limit=10, monotonic=lambda: 0.0)


@pytest.mark.chain
def test_prove_refuses_other_code(node: Node) -> None:
    with pytest.raises(BadProof, match="the code at"):
        prove(node.rpc, node.header, CONTRACT, keccak256(b"another"), [0])


@pytest.mark.chain
def test_prove_believes_the_one_that_can_prove(node: Node) -> None:
    liar = Liar(node.rpc, lambda answer: flip(answer["storageProof"][0]["proof"], -1))
    dead = Liar(node.rpc)
    dead.is_down = True
    view = look(dead, liar, node.rpc)
    assert view.prove(node.header, CONTRACT, keccak256(CODE), [0, ABSENT]) == {0: 7, ABSENT: 0}


@pytest.mark.chain
@pytest.mark.parametrize("answer", [[], "0x", 7, None])
def test_prove_refuses_nonsense(node: Node, answer: object) -> None:
    class Nonsense(Liar):
        def call(self, method: str, *params: Any) -> Any:
            return answer

    with pytest.raises(BadProof):
        look(Nonsense(node.rpc)).prove(node.header, CONTRACT, keccak256(CODE), [0])


@pytest.mark.chain
def test_prove_says_that_all_proofs_are_wrong(node: Node) -> None:
    liar = Liar(node.rpc, lambda answer: answer["accountProof"].clear())
    with pytest.raises(BadProof):
        look(liar, liar).prove(node.header, CONTRACT, keccak256(CODE), [0])


@pytest.mark.chain
def test_prove_says_that_nobody_answers(node: Node) -> None:
    dead = Liar(node.rpc)
    dead.is_down = True
    with pytest.raises(NoAgreement):
        look(dead).prove(node.header, CONTRACT, keccak256(CODE), [0])
