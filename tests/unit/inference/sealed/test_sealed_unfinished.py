"""Resumable sealing: what was finished stays as it is, what was not is sealed under other keys, and the data key is
never on the disk but under its password."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from inference.errors import OtherSealing, SealingGoesOn, WrongSealingPassword
from inference.sealed import DataKey, Registration, SealReport, open_sealed, read_header, seal_directory
from inference.sealed.errors import OutputExists, TamperedChunk
from inference.unfinished import Unfinished, clear_finished, get_directory, open_unfinished
from oracle.errors import DamagedStore

SHARDS = ("model-00001-of-00003.safetensors", "model-00002-of-00003.safetensors", "model-00003-of-00003.safetensors")
SIZE = 64 * 1024
QUICK = 2**12


class Broken(Exception):
    """What breaks a sealing off."""


@pytest.fixture
def source(tmp_path: Path, write_model: Callable[..., None]) -> Path:
    folder = tmp_path / "source"
    (folder / "texts").mkdir(parents=True)
    for number, name in enumerate(SHARDS):
        write_model(folder / name, {f"w{number}": ("U8", (SIZE,), bytes([number + 1]) * SIZE)})
    (folder / "config.json").write_text("{}")
    (folder / "texts" / "note.md").write_text("a plain file of its own folder")
    return folder


def seal(source: Path, unfinished: Unfinished, **changes: Any) -> tuple[SealReport, bytes]:
    """The report and the data key, as its recipient learns it."""
    learnt = []

    def wrap(key: DataKey, content_root: bytes, commitment: bytes) -> bytes:
        learnt.append(key.expose())
        return bytes(160)

    registration = Registration(
        "m", b"\x01" * 32, b"\x02" * 20, unfinished.seal_nonce.to_bytes(32, "big"), b"\x04" * 32
    )
    arguments: dict[str, Any] = {"identity": b"\x05" * 32, "wrap": wrap, "chunk_bytes": 1024, "kept": unfinished}
    report = seal_directory(source, source.parent / "out", registration, **{**arguments, **changes})
    return report, learnt[-1]


@contextmanager
def begun(source: Path, password: str = "right") -> Iterator[Unfinished]:
    with open_unfinished(source.parent / "out", password, scrypt_n=QUICK) as unfinished:
        yield unfinished


def break_off(source: Path, after: int) -> bytes:
    """A sealing that ends in the midst of the shard after that many; the data key."""

    def progress(done: int, total: int) -> None:
        if done > (after + 0.5) * SIZE:
            raise Broken

    with suppress(Broken), begun(source) as unfinished:
        key = unfinished.data_key.expose()
        seal(source, unfinished, progress=progress)
        pytest.fail("it was not broken off")
    return key


def sealed_files(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.glob("*.sealed")}


def assert_whole(source: Path, report: SealReport, key: bytes) -> None:
    with open_sealed(report.directory, DataKey(key), expected=report.anchor) as model:
        for number in range(3):
            assert bytes(model.tensors[f"w{number}"].numpy()) == bytes([number + 1]) * SIZE
    assert (report.directory / "texts" / "note.md").exists()
    assert sorted(path.name for path in source.parent.iterdir()) == ["out", "source"]


@pytest.mark.parametrize("after", [1, 2])
def test_sealing_goes_on_with_the_shards_that_are_missing(source: Path, after: int) -> None:
    key = break_off(source, after)
    weights = get_directory(source.parent / "out") / "weights"
    before = sealed_files(weights)
    unfinished_file = (weights / f"{SHARDS[after]}.sealed").read_bytes()
    with begun(source) as unfinished:
        assert unfinished.data_key.expose() == key
        report, learnt = seal(source, unfinished)
    assert learnt == key
    after_it = sealed_files(report.directory)
    for number, name in enumerate(SHARDS):
        same = after_it[f"{name}.sealed"] == before.get(f"{name}.sealed")
        assert same == (number < after), name
    assert len({read_header(report.directory / f"{name}.sealed").salt for name in SHARDS}) == 3
    start = read_header(report.directory / f"{SHARDS[after]}.sealed").prelude.data_start
    chunk = slice(start, start + 256)
    assert unfinished_file[chunk] != bytes(256), "the chunk had been written"
    assert unfinished_file[chunk] != after_it[f"{SHARDS[after]}.sealed"][chunk], "under other keys"
    assert_whole(source, report, key)


def test_sealing_that_finished_no_shard_leaves_nothing(source: Path) -> None:
    break_off(source, 0)
    assert [path.name for path in source.parent.iterdir()] == ["source"]


def test_sealing_resumes_after_sigkill(source: Path) -> None:
    program = """
