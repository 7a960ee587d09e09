"""One sealed file, open, with a header that the manifest vouches for; and the pass over its chunks.

Everything that reads ciphertext goes through `process_records`: whole opening, lazy opening, and keyless verification.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from inference.sealed.datakey import DataKey
from inference.sealed.errors import MalformedHeader, ResourcesUnavailable, TamperedChunk, TamperedHeader
from inference.sealed.files import SealedDirectory, check_size, read_bytes, read_into
from inference.sealed.format import HASH_BYTES, TAG_BYTES, compute_chunk_count
from inference.sealed.header import PRELUDE_BYTES, Header, Placement, Record, parse_header, parse_prelude
from inference.sealed.manifest import Manifest, Shard
from inference.sealed.merkle import LeafHasher, compute_file_root
from inference.sealed.parallel import Meter, run_parallel
from inference.sealed.schedule import RecordKeys, derive_record_keys, encode_context


@dataclass(frozen=True)
class OpenShard:
    """A sealed file whose header and leaf table have the manifest's root."""

    fd: int
    entry: Shard
    header: Header
    leaf_table: bytes = field(repr=False)
    placements: tuple[Placement, ...] = field(repr=False)

    @property
    def name(self) -> str:
        return self.entry.name

    def get_leaf(self, index: int) -> bytes:
        return self.leaf_table[index * HASH_BYTES : (index + 1) * HASH_BYTES]

    def derive_keys(self, data_key: DataKey, record: Record) -> RecordKeys:
        """The keys of a record, whose commitment is the one in the header.

        Raises: MalformedHeader: the data key is the right one and the header is authentic, so the sealer erred.
        """
        keys = derive_keys_for(data_key, self.header, self.name, record)
        if not hmac.compare_digest(keys.commitment, record.commitment):
            raise MalformedHeader(f"{self.name}: record {record.name!r} does not commit to this data key")
        return keys

    def close(self) -> None:
        os.close(self.fd)


def derive_keys_for(data_key: DataKey, header: Header, file: str, record: Record) -> RecordKeys:
    """The keys of a record that will be, or was, sealed under `header`."""
    context = encode_context(
        chunk_bytes=header.chunk_bytes,
        identity=header.identity,
        file=file,
        tensor=record.name,
        dtype=record.dtype,
        shape=record.shape,
        size=record.size,
    )
    return derive_record_keys(data_key.expose(), salt=header.salt, context=context)


def open_shard(directory: SealedDirectory, entry: Shard, manifest: Manifest) -> OpenShard:
    """The sealed file that `entry` lists, its header authenticated before it is parsed.

    Raises: TruncatedFile, TamperedFile, NotSealed, TamperedHeader, MalformedHeader, UnsupportedDtype,
    ResourcesUnavailable.
    """
    fd = directory.open_regular(entry.sealed_name)
    try:
        check_size(fd, entry.size, entry.sealed_name)
        return _authenticate(fd, entry, manifest)
    except BaseException:
        os.close(fd)
        raise


def _authenticate(fd: int, entry: Shard, manifest: Manifest) -> OpenShard:
    name, details = entry.sealed_name, {"file": entry.sealed_name}
    try:
        prelude = parse_prelude(read_bytes(fd, min(PRELUDE_BYTES, entry.size), 0, name), file=name)
    except MalformedHeader as error:
        raise TamperedHeader(f"{error.message}; the manifest vouches for no such header", details=details) from error
    if prelude.leaves + 1 != entry.leaves or prelude.data_start > entry.size:
        raise TamperedHeader(f"{name} announces {prelude.leaves} chunks, not {entry.leaves - 1}", details=details)
    encoded = read_bytes(fd, prelude.leaf_table_start, 0, name)
    leaf_table = read_bytes(fd, HASH_BYTES * prelude.leaves, prelude.leaf_table_start, name)
    root = compute_file_root(entry.name, encoded, leaf_table)
    if root != entry.root:
        raise TamperedHeader(
            f"{name}: header and leaf table have root 0x{root.hex()}, the manifest has 0x{entry.root.hex()}",
            details=details,
        )
    header = parse_header(encoded, file=name)
    found = (header.sealed_bytes, header.chunk_bytes, header.key_commitment, header.identity)
    if found != (entry.size, manifest.chunk_bytes, manifest.key_commitment, manifest.identity):
        raise MalformedHeader(f"{name}: size, chunk size, key commitment or identity is not the manifest's")
    return OpenShard(fd, entry, header, leaf_table, tuple(header.iter_placements()))


