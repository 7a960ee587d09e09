"""Receipts of inferences: what is hashed, what is signed, and the root that a batch is anchored under.

A receipt shows neither prompt nor answer: it holds salted commitments to them, which only who has the salt can open.
Receipts of one worker under one release form a chain, so that none can be left out unnoticed.

Source: RFC 6962 section 2.1 (leaf and node prefixes), with keccak256 as the hash; EIP-191 (signed data).
"""

from __future__ import annotations

from collections.abc import Sequence

from governance.encoding.documents import Json, encode_document
from governance.encoding.errors import NotEncodable
from governance.encoding.keccak import keccak256
from governance.types import Hash32

COMMITMENT_LABEL = b"custodes/receipt-commitment/v1"
LEAF, NODE, ROOT = b"\x00", b"\x01", b"\x02"  # a leaf can never pass for a node, nor a part for the whole
SALT_BYTES = 32


def compute_commitment(salt: bytes, content: bytes) -> Hash32:
    """A commitment to `content` that says nothing about it without the salt.

    Raises: NotEncodable.
    """
    if len(salt) != SALT_BYTES:
        raise NotEncodable(f"a salt is {SALT_BYTES} bytes, got {len(salt)}")
    return Hash32(keccak256(COMMITMENT_LABEL + salt + keccak256(content)))


def compute_receipt_hash(receipt: Json) -> Hash32:
    """What the worker signs (EIP-191) and the next receipt names as its predecessor."""
    return Hash32(keccak256(encode_document(receipt)))


def compute_receipts_root(hashes: Sequence[Hash32]) -> Hash32:
    """The Merkle root of a batch of receipts, in their order; bound to their number.

    Raises: NotEncodable, if the batch is empty.
    """
    if not hashes:
        raise NotEncodable("a batch of receipts holds one at least")
    return _close(_tree([keccak256(LEAF + value) for value in hashes]), len(hashes))


def compute_receipt_path(hashes: Sequence[Hash32], index: int) -> tuple[Hash32, ...]:
    """The audit path of receipt `index` in its batch, from below upwards. Source: RFC 6962 section 2.1.1.

    Raises: NotEncodable, if the batch has no such receipt.
    """
    if not 0 <= index < len(hashes):
        raise NotEncodable(f"a batch of {len(hashes)} receipts has no number {index}")
    leaves, path = [keccak256(LEAF + value) for value in hashes], list[Hash32]()
    while len(leaves) > 1:
        split = _split(len(leaves))
        left, right = leaves[:split], leaves[split:]
        path.append(Hash32(_tree(right if index < split else left)))
        leaves, index = (left, index) if index < split else (right, index - split)
    return tuple(reversed(path))


def compute_root_by_path(receipt_hash: Hash32, index: int, count: int, path: Sequence[bytes]) -> Hash32:
    """The root of the batch of `count` receipts of which this is number `index`, if the path is right.

    Raises: NotEncodable, if a batch of that size has no such receipt, or none with a path of that length.
    """
    if not 0 <= index < count:
        raise NotEncodable(f"a batch of {count} receipts has no number {index}")
    turns: list[bool] = []  # whether the receipt is in the left part, from above
    size, place = count, index
    while size > 1:
        split = _split(size)
        turns.append(place < split)
        size, place = (split, place) if place < split else (size - split, place - split)
    if len(turns) != len(path):
        raise NotEncodable(f"the path has {len(path)} steps, and {len(turns)} lead to the root")
    node = keccak256(LEAF + receipt_hash)
    for is_left, sibling in zip(reversed(turns), path, strict=True):
        node = keccak256(NODE + (node + sibling if is_left else sibling + node))
    return _close(node, count)


def _close(top: bytes, count: int) -> Hash32:
    return Hash32(keccak256(ROOT + count.to_bytes(8, "big") + top))


def _split(size: int) -> int:
    """The largest power of two that is smaller."""
    return 1 << ((size - 1).bit_length() - 1)


def _tree(leaves: Sequence[bytes]) -> bytes:
    if len(leaves) == 1:
        return leaves[0]
    split = _split(len(leaves))
    return keccak256(NODE + _tree(leaves[:split]) + _tree(leaves[split:]))
