"""Account and storage proofs (`eth_getProof`) against a state root that is already believed.

A proof of absence is a proof too: it yields an empty account or the value 0. Nothing that is missing from an answer is
ever read as 0.

Source: EIP-1186; Ethereum yellow paper, appendix D.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import rlp
from rlp.exceptions import RLPException

from governance.encoding.keccak import keccak256
from governance.errors import VerificationError

EMPTY_TRIE = keccak256(rlp.encode(b""))
EMPTY_CODE = keccak256(b"")


class BadProof(VerificationError):
    """A Merkle proof does not lead from the root to what the RPC says, or proves another key."""

    hint: ClassVar[str] = "an RPC gave a state that its own block does not contain: use another RPC, and find out why"


@dataclass(frozen=True)
class Account:
    """An account as the state trie has it."""

    nonce: int
    balance: int  # [wei]
    storage_root: bytes
    code_hash: bytes


def verify_account(state_root: bytes, address: str, answer: Mapping[str, Any]) -> Account:
    """The account at `address` under `state_root`, proven by the answer's `accountProof`.

    Raises: BadProof.
    """
    leaf = _walk(
        state_root, bytes.fromhex(address.removeprefix("0x")), answer.get("accountProof"), f"account {address}"
    )
    if not leaf:
        return Account(0, 0, EMPTY_TRIE, EMPTY_CODE)
    try:
        nonce, balance, storage_root, code_hash = rlp.decode(leaf)
    except (RLPException, ValueError) as e:
        raise BadProof(f"account {address} is not an account in the state trie: {e}") from e
    return Account(int.from_bytes(nonce, "big"), int.from_bytes(balance, "big"), storage_root, code_hash)


def verify_storage(storage_root: bytes, slots: Sequence[int], answer: Mapping[str, Any]) -> dict[int, int]:
    """The value of every one of `slots`, each proven by its own entry of the answer's `storageProof`.

    Raises: BadProof, also if a slot that was asked for was not answered.
    """
    try:
        entries = {int(entry["key"], 16): entry["proof"] for entry in answer.get("storageProof") or []}
    except (AttributeError, KeyError, TypeError, ValueError) as e:
        raise BadProof(f"the proofs of storage are malformed: {type(e).__name__}") from e
    values: dict[int, int] = {}
    for slot in slots:
        if slot not in entries:
            raise BadProof(f"no proof was given for slot {slot:#066x}")
        if storage_root == EMPTY_TRIE:
            values[slot] = 0
            continue
        leaf = _walk(storage_root, slot.to_bytes(32, "big"), entries[slot], f"slot {slot:#066x}")
        try:
            values[slot] = int.from_bytes(rlp.decode(leaf), "big") if leaf else 0
        except (RLPException, TypeError) as e:
            raise BadProof(f"slot {slot:#066x} is not a word in the storage trie: {e}") from e
    return values


def _walk(root: bytes, key: bytes, proof: object, what: str) -> bytes:
    from trie.exceptions import BadTrieProof, InvalidNode, ValidationError
    from trie.hexary import HexaryTrie  # heavy: half of a second with its dependencies

    if not isinstance(proof, list):
        raise BadProof(f"{what}: the answer holds no proof")
    if not proof:
        raise BadProof(f"{what}: the proof is empty")
    try:
        nodes = [rlp.decode(bytes.fromhex(node.removeprefix("0x"))) for node in proof]
        return bytes(HexaryTrie.get_from_proof(root, keccak256(key), nodes))
    except (
        BadTrieProof,
        InvalidNode,
        ValidationError,
        RLPException,
        KeyError,
        ValueError,
        TypeError,
        AttributeError,
    ) as e:
        raise BadProof(f"{what}: the proof does not lead to it from root 0x{root.hex()[:16]}…") from e
