"""The Merkle roots, held to the definition of RFC 6962 written out recursively."""

from __future__ import annotations

import os
import struct

import pytest
from blake3 import blake3
from eth_hash.auto import keccak

from inference.sealed.merkle import (
    CHUNK_CONTEXT,
    HEADER_CONTEXT,
    LeafHasher,
    compute_content_root,
    compute_file_root,
    compute_header_leaf,
    compute_root,
)


def top_by_definition(leaves: list[bytes]) -> bytes:
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return keccak(b"\x01" + top_by_definition(leaves[:split]) + top_by_definition(leaves[split:]))


@pytest.mark.parametrize("count", [*range(1, 34), 63, 64, 65, 127, 129, 1000])
def test_root_is_that_of_rfc_6962_for_any_count(count: int) -> None:
    leaves = [os.urandom(32) for _ in range(count)]
    assert compute_root(leaves) == keccak(b"\x02" + count.to_bytes(8) + top_by_definition(leaves))


def test_root_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        compute_root([])


def test_root_differs_when_a_node_passes_for_a_leaf() -> None:
    a, b = os.urandom(32), os.urandom(32)
    assert compute_root([a, b]) != compute_root([keccak(b"\x01" + a + b)])


def test_root_differs_when_leaves_are_swapped_or_repeated() -> None:
    leaves = [os.urandom(32) for _ in range(5)]
    assert len({compute_root(leaves), compute_root(leaves[::-1]), compute_root([*leaves, leaves[-1]])}) == 3


def test_leaf_is_the_documented_hash() -> None:
    cipher = os.urandom(100)
    prefixed = struct.pack(">I", 4) + b"file" + struct.pack(">I", 6) + b"tensor" + struct.pack(">QQ", 7, 100)
    expected = blake3(prefixed + cipher, derive_key_context=CHUNK_CONTEXT).digest()
    assert LeafHasher("file", "tensor").compute_leaf(7, cipher) == expected


def test_leaf_differs_when_place_or_content_differs() -> None:
    cipher = os.urandom(40)
    leaves = {
        LeafHasher("f", "t").compute_leaf(0, cipher),
        LeafHasher("g", "t").compute_leaf(0, cipher),
        LeafHasher("f", "u").compute_leaf(0, cipher),
        LeafHasher("f", "t").compute_leaf(1, cipher),
        LeafHasher("f", "t").compute_leaf(0, cipher + b"\x00"),
        LeafHasher("ft", "").compute_leaf(0, cipher),
        compute_header_leaf("f", cipher),
    }
    assert len(leaves) == 7
    assert CHUNK_CONTEXT != HEADER_CONTEXT


def test_file_root_covers_the_header() -> None:
    table = os.urandom(96)
    assert compute_file_root("f", b"header", table) != compute_file_root("f", b"headex", table)
    assert compute_file_root("f", b"header", table) != compute_file_root("g", b"header", table)
    leaves = [compute_header_leaf("f", b"header"), table[:32], table[32:64], table[64:]]
    assert compute_file_root("f", b"header", table) == compute_root(leaves)


def test_content_root_covers_names_sizes_roots_and_order() -> None:
    shards = [("a", 10, b"\x01" * 32), ("b", 20, b"\x02" * 32)]
    others = [
        [("a", 10, b"\x01" * 32)],
        shards[::-1],
        [("a", 11, b"\x01" * 32), shards[1]],
        [("x", 10, b"\x01" * 32), shards[1]],
        [("a", 10, b"\x03" * 32), shards[1]],
    ]
    assert len({compute_content_root(each) for each in [shards, *others]}) == 6
    leaf = keccak(b"\x03" + struct.pack(">I", 1) + b"a" + struct.pack(">Q", 10) + b"\x01" * 32)
    assert compute_content_root(shards[:1]) == keccak(b"\x02" + (1).to_bytes(8) + leaf)
