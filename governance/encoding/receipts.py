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
    top = _tree([keccak256(LEAF + value) for value in hashes])
    return Hash32(keccak256(ROOT + len(hashes).to_bytes(8, "big") + top))


def _tree(leaves: Sequence[bytes]) -> bytes:
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << ((len(leaves) - 1).bit_length() - 1)
    return keccak256(NODE + _tree(leaves[:split]) + _tree(leaves[split:]))
