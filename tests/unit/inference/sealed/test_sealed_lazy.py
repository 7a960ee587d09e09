"""Opening tensor by tensor: what it promises of each, and that it reads nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.sealed import SealedFile, SealedModel, read_header
from inference.sealed.errors import ManifestMismatch, TamperedChunk, TamperedHeader
from inference.sealed.lazy import compute_chunks
from inference.sealed.shard import RecordReader


def flip(path: Path, position: int) -> None:
    content = bytearray(path.read_bytes())
    content[position] ^= 1
    path.write_bytes(content)


def get_start(sealed: Any, tensor: str) -> int:
    places = read_header(sealed.shard_path).iter_placements()
    return next(place.start for place in places if place.record.name == tensor)


def bytes_of(tensor: Any) -> bytes:
    import torch

    return bytes(tensor.reshape(-1).view(torch.uint8).numpy())


def test_lazy_tensors_outlive_the_file_until_they_are_wiped(pristine: Any) -> None:
    with SealedFile(pristine.shard_path, pristine.key, expected=pristine.anchor) as opened:
        assert opened.keys() == list(pristine.tensors)
        assert opened.metadata() == {"model.safetensors": {"format": "pt"}}
        weight = opened.get_tensor("model.embed.weight")
        opened.get_tensor("model.norm.weight")  # dropped at once: nothing to wipe later
        with pytest.raises(KeyError):
            opened.get_tensor("absent")
    assert bytes_of(weight) == pristine.tensors["model.embed.weight"][2]
    with pytest.raises(ValueError, match="wiped"):
        opened.get_tensor("model.embed.weight")
    opened.wipe()
    assert not any(bytes_of(weight))
    pristine.key.expose()  # the caller's own key is untouched


def test_lazy_opening_promises_each_tensor_by_itself(sealed: Any, arena_watch: Any) -> None:
    flip(sealed.shard_path, get_start(sealed, "model.norm.weight") + 1000)
    with SealedModel(sealed.directory, sealed.key, expected=sealed.anchor) as model:
        assert model.get_tensor("model.embed.weight").any()
        with pytest.raises(TamperedChunk, match=r"model\.norm\.weight"):
            model.get_tensor("model.norm.weight")
        with pytest.raises(TamperedChunk):
            model.get_tensor("model.norm.weight")
    assert not any(memoryview(arena_watch.arenas[1].memory))
    assert not any(memoryview(arena_watch.arenas[2].memory))
    assert arena_watch.wiped == 2


def test_lazy_opening_refuses_a_tampered_header_and_an_unlisted_file(sealed: Any) -> None:
    with pytest.raises(ManifestMismatch, match=r"other\.sealed"):
        SealedFile(sealed.directory / "other.sealed", sealed.key, expected=sealed.anchor)
    flip(sealed.shard_path, get_start(sealed, "__metadata__"))  # the encrypted source header
    with pytest.raises(TamperedChunk, match="__metadata__"):
        SealedFile(sealed.shard_path, sealed.key, expected=sealed.anchor)
    flip(sealed.shard_path, 130)
    with pytest.raises(TamperedHeader):
        SealedFile(sealed.shard_path, sealed.key, expected=sealed.anchor)


# --- slices


@pytest.fixture
def read_chunks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The chunks that are read, in order."""
    chunks: list[int] = []
    process = RecordReader.process_chunk

    def process_and_note(self: RecordReader, chunk: int, scratch: memoryview) -> int:
        chunks.append(chunk)
        return process(self, chunk, scratch)

    monkeypatch.setattr(RecordReader, "process_chunk", process_and_note)
    return chunks


@pytest.mark.parametrize(
    ("index", "chunks"),
    [
        (slice(0, 5), [0]),
        (slice(20, 30), [1]),  # rows of 64 bytes, chunks of 1024
        (slice(15, 17), [0, 1]),
        (slice(-3, None), [2]),
        (slice(3, 3), []),
        (slice(None), [0, 1, 2]),
        (17, [1]),
        (-1, [2]),
        ((slice(16, 32), slice(2, 4)), [1]),
        ((16, 5), [1]),
        (slice(0, 20, 2), [0, 1, 2]),
        (..., [0, 1, 2]),
        ((), [0, 1, 2]),
        (None, [0, 1, 2]),
    ],
)
def test_slice_is_what_indexing_the_tensor_gives_and_reads_no_more(
    pristine: Any, read_chunks: list[int], index: Any, chunks: list[int]
) -> None:
    with SealedModel(pristine.directory, pristine.key, expected=pristine.anchor, threads=1) as model:
        expected = model.get_tensor("model.embed.weight")[index]
        part = model.get_slice("model.embed.weight")
        assert (part.get_shape(), part.get_dtype()) == ([40, 32], "BF16")
        read_chunks.clear()
        found = part[index]
        assert found.shape == expected.shape
        assert bytes_of(found.contiguous()) == bytes_of(expected.contiguous())
        assert read_chunks == chunks
        with pytest.raises(IndexError):
            part[40]
        assert model.get_slice("model.scale")[()].shape == ()
        assert model.get_slice("model.empty")[:].shape == (0, 3)


def test_slice_beside_a_tampered_chunk_is_given_and_one_across_it_is_not(sealed: Any, arena_watch: Any) -> None:
    flip(sealed.shard_path, get_start(sealed, "model.embed.weight") + 1024 + 16 + 500)
    with SealedModel(sealed.directory, sealed.key, expected=sealed.anchor) as model:
        part = model.get_slice("model.embed.weight")
        kept = part[:16]
        assert kept.any()
        for index in (16, slice(10, 20), slice(None)):
            with pytest.raises(TamperedChunk, match="chunk 1 of"):
                part[index]
        model.wipe()
        assert not any(bytes_of(kept))
    assert arena_watch.wiped == 3


@given(st.integers(1, 50), st.integers(1, 400), st.data())
def test_chunks_of_rows_are_those_that_hold_a_byte_of_them(count: int, row_bytes: int, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, count))
    rows = range(start, data.draw(st.integers(start, count)))
    wanted = {byte // 1024 for byte in range(rows.start * row_bytes, rows.stop * row_bytes)}
    assert set(compute_chunks(rows, count * row_bytes, count, 1024)) == wanted
