"""What the ledger anchors: a Merkle root over every sealed file's header and chunks, and one over a model's files.

Everybody who was given the data key can forge GCM tags, so tags cannot prove that these are the approved weights. The
root can: it is recorded on chain, and needs no key to check.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from typing import Final

from blake3 import blake3

from governance.encoding.keccak import keccak256
from inference.sealed.format import HASH_BYTES

CHUNK_CONTEXT: Final = "custodes 2026-11-23 sealed weights v1 chunk leaf"
HEADER_CONTEXT: Final = "custodes 2026-11-23 sealed weights v1 header leaf"

# One byte of domain each: a node, a root and a file can never pass for one another.
_NODE, _ROOT, _FILE = b"\x01", b"\x02", b"\x03"


class LeafHasher:
    """Hashes the chunks of one record; the record's names are absorbed once. Safe to use from several threads."""

    __slots__ = ("_prefix",)

    def __init__(self, file: str, tensor: str) -> None:
        self._prefix = blake3(_prefixed(file.encode()) + _prefixed(tensor.encode()), derive_key_context=CHUNK_CONTEXT)

    def compute_leaf(self, chunk: int, ciphertext: bytes | bytearray | memoryview) -> bytes:
        """The leaf of a chunk: BLAKE3 derive_key(file, tensor, chunk index, length, ciphertext with tag)."""
        hasher = self._prefix.copy()
        hasher.update(struct.pack(">QQ", chunk, len(ciphertext)))
        hasher.update(ciphertext)
        return hasher.digest()


def compute_header_leaf(file: str, header: bytes) -> bytes:
    """The first leaf of a file, so that the root vouches for every bit of the header before it is parsed."""
    content = _prefixed(file.encode()) + struct.pack(">Q", len(header)) + header
    return blake3(content, derive_key_context=HEADER_CONTEXT).digest()


def compute_root(leaves: Sequence[bytes]) -> bytes:
    """The root of a tree with at least one leaf; it binds their number.

    Source: RFC 6962 section 2.1 for the shape; hashing pairs level by level, with an odd last one moved up as it is,
    splits at the same powers of two.
    """
    if not leaves:
        raise ValueError("a tree has at least one leaf")
    level = list(leaves)
    while len(level) > 1:
        paired = [keccak256(_NODE + level[i] + level[i + 1]) for i in range(0, len(level) - 1, 2)]
        level = paired + level[len(paired) * 2 :]
    return keccak256(_ROOT + struct.pack(">Q", len(leaves)) + level[0])


def compute_file_root(file: str, header: bytes, leaf_table: bytes | bytearray | memoryview) -> bytes:
    """The root of a sealed file: over its header's leaf, then its chunks' in the order of the leaf table."""
    table = bytes(leaf_table)
    chunks = [table[start : start + HASH_BYTES] for start in range(0, len(table), HASH_BYTES)]
    return compute_root([compute_header_leaf(file, header), *chunks])


def compute_content_root(shards: Iterable[tuple[str, int, bytes]]) -> bytes:
    """A model's content root: over its shards as (name, sealed bytes, root), in the manifest's order."""
    leaves = [
        keccak256(_FILE + _prefixed(name.encode()) + struct.pack(">Q", size) + root) for name, size, root in shards
    ]
    return compute_root(leaves)


def _prefixed(value: bytes) -> bytes:
    return struct.pack(">I", len(value)) + value
