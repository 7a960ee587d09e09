"""Sealing one safetensors file: streamed chunk by chunk, in memory that does not grow with the file."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from inference.sealed.datakey import DataKey
from inference.sealed.errors import ResourcesUnavailable, UnsealableSource
from inference.sealed.files import read_into
from inference.sealed.format import (
    HASH_BYTES,
    HEADER_DTYPE,
    HEADER_RECORD,
    MAX_LEAVES,
    MAX_TABLE_BYTES,
    TAG_BYTES,
    compute_chunk_count,
)
from inference.sealed.header import Header, Placement, Record
from inference.sealed.manifest import Shard
from inference.sealed.merkle import LeafHasher, compute_file_root
from inference.sealed.parallel import Meter, run_parallel
from inference.sealed.safetensors_file import LENGTH_BYTES
from inference.sealed.schedule import RecordKeys
from inference.sealed.shard import derive_keys_for
from inference.sealed.source import SourceShard, compute_stamp, open_source


def build_header(
    source: SourceShard, data_key: DataKey, *, identity: bytes, salt: bytes, chunk_bytes: int
) -> tuple[Header, list[RecordKeys]]:
    """The header of the sealed file that `source` becomes, and the keys of its records in order.

    Raises: UnsealableSource, when the file would pass the format's limits.
    """
    blank = bytes(HASH_BYTES)
    size = source.header_bytes
    records = [Record(HEADER_RECORD, HEADER_DTYPE, (size,), size, blank)]
    records += [Record(tensor.name, tensor.dtype, tensor.shape, tensor.size, blank) for tensor in source.header.tensors]
    draft = Header(chunk_bytes, salt, data_key.compute_commitment(), identity, tuple(records))
    if draft.prelude.leaves > MAX_LEAVES or draft.prelude.table_bytes > MAX_TABLE_BYTES:
        raise UnsealableSource(f"{source.name} takes {draft.prelude.leaves} chunks; at most {MAX_LEAVES} are allowed")
    keys = [derive_keys_for(data_key, draft, source.name, record) for record in records]
    committed = [
        Record(record.name, record.dtype, record.shape, record.size, record_keys.commitment)
        for record, record_keys in zip(records, keys, strict=True)
    ]
    return Header(chunk_bytes, salt, draft.key_commitment, identity, tuple(committed)), keys


def seal_shard(
    source: SourceShard,
    destination: Path,
    data_key: DataKey,
    *,
    identity: bytes,
    salt: bytes,
    chunk_bytes: int,
    threads: int,
    meter: Meter,
) -> Shard:
    """`destination` is the sealed form of `source`, on disk to the last byte; the manifest's entry is returned.

    Raises: UnsealableSource, ResourcesUnavailable, TruncatedFile (the source shrank).
    """
    header, keys = build_header(source, data_key, identity=identity, salt=salt, chunk_bytes=chunk_bytes)
    leaf_table = bytearray(HASH_BYTES * header.prelude.leaves)
    source_fd = open_source(source.path)
    try:
        fd = _create(destination)
        try:
            starts = [LENGTH_BYTES]
            starts += [LENGTH_BYTES + source.header_bytes + tensor.start for tensor in source.header.tensors]
            writers = [
                _RecordWriter(source_fd, start, fd, placement, record_keys, source.name, chunk_bytes, leaf_table)
                for start, placement, record_keys in zip(starts, header.iter_placements(), keys, strict=True)
            ]
            _process(writers, chunk_bytes, threads, meter)
            if compute_stamp(source_fd) != source.stamp:
                raise UnsealableSource(f"{source.name} changed while it was sealed")
            _write(fd, memoryview(header.encoded + leaf_table), 0, destination.name)
            _sync(fd, destination.name)
        finally:
            os.close(fd)
    finally:
        os.close(source_fd)
    root = compute_file_root(source.name, header.encoded, leaf_table)
    return Shard(name=source.name, size=header.sealed_bytes, leaves=header.prelude.leaves + 1, root=root)


class _RecordWriter:
    """One record on its way: read from the source, encrypted, hashed, written at its place."""

    __slots__ = ("_aead", "_chunk_bytes", "_fd", "_hasher", "_keys", "_leaves", "_placement", "_source", "_start")

    def __init__(
        self,
        source_fd: int,
        start: int,
        fd: int,
        placement: Placement,
        keys: RecordKeys,
        file: str,
        chunk_bytes: int,
        leaf_table: bytearray,
    ) -> None:
        self._source, self._start, self._fd = source_fd, start, fd
        self._placement, self._keys, self._leaves = placement, keys, leaf_table
        self._chunk_bytes = chunk_bytes
        self._aead = AESGCM(keys.key)
        self._hasher = LeafHasher(file, placement.record.name)

    @property
    def chunks(self) -> int:
        return compute_chunk_count(self._placement.record.size, self._chunk_bytes)

    def process_chunk(self, chunk: int, plain: memoryview, sealed: memoryview) -> int:
        first = chunk * self._chunk_bytes
        length = min(self._chunk_bytes, self._placement.record.size - first)
        plain, sealed = plain[:length], sealed[: length + TAG_BYTES]
        name = self._placement.record.name
        read_into(self._source, plain, self._start + first, name)
        self._aead.encrypt_into(self._keys.compute_nonce(chunk), plain, None, sealed)
        leaf = HASH_BYTES * (self._placement.first_leaf + chunk)
        self._leaves[leaf : leaf + HASH_BYTES] = self._hasher.compute_leaf(chunk, sealed)
        _write(self._fd, sealed, self._placement.start + chunk * (self._chunk_bytes + TAG_BYTES), name)
        return length


_Job: TypeAlias = tuple[_RecordWriter, int]


def _process(writers: list[_RecordWriter], chunk_bytes: int, threads: int, meter: Meter) -> None:
    def iter_jobs() -> Iterator[_Job]:
        for writer in writers:
            for chunk in range(writer.chunks):
                yield writer, chunk

    def make_worker() -> Callable[[_Job], int]:
        plain, sealed = memoryview(bytearray(chunk_bytes)), memoryview(bytearray(chunk_bytes + TAG_BYTES))
        return lambda job: job[0].process_chunk(job[1], plain, sealed)

    run_parallel(iter_jobs(), make_worker, threads=threads, meter=meter)


def _create(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
    except OSError as error:
        raise ResourcesUnavailable(f"{path} cannot be created: {error.strerror}") from error


def _write(fd: int, view: memoryview, offset: int, name: str) -> None:
    """Raises: ResourcesUnavailable."""
    written = 0
    while written < len(view):
        try:
            written += os.pwrite(fd, view[written:], offset + written)
        except OSError as error:
            raise ResourcesUnavailable(f"{name} cannot be written: {error.strerror}") from error


def _sync(fd: int, name: str) -> None:
    try:
        os.fsync(fd)
    except OSError as error:
        raise ResourcesUnavailable(f"{name} could not be brought to the disk: {error.strerror}") from error
