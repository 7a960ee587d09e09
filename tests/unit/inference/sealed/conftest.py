"""Small models made without torch, sealed with the real code, and a watch over the memory that opening uses."""

from __future__ import annotations

import json
import math
import random
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from inference.sealed import Anchor, DataKey, Registration, SealReport, seal_directory
from inference.sealed import lazy as lazy_module
from inference.sealed import open as open_module
from inference.sealed.format import DTYPE_BITS
from inference.sealed.memory import Arena

Tensors = Mapping[str, tuple[str, tuple[int, ...], bytes]]
REGISTRATION = Registration("small", b"\x01" * 32, b"\x02" * 20, b"\x03" * 32, b"\x04" * 32)
IDENTITY = b"\x05" * 32
CHUNK = 1024


def make_tensor(dtype: str, shape: tuple[int, ...], seed: int) -> tuple[str, tuple[int, ...], bytes]:
    return dtype, shape, random.Random(seed).randbytes(math.prod(shape) * DTYPE_BITS[dtype] // 8)


def write_safetensors(path: Path, tensors: Tensors, metadata: Mapping[str, str] | None = None) -> None:
    """A safetensors file, without the library, so that malformed ones can be made in the same way."""
    header: dict[str, object] = {} if metadata is None else {"__metadata__": dict(metadata)}
    position, body = 0, b""
    for name, (dtype, shape, raw) in tensors.items():
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [position, position + len(raw)]}
        position += len(raw)
        body += raw
    encoded = json.dumps(header).encode()
    encoded += b" " * (-len(encoded) % 8)
    path.write_bytes(len(encoded).to_bytes(8, "little") + encoded + body)


SMALL: Tensors = {
    "model.embed.weight": make_tensor("BF16", (40, 32), 1),  # 2560 bytes: three chunks, the last one short
    "model.norm.weight": make_tensor("F32", (256,), 2),  # 1024 bytes: one full chunk and an empty one
    "model.empty": ("F32", (0, 3), b""),
    "model.scale": make_tensor("F32", (), 3),
    "model.mask": ("BOOL", (3,), b"\x01\x00\x01"),
}


@dataclass
class Sealed:
    """A sealed directory with all that is needed to open it."""

    directory: Path
    key: DataKey
    anchor: Anchor
    report: SealReport
    tensors: Tensors

    @property
    def shard_path(self) -> Path:
        return self.directory / self.report.manifest.shards[0].sealed_name

    def copy_to(self, directory: Path) -> Sealed:
        shutil.copytree(self.directory, directory)
        return Sealed(directory, self.key, self.anchor, self.report, self.tensors)


def seal_tensors(
    root: Path, tensors: Tensors = SMALL, *, chunk_bytes: int = CHUNK, identity: bytes = IDENTITY
) -> Sealed:
    source = root / "source"
    source.mkdir(parents=True)
    write_safetensors(source / "model.safetensors", tensors, {"format": "pt"})
    (source / "config.json").write_text('{"model_type": "none"}')
    return seal_source(source, root / "sealed", tensors, chunk_bytes=chunk_bytes, identity=identity)


def seal_source(
    source: Path, out: Path, tensors: Tensors, *, chunk_bytes: int = CHUNK, identity: bytes = IDENTITY
) -> Sealed:
    keys: list[bytes] = []

    def wrap(key: DataKey, content_root: bytes, commitment: bytes) -> bytes:
        assert key.compute_commitment() == commitment
        keys.append(key.expose())
        return b"\x06" * 160

    report = seal_directory(source, out, REGISTRATION, identity=identity, wrap=wrap, chunk_bytes=chunk_bytes)
    return Sealed(out, DataKey(keys[0]), report.anchor, report, tensors)


@dataclass
class ArenaWatch:
    """Every arena that was taken; `dirty` counts those that held something just before they were wiped."""

    arenas: list[Arena] = field(default_factory=list)
    dirty: int = 0
    wiped: int = 0

    def assert_all_zero(self) -> None:
        assert self.arenas
        assert self.wiped == len(self.arenas)
        for arena in self.arenas:
            assert not any(memoryview(arena.memory)), "plaintext was left in memory"


@pytest.fixture
def arena_watch(monkeypatch: pytest.MonkeyPatch) -> ArenaWatch:
    watch = ArenaWatch()

    class WatchedArena(Arena):
        def __init__(self, *args: object, **kwargs: object) -> None:
            super().__init__(*args, **kwargs)  # type: ignore[arg-type]
            watch.arenas.append(self)

        def wipe(self) -> None:
            watch.dirty += any(memoryview(self.memory))
            watch.wiped += 1
            super().wipe()

    monkeypatch.setattr(open_module, "Arena", WatchedArena)
    monkeypatch.setattr(lazy_module, "Arena", WatchedArena)
    return watch


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Sealed:
    """A sealed model that no test changes."""
    return seal_tensors(tmp_path_factory.mktemp("pristine"))


@pytest.fixture
def sealed(pristine: Sealed, tmp_path: Path) -> Sealed:
    """A copy of it to break."""
    return pristine.copy_to(tmp_path / "copy")


@pytest.fixture(scope="session")
def seal() -> Callable[..., Sealed]:
    return seal_tensors


@pytest.fixture(scope="session")
def seal_from() -> Callable[..., Sealed]:
    return seal_source


@pytest.fixture(scope="session")
def write_model() -> Callable[..., None]:
    return write_safetensors


@pytest.fixture(scope="session")
def tensor() -> Callable[[str, tuple[int, ...], int], tuple[str, tuple[int, ...], bytes]]:
    return make_tensor
