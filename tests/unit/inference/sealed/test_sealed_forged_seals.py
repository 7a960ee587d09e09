"""Files that a dishonest sealer had registered: every hash is right, and what they say contradicts itself."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inference.sealed import Manifest, SealedFile, open_sealed, read_header, source, verify_directory
from inference.sealed.errors import MalformedHeader, MalformedSafetensors, TamperedChunk, UnsupportedDtype
from inference.sealed.header import Header
from inference.sealed.merkle import LeafHasher, compute_content_root, compute_file_root
from inference.sealed.source import read_source


def register_again(sealed: Any, header: Header | None = None, **changes: object) -> None:
    """The directory's manifest and anchor fit its file again, with `header` in place of the old one."""
    old = read_header(sealed.shard_path)
    header = header or old
    content = bytearray(sealed.shard_path.read_bytes())
    table = bytes(content[old.prelude.leaf_table_start : old.prelude.data_start])
    content[: len(old.encoded)] = header.encoded
    sealed.shard_path.write_bytes(content)
    shard = sealed.report.manifest.shards[0]
    root = compute_file_root(shard.name, header.encoded, table)
    shards = (shard.model_copy(update={"root": root, "size": len(content)}),)
    content_root = compute_content_root((each.name, each.size, each.root) for each in shards)
    manifest: Manifest = sealed.report.manifest.model_copy(
        update={"shards": shards, "content_root": content_root, **changes}
    )
    (sealed.directory / "manifest.json").write_bytes(manifest.to_bytes())
    sealed.anchor = manifest.compute_anchor()


def replace_record(header: Header, index: int, **changes: object) -> Header:
    records = list(header.records)
    records[index] = dataclasses.replace(records[index], **changes)
    return Header(header.chunk_bytes, header.salt, header.key_commitment, header.identity, tuple(records))


def test_registering_again_changes_nothing_by_itself(sealed: Any) -> None:
    register_again(sealed)
    open_sealed(sealed.directory, sealed.key, expected=sealed.anchor).wipe()


def test_record_that_commits_to_another_key_is_refused(sealed: Any, arena_watch: Any) -> None:
    register_again(sealed, replace_record(read_header(sealed.shard_path), 1, commitment=b"\x0f" * 32))
    verify_directory(sealed.directory, sealed.anchor)
    with pytest.raises(MalformedHeader, match="does not commit"):
        open_sealed(sealed.directory, sealed.key, expected=sealed.anchor)
    assert not any(any(memoryview(arena.memory)) for arena in arena_watch.arenas)


@pytest.mark.parametrize("field", ["identity", "key_commitment"])
def test_header_that_contradicts_the_manifest_is_refused(sealed: Any, field: str) -> None:
    header = read_header(sealed.shard_path)
    values = {"identity": header.identity, "key_commitment": header.key_commitment, field: b"\x0f" * 32}
    register_again(sealed, Header(1024, header.salt, values["key_commitment"], values["identity"], header.records))
    with pytest.raises(MalformedHeader, match="not the manifest's"):
        open_sealed(sealed.directory, sealed.key, expected=sealed.anchor)
    with pytest.raises(MalformedHeader):
        verify_directory(sealed.directory, sealed.anchor)


def test_chunk_size_that_contradicts_the_manifest_is_refused(sealed: Any) -> None:
    register_again(sealed, chunk_bytes=2048)
    with pytest.raises(MalformedHeader, match="not the manifest's"):
        verify_directory(sealed.directory, sealed.anchor)


def test_file_longer_than_its_header_says_is_refused(sealed: Any) -> None:
    with sealed.shard_path.open("ab") as stream:
        stream.write(b"\x00")
    register_again(sealed)
    with pytest.raises(MalformedHeader, match="size"):
        verify_directory(sealed.directory, sealed.anchor)


def test_malformed_header_is_refused_although_it_is_authentic(sealed: Any) -> None:
    header = read_header(sealed.shard_path)
    same_length = "x" * (len(header.records[1].name) - 3) + "/.."
    register_again(sealed, replace_record(header, 1, name=same_length))
    with pytest.raises(MalformedHeader, match="name"):
        verify_directory(sealed.directory, sealed.anchor)


