"""R-Worker-07. Whatever is changed, cut or added: its own typed error, no tensor, and no plaintext left in memory."""

from __future__ import annotations

import dataclasses
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from governance.errors import CustodesError
from inference.sealed import DataKey, SealedFile, SealedModel, open_sealed, read_header, read_manifest, verify_directory
from inference.sealed.errors import (
    ManifestMismatch,
    NotSealed,
    ResourcesUnavailable,
    TamperedChunk,
    TamperedFile,
    TamperedHeader,
    TruncatedFile,
    WrongDataKey,
)
from inference.sealed.files import SealedDirectory
from inference.sealed.parallel import Meter
from inference.sealed.shard import RecordReader, open_shard, process_records

HEADER_ERRORS = (NotSealed, TamperedHeader)


def assert_refused(sealed: Any, error: type[CustodesError] | tuple[type[CustodesError], ...]) -> CustodesError:
    """Opening and keyless verification refuse with the same error; it is returned."""
    with pytest.raises(error) as verified:
        verify_directory(sealed.directory, sealed.anchor)
    with pytest.raises(error) as opened:
        open_sealed(sealed.directory, sealed.key, expected=sealed.anchor)
    assert type(opened.value) is type(verified.value)
    return opened.value


def flip(path: Path, bit: int) -> None:
    with path.open("r+b") as stream:
        stream.seek(bit // 8)
        byte = stream.read(1)[0]
        stream.seek(bit // 8)
        stream.write(bytes([byte ^ (1 << bit % 8)]))


def swap(path: Path, first: int, second: int, length: int) -> None:
    with path.open("r+b") as stream:
        stream.seek(first)
        one = stream.read(length)
        stream.seek(second)
        two = stream.read(length)
        assert one != two
        assert len(one) == len(two) == length
        stream.seek(first)
        stream.write(two)
        stream.seek(second)
        stream.write(one)


def get_place(sealed: Any, tensor: str) -> Any:
    return next(place for place in read_header(sealed.shard_path).iter_placements() if place.record.name == tensor)


def test_every_bit_of_the_header_is_authenticated(
    tmp_path: Path, seal: Callable[..., Any], tensor: Callable[..., Any], arena_watch: Any
) -> None:
    sealed = seal(tmp_path, {"w": tensor("BF16", (700,), 1)})
    bits = 8 * read_header(sealed.shard_path).prelude.data_start
    assert bits > 2000
    kinds = set()
    for bit in range(bits):
        flip(sealed.shard_path, bit)
        with pytest.raises(HEADER_ERRORS) as refused:
            open_sealed(sealed.directory, sealed.key, expected=sealed.anchor)
        kinds.add(type(refused.value))
        flip(sealed.shard_path, bit)
    assert kinds == set(HEADER_ERRORS)
    assert not arena_watch.arenas, "memory for weights was taken before the header was known to be authentic"
    verify_directory(sealed.directory, sealed.anchor)


def test_bit_in_any_chunk_is_found_and_named(sealed: Any, arena_watch: Any) -> None:
    header = read_header(sealed.shard_path)
    generator = random.Random(0)
    for place in header.iter_placements():
        length = place.record.size + 16 * (place.record.size // 1024 + 1)
        for offset in {0, length - 1, *(generator.randrange(length) for _ in range(6))}:
            bit = 8 * (place.start + offset) + generator.randrange(8)
            flip(sealed.shard_path, bit)
            error = assert_refused(sealed, TamperedChunk)
            assert error.details == {
                "file": "model.safetensors.sealed",
                "tensor": place.record.name,
                "chunk": offset // (1024 + 16),
            }
            flip(sealed.shard_path, bit)
    arena_watch.assert_all_zero()
    assert arena_watch.dirty > 0, "no plaintext was ever there, so that this test shows nothing"
    open_sealed(sealed.directory, sealed.key, expected=sealed.anchor).wipe()


def test_tampered_last_chunk_leaves_none_of_the_chunks_before_it(sealed: Any, arena_watch: Any) -> None:
    flip(sealed.shard_path, 8 * (sealed.shard_path.stat().st_size - 1))
    with pytest.raises(TamperedChunk):
        open_sealed(sealed.directory, sealed.key, expected=sealed.anchor, threads=1)
    assert arena_watch.dirty == 1
    arena_watch.assert_all_zero()


def test_earliest_of_several_tampered_chunks_is_named_on_every_run(sealed: Any) -> None:
    first, last = get_place(sealed, "model.embed.weight"), get_place(sealed, "model.mask")
    flip(sealed.shard_path, 8 * (first.start + 2 * 1040))
    flip(sealed.shard_path, 8 * last.start)
    for threads in (1, 2, 4) * 5:
        with pytest.raises(TamperedChunk, match=r"chunk 2 of 'model\.embed\.weight'"):
            verify_directory(sealed.directory, sealed.anchor, threads=threads)


def test_swapped_chunks_are_found(sealed: Any, arena_watch: Any) -> None:
    start = get_place(sealed, "model.embed.weight").start
    swap(sealed.shard_path, start, start + 1040, 1040)
    assert assert_refused(sealed, TamperedChunk).details["chunk"] == 0
    arena_watch.assert_all_zero()


def test_swapped_chunks_with_their_leaves_are_found(sealed: Any) -> None:
    place = get_place(sealed, "model.embed.weight")
    table = read_header(sealed.shard_path).prelude.leaf_table_start
    swap(sealed.shard_path, place.start, place.start + 1040, 1040)
    swap(sealed.shard_path, table + 32 * place.first_leaf, table + 32 * (place.first_leaf + 1), 32)
    assert_refused(sealed, TamperedHeader)


def test_swapped_tensors_are_found(tmp_path: Path, seal: Callable[..., Any], tensor: Callable[..., Any]) -> None:
    sealed = seal(tmp_path, {"a": tensor("F32", (30,), 1), "b": tensor("F32", (30,), 2)})
    swap(sealed.shard_path, get_place(sealed, "a").start, get_place(sealed, "b").start, 136)
    assert assert_refused(sealed, TamperedChunk).details["tensor"] == "a"


def test_swapped_shards_are_found(
    tmp_path: Path, write_model: Callable[..., None], seal_from: Callable[..., Any], tensor: Callable[..., Any]
) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for number in "12":
        write_model(source / f"{number}.safetensors", {f"w{number}": tensor("F32", (30,), int(number))})
    sealed = seal_from(source, tmp_path / "sealed", {})
    one, two = sealed.directory / "1.safetensors.sealed", sealed.directory / "2.safetensors.sealed"
    assert one.stat().st_size == two.stat().st_size
    one.rename(tmp_path / "aside")
    two.rename(one)
    (tmp_path / "aside").rename(two)
    assert_refused(sealed, TamperedHeader)


def test_files_of_another_seal_of_the_same_weights_are_found(
    sealed: Any, seal: Callable[..., Any], tmp_path: Path
) -> None:
    other = seal(tmp_path / "other", sealed.tensors)
    assert other.shard_path.stat().st_size == sealed.shard_path.stat().st_size
    shutil.copy(other.shard_path, sealed.shard_path)
    assert_refused(sealed, TamperedHeader)
    shutil.copy(other.directory / "manifest.json", sealed.directory / "manifest.json")
    assert_refused(sealed, ManifestMismatch)


def test_file_resealed_by_somebody_who_has_the_key_is_found(
    sealed: Any, monkeypatch: pytest.MonkeyPatch, seal: Callable[..., Any], tmp_path: Path
) -> None:
    """Tags prove nothing against a worker that was given the key: only the anchored root does."""
    monkeypatch.setattr(DataKey, "generate", classmethod(lambda cls: cls(sealed.key.expose())))
    name, (dtype, shape, raw) = next(iter(sealed.tensors.items()))
    other = seal(tmp_path / "other", {**sealed.tensors, name: (dtype, shape, bytes(len(raw)))})
    assert other.anchor.key_commitment == sealed.anchor.key_commitment
    open_sealed(other.directory, sealed.key, expected=other.anchor).wipe()
    shutil.copy(other.shard_path, sealed.shard_path)
    assert_refused(sealed, TamperedHeader)


def test_truncation_is_found_at_every_boundary(sealed: Any, arena_watch: Any) -> None:
    header = read_header(sealed.shard_path)
    size = sealed.shard_path.stat().st_size
    edges = {0, 8, 124, header.prelude.leaf_table_start, header.prelude.data_start, size - 1}
    for place in header.iter_placements():
        edges |= {
            place.start,
            place.start + 16,
            place.start + 1024,
            place.start + 1040,
            place.start + place.record.size,
        }
    content = sealed.shard_path.read_bytes()
    lengths = sorted({edge + delta for edge in edges for delta in (-1, 0, 1) if 0 <= edge + delta < size})
    assert len(lengths) > 40
    for length in lengths:
        os.truncate(sealed.shard_path, length)
        assert assert_refused(sealed, TruncatedFile).details["bytes"] == length
        sealed.shard_path.write_bytes(content)
    assert not arena_watch.arenas


def test_file_that_shrinks_while_it_is_read_is_found(sealed: Any) -> None:
    manifest = read_manifest(sealed.directory, sealed.anchor)
    with SealedDirectory(sealed.directory) as directory:
        shard = open_shard(directory, manifest.shards[0], manifest)
        try:
            os.truncate(sealed.shard_path, shard.placements[1].start + 100)
            with pytest.raises(TruncatedFile, match="ends at byte"):
                process_records(
                    [RecordReader(shard, place) for place in shard.placements], threads=2, meter=Meter(0, None)
                )
        finally:
            shard.close()


@pytest.mark.parametrize("extra", [1, 16, 1040])
def test_trailing_bytes_are_found(sealed: Any, extra: int) -> None:
    with sealed.shard_path.open("ab") as stream:
        stream.write(bytes(extra))
    assert_refused(sealed, TamperedFile)


def test_wrong_key_is_told_from_tampering_even_when_there_is_both(sealed: Any, arena_watch: Any) -> None:
    flip(sealed.shard_path, 8 * (sealed.shard_path.stat().st_size - 1))
    flip(sealed.shard_path, 8 * 40)
    for wrong in (DataKey.generate(), DataKey(bytes(32))):
        with pytest.raises(WrongDataKey):
            open_sealed(sealed.directory, wrong, expected=sealed.anchor)
        with pytest.raises(WrongDataKey):
            SealedModel(sealed.directory, wrong, expected=sealed.anchor)
        with pytest.raises(WrongDataKey):
            SealedFile(sealed.shard_path, wrong, expected=sealed.anchor)
    assert not arena_watch.arenas


@pytest.mark.parametrize("field", ["manifest_hash", "content_root", "key_commitment", "identity"])
def test_model_of_another_registration_is_refused(sealed: Any, field: str, arena_watch: Any) -> None:
    sealed.anchor = dataclasses.replace(sealed.anchor, **{field: b"\xee" * 32})
    assert_refused(sealed, ManifestMismatch)
    assert not arena_watch.arenas


def test_changed_plain_files_are_found(sealed: Any) -> None:
    config = sealed.directory / "config.json"
    content = config.read_bytes()
    for changed, error in [
        (content.replace(b"none", b"evil"), TamperedFile),
        (content + b" ", TamperedFile),
        (content[:-1], TruncatedFile),
        (b"", TruncatedFile),
    ]:
        config.write_bytes(changed)
        assert_refused(sealed, error)
    config.unlink()
    assert_refused(sealed, TruncatedFile)


def test_missing_files_are_named(sealed: Any, tmp_path: Path) -> None:
    sealed.shard_path.unlink()
    assert "is missing" in assert_refused(sealed, TruncatedFile).message
    (sealed.directory / "manifest.json").unlink()
    assert_refused(sealed, NotSealed)
    for place in (tmp_path / "absent", sealed.directory / "config.json"):
        with pytest.raises(NotSealed, match="not a directory"):
            verify_directory(place, sealed.anchor)


@pytest.mark.parametrize("name", ["model.safetensors.sealed", "config.json", "manifest.json"])
def test_links_and_special_files_are_refused(sealed: Any, tmp_path: Path, name: str) -> None:
    path, aside = sealed.directory / name, tmp_path / "aside"
    path.rename(aside)
    path.symlink_to(aside)
    assert_refused(sealed, TamperedFile)
    path.unlink()
    os.mkfifo(path)  # opening it must not wait for a writer
    assert_refused(sealed, TamperedFile)
    path.unlink()
    path.mkdir()
    assert_refused(sealed, TamperedFile)


def test_linked_folders_are_refused(
    tmp_path: Path, seal_from: Callable[..., Any], write_model: Callable[..., None]
) -> None:
    source = tmp_path / "source"
    (source / "1_Pooling").mkdir(parents=True)
    (source / "1_Pooling" / "config.json").write_text("{}")
    write_model(source / "model.safetensors", {})
    sealed = seal_from(source, tmp_path / "sealed", {})
    (sealed.directory / "1_Pooling").rename(tmp_path / "aside")
    (sealed.directory / "1_Pooling").symlink_to(tmp_path / "aside")
    assert_refused(sealed, TamperedFile)


def test_unlisted_files_are_reported(sealed: Any, tmp_path: Path) -> None:
    assert verify_directory(sealed.directory, sealed.anchor).unlisted == ()
    (sealed.directory / "modeling_evil.py").touch()
    (sealed.directory / "folder").symlink_to(tmp_path)
    assert verify_directory(sealed.directory, sealed.anchor).unlisted == ("folder", "modeling_evil.py")


def test_oversized_manifest_is_not_read(sealed: Any) -> None:
    os.truncate(sealed.directory / "manifest.json", (1 << 24) + 1)
    assert_refused(sealed, TamperedFile)


def test_interrupted_opening_leaves_nothing_in_memory(sealed: Any, arena_watch: Any) -> None:
    def interrupt(done: int, total: int) -> None:
        if done > total // 2:
            raise KeyboardInterrupt

    for threads in (1, 3):
        with pytest.raises(KeyboardInterrupt):
            open_sealed(sealed.directory, sealed.key, expected=sealed.anchor, threads=threads, progress=interrupt)
    assert arena_watch.dirty == 2
    arena_watch.assert_all_zero()


def test_unreadable_directory_is_unavailable_not_tampered(sealed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(ResourcesUnavailable, match="Permission denied"):
        verify_directory(sealed.directory, sealed.anchor)


def test_no_descriptor_is_left_open_after_success_or_failure(sealed: Any) -> None:
    def count() -> int:
        return len(os.listdir("/proc/self/fd"))

    before = count()
    open_sealed(sealed.directory, sealed.key, expected=sealed.anchor).wipe()
    SealedFile(sealed.shard_path, sealed.key, expected=sealed.anchor).close()
    flip(sealed.shard_path, 8 * 130)
    assert_refused(sealed, TamperedHeader)
    with pytest.raises(TamperedHeader):
        SealedFile(sealed.shard_path, sealed.key, expected=sealed.anchor)
    assert count() == before
