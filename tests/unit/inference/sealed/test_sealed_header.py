"""The header parser on its own, as `inspect` uses it: bounded, strict, and exact about what it refuses."""

from __future__ import annotations

import dataclasses
import struct
from pathlib import Path
from typing import Any

import pytest

from inference.sealed import read_header
from inference.sealed.errors import (
    MalformedHeader,
    NotSealed,
    ResourcesUnavailable,
    TruncatedFile,
    UnsupportedDtype,
)
from inference.sealed.format import MAX_LEAVES, MAX_RECORDS, MAX_TABLE_BYTES
from inference.sealed.header import PRELUDE_BYTES, Header, Record, parse_header, parse_prelude

SOURCE_HEADER = Record("__metadata__", "BYTES", (50,), 50, b"\x09" * 32)
WEIGHT = Record("w", "BF16", (3, 400), 2400, b"\x08" * 32)


def make_header(*records: Record) -> Header:
    return Header(1024, b"\x01" * 24, b"\x02" * 32, b"\x03" * 32, (SOURCE_HEADER, *records))


def patch(encoded: bytes, offset: int, replacement: bytes) -> bytes:
    return encoded[:offset] + replacement + encoded[offset + len(replacement) :]


def test_header_is_read_back_as_it_was_written() -> None:
    header = make_header(WEIGHT, Record("empty", "F32", (0,), 0, b"\x07" * 32), Record("s", "I64", (), 8, b"\x06" * 32))
    assert parse_header(header.encoded, file="f") == header
    assert len(header.encoded) == header.prelude.leaf_table_start
    assert header.prelude.leaves == 1 + 3 + 1 + 1


def test_header_places_records_without_gap() -> None:
    header = make_header(WEIGHT, Record("s", "I64", (), 8, b"\x06" * 32))
    places = list(header.iter_placements())
    assert places[0].start == header.prelude.data_start == len(header.encoded) + 32 * 5
    assert places[1].start == places[0].start + 50 + 16
    assert places[2].start == places[1].start + 2400 + 3 * 16
    assert header.sealed_bytes == places[2].start + 8 + 16
    assert [place.first_leaf for place in places] == [0, 1, 4]


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        (b"", NotSealed),
        (b"PK\x03\x04" + bytes(200), NotSealed),
        (patch(make_header().encoded, 9, b"\x02"), NotSealed),  # version
        (patch(make_header().encoded, 11, b"\x02"), NotSealed),  # suite
        (make_header().encoded[:5], TruncatedFile),
        (make_header().encoded[: PRELUDE_BYTES - 1], TruncatedFile),
        (patch(make_header().encoded, 12, struct.pack(">I", 512)), MalformedHeader),
        (patch(make_header().encoded, 12, struct.pack(">I", 1025)), MalformedHeader),
        (patch(make_header().encoded, 12, struct.pack(">I", 1 << 25)), MalformedHeader),
        (patch(make_header().encoded, 16, struct.pack(">Q", MAX_TABLE_BYTES + 1)), MalformedHeader),
        (patch(make_header().encoded, 16, struct.pack(">Q", 45)), MalformedHeader),
        (patch(make_header().encoded, 24, struct.pack(">I", 0)), MalformedHeader),
        (patch(make_header().encoded, 24, struct.pack(">I", MAX_RECORDS + 1)), MalformedHeader),
        (patch(make_header().encoded, 28, struct.pack(">Q", 0)), MalformedHeader),
        (patch(make_header().encoded, 28, struct.pack(">Q", MAX_LEAVES + 1)), MalformedHeader),
    ],
)
def test_prelude_is_refused_when_a_field_is_out_of_bounds(raw: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        parse_prelude(raw, file="f")


@pytest.mark.parametrize(
    ("record", "what"),
    [
        ({"name": ""}, "name"),
        ({"name": "__metadata__"}, "name"),
        ({"name": "../w"}, "name"),
        ({"name": "/etc/w"}, "name"),
        ({"name": "a\\b"}, "name"),
        ({"name": "w\x00"}, "name"),
        ({"name": "w\n"}, "name"),
        ({"name": "w\u202e"}, "name"),
        ({"name": "w" * 1025}, "name"),
        ({"size": 2399}, "2400"),
        ({"shape": (1 << 60, 0), "size": 0}, "dimension"),
        ({"shape": (1,) * 65}, "rank 65"),
        ({"dtype": "F4", "shape": (3,), "size": 1}, "None"),
    ],
)
def test_header_is_refused_when_a_record_is_odd(record: dict[str, Any], what: str) -> None:
    with pytest.raises(MalformedHeader, match=what):
        parse_header(make_header(dataclasses.replace(WEIGHT, **record)).encoded, file="f")


def test_header_is_refused_when_the_element_type_is_unknown() -> None:
    with pytest.raises(UnsupportedDtype, match="F128"):
        parse_header(make_header(dataclasses.replace(WEIGHT, dtype="F128")).encoded, file="f")


def test_header_is_refused_when_two_records_have_one_name() -> None:
    with pytest.raises(MalformedHeader, match="one name"):
        parse_header(make_header(WEIGHT, WEIGHT).encoded, file="f")


@pytest.mark.parametrize(
    "first",
    [
        WEIGHT,
        dataclasses.replace(SOURCE_HEADER, shape=(51,)),
        dataclasses.replace(SOURCE_HEADER, dtype="U8"),
        dataclasses.replace(SOURCE_HEADER, shape=(1 << 30,), size=1 << 30),
    ],
)
def test_header_is_refused_when_the_first_record_is_not_the_source_header(first: Record) -> None:
    header = Header(1024, bytes(24), bytes(32), bytes(32), (first,))
    with pytest.raises(MalformedHeader, match="first record"):
        parse_header(header.encoded, file="f")


def test_header_is_refused_when_counts_contradict_the_table() -> None:
    encoded = make_header(WEIGHT).encoded
    with pytest.raises(MalformedHeader, match="leaves"):
        parse_header(patch(encoded, 28, struct.pack(">Q", 5)), file="f")
    with pytest.raises(MalformedHeader, match="middle of a record"):
        parse_header(patch(encoded, PRELUDE_BYTES, struct.pack(">H", 500)), file="f")
    with pytest.raises(MalformedHeader, match="cannot hold 3"):
        parse_header(patch(encoded, 24, struct.pack(">I", 3)), file="f")
    with pytest.raises(MalformedHeader, match="follow the last record"):
        parse_header(patch(encoded, 24, struct.pack(">I", 1)), file="f")
    with pytest.raises(MalformedHeader, match="its own count"):
        parse_header(encoded + b"\x00", file="f")


def test_header_is_refused_when_a_text_is_not_utf8() -> None:
    encoded = make_header(WEIGHT).encoded
    with pytest.raises(MalformedHeader, match="UTF-8"):
        parse_header(encoded.replace(b"\x00\x01w\x04BF16", b"\x00\x01\xff\x04BF16"), file="f")


def test_huge_counts_are_refused_before_anything_is_read(tmp_path: Path) -> None:
    """The file is sparse and says that its table is as large as is allowed; there is no such table."""
    path = tmp_path / "huge.sealed"
    path.write_bytes(patch(make_header().encoded, 16, struct.pack(">Q", MAX_TABLE_BYTES)))
    with pytest.raises(TruncatedFile):
        read_header(path)


def test_inspection_of_an_absent_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(ResourcesUnavailable, match="No such file"):
        read_header(tmp_path / "absent")
