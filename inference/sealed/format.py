"""The numbers and rules of the sealed format that every module shares. FORMAT.md is their specification."""

from __future__ import annotations

import re
from typing import Final

from inference.sealed.errors import UnsupportedDtype

# As a little-endian u64, which is how a safetensors file begins, this is far above every reader's limit for a header:
# a stock reader refuses a sealed file instead of loading noise as weights.
MAGIC: Final = b"\x89CUSTOD\n"
VERSION: Final = 1
SUITE: Final = 1  # AES-256-GCM, HKDF-Expand-SHA-512, BLAKE3 leaves, Keccak-256 nodes

KEY_BYTES: Final = 32
SALT_BYTES: Final = 24
TAG_BYTES: Final = 16
HASH_BYTES: Final = 32
WRAPPED_KEY_BYTES: Final = 160

DEFAULT_CHUNK_BYTES: Final = 1 << 20
MIN_CHUNK_BYTES: Final = 1 << 10
MAX_CHUNK_BYTES: Final = 1 << 24

# Limits, all checked before anything of that size is allocated.
MAX_TABLE_BYTES: Final = 1 << 26  # 64 MiB of tensor table
MAX_RECORDS: Final = 1 << 20
MAX_LEAVES: Final = 1 << 22  # 4 TiB a file in chunks of 1 MiB; a leaf table of 128 MiB
MAX_NAME_BYTES: Final = 1024
MAX_RANK: Final = 64
MAX_DIMENSION: Final = 1 << 53
MAX_RECORD_BYTES: Final = 1 << 46
MAX_SOURCE_HEADER_BYTES: Final = 1 << 24  # 16 MiB of JSON
MAX_MANIFEST_BYTES: Final = 1 << 24
MAX_PLAIN_FILE_BYTES: Final = 1 << 26
MAX_PLAIN_TOTAL_BYTES: Final = 1 << 28

MANIFEST_NAME: Final = "manifest.json"
SEALED_SUFFIX: Final = ".sealed"

# safetensors itself reserves this key for what is not a tensor, so that no tensor can take the header record's name.
HEADER_RECORD: Final = "__metadata__"
HEADER_DTYPE: Final = "BYTES"

DTYPE_BITS: Final[dict[str, int]] = {
    "BOOL": 8, "U8": 8, "I8": 8, "F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8, "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8,
    "U16": 16, "I16": 16, "F16": 16, "BF16": 16, "U32": 32, "I32": 32, "F32": 32,
    "U64": 64, "I64": 64, "F64": 64, "C64": 64, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6,
}  # fmt: skip

# Controls, invisible characters and bidirectional overrides: a list, since Unicode's own categories grow.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]")
_FILE_COMPONENT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+-]{0,127}")
_MAX_FILE_DEPTH = 4


def compute_chunk_count(size: int, chunk_bytes: int) -> int:
    """The number of chunks of a message: the last is strictly shorter than a full one, and may be empty."""
    return size // chunk_bytes + 1


def compute_sealed_bytes(size: int, chunk_bytes: int) -> int:
    """The length of all of a message's chunks with their tags."""
    return size + TAG_BYTES * compute_chunk_count(size, chunk_bytes)


def compute_tensor_bytes(dtype: str, shape: tuple[int, ...]) -> int | None:
    """The bytes that a tensor takes, or None when its elements do not fill whole bytes.

    Raises: UnsupportedDtype.
    """
    bits = DTYPE_BITS.get(dtype)
    if bits is None:
        raise UnsupportedDtype(f"element type {dtype[:40]!r} is none of {', '.join(sorted(DTYPE_BITS))}")
    for dimension in shape:
        bits *= dimension
    return None if bits % 8 else bits // 8


def is_chunk_size(chunk_bytes: int) -> bool:
    return MIN_CHUNK_BYTES <= chunk_bytes <= MAX_CHUNK_BYTES and chunk_bytes.bit_count() == 1


def is_tensor_name(name: str) -> bool:
    """Whether a tensor may have this name: printable, and harmless to whoever makes a file name of it."""
    try:
        length = len(name.encode())
    except UnicodeEncodeError:
        return False
    if not 0 < length <= MAX_NAME_BYTES or name == HEADER_RECORD or name.startswith("/") or "\\" in name:
        return False
    if ".." in name.split("/"):
        return False
    return _UNPRINTABLE.search(name) is None


def is_file_name(name: str) -> bool:
    """Whether the manifest may list a file under this relative name: plain ASCII components, none hidden, none `..`."""
    components = name.split("/")
    return len(components) <= _MAX_FILE_DEPTH and all(_FILE_COMPONENT.fullmatch(part) for part in components)
