"""Opening tensors one by one, in the manner of safetensors' `safe_open`.

The promise is smaller than `open_sealed`'s and holds for each tensor by itself: a tensor that is returned is, in every
byte, the approved one; of those that were not asked for, nothing is known. Headers, and with them names, types, shapes
and the number of tensors, are authenticated when the file is opened.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from inference.sealed.datakey import DataKey
from inference.sealed.files import SealedDirectory
from inference.sealed.header import Placement
from inference.sealed.manifest import Anchor, Manifest, Shard, verify_manifest
from inference.sealed.memory import Arena, WipeList
from inference.sealed.open import check_data_key, check_names, check_source_header
from inference.sealed.parallel import Meter
from inference.sealed.shard import OpenShard, RecordReader, open_shard, process_records
from inference.sealed.tensors import get_torch_type, make_tensor

if TYPE_CHECKING:
    import torch


class SealedSlice:
    """A tensor that is not read yet, in the manner of safetensors' slices: `model.get_slice(name)[100:200]`.

    What indexing gives is, in every byte, the approved one; of the other rows nothing is known. A number or a plain
    slice of the first dimension is read alone; anything else that comes first reads the whole tensor.
    """

    def __init__(self, dtype: str, shape: tuple[int, ...], read: Callable[[range | None], torch.Tensor]) -> None:
        self._dtype, self._shape, self._read = dtype, shape, read

    def get_dtype(self) -> str:
        """As the format names it, such as BF16."""
        return self._dtype

    def get_shape(self) -> list[int]:
        return list(self._shape)

    def __getitem__(self, index: Any) -> torch.Tensor:
        """Raises: as `get_tensor`, and IndexError."""
        first, *rest = index if isinstance(index, tuple) and index else (index,)
        if not self._shape or not isinstance(first, int | slice) or isinstance(first, bool):
            return self._read(None)[index]
        rows = range(self._shape[0])[first]
        if isinstance(rows, int):
            return self._read(range(rows, rows + 1))[(rows, *rest)]
        if rows.step != 1:
            return self._read(None)[index]
        return self._read(rows)[(slice(rows.start, rows.stop), *rest)]


def compute_chunks(rows: range, size: int, count: int, chunk_bytes: int) -> range:
    """The chunks of a record of `size` bytes in which these of its `count` rows lie."""
    if not rows or not size:
        return range(0)
    row_bytes = size // count
    return range(rows.start * row_bytes // chunk_bytes, (rows.stop * row_bytes - 1) // chunk_bytes + 1)


class SealedModel:
    """All shards of a sealed directory, of which `get_tensor` reads only what it needs.

    Leaving the `with` block closes the files and forgets the key; tensors stay valid, as with `safe_open`. `wipe`
    zeroes the memory of every tensor that was handed out and still exists.
    """

    def __init__(self, directory: Path, data_key: DataKey, *, expected: Anchor, threads: int = 2) -> None:
        """Raises: all that `open_sealed` raises but TamperedChunk, which comes with the tensor that it concerns."""
        self._start(directory, data_key, expected, threads, only=None)

    def _start(self, directory: Path, data_key: DataKey, expected: Anchor, threads: int, only: str | None) -> None:
        self._threads = threads
        self._handed_out = WipeList()
        self._places: dict[str, tuple[OpenShard, Placement]] = {}
        self._metadata: dict[str, Mapping[str, str]] = {}
        with ExitStack() as stack:
            opened = stack.enter_context(SealedDirectory(directory))
            self.manifest: Manifest = verify_manifest(opened.read_manifest_bytes(), expected)
            check_data_key(data_key, expected)
            closing = stack.enter_context(ExitStack())
            self._key = DataKey(data_key.expose())
            closing.callback(self._key.wipe)
            entries: Sequence[Shard] = self.manifest.shards if only is None else [self.manifest.get_shard(only)]
            shards = []
            for entry in entries:
                shard = open_shard(opened, entry, self.manifest)
                closing.callback(os.close, shard.fd)
                shards.append(shard)
            check_names(shards)
            for shard in shards:
                self._metadata[shard.name] = self._read_source_header(shard)
                for placement in shard.placements[1:]:
                    self._places[placement.record.name] = shard, placement
            # Everything passed: from here on `close` owns the files and the key.
            self._files = closing.pop_all()

    def keys(self) -> list[str]:
        """The names of all tensors, in the order of their bytes."""
        return list(self._places)

    def metadata(self) -> dict[str, Mapping[str, str]]:
        """Each shard's free text, as safetensors' own `__metadata__` had it."""
        return dict(self._metadata)

    def get_tensor(self, name: str) -> torch.Tensor:
        """The tensor, once each of its chunks was verified; in memory of its own.

        Raises: KeyError, UnsupportedDtype, MalformedHeader, TamperedChunk, TruncatedFile, ResourcesUnavailable.
        """
        return self._read(*self._places[name], None)

    def get_slice(self, name: str) -> SealedSlice:
        """The tensor, of which indexing reads what it needs. Raises: KeyError, UnsupportedDtype."""
        shard, placement = self._places[name]
        _, shape = get_torch_type(placement.record)
        return SealedSlice(placement.record.dtype, shape, lambda rows: self._read(shard, placement, rows))

    def _read(self, shard: OpenShard, placement: Placement, rows: range | None) -> torch.Tensor:
        """The whole tensor; or all of it of which some rows were read, and the others are untouched memory."""
        record = placement.record
        _, shape = get_torch_type(record)
        keys = shard.derive_keys(self._key, record)
        arena = Arena([record.size])  # what is not written takes no memory
        try:
            reader = RecordReader(shard, placement, keys, arena.get_slot(0))
            only = None if rows is None else compute_chunks(rows, record.size, shape[0], shard.header.chunk_bytes)
            chunks = reader.chunks if only is None else len(only)
            process_records([reader], threads=max(1, min(self._threads, chunks)), meter=Meter(0, None), only=only)
        except BaseException:
            arena.wipe()
            raise
        self._handed_out.add(arena.memory)
        return make_tensor(record, arena.memory, 0)

    def wipe(self) -> None:
        """Every tensor that was handed out reads as zeroes."""
        self._handed_out.wipe()

    def close(self) -> None:
        """The files are closed and the key is forgotten; a later `get_tensor` raises ValueError."""
        self._files.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _read_source_header(self, shard: OpenShard) -> Mapping[str, str]:
        placement = shard.placements[0]
        raw = bytearray(placement.record.size)
        reader = RecordReader(shard, placement, shard.derive_keys(self._key, placement.record), memoryview(raw))
        process_records([reader], threads=1, meter=Meter(0, None))
        return check_source_header(shard, raw)


class SealedFile(SealedModel):
    """One sealed file of a directory whose manifest lies beside it; otherwise as `SealedModel`."""

    def __init__(self, path: Path, data_key: DataKey, *, expected: Anchor, threads: int = 2) -> None:
        """Raises: as `SealedModel`."""
        self._start(path.parent, data_key, expected, threads, only=path.name)
