"""Sealing: all or nothing, over nothing that exists, in bounded memory, and no plaintext weight on disk."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import inference.sealed.directory
from inference.sealed import DataKey, Recipient, Registration, read_header, seal_directory, verify_directory
from inference.sealed.errors import (
    MalformedManifest,
    OutputExists,
    ResourcesUnavailable,
    TamperedChunk,
    TruncatedFile,
    UnsealableSource,
)
from inference.sealed.safetensors_file import SourceHeader, SourceTensor
from inference.sealed.seal import build_header
from inference.sealed.source import SourceShard

REGISTRATION = Registration("m", b"\x01" * 32, b"\x02" * 20, b"\x03" * 32, b"\x04" * 32)
ROW = bytes(range(1, 97))


def wrap(key: DataKey, content_root: bytes, commitment: bytes) -> bytes:
    return bytes(160)


@pytest.fixture
def source(tmp_path: Path, write_model: Callable[..., None]) -> Path:
    folder = tmp_path / "work" / "source"
    folder.mkdir(parents=True)
    write_model(folder / "model.safetensors", {"w": ("U8", (96 * 1000,), ROW * 1000), "v": ("U8", (96,), ROW)})
    (folder / "config.json").write_text("{}")
    return folder


def seal(source: Path, **changes: Any) -> Any:
    arguments = {"identity": b"\x05" * 32, "wrap": wrap, "chunk_bytes": 1024, **changes}
    return seal_directory(source, source.parent / "out", REGISTRATION, **arguments)


def assert_nothing_left(source: Path) -> None:
    assert [path.name for path in source.parent.iterdir()] == ["source"]


def test_sealing_refuses_to_overwrite_anything(source: Path) -> None:
    out = source.parent / "out"
    for make in (out.mkdir, out.touch, lambda: out.symlink_to("nowhere")):
        make()
        with pytest.raises(OutputExists, match="already there"):
            seal(source)
        assert sorted(path.name for path in source.parent.iterdir()) == ["out", "source"]
        out.rmdir() if out.is_dir() else out.unlink()


def test_sealing_refuses_to_overwrite_what_appears_meanwhile(source: Path) -> None:
    def make(done: int, total: int) -> None:
        (source.parent / "out").mkdir(exist_ok=True)
        (source.parent / "out" / "precious").touch()

    with pytest.raises(OutputExists):
        seal(source, progress=make)
    assert [path.name for path in (source.parent / "out").iterdir()] == ["precious"]
    assert sorted(path.name for path in source.parent.iterdir()) == ["out", "source"]


def test_sealing_refuses_to_overwrite_what_appears_at_the_last_moment(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the last look and the renaming: the kernel itself refuses to replace what is not empty."""
    monkeypatch.setattr(inference.sealed.directory, "check_free", lambda _: None)
    out = source.parent / "out"
    out.mkdir()
    (out / "precious").touch()
    with pytest.raises(OutputExists, match="appeared"):
        seal(source)
    assert [path.name for path in out.iterdir()] == ["precious"]
    assert sorted(path.name for path in source.parent.iterdir()) == ["out", "source"]


def test_sealing_says_when_the_place_cannot_be_written(source: Path) -> None:
    with pytest.raises(ResourcesUnavailable, match="cannot be written"):
        seal_directory(source, source / "config.json" / "out", REGISTRATION, identity=bytes(32), wrap=wrap)


def test_sealed_directory_holds_what_was_announced_and_reports_the_rest(source: Path) -> None:
    (source / "pytorch_model.bin").write_bytes(ROW)
    told: list[tuple[int, int]] = []
    report = seal(source, progress=lambda done, total: told.append((done, total)))
    names = sorted(path.name for path in report.directory.iterdir())
    assert names == ["config.json", "manifest.json", "model.safetensors.sealed"]
    assert report.skipped == ("pytorch_model.bin",)
    assert report.anchor == report.manifest.compute_anchor()
    assert told == sorted(told)
    assert told[-1][0] == told[-1][1]
    assert verify_directory(report.directory, report.anchor).sealed_bytes == report.sealed_bytes


