"""Opening a sealed directory whole: all tensors of the approved model in private memory, or an error and none."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Self

from inference.sealed.datakey import DataKey
from inference.sealed.errors import MalformedHeader, OutputExists, ResourcesUnavailable, WrongDataKey
from inference.sealed.files import SealedDirectory
from inference.sealed.manifest import Anchor, Manifest, verify_manifest
from inference.sealed.memory import Arena
from inference.sealed.parallel import Meter, Progress
from inference.sealed.safetensors_file import SourceHeader, parse_source_header
from inference.sealed.shard import OpenShard, RecordReader, open_shard, process_records
from inference.sealed.tensors import get_torch_type, make_tensor

if TYPE_CHECKING:
    import torch


class OpenedModel:
    """A model's tensors and verified plain files. Leaving the `with` block, or `wipe`, zeroes the tensors' memory.

    A tensor that was kept past the wipe reads as zeroes; it never points at freed memory.
    """

    def __init__(
        self,
        manifest: Manifest,
        tensors: dict[str, torch.Tensor],
        files: Mapping[str, bytes],
        metadata: Mapping[str, Mapping[str, str]],
        arenas: list[Arena],
    ) -> None:
        self.manifest = manifest
        self.files = MappingProxyType(dict(files))
        self.metadata = MappingProxyType(dict(metadata))  # shard name -> safetensors' own __metadata__
        self._tensors: dict[str, torch.Tensor] | None = tensors
        self._arenas = arenas

    @property
    def tensors(self) -> dict[str, torch.Tensor]:
        """Name to tensor, over the model's memory without a copy."""
        if self._tensors is None:
            raise ValueError("this model was wiped")
        return self._tensors

    @property
    def is_wiped(self) -> bool:
        return self._tensors is None

    def write_plain_files(self, destination: Path) -> None:
        """Configuration and tokenizer, as verified, lie in `destination`, for libraries that read directories.

        They must never be read from the sealed directory itself: it may have changed since it was checked.
        Raises: OutputExists, ResourcesUnavailable.
        """
        for name, content in self.files.items():
            path = destination / name
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("xb") as stream:
                    stream.write(content)
            except FileExistsError as error:
                raise OutputExists(f"{path} is already there") from error
            except OSError as error:
                raise ResourcesUnavailable(f"{path} cannot be written: {error.strerror}") from error

    def wipe(self) -> None:
        """The weights are gone from this process's memory, under every tensor that was made over it."""
        self._tensors = None
        for arena in self._arenas:
            arena.wipe()
        self._arenas = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.wipe()

    def __repr__(self) -> str:
        state = "wiped" if self._tensors is None else f"{len(self._tensors)} tensors"
        return f"OpenedModel({self.manifest.model!r}, {state})"


@dataclass(frozen=True)
class _Plan:
    """One shard with the memory for it, and what fills that memory."""

    shard: OpenShard
    header_memory: bytearray
    arena: Arena
    readers: tuple[RecordReader, ...]


