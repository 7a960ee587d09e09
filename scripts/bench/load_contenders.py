"""Ways to get a model's tensors into memory, each timed by itself: ours, ours less its parts, and plain safetensors."""

from __future__ import annotations

import ctypes
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, cast

from inference.sealed import DataKey, PreparedOpening, open_sealed
from inference.sealed import open as opening
from inference.sealed.files import read_into
from inference.sealed.format import TAG_BYTES
from inference.sealed.memory import Arena
from inference.sealed.parallel import Meter
from inference.sealed.safetensors_file import parse_source_header
from inference.sealed.shard import RecordReader, process_records
from load_model import SealedModel

CHUNK = 1 << 20


class Taken(NamedTuple):
    """What a load took [seconds]: by the clock, and of all processors."""

    wall: float
    cpu: float

    @classmethod
    def now(cls) -> Taken:
        return cls(time.perf_counter(), time.process_time())

    def until_now(self) -> Taken:
        now = self.now()
        return Taken(now.wall - self.wall, now.cpu - self.cpu)


class Contenders:
    """Every method takes the model anew and gives what it took."""

    def __init__(self, plain: Path, sealed: SealedModel, threads: int) -> None:
        self._plain, self._sealed, self._threads = plain, sealed, threads

    def open_into_memory_that_is_there(self) -> Taken:
        """Sealed weights with all their checks, into memory that was prepared while the key was awaited."""
        with PreparedOpening(self._sealed.directory, expected=self._sealed.anchor) as prepared:
            prepared.touch()
            began = Taken.now()
            model = prepared.open(DataKey(self._sealed.key), threads=self._threads)
            taken = began.until_now()
            model.wipe()
        return taken

    def open_fresh(self) -> Taken:
        """The same, with the manifest and headers read and the memory taken while the clock runs."""
        began = Taken.now()
        key = DataKey(self._sealed.key)
        model = open_sealed(self._sealed.directory, key, expected=self._sealed.anchor, threads=self._threads)
        taken = began.until_now()
        model.wipe()
        return taken

    def open_without_blake3(self) -> Taken:
        """AES-GCM alone: what the check against the anchored root costs is the difference."""
        with _without_leaves():
            return self.open_into_memory_that_is_there()

    def read_without_crypto(self) -> Taken:
        """The same reader: the same threads, pieces and scratch memory, which copies where it would decrypt."""
        return self._read(_CopyingReader)

    def read_directly(self) -> Taken:
        """The same threads and pieces, which read the plain file straight into the tensors' memory."""
        return self._read(_PlainReader)

    def _read(self, kind: type[_PlainReader]) -> Taken:
        fd = os.open(self._plain, os.O_RDONLY)
        try:
            length = int.from_bytes(os.pread(fd, 8, 0), "little")
            source = parse_source_header(os.pread(fd, length, 8), file=self._plain.name)
            arena = Arena([tensor.size for tensor in source.tensors])
            arena.touch()
            began = Taken.now()
            readers = [
                kind(fd, 8 + length + tensor.start, arena.get_slot(index))
                for index, tensor in enumerate(source.tensors)
            ]
            process_records(cast("list[RecordReader]", readers), threads=self._threads, meter=Meter(0, None))
            taken = began.until_now()
            arena.wipe()
        finally:
            os.close(fd)
        return taken

    def load_file_and_copy(self) -> Taken:
        """What safetensors offers whoever wants weights in memory of his own."""
        import torch
        from safetensors.torch import load_file

        torch.set_num_threads(self._threads)
        own = {name: torch.zeros_like(tensor) for name, tensor in load_file(self._plain).items()}
        for tensor in own.values():
            tensor.fill_(1)  # the memory is there
        began = Taken.now()
        for name, tensor in load_file(self._plain).items():
            own[name].copy_(tensor)
        return began.until_now()


class _PlainReader:
    """Looks like a `RecordReader` to `process_records`."""

    class _Header:
        chunk_bytes = CHUNK

    class _Shard:
        header: Any

    def __init__(self, fd: int, start: int, destination: memoryview) -> None:
        self._fd, self._start, self._destination = fd, start, destination
        self.shard = self._Shard()
        self.shard.header = self._Header()

    @property
    def chunks(self) -> int:
        return -(-len(self._destination) // CHUNK)

    def process_chunk(self, chunk: int, scratch: memoryview) -> int:
        piece = self._destination[chunk * CHUNK : (chunk + 1) * CHUNK]
        read_into(self._fd, piece, self._start + chunk * CHUNK, "plain")
        return len(piece)


class _CopyingReader(_PlainReader):
    def process_chunk(self, chunk: int, scratch: memoryview) -> int:
        piece = self._destination[chunk * CHUNK : (chunk + 1) * CHUNK]
        read_into(self._fd, scratch[: len(piece)], self._start + chunk * CHUNK, "plain")
        if len(piece):  # without the interpreter's lock, as decryption does it
            ctypes.memmove(_address(piece), _address(scratch), len(piece))
        return len(piece)


def _address(view: memoryview) -> int:
    return ctypes.addressof(ctypes.c_char.from_buffer(view))


class _Unchecked(RecordReader):
    """A reader that trusts the leaf table: for measurements, and for nothing else."""

    __slots__ = ()

    def process_chunk(self, chunk: int, scratch: memoryview) -> int:
        size = self.shard.header.chunk_bytes
        first = chunk * size
        last = min(first + size, self.placement.record.size)
        ciphertext = scratch[: last - first + TAG_BYTES]
        offset = self.placement.start + chunk * (size + TAG_BYTES)
        read_into(self.shard.fd, ciphertext, offset, self.shard.entry.sealed_name)
        assert self._aead is not None
        assert self._keys is not None
        assert self._destination is not None
        nonce = self._keys.compute_nonce(chunk)
        self._aead.decrypt_into(nonce, ciphertext, None, self._destination[first:last])
        return last - first


@contextmanager
def _without_leaves() -> Iterator[None]:
    whole: Callable[..., RecordReader] = vars(opening)["RecordReader"]
    vars(opening)["RecordReader"] = _Unchecked
    try:
        yield
    finally:
        vars(opening)["RecordReader"] = whole
