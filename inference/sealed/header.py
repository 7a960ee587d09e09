"""The header of a sealed file: encoded, parsed within bounds, and the layout that follows from it.

A reader that has a manifest checks the header's bytes against the manifest's root *before* it calls `parse_header`, so
that only approved bytes are ever parsed; the bounds here are for `inspect`, and for whoever has no manifest.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from inference.sealed.errors import MalformedHeader, NotSealed, TruncatedFile
from inference.sealed.format import (
    HASH_BYTES,
    HEADER_DTYPE,
    HEADER_RECORD,
    MAGIC,
    MAX_DIMENSION,
    MAX_LEAVES,
    MAX_RANK,
    MAX_RECORDS,
    MAX_SOURCE_HEADER_BYTES,
    MAX_TABLE_BYTES,
    SUITE,
    VERSION,
    compute_chunk_count,
    compute_sealed_bytes,
    compute_tensor_bytes,
    is_chunk_size,
    is_tensor_name,
)

# magic, version, suite, chunk bytes, table bytes, records, leaves, salt, key commitment, identity
_PRELUDE: Final = struct.Struct(">8sHHIQIQ24s32s32s")
PRELUDE_BYTES: Final = _PRELUDE.size  # 124
_MIN_RECORD_BYTES: Final = 2 + 1 + 1 + 1 + 1 + 8 + HASH_BYTES


@dataclass(frozen=True)
class Record:
    """One encrypted message of a file: the original safetensors header (always the first), or one tensor."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    size: int  # plaintext bytes
    commitment: bytes  # of the record's key schedule

    def encode(self) -> bytes:
        name, dtype = self.name.encode(), self.dtype.encode()
        return b"".join(
            (
                struct.pack(">H", len(name)) + name,
                struct.pack(">B", len(dtype)) + dtype,
                struct.pack(f">B{len(self.shape)}Q", len(self.shape), *self.shape),
                struct.pack(">Q", self.size) + self.commitment,
            )
        )


@dataclass(frozen=True)
class Prelude:
    """The header's fixed part, each number within its bound."""

    chunk_bytes: int
    table_bytes: int
    records: int
    leaves: int
    salt: bytes
    key_commitment: bytes
    identity: bytes

    @property
    def leaf_table_start(self) -> int:
        return PRELUDE_BYTES + self.table_bytes

    @property
    def data_start(self) -> int:
        return self.leaf_table_start + HASH_BYTES * self.leaves


@dataclass(frozen=True)
class Placement:
    """Where a record lies: its first chunk's leaf in the leaf table, and its first byte in the file.

    It is computed and never stored: an offset that follows from other fields cannot contradict them.
    """

    record: Record
    first_leaf: int
    start: int


@dataclass(frozen=True)
class Header:
    """A sealed file's header without its leaf table; everything about the file's layout follows from it."""

    chunk_bytes: int
    salt: bytes
    key_commitment: bytes
    identity: bytes
    records: tuple[Record, ...]
    encoded: bytes = field(init=False, repr=False)
    prelude: Prelude = field(init=False, repr=False)

    def __post_init__(self) -> None:
        table = b"".join(record.encode() for record in self.records)
        leaves = sum(compute_chunk_count(record.size, self.chunk_bytes) for record in self.records)
        prelude = Prelude(
            self.chunk_bytes, len(table), len(self.records), leaves, self.salt, self.key_commitment, self.identity
        )
        fixed = _PRELUDE.pack(
            MAGIC, VERSION, SUITE, self.chunk_bytes, len(table), len(self.records), leaves,
            self.salt, self.key_commitment, self.identity,
        )  # fmt: skip
        object.__setattr__(self, "prelude", prelude)
        object.__setattr__(self, "encoded", fixed + table)

    def iter_placements(self) -> Iterator[Placement]:
        """Each record with its place; records follow one another without a gap, so none can overlap."""
        leaf, start = 0, self.prelude.data_start
        for record in self.records:
            yield Placement(record, leaf, start)
            leaf += compute_chunk_count(record.size, self.chunk_bytes)
            start += compute_sealed_bytes(record.size, self.chunk_bytes)

    @property
    def sealed_bytes(self) -> int:
        """The exact length of the whole file."""
        data = sum(compute_sealed_bytes(record.size, self.chunk_bytes) for record in self.records)
        return self.prelude.data_start + data


