"""What a fragment is: its description, its leaves, and their place under the root over all fragments. Pure.

The root binds the manifest's hash, k, m and the segment size, and through its leaves every byte of every fragment. It
is recorded nowhere: what is gathered is judged by the ledger's own roots. It says which fragment lies, before decoding.

Source: RFC 6962 section 2.1 (shape of the tree, audit paths).
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from typing import Annotated, Final, Literal, Self

import rfc8785
from blake3 import blake3
from pydantic import Field, ValidationError, model_validator

from governance.encoding.keccak import keccak256
from inference.sealed.errors import MalformedFragment
from inference.sealed.format import HASH_BYTES
from inference.sealed.manifest import Bytes32, Document, Manifest, Shard
from inference.sealed.merkle import compute_root

SCHEMA: Final = "custodes.fragment/1"
DESCRIPTION_NAME, LEAVES_NAME, SUFFIX = "fragment.json", "fragment.leaves", ".fragment"
MAX_DESCRIPTION_BYTES: Final = 1 << 16
MAX_FRAGMENTS: Final = 64
SEGMENT_BYTES: Final = 1 << 22
LEAF_CONTEXT: Final = "custodes 2026-11-23 sealed weights v1 fragment leaf"
PARAMETERS_CONTEXT: Final = "custodes 2026-11-23 sealed weights v1 fragment parameters"
_NODE, _ROOT = b"\x01", b"\x02"  # as in `merkle`


class Parameters(Document):
    """What all fragments of one dispersal have in common."""

    manifest_hash: Bytes32
    data: Annotated[int, Field(ge=1, le=MAX_FRAGMENTS)]  # k: as many are needed
    parity: Annotated[int, Field(ge=1, le=MAX_FRAGMENTS)]
    segment_bytes: Literal[4_194_304] = SEGMENT_BYTES

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.count > MAX_FRAGMENTS:
            raise ValueError(f"at most {MAX_FRAGMENTS} fragments")
        return self

    @property
    def count(self) -> int:
        return self.data + self.parity

    def compute_leaf(self) -> bytes:
        """The first leaf below the root."""
        content = rfc8785.dumps(self.model_dump(mode="json", by_alias=True))
        return blake3(content, derive_key_context=PARAMETERS_CONTEXT).digest()


class Fragment(Document):
    """fragment.json: one fragment's place under the root over all."""

    schema_: Annotated[Literal["custodes.fragment/1"], Field(alias="schema")] = SCHEMA
    parameters: Parameters
    index: Annotated[int, Field(ge=0, lt=MAX_FRAGMENTS)]
    root: Bytes32
    path: Annotated[tuple[Bytes32, ...], Field(max_length=8)]  # from its own root to the root over all

    def to_bytes(self) -> bytes:
        return rfc8785.dumps(self.model_dump(mode="json", by_alias=True))


def parse_fragment(raw: bytes) -> Fragment:
    """Raises: MalformedFragment."""
    try:
        fragment = Fragment.model_validate_json(raw)
        canonical = rfc8785.dumps(json.loads(raw))
    except (ValidationError, ValueError, RecursionError) as e:
        raise MalformedFragment(f"{DESCRIPTION_NAME} is not {SCHEMA}") from e
    if canonical != raw or fragment.index >= fragment.parameters.count:
        raise MalformedFragment(f"{DESCRIPTION_NAME} is not in canonical form, or numbers no fragment of its own")
    return fragment


def count_segments(shard: Shard) -> int:
    return -(-shard.size // SEGMENT_BYTES)


def count_leaves(manifest: Manifest) -> int:
    """Of one fragment: one for each segment of each sealed file, in the manifest's order."""
    return sum(count_segments(shard) for shard in manifest.shards)


def compute_payload_bytes(length: int, data: int) -> int:
    """How much of a segment of `length` each fragment holds: its share, rounded up to an even number of bytes."""
    share = -(-length // data)
    return share + share % 2


def compute_leaf(file: str, segment: int, index: int, payload: bytes | memoryview) -> bytes:
    """BLAKE3 derive_key(file, segment, fragment, length, payload)."""
    name = file.encode()
    head = struct.pack(">I", len(name)) + name + struct.pack(">QQQ", segment, index, len(payload))
    hasher = blake3(head, derive_key_context=LEAF_CONTEXT)
    hasher.update(payload)
    return hasher.digest()


def compute_fragment_root(leaves: bytes | bytearray) -> bytes:
    """The root over one fragment's leaves."""
    raw = bytes(leaves)
    return compute_root([raw[at : at + HASH_BYTES] for at in range(0, len(raw), HASH_BYTES)])


def compute_dispersal_root(parameters: Parameters, roots: Sequence[bytes]) -> bytes:
    """The root over the parameters and all fragments' roots, in their order."""
    return compute_root([parameters.compute_leaf(), *roots])


def compute_path(parameters: Parameters, roots: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """The audit path of fragment `index`, from below upwards."""
    level, place, path = [parameters.compute_leaf(), *roots], index + 1, []
    while len(level) > 1:
        sibling = place ^ 1
        if sibling < len(level):
            path.append(level[sibling])
        odd = level[len(level) // 2 * 2 :]
        level = [keccak256(_NODE + level[i] + level[i + 1]) for i in range(0, len(level) - 1, 2)] + odd
        place //= 2
    return tuple(path)


def is_under_root(fragment: Fragment, own_root: bytes) -> bool:
    """Whether the fragment's own root is where its description says, under the root over all."""
    size, place, node, path = fragment.parameters.count + 1, fragment.index + 1, own_root, list(fragment.path)
    while size > 1:
        if place ^ 1 < size:
            if not path:
                return False
            sibling = path.pop(0)
            node = keccak256(_NODE + (node + sibling if place % 2 == 0 else sibling + node))
        place, size = place // 2, (size + 1) // 2
    root = keccak256(_ROOT + struct.pack(">Q", fragment.parameters.count + 1) + node)
    return not path and root == fragment.root
