"""Structs to ABI bytes and back, strictly: a value has one encoding, and bytes that are not one are refused.

Solidity's own decoder accepts other offsets, gaps and trailing bytes, so that one struct could be proposed under many
hashes. `decode_struct` therefore encodes again and compares. Chain data, where somebody else chose the bytes, is read
with `strict=False`: what Solidity accepts is then read as Solidity reads it.

Text is taken as bytes: Solidity does not check UTF-8, and a proposal with a broken name must not break its readers.
Source: Solidity ABI specification.
"""

from __future__ import annotations

import dataclasses
import re
from enum import IntEnum
from typing import Any, TypeVar, cast

from governance.encoding.errors import NotDecodable, NotEncodable
from governance.encoding.keccak import abi_encode
from governance.encoding.names import make_address
from governance.encoding.solidity import read_values
from governance.encoding.structs import SCHEMAS, Array

StructT = TypeVar("StructT")


def abi_type(schema: Any) -> str:
    """The type as the ABI writes it: `bytes32`, `uint8` for an enum, `(string,uint40)[]` for an array of structs."""
    if isinstance(schema, Array):
        return abi_type(schema.item) + (f"[{schema.length}]" if schema.length is not None else "[]")
    if isinstance(schema, str):
        return schema
    if issubclass(schema, IntEnum):
        return "uint8"
    return "(" + ",".join(abi_type(member) for member in SCHEMAS[schema]) + ")"


def encode_struct(value: object) -> bytes:
    """The bytes of `abi.encode(value)`.

    Raises: NotEncodable.
    """
    return encode_values((type(value),), (value,))


def encode_values(schemas: tuple[Any, ...], values: tuple[object, ...]) -> bytes:
    """The bytes of `abi.encode(values...)`, where values are leaves, structs or sequences of them.

    Raises: NotEncodable.
    """
    plain = [to_plain(schema, value) for schema, value in zip(schemas, values, strict=True)]
    return abi_encode([_wire_type(schema) for schema in schemas], plain)


def decode_struct(struct: type[StructT], data: bytes, *, strict: bool = True) -> StructT:
    """The struct whose encoding is exactly `data`.

    Raises: NotDecodable.
    """
    (value,) = decode_values((struct,), data, strict=strict)
    return cast(StructT, value)


def decode_values(schemas: tuple[Any, ...], data: bytes, *, strict: bool = True) -> tuple[Any, ...]:
    """The values whose encoding is exactly `data` (strict), or that Solidity reads from it (not strict).

    Raises: NotDecodable.
    """
    try:
        values = read_values(schemas, data)
    except NotDecodable as error:
        raise NotDecodable(f"{len(data)} bytes are no {', '.join(map(_name, schemas))}: {error}") from error
    if strict and encode_values(schemas, values) != bytes(data):
        raise NotDecodable(f"{len(data)} bytes are not the only encoding of that {', '.join(map(_name, schemas))}")
    return values


def to_plain(schema: Any, value: Any) -> Any:
    """The value as nested tuples that eth_abi takes, each leaf checked: nothing is cut, padded or guessed."""
    if isinstance(schema, Array):
        if schema.length is not None and len(value) != schema.length:
            raise NotEncodable(f"{schema.length} items are required, got {len(value)}")
        return [to_plain(schema.item, item) for item in value]
    if isinstance(schema, str):
        return _check_leaf(schema, value)
    if issubclass(schema, IntEnum):
        if not isinstance(value, int) or value not in list(schema):
            raise NotEncodable(f"{value!r} is no {schema.__name__}")
        return int(value)
    if not isinstance(value, schema):
        raise NotEncodable(f"a {schema.__name__} is required, got {type(value).__name__}")
    members = [getattr(value, field.name) for field in dataclasses.fields(cast(Any, value))]
    return tuple(to_plain(member, item) for member, item in zip(SCHEMAS[schema], members, strict=True))


def from_plain(schema: Any, value: Any) -> Any:
    """The inverse of `to_plain`; also reads what web3 returns for a getter of that type."""
    if isinstance(schema, Array):
        return tuple(from_plain(schema.item, item) for item in value)
    if isinstance(schema, str):
        if schema == "address":
            return make_address(value)
        if schema == "string":
            return value if isinstance(value, str) else bytes(value).decode("utf-8", "surrogateescape")
        return bytes(value) if schema.startswith("bytes") else value
    if issubclass(schema, IntEnum):
        return schema(value)
    members = zip(SCHEMAS[schema], value, strict=True)
    return schema(*(from_plain(member, item) for member, item in members))


_SIZED = re.compile(r"(u?int|bytes)(\d+)")


def _check_leaf(schema: str, value: Any) -> Any:
    if schema == "string":
        if not isinstance(value, str):
            raise NotEncodable(f"text is required, got {type(value).__name__}")
        return value.encode("utf-8", "surrogateescape")
    if schema == "address":
        return make_address(value)
    if schema == "bool":
        if not isinstance(value, bool):
            raise NotEncodable(f"a truth value is required, got {value!r}")
        return value
    if schema == "bytes":
        if not isinstance(value, bytes):
            raise NotEncodable(f"bytes are required, got {type(value).__name__}")
        return value
    match = _SIZED.fullmatch(schema)
    if match is None:
        raise NotEncodable(f"unknown ABI type {schema}")
    size = int(match[2])
    if match[1] == "bytes":
        if not isinstance(value, bytes) or len(value) != size:
            raise NotEncodable(f"{schema} is exactly {size} bytes, got {value!r}")
        return value
    low, high = (0, 1 << size) if match[1] == "uint" else (-(1 << (size - 1)), 1 << (size - 1))
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value < high:
        raise NotEncodable(f"{value!r} does not fit {schema}")
    return int(value)


def _wire_type(schema: Any) -> str:
    return abi_type(schema).replace("string", "bytes")  # the same encoding, without a check of UTF-8


def _name(schema: Any) -> str:
    return schema.__name__ if isinstance(schema, type) else abi_type(schema)