@contextmanager
def limited_file_size(size: int) -> Iterator[None]:
    """No file may grow beyond `size`: the kernel's own error, as from a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_sealing_leaves_nothing_when_the_disk_refuses(source: Path) -> None:
    with limited_file_size(50_000), pytest.raises(ResourcesUnavailable, match="File too large"):
        seal(source)
    assert_nothing_left(source)


def test_sealing_begins_nothing_when_the_disk_is_too_small(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1000))
    with pytest.raises(ResourcesUnavailable, match="1000 bytes free"):
        seal(source)
    assert_nothing_left(source)


def test_sealing_leaves_nothing_when_the_key_cannot_be_wrapped(source: Path) -> None:
    def fail(key: DataKey, content_root: bytes, commitment: bytes) -> bytes:
        raise RuntimeError("no committee")

    with pytest.raises(RuntimeError, match="no committee"):
        seal(source, wrap=fail)
    with pytest.raises(MalformedManifest, match="160 bytes"):
        seal(source, wrap=lambda *_: bytes(159))
    assert_nothing_left(source)


@pytest.mark.parametrize(
    "changes",
    [
        {"identity": b"\x05" * 31},
        {"also": [Recipient(b"\x05" * 32, wrap)]},
        {"also": [Recipient(b"\x06" * 32, wrap, party=-1)]},
    ],
)
def test_sealing_reads_nothing_when_a_value_cannot_be_listed(tmp_path: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(MalformedManifest):
        seal(tmp_path / "no source at all", **changes)


@pytest.mark.parametrize("chunk_bytes", [0, 512, 1000, 1025, 1 << 25])
def test_sealing_refuses_odd_chunk_sizes(source: Path, chunk_bytes: int) -> None:
    with pytest.raises((UnsealableSource, MalformedManifest)):
        seal(source, chunk_bytes=chunk_bytes)
    assert_nothing_left(source)


def append(path: Path) -> None:
    with path.open("ab") as stream:
        stream.write(b"x")


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (append, UnsealableSource),
        (os.utime, UnsealableSource),
        (lambda path: os.truncate(path, 300), TruncatedFile),
    ],
)
def test_sealing_leaves_nothing_when_the_source_changes(
    source: Path, change: Callable[[Path], object], error: type[Exception]
) -> None:
    done_once: list[int] = []

    def meddle(done: int, total: int) -> None:
        if not done_once:
            done_once.append(done)
            change(source / "model.safetensors")

    with pytest.raises(error):
        seal(source, progress=meddle)
    assert_nothing_left(source)


def test_sealing_leaves_nothing_when_the_disk_gives_back_other_bytes(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = inference.sealed.directory.verify_directory

    def decay(directory: Path, *args: Any, **kwargs: Any) -> Any:
        with (directory / "model.safetensors.sealed").open("r+b") as stream:
            stream.seek(-1, os.SEEK_END)
            byte = stream.read(1)[0]
            stream.seek(-1, os.SEEK_END)
            stream.write(bytes([byte ^ 1]))
        return real(directory, *args, **kwargs)

    monkeypatch.setattr(inference.sealed.directory, "verify_directory", decay)
    with pytest.raises(TamperedChunk):
        seal(source)
    assert_nothing_left(source)


PROGRAM = """
import json, os, re, signal, sys
from pathlib import Path
from inference.sealed import Registration, seal_directory
source, out, stop_at = Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3])
def progress(done, total):
    if done >= stop_at * total:
        os.kill(os.getpid(), signal.SIGKILL)
seal_directory(source, out, Registration("m", bytes(32), bytes(20), bytes(32), bytes(32)), identity=bytes(32),
               wrap=lambda *_: bytes(160), progress=progress)