def read_header(path: Path) -> Header:
    """The header of a sealed file as it stands: well-formed, vouched for by nobody. For inspection only.

    Raises: NotSealed, TruncatedFile, MalformedHeader, UnsupportedDtype, ResourcesUnavailable.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise ResourcesUnavailable(f"{path} cannot be opened: {error.strerror}") from error
    try:
        size = os.fstat(fd).st_size
        prelude = parse_prelude(read_bytes(fd, min(PRELUDE_BYTES, size), 0, path.name), file=path.name)
        return parse_header(read_bytes(fd, prelude.leaf_table_start, 0, path.name), file=path.name)
    finally:
        os.close(fd)


class RecordReader:
    """One record to pass over: decrypted into `destination`, or, without keys, only checked against its leaves."""

    __slots__ = ("_aead", "_destination", "_hasher", "_keys", "placement", "shard")

    def __init__(
        self,
        shard: OpenShard,
        placement: Placement,
        keys: RecordKeys | None = None,
        destination: memoryview | None = None,
    ) -> None:
        self.shard, self.placement = shard, placement
        self._hasher = LeafHasher(shard.name, placement.record.name)
        self._keys, self._destination = keys, destination
        self._aead = None if keys is None else AESGCM(keys.key)

    @property
    def chunks(self) -> int:
        return compute_chunk_count(self.placement.record.size, self.shard.header.chunk_bytes)

    def process_chunk(self, chunk: int, scratch: memoryview) -> int:
        """The chunk is the approved one and, with keys, lies decrypted in its place; its length is returned.

        Raises: TamperedChunk, TruncatedFile, ResourcesUnavailable.
        """
        size = self.shard.header.chunk_bytes
        first = chunk * size
        last = min(first + size, self.placement.record.size)
        ciphertext = scratch[: last - first + TAG_BYTES]
        offset = self.placement.start + chunk * (size + TAG_BYTES)
        read_into(self.shard.fd, ciphertext, offset, self.shard.entry.sealed_name)
        leaf = self.shard.get_leaf(self.placement.first_leaf + chunk)
        if self._hasher.compute_leaf(chunk, ciphertext) != leaf:
            raise self._tampered(chunk, "has a ciphertext that the manifest's root does not cover")
        if self._aead is not None and self._keys is not None and self._destination is not None:
            try:
                self._aead.decrypt_into(
                    self._keys.compute_nonce(chunk), ciphertext, None, self._destination[first:last]
                )
            except InvalidTag as error:
                raise self._tampered(chunk, "does not open: it was sealed wrongly") from error
        return last - first

    def _tampered(self, chunk: int, what: str) -> TamperedChunk:
        file, tensor = self.shard.entry.sealed_name, self.placement.record.name
        return TamperedChunk(
            f"chunk {chunk} of {tensor!r} in {file} {what}", details={"file": file, "tensor": tensor, "chunk": chunk}
        )


_Job: TypeAlias = tuple[RecordReader, int]


def process_records(readers: Sequence[RecordReader], *, threads: int, meter: Meter, only: range | None = None) -> None:
    """Every chunk of every record passed, or of each record those in `only`.

    After an exception nothing in any destination may be used.

    Raises: TamperedChunk, TruncatedFile, ResourcesUnavailable.
    """
    if not readers:
        return
    scratch_bytes = max(reader.shard.header.chunk_bytes for reader in readers) + TAG_BYTES

    def iter_jobs() -> Iterator[_Job]:
        for reader in readers:
            for chunk in range(reader.chunks) if only is None else only:
                yield reader, chunk

    def make_worker() -> Callable[[_Job], int]:
        scratch = memoryview(bytearray(scratch_bytes))
        return lambda job: job[0].process_chunk(job[1], scratch)

    run_parallel(iter_jobs(), make_worker, threads=threads, meter=meter)