import os, signal, sys
from pathlib import Path
import test_sealed_unfinished as t
source = Path(sys.argv[1])
def progress(done, total):
    if done > 1.5 * t.SIZE:
        os.kill(os.getpid(), signal.SIGKILL)
with t.begun(source) as unfinished:
    t.seal(source, unfinished, progress=progress)
"""
    killed = subprocess.run(
        [sys.executable, "-c", program, str(source)], cwd=Path(__file__).parent, check=False, timeout=120
    )
    assert killed.returncode == -signal.SIGKILL
    first = sealed_files(get_directory(source.parent / "out") / "weights")[f"{SHARDS[0]}.sealed"]
    with begun(source) as unfinished:
        report, key = seal(source, unfinished)
    assert sealed_files(report.directory)[f"{SHARDS[0]}.sealed"] == first
    assert_whole(source, report, key)


def test_data_key_is_nowhere_on_the_disk(source: Path) -> None:
    key = break_off(source, 2)
    directory = get_directory(source.parent / "out")
    assert directory.stat().st_mode & 0o777 == 0o700
    files = [path for path in directory.rglob("*") if path.is_file()]
    assert {path.parent.name for path in files} == {directory.name, "store", "weights"}
    for path in files:
        content = path.read_bytes()
        assert key not in content, path
        assert key.hex().encode() not in content.lower(), path


def test_wrong_password_loses_nothing(source: Path) -> None:
    break_off(source, 2)
    directory = get_directory(source.parent / "out")
    before = {path: path.read_bytes() for path in directory.rglob("*") if path.is_file()}
    with pytest.raises(WrongSealingPassword, match="does not open"), begun(source, "wrong"):
        pass
    assert {path: path.read_bytes() for path in directory.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("change", [{"identity": b"\x06" * 32}, {"chunk_bytes": 2048}])
def test_sealing_of_another_kind_is_refused(source: Path, change: dict[str, Any]) -> None:
    break_off(source, 1)
    with begun(source) as unfinished:
        with pytest.raises(OtherSealing):
            seal(source, unfinished, **change)
        assert unfinished.has_shards()


def test_shard_that_changed_is_sealed_anew(source: Path, write_model: Callable[..., None]) -> None:
    break_off(source, 2)
    weights = get_directory(source.parent / "out") / "weights"
    before = sealed_files(weights)
    (source / SHARDS[0]).unlink()
    write_model(source / SHARDS[0], {"w0": ("U8", (SIZE,), b"\x09" * SIZE)})
    with begun(source) as unfinished:
        report, key = seal(source, unfinished)
    after = sealed_files(report.directory)
    assert after[f"{SHARDS[0]}.sealed"] != before[f"{SHARDS[0]}.sealed"]
    assert after[f"{SHARDS[1]}.sealed"] == before[f"{SHARDS[1]}.sealed"]
    with open_sealed(report.directory, DataKey(key), expected=report.anchor) as model:
        assert bytes(model.tensors["w0"].numpy()) == b"\x09" * SIZE


def test_damaged_shard_is_noticed_and_then_sealed_anew(source: Path) -> None:
    break_off(source, 2)
    path = get_directory(source.parent / "out") / "weights" / f"{SHARDS[0]}.sealed"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(TamperedChunk), begun(source) as unfinished:
        seal(source, unfinished)
    with begun(source) as unfinished:
        report, key = seal(source, unfinished)
    assert_whole(source, report, key)


def test_damaged_record_is_refused(source: Path) -> None:
    break_off(source, 2)
    record = next((get_directory(source.parent / "out") / "store").glob("shard-*.sealed"))
    content = bytearray(record.read_bytes())
    content[-1] ^= 1
    record.write_bytes(content)
    with pytest.raises(DamagedStore), begun(source):
        pass


def test_two_do_not_seal_at_once(source: Path) -> None:
    with begun(source), pytest.raises(SealingGoesOn), begun(source):
        pass


def test_output_is_never_overwritten(source: Path) -> None:
    break_off(source, 2)
    (source.parent / "out").mkdir()
    with pytest.raises(OutputExists), begun(source):
        pass
    assert sealed_files(get_directory(source.parent / "out") / "weights"), "what was finished stays"


def test_finished_sealing_leaves_nothing_though_it_died_at_its_end(source: Path) -> None:
    break_off(source, 2)
    out = source.parent / "out"
    shutil.move(get_directory(out) / "weights", out)  # its last step but one
    clear_finished(out)
    assert sorted(path.name for path in source.parent.iterdir()) == ["out", "source"]
