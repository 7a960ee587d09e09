"""Reading ABI bytes exactly as Solidity's decoder does, which takes more than one encoding of a value.

It follows offsets wherever they lead, takes gaps, overlaps, trailing bytes and padding of any content. A voter may
propose such bytes, and every reader of the ledger must then see what the contract saw; a decoder of another temper
(eth_abi) would stumble, and one seat could blind all audits.

Source: solc 0.8, ABI coder v2 (abi_decode_* of the generated Yul), compared by a differential test.
"""

from __future__ import annotations

import re
from enum import IntEnum
from typing import Any

from governance.encoding.errors import NotDecodable
from governance.encoding.names import make_address
from governance.encoding.structs import SCHEMAS, Array

WORD = 32
MAX_OFFSET = 2**64 - 1
MAX_READ = 1 << 24  # bytes in all: overlapping strings could ask for far more, and no block pays for that much memory

_SIZED = re.compile(r"(u?int|bytes)(\d+)")


def read_values(schemas: tuple[Any, ...], data: bytes) -> tuple[Any, ...]:
    """The values that `abi.decode(data, (schemas...))` gives.

    Raises: NotDecodable.
    """
    reader = _Reader(data)
    reader.require(0, sum(map(_head_size, schemas)))
    return reader.members(schemas, 0)


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._left = MAX_READ

    def require(self, at: int, size: int) -> None:
        if at + size > len(self._data):
            raise NotDecodable(f"{size} bytes are needed at {at}, and there are {len(self._data)} in all")

    def members(self, schemas: tuple[Any, ...], base: int) -> tuple[Any, ...]:
        """Members of a tuple whose heads begin at `base`; the caller has checked that the heads are there."""
        values, head = [], base
        for schema in schemas:
            at = base + self._offset(head) if _is_dynamic(schema) else head
            values.append(self._value(schema, at))
            head += _head_size(schema)
        return tuple(values)

    def _value(self, schema: Any, at: int) -> Any:
        if isinstance(schema, Array):
            return self._fixed_array(schema, at) if schema.length is not None else self._array(schema, at)
        if isinstance(schema, str):
            return self._text_or_bytes(schema, at) if schema in ("string", "bytes") else _leaf(schema, self._word(at))
        if issubclass(schema, IntEnum):
            number = self._word(at)
            if number not in list(schema):
                raise NotDecodable(f"{number} is no {schema.__name__}")
            return schema(number)
        members = SCHEMAS[schema]
        self.require(at, sum(map(_head_size, members)))
        return schema(*self.members(members, at))

    def _array(self, schema: Array, at: int) -> tuple[Any, ...]:
        length = self._length(at)
        first, stride = at + WORD, _head_size(schema.item)
        self.require(first, length * stride)
        return self.members((schema.item,) * length, first)

    def _fixed_array(self, schema: Array, at: int) -> tuple[Any, ...]:
        length = schema.length or 0
        self.require(at, length * _head_size(schema.item))
        return self.members((schema.item,) * length, at)

    def _text_or_bytes(self, schema: str, at: int) -> str | bytes:
        length = self._length(at)
        self.require(at + WORD, length)
        self._left -= length
        if self._left < 0:
            raise NotDecodable(f"the bytes ask for more than {MAX_READ} bytes of memory")
        value = self._data[at + WORD : at + WORD + length]
        return value.decode("utf-8", "surrogateescape") if schema == "string" else value

    def _length(self, at: int) -> int:
        length = self._word(at)
        if length > MAX_OFFSET:
            raise NotDecodable(f"a length of {length}")
        return length

    def _offset(self, at: int) -> int:
        offset = self._word(at)
        if offset > MAX_OFFSET:
            raise NotDecodable(f"an offset of {offset}")
        return offset

    def _word(self, at: int) -> int:
        self.require(at, WORD)
        return int.from_bytes(self._data[at : at + WORD], "big")


def _leaf(schema: str, word: int) -> Any:
    """A value of one word, whose unused bits must be clean."""
    if schema == "address":
        _require_clean(schema, word < 1 << 160)
        return make_address(word.to_bytes(20, "big"))
    if schema == "bool":
        _require_clean(schema, word < 2)
        return bool(word)
    match = _SIZED.fullmatch(schema)
    if match is None:
        raise NotDecodable(f"unknown ABI type {schema}")
    size = int(match[2])
    if match[1] == "bytes":
        data = word.to_bytes(WORD, "big")
        _require_clean(schema, not any(data[size:]))
        return data[:size]
    if match[1] == "uint":
        _require_clean(schema, word < 1 << size)
        return word
    signed = word - (1 << 256) if word >> 255 else word
    _require_clean(schema, -(1 << size - 1) <= signed < 1 << size - 1)
    return signed


def _require_clean(schema: str, clean: bool) -> None:
    if not clean:
        raise NotDecodable(f"a word has bits that {schema} does not use")


def _is_dynamic(schema: Any) -> bool:
    """Whether the head holds an offset instead of the value."""
    if isinstance(schema, Array):
        return schema.length is None or _is_dynamic(schema.item)
    if isinstance(schema, str):
        return schema in ("string", "bytes")
    return not issubclass(schema, IntEnum) and any(map(_is_dynamic, SCHEMAS[schema]))


def _head_size(schema: Any) -> int:
    if _is_dynamic(schema):
        return WORD
    if isinstance(schema, Array):
        return (schema.length or 0) * _head_size(schema.item)
    if isinstance(schema, str) or issubclass(schema, IntEnum):
        return WORD
    return sum(map(_head_size, SCHEMAS[schema]))