class PreparedOpening:
    """A sealed directory that was judged by the ledger as far as that goes without a key, with memory for its tensors.

    Whoever waits for a key prepares meanwhile: a changed manifest, plain file or header is found before anybody is
    asked for the key, and `touch` takes the time for fresh memory out of `open`. To be used once, and closed.
    """

    def __init__(
        self, directory: Path, *, expected: Anchor, hugepages: bool = False, data_key: DataKey | None = None
    ) -> None:
        """A `data_key` is compared with its commitment before anything but the manifest is read.

        Raises: as `open_sealed`, less TamperedChunk.
        """
        import torch  # noqa: F401 - before any weight is in memory: an import that fails must not leave one there

        self._expected, self._arenas = expected, list[Arena]()
        with ExitStack() as stack:
            opened = stack.enter_context(SealedDirectory(directory))
            self.manifest = verify_manifest(opened.read_manifest_bytes(), expected)
            if data_key is not None:
                check_data_key(data_key, expected)
            self.files = {entry.name: opened.read_plain_file(entry) for entry in self.manifest.files}  # as verified
            self._shards: list[OpenShard] = []
            closing = stack.enter_context(ExitStack())
            for entry in self.manifest.shards:
                shard = open_shard(opened, entry, self.manifest)
                closing.callback(os.close, shard.fd)
                self._shards.append(shard)
            check_names(self._shards)
            for shard in self._shards:
                self._arenas.append(Arena([record.size for record in shard.header.records[1:]], hugepages=hugepages))
            self._closing = closing.pop_all()

    def touch(self) -> None:
        """The tensors' memory is really there, in the kernel's eyes too: writing into it takes no page faults."""
        for arena in self._arenas:
            arena.touch()

    def open(self, data_key: DataKey, *, threads: int = 2, progress: Progress | None = None) -> OpenedModel:
        """Every tensor, decrypted and verified in one pass. After a failure the memory is wiped.

        Units: `progress` gets bytes of plaintext (done, in all). Raises: as `open_sealed`.
        """
        check_data_key(data_key, self._expected)
        arenas, self._arenas = self._arenas, []  # what is opened is the model's, and is not opened twice
        plans: list[_Plan] = []
        try:
            for shard, arena in zip(self._shards, arenas, strict=True):
                plans.append(_plan(shard, arena, data_key))
            readers = [reader for plan in plans for reader in plan.readers]
            total = sum(reader.placement.record.size for reader in readers)
            process_records(readers, threads=threads, meter=Meter(total, progress))
            metadata = {plan.shard.name: check_source_header(plan.shard, plan.header_memory) for plan in plans}
            tensors = {name: tensor for plan in plans for name, tensor in _make_tensors(plan)}
        except BaseException:
            for arena in arenas:
                arena.wipe()
            for plan in plans:
                plan.header_memory[:] = bytes(len(plan.header_memory))
            raise
        return OpenedModel(self.manifest, tensors, self.files, metadata, arenas)

    def close(self) -> None:
        """The files are closed; memory that no model took is given back."""
        self._closing.close()
        for arena in self._arenas:
            arena.discard()
        self._arenas = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_sealed(
    directory: Path,
    data_key: DataKey,
    *,
    expected: Anchor,
    threads: int = 2,
    hugepages: bool = False,
    progress: Progress | None = None,
) -> OpenedModel:
    """Every tensor of the model that the ledger recorded, decrypted and verified in one pass over each file.

    The manifest is compared with the ledger, then the data key with its commitment, then plain files, headers and
    chunks with the manifest. If anything at all fails, the memory is wiped and nothing is returned.

    Huge pages are off unless asked for: they help where the kernel has them at hand, and were seen to triple the time
    on a virtual machine whose host takes free memory back.

    Units: `progress` gets bytes of plaintext (done, in all).
    Raises: NotSealed, ManifestMismatch, MalformedManifest, WrongDataKey, TruncatedFile, TamperedFile, TamperedHeader,
    MalformedHeader, MalformedSafetensors, UnsupportedDtype, TamperedChunk, ResourcesUnavailable.
    """
    with PreparedOpening(directory, expected=expected, hugepages=hugepages, data_key=data_key) as prepared:
        return prepared.open(data_key, threads=threads, progress=progress)


def check_data_key(data_key: DataKey, expected: Anchor) -> None:
    """Raises: WrongDataKey."""
    if not data_key.is_committed_by(expected.key_commitment):
        raise WrongDataKey(f"the data key does not have the commitment 0x{expected.key_commitment.hex()} on the ledger")


def check_names(shards: list[OpenShard]) -> None:
    """No two shards have a tensor of one name, and torch has a type for each, before any memory is taken.

    Raises: MalformedHeader, UnsupportedDtype.
    """
    seen: dict[str, str] = {}
    for shard in shards:
        for record in shard.header.records[1:]:
            if record.name in seen:
                raise MalformedHeader(f"tensor {record.name!r} is in {seen[record.name]} and in {shard.name}")
            seen[record.name] = shard.name
            get_torch_type(record)


def check_source_header(shard: OpenShard, raw: bytes | bytearray) -> Mapping[str, str]:
    """The free text of the original header, once it agrees with the tensor table in every tensor.

    Raises: MalformedSafetensors, UnsupportedDtype, MalformedHeader.
    """
    source: SourceHeader = parse_source_header(bytes(raw), file=shard.name)
    found = [(tensor.name, tensor.dtype, tensor.shape, tensor.size) for tensor in source.tensors]
    listed = [(record.name, record.dtype, record.shape, record.size) for record in shard.header.records[1:]]
    if found != listed:
        raise MalformedHeader(f"{shard.name}: the tensor table is not that of the original header")
    return source.metadata


def _plan(shard: OpenShard, arena: Arena, data_key: DataKey) -> _Plan:
    header_memory = bytearray(shard.header.records[0].size)
    readers = []
    for index, placement in enumerate(shard.placements):
        slot = memoryview(header_memory) if index == 0 else arena.get_slot(index - 1)
        readers.append(RecordReader(shard, placement, shard.derive_keys(data_key, placement.record), slot))
    return _Plan(shard, header_memory, arena, tuple(readers))


def _make_tensors(plan: _Plan) -> list[tuple[str, torch.Tensor]]:
    records = plan.shard.header.records[1:]
    return [
        (record.name, make_tensor(record, plan.arena.memory, offset))
        for record, offset in zip(records, plan.arena.offsets, strict=True)
    ]
