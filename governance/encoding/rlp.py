"""RLP, the encoding direction alone: byte strings and lists of what is encoded already.

The rlp library infers a codec for every item of every list, which costs more than all else in a rebuilt receipt.
Whoever decodes what others wrote still uses it; a test holds the two together.

Source: Ethereum yellow paper, appendix B.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

STRING, LIST, SHORT = 0x80, 0xC0, 55


def encode_bytes(data: bytes) -> bytes:
    """The encoding of a byte string."""
    size = len(data)
    if size == 1 and data[0] < STRING:
        return data
    if size <= SHORT:
        return _SHORT_STRING[size] + data
    return _long(STRING, size) + data


def encode_integer(number: int) -> bytes:
    """The encoding of a number: big-endian without leading zeros, 0 as the empty string."""
    return encode_bytes(number.to_bytes((number.bit_length() + 7) // 8, "big"))


def encode_list(items: Iterable[bytes]) -> bytes:
    """The encoding of a list whose items are encoded already."""
    payload = b"".join(items)
    size = len(payload)
    return (_SHORT_LIST[size] if size <= SHORT else _long(LIST, size)) + payload


@lru_cache(4096)
def _long(kind: int, size: int) -> bytes:
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((kind + SHORT + len(length),)) + length


_SHORT_STRING = [bytes((STRING + size,)) for size in range(SHORT + 1)]
_SHORT_LIST = [bytes((LIST + size,)) for size in range(SHORT + 1)]