def parse_prelude(raw: bytes, *, file: str) -> Prelude:
    """The fixed part of a header.

    Raises: NotSealed (magic, version, suite), TruncatedFile, MalformedHeader.
    """
    if raw[: len(MAGIC)] != MAGIC[: len(raw)] or not raw:
        raise NotSealed(f"{file} is not a sealed file: it begins with {raw[: len(MAGIC)].hex() or 'nothing'}")
    if len(raw) < PRELUDE_BYTES:
        raise TruncatedFile(f"{file} has {len(raw)} bytes; a sealed file's header has at least {PRELUDE_BYTES}")
    _, version, suite, chunk_bytes, table_bytes, records, leaves, salt, key_commitment, identity = _PRELUDE.unpack(
        raw[:PRELUDE_BYTES]
    )
    if (version, suite) != (VERSION, SUITE):
        raise NotSealed(f"{file} has version {version}, suite {suite}; this program reads {VERSION} and {SUITE}")
    if not is_chunk_size(chunk_bytes):
        raise MalformedHeader(f"{file}: chunks of {chunk_bytes} bytes; a power of two of 1 KiB to 16 MiB is required")
    if not 1 <= records <= MAX_RECORDS:
        raise MalformedHeader(f"{file}: {records} records; 1 to {MAX_RECORDS} are allowed")
    if not records <= leaves <= MAX_LEAVES:
        raise MalformedHeader(f"{file}: {leaves} leaves for {records} records; at most {MAX_LEAVES} are allowed")
    if not records * _MIN_RECORD_BYTES <= table_bytes <= MAX_TABLE_BYTES:
        raise MalformedHeader(f"{file}: a tensor table of {table_bytes} bytes cannot hold {records} records")
    return Prelude(chunk_bytes, table_bytes, records, leaves, salt, key_commitment, identity)


def parse_header(encoded: bytes, *, file: str) -> Header:
    """The header whose prelude and tensor table are `encoded`.

    Raises: NotSealed, TruncatedFile, MalformedHeader, UnsupportedDtype.
    """
    prelude = parse_prelude(encoded, file=file)
    if len(encoded) != prelude.leaf_table_start:
        raise MalformedHeader(f"{file}: {len(encoded)} bytes of header; its own count is {prelude.leaf_table_start}")
    cursor = _Cursor(encoded, PRELUDE_BYTES, file)
    records = tuple(_parse_record(cursor, index) for index in range(prelude.records))
    if cursor.position != len(encoded):
        raise MalformedHeader(f"{file}: {len(encoded) - cursor.position} bytes follow the last record of the table")
    if len({record.name for record in records}) != len(records):
        raise MalformedHeader(f"{file}: two records have one name")
    header = Header(prelude.chunk_bytes, prelude.salt, prelude.key_commitment, prelude.identity, records)
    if header.prelude != prelude:
        raise MalformedHeader(f"{file}: {prelude.leaves} leaves; its records take {header.prelude.leaves} chunks")
    return header


class _Cursor:
    """Reads forward and never past the end."""

    def __init__(self, raw: bytes, position: int, file: str) -> None:
        self.raw, self.position, self.file = raw, position, file

    def take(self, count: int) -> bytes:
        end = self.position + count
        if end > len(self.raw):
            raise MalformedHeader(f"{self.file}: the tensor table ends in the middle of a record")
        taken = self.raw[self.position : end]
        self.position = end
        return taken

    def take_int(self, size: int) -> int:
        return int.from_bytes(self.take(size))

    def take_text(self, size: int) -> str:
        try:
            return self.take(size).decode()
        except UnicodeDecodeError as error:
            raise MalformedHeader(f"{self.file}: a text in the tensor table is not UTF-8") from error


def _parse_record(cursor: _Cursor, index: int) -> Record:
    name = cursor.take_text(cursor.take_int(2))
    dtype = cursor.take_text(cursor.take_int(1))
    rank = cursor.take_int(1)
    if rank > MAX_RANK:
        raise MalformedHeader(f"{cursor.file}: record {index} has rank {rank}; at most {MAX_RANK} is allowed")
    shape = tuple(cursor.take_int(8) for _ in range(rank))
    record = Record(name, dtype, shape, cursor.take_int(8), cursor.take(HASH_BYTES))
    _check_record(record, index, cursor.file)
    return record


def _check_record(record: Record, index: int, file: str) -> None:
    """Raises: MalformedHeader, UnsupportedDtype."""
    if index == 0:
        well_formed = (
            (record.name, record.dtype, record.shape) == (HEADER_RECORD, HEADER_DTYPE, (record.size,))
            and record.size <= MAX_SOURCE_HEADER_BYTES
        )  # fmt: skip
        if not well_formed:
            raise MalformedHeader(f"{file}: the first record is not the safetensors header")
        return
    if not is_tensor_name(record.name):
        raise MalformedHeader(f"{file}: record {index} has a name that no tensor may have: {record.name[:80]!r}")
    if any(dimension > MAX_DIMENSION for dimension in record.shape):
        raise MalformedHeader(f"{file}: tensor {record.name!r} has a dimension above {MAX_DIMENSION}")
    needed = compute_tensor_bytes(record.dtype, record.shape)
    if needed != record.size:
        raise MalformedHeader(
            f"{file}: tensor {record.name!r} has {record.size} bytes; {record.dtype}{list(record.shape)} takes {needed}"
        )
