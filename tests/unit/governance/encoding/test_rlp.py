"""Our RLP encoder beside the library's."""

from __future__ import annotations

import pytest
import rlp as library

from governance.encoding import rlp

STRINGS = [
    b"",
    b"\0",
    b"\x01",
    b"\x7f",
    b"\x80",
    b"\xff",
    *(b"a" * size for size in (2, 54, 55, 56, 57, 255, 256, 70_000)),
]


@pytest.mark.parametrize("data", STRINGS, ids=len)
def test_bytes_and_lists_are_encoded_as_by_the_library(data: bytes) -> None:
    assert rlp.encode_bytes(data) == library.encode(data)
    one = rlp.encode_bytes(data)
    assert rlp.encode_list((one,)) == library.encode([data])
    assert rlp.encode_list((one, rlp.encode_list((one, one)), rlp.encode_list(()))) == library.encode(
        [data, [data, data], []]
    )


@pytest.mark.parametrize("number", [0, 1, 127, 128, 255, 256, 2**64 - 1, 2**256 - 1])
def test_integers_are_encoded_as_by_the_library(number: int) -> None:
    assert rlp.encode_integer(number) == library.encode(number)