def test_unknown_element_type_is_refused_although_it_is_authentic(sealed: Any) -> None:
    register_again(sealed, replace_record(read_header(sealed.shard_path), 1, dtype="XF16"))
    with pytest.raises(UnsupportedDtype, match="XF16"):
        verify_directory(sealed.directory, sealed.anchor)


def test_chunk_that_was_sealed_wrongly_is_refused_and_wiped(sealed: Any, arena_watch: Any) -> None:
    """Its leaf is right and its tag is not: `decrypt_into` has by then written what it could not verify."""
    header = read_header(sealed.shard_path)
    place = list(header.iter_placements())[1]
    content = bytearray(sealed.shard_path.read_bytes())
    content[place.start] ^= 1
    leaf = LeafHasher("model.safetensors", place.record.name).compute_leaf(0, bytes(content[place.start :][:1040]))
    start = header.prelude.leaf_table_start + 32 * place.first_leaf
    content[start : start + 32] = leaf
    sealed.shard_path.write_bytes(content)
    register_again(sealed)
    verify_directory(sealed.directory, sealed.anchor)
    with pytest.raises(TamperedChunk, match="sealed wrongly"):
        open_sealed(sealed.directory, sealed.key, expected=sealed.anchor)
    arena_watch.assert_all_zero()


def forge_table(monkeypatch: pytest.MonkeyPatch, change: Callable[[Any], Any]) -> None:
    """From here on the sealer reads source headers through `change`, and the file keeps the true one."""
    real = source.parse_source_header
    monkeypatch.setattr(source, "parse_source_header", lambda *args, **kwargs: change(real(*args, **kwargs)))


def test_table_that_contradicts_the_original_header_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seal: Callable[..., Any], arena_watch: Any
) -> None:
    def rename(header: Any) -> Any:
        first, *others = header.tensors
        return dataclasses.replace(header, tensors=(dataclasses.replace(first, name="another"), *others))

    forge_table(monkeypatch, rename)
    sealed = seal(tmp_path)
    monkeypatch.undo()
    with pytest.raises(MalformedHeader, match="not that of the original header"):
        open_sealed(sealed.directory, sealed.key, expected=sealed.anchor)
    with pytest.raises(MalformedHeader):
        SealedFile(sealed.shard_path, sealed.key, expected=sealed.anchor)


def test_original_header_that_is_not_safetensors_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seal: Callable[..., Any], arena_watch: Any
) -> None:
    path = tmp_path / "source" / "model.safetensors"

    def scribble(header: Any) -> Any:
        with path.open("r+b") as stream:
            stream.seek(8)
            stream.write(b"[")
        return header

    def stamp(fd: int) -> tuple[int, int, int]:
        return os.fstat(fd).st_ino, 0, 0

    forge_table(monkeypatch, scribble)
    monkeypatch.setattr(source, "compute_stamp", stamp)
    monkeypatch.setattr("inference.sealed.seal.compute_stamp", stamp)
    sealed = seal(tmp_path)
    with pytest.raises(MalformedSafetensors):
        open_sealed(sealed.directory, sealed.key, expected=sealed.anchor)
    arena_watch.assert_all_zero()


def test_tensor_in_two_shards_is_refused(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    write_model: Callable[..., None],
    seal_from: Callable[..., Any],
    tensor: Callable[..., Any],
) -> None:
    folder = tmp_path / "source"
    folder.mkdir()
    for number in (1, 2):
        write_model(folder / f"{number}.safetensors", {"w": tensor("F32", (30,), number)})
    monkeypatch.setattr("inference.sealed.source._check_tensors", lambda *_: None)
    sealed = seal_from(folder, tmp_path / "sealed", {})
    monkeypatch.undo()
    with pytest.raises(MalformedSafetensors):
        read_source(folder)
    with pytest.raises(MalformedHeader, match="'w' is in"):
        open_sealed(sealed.directory, sealed.key, expected=sealed.anchor)