# VmHWM and not ru_maxrss, which a process inherits from the one that started it.
peak = int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) * 1024
print(json.dumps({"rss": peak, "torch": "torch" in sys.modules}))
"""


@pytest.mark.parametrize("stop_at", [0.2, 0.5, 0.9, 1.0])
def test_killed_sealing_leaves_nothing_under_the_final_name(source: Path, stop_at: float) -> None:
    arguments = [sys.executable, "-c", PROGRAM, str(source), str(source.parent / "out"), str(stop_at)]
    assert subprocess.run(arguments, capture_output=True).returncode == -signal.SIGKILL
    assert not (source.parent / "out").exists()


def test_sealing_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    """A tensor of 450 MB, sparse: far more than sealing may take (300 MB; it takes about 70)."""
    size = 450_000_000
    source = tmp_path / "source"
    source.mkdir()
    header = json.dumps({"w": {"dtype": "U8", "shape": [size], "data_offsets": [0, size]}}).encode()
    path = source / "model.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header)
    os.truncate(path, 8 + len(header) + size)
    arguments = [sys.executable, "-c", PROGRAM, str(source), str(tmp_path / "out"), "2"]
    done = subprocess.run(arguments, capture_output=True, text=True)
    assert done.stderr == ""
    found = json.loads(done.stdout)
    shutil.rmtree(tmp_path / "out")
    assert found["rss"] < 150_000_000
    assert not found["torch"]


def test_file_of_more_chunks_than_the_format_counts_is_refused(tmp_path: Path) -> None:
    huge = SourceTensor("w", "U8", (1 << 40,), 0, 1 << 40)
    shard = SourceShard("m", tmp_path / "m", 1 << 40, (0, 0, 0), SourceHeader((huge,), {}), 100)
    with pytest.raises(UnsealableSource, match="chunks"):
        build_header(shard, DataKey(bytes(32)), identity=bytes(32), salt=bytes(24), chunk_bytes=1024)


def contains_row(folder: Path) -> list[str]:
    return [
        str(path.relative_to(folder))
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ROW in path.read_bytes()
    ]


def test_no_plaintext_row_is_on_disk_while_sealing_or_after(source: Path) -> None:
    seen: list[str] = []

    def look(done: int, total: int) -> None:
        seen.extend(name for name in contains_row(source.parent) if not name.startswith("source/"))

    assert contains_row(source.parent) == ["source/model.safetensors"], "the search itself does not find a row"
    report = seal(source, progress=look, chunk_bytes=1 << 14)
    assert contains_row(report.directory) == []
    assert seen == []


def test_two_seals_share_no_key_salt_or_ciphertext(source: Path, tmp_path: Path) -> None:
    first = seal(source).directory.rename(tmp_path / "first")
    second = seal(source).directory
    name = "model.safetensors.sealed"
    one, two = read_header(first / name), read_header(second / name)
    assert one.salt != two.salt
    assert one.key_commitment != two.key_commitment
    assert not {record.commitment for record in one.records} & {record.commitment for record in two.records}
    start = one.prelude.data_start
    a, b = (first / name).read_bytes()[start:], (second / name).read_bytes()[start:]
    assert sum(x == y for x, y in zip(a, b, strict=True)) < len(a) / 64


def test_shards_of_one_seal_have_salts_of_their_own(source: Path, write_model: Callable[..., None]) -> None:
    (source / "model.safetensors").unlink()
    for number in range(3):
        write_model(source / f"{number}.safetensors", {f"w{number}": ("U8", (96,), ROW)})
    report = seal(source)
    headers = [read_header(report.directory / f"{number}.safetensors.sealed") for number in range(3)]
    assert len({header.salt for header in headers}) == 3
    assert len({header.key_commitment for header in headers}) == 1


def test_data_key_is_gone_after_sealing(source: Path) -> None:
    kept: list[DataKey] = []

    def keep(key: DataKey, content_root: bytes, commitment: bytes) -> bytes:
        kept.append(key)
        return bytes(160)

    seal(source, wrap=keep)
    with pytest.raises(ValueError, match="wiped"):
        kept[0].expose()
