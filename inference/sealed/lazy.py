"""Opening tensors one by one, in the manner of safetensors' `safe_open`.

The promise is smaller than `open_sealed`'s and holds for each tensor by itself: a tensor that is returned is, in every
byte, the approved one; of those that were not asked for, nothing is known. Headers, and with them names, types, shapes
and the number of tensors, are authenticated when the file is opened.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Self

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
        shard, placement = self._places[name]
        get_torch_type(placement.record)
        keys = shard.derive_keys(self._key, placement.record)
        arena = Arena([placement.record.size])
        try:
            reader = RecordReader(shard, placement, keys, arena.get_slot(0))
            process_records([reader], threads=min(self._threads, reader.chunks), meter=Meter(0, None))
        except BaseException:
            arena.wipe()
            raise
        self._handed_out.add(arena.memory)
        return make_tensor(placement.record, arena.memory, 0)

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
