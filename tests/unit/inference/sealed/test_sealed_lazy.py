"""Opening tensor by tensor: what it promises of each, and that it reads nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from inference.sealed import SealedFile, SealedModel, read_header
from inference.sealed.errors import ManifestMismatch, TamperedChunk, TamperedHeader


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
