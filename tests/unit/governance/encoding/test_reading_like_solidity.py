"""The decoder takes what Solidity takes, and no more; tests/differential compares it with the contracts themselves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.encoding.abi import encode_values
from governance.encoding.errors import NotDecodable
from governance.encoding.solidity import MAX_READ, read_values
from governance.encoding.structs import Array
from governance.types import Mode, Resume, RetireConstraint


def words(*values: int) -> bytes:
    return b"".join((value % 2**256).to_bytes(32, "big") for value in values)


@pytest.mark.parametrize(
    ("schema", "data", "complaint"),
    [
        ("uint8", b"", "32 bytes are needed"),
        ("uint8", words(256), "does not use"),
        ("bool", words(2), "does not use"),
        ("address", words(1 << 160), "does not use"),
        ("bytes2", words(1), "does not use"),
        ("int128", words(1 << 127), "does not use"),
        ("int128", words(-(1 << 127) - 1), "does not use"),
        (Mode, words(4), "no Mode"),
        ("uint7x", words(1), "unknown ABI type"),
        ("bytes", words(2**64), "an offset of"),
        ("bytes", words(32, 2**64), "a length of"),
        ("bytes", words(32, 33, 0), "33 bytes are needed"),
        (Array("uint8"), words(32, 2, 1), "64 bytes are needed"),
        (Array("uint8", 2), words(1), "64 bytes are needed"),
        (RetireConstraint, words(1), "64 bytes are needed"),
        (Resume, words(64), "32 bytes are needed"),
    ],
)
def test_bytes_that_solidity_refuses_are_refused(schema: object, data: bytes, complaint: str) -> None:
    with pytest.raises(NotDecodable, match=complaint):
        read_values((schema,), data)


@pytest.mark.parametrize(
    ("schema", "data", "value"),
    [
        ("bytes", words(32, 1) + b"\x07", b"\x07"),  # no padding at all
        ("bytes", words(32, 1) + b"\x07" + b"\xff" * 31, b"\x07"),  # dirty padding
        ("bytes", words(0), b""),  # its own head is its length
        ("string", words(96, 1, 2, 3) + b"abc", "abc"),  # a gap
        (Array("bytes"), words(32, 2, 64, 64, 1) + b"z", (b"z", b"z")),  # two heads, one tail
        ("int128", words(-5), -5),
        (Resume, words(32, 32, 1, 9, 777), Resume((9,))),  # type: ignore[arg-type]
        (RetireConstraint, words(0, 0) + b"rest", RetireConstraint(bytes(32), bytes(32))),  # type: ignore[arg-type]
    ],
)
def test_bytes_that_solidity_reads_are_read(schema: object, data: bytes, value: object) -> None:
    assert read_values((schema,), data) == (value,)


def test_overlapping_strings_cannot_ask_for_all_memory() -> None:
    count, size = 600, 1 << 16
    heads = words(*[32 * count] * count)
    data = words(32, count) + heads + words(size) + bytes(size)
    assert count * size > MAX_READ > len(data)
    with pytest.raises(NotDecodable, match="memory"):
        read_values((Array("bytes"),), data)


@given(st.lists(st.tuples(st.binary(), st.text(), st.integers(-(2**127), 2**127 - 1))))
def test_what_eth_abi_writes_is_read(rows: list[tuple[bytes, str, int]]) -> None:
    schemas = (Array("bytes"), Array("string"), Array("int128"))
    values = tuple(tuple(row[at] for row in rows) for at in range(3))
    assert read_values(schemas, encode_values(schemas, values)) == values
