"""What is refused before sealing: malformed safetensors files, and directories that make no model."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inference.sealed.errors import (
    MalformedSafetensors,
    ResourcesUnavailable,
    UnsealableSource,
    UnsupportedDtype,
)
from inference.sealed.source import read_shard, read_source


def entry(begin: int = 0, end: int = 8, **other: object) -> dict[str, object]:
    return {"dtype": "F32", "shape": [2], "data_offsets": [begin, end], **other}


def write(path: Path, header: object, body: bytes = bytes(8)) -> Path:
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(len(raw).to_bytes(8, "little") + raw + body)
    return path


def test_source_with_exact_tensors_is_accepted_in_the_order_of_bytes(tmp_path: Path) -> None:
    header = {"b": entry(8, 16), "__metadata__": {"format": "pt"}, "a": entry(), "e": entry(8, 8, shape=[0])}
    shard = read_shard(write(tmp_path / "m", header, bytes(16)), "m")
    assert [(tensor.name, tensor.start, tensor.size) for tensor in shard.header.tensors] == [
        ("a", 0, 8),
        ("e", 8, 0),
        ("b", 8, 8),
    ]
    assert shard.header.metadata == {"format": "pt"}


@pytest.mark.parametrize(
    ("header", "what"),
    [
        (b"not json at all", "not JSON"),
        (b"\xff\xfe{}", "not JSON in UTF-8"),
        (b"[]", "not a JSON object"),
        (b' {"a":1}', "not a JSON object"),
        (b"[" * 200_000, "not JSON"),
        (b'{"a":NaN}', "NaN"),
        (b'{"a":' + b"9" * 5000 + b"}", "not JSON"),
        (b'{"a":1,"a":2}', "twice"),
        (b'{"w":{"dtype":"F32","dtype":"F16","shape":[2],"data_offsets":[0,8]}}', "twice"),
        ({"__metadata__": 3}, "__metadata__"),
        ({"__metadata__": {"a": 1}}, "__metadata__"),
        ({"w": 3}, "exactly"),
        ({"w": {"dtype": "F32", "shape": [2]}}, "exactly"),
        ({"w": entry(more=1)}, "exactly"),
        ({"w": entry(dtype=3)}, "dtype"),
        ({"w": entry(shape=2)}, "shape"),
        ({"w": entry(shape=[2.0])}, "shape"),
        ({"w": entry(shape=[True, 2])}, "shape"),
        ({"w": entry(shape=[-2])}, "shape"),
        ({"w": entry(shape=[1] * 65 + [2])}, "shape"),
        ({"w": entry(shape=[1 << 60, 0])}, "shape"),
        ({"w": entry(data_offsets=[0])}, "data_offsets"),
        ({"w": entry(data_offsets=[8, 0])}, "data_offsets"),
        ({"w": entry(data_offsets=[0, 1 << 80])}, "data_offsets"),
        ({"w": entry(data_offsets=[0, "8"])}, "data_offsets"),
        ({"w": entry(0, 7)}, "7 bytes"),
        ({"w": entry(0, 8, dtype="F16")}, "8 bytes"),
        ({"w": entry(0, 2, dtype="F4", shape=[3])}, "takes None"),
        ({"v": entry(), "w": entry(4, 12)}, "overlaps"),
        ({"v": entry(), "w": entry()}, "overlaps"),
        ({"w": entry(4, 12)}, "gap"),
        ({"v": entry(), "w": entry(16, 24)}, "gap"),
        ({}, "0 bytes, the file holds 8"),
        ({"v": entry(), "w": entry(8, 16)}, "16 bytes, the file holds 8"),
        ({"": entry()}, "name"),
        ({"../../etc/passwd": entry()}, "name"),
        ({"a/../b": entry()}, "name"),
        ({"/abs": entry()}, "name"),
        ({"a\\b": entry()}, "name"),
        ({"a\x00b": entry()}, "name"),
        ({"\ud800": entry()}, "name"),
        ({"w\u202ext": entry()}, "name"),
        ({"w" * 1025: entry()}, "name"),
    ],
)
def test_source_is_refused_when_malformed(tmp_path: Path, header: object, what: str) -> None:
    with pytest.raises(MalformedSafetensors, match=what):
        read_shard(write(tmp_path / "m", header), "m")


def test_source_is_refused_when_an_element_type_is_unknown(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedDtype, match="F31"):
        read_shard(write(tmp_path / "m", {"w": entry(dtype="F31")}), "m")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x02\x00\x00",
        (100).to_bytes(8, "little") + b"{}",
        (1 << 63).to_bytes(8, "little") + b"{}",
        bytes(8) + b"{}",
    ],
)
def test_source_is_refused_when_its_length_is_impossible(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "m").write_bytes(raw)
    with pytest.raises(MalformedSafetensors):
        read_shard(tmp_path / "m", "m")


def test_source_is_refused_when_its_header_passes_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "m"
    path.write_bytes(((1 << 24) + 1).to_bytes(8, "little"))
    os.truncate(path, 1 << 25)
    with pytest.raises(MalformedSafetensors, match="announces"):
        read_shard(path, "m")


def test_source_is_refused_when_it_is_no_regular_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(UnsealableSource, match="not a regular file"):
        read_shard(tmp_path / "fifo", "fifo")
    with pytest.raises(ResourcesUnavailable, match="No such file"):
        read_shard(tmp_path / "absent", "absent")


def make_sharded(folder: Path, write_model: Callable[..., None], **changes: Any) -> None:
    one, two = ("F32", (2,), bytes(8)), ("F32", (3,), bytes(12))
    write_model(folder / "model-00001-of-00002.safetensors", changes.get("first", {"a": one}))
    write_model(folder / "model-00002-of-00002.safetensors", changes.get("second", {"b": two}))
    weight_map = {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}
    index = {"metadata": {"total_size": 20}, "weight_map": changes.get("weight_map", weight_map)}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))


def test_directory_gives_shards_plain_files_and_the_rest(tmp_path: Path, write_model: Callable[..., None]) -> None:
    make_sharded(tmp_path, write_model)
    for name in ["config.json", "tokenizer.model", "chat_template.jinja", "LICENSE", "pytorch_model.bin", "evil.py",
                 "other.safetensors", "odd name.json", "manifest.json"]:  # fmt: skip
        (tmp_path / name).write_text("{}")
    for folder in ["1_Pooling", ".git", ".cache/huggingface", "a/b/c/d"]:
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "config.json").write_text("{}")
    model = read_source(tmp_path)
    assert [shard.name for shard in model.shards] == [f"model-0000{n}-of-00002.safetensors" for n in (1, 2)]
    assert [name for name, _ in model.plain_files] == [
        "1_Pooling/config.json",
        "LICENSE",
        "chat_template.jinja",
        "config.json",
        "model.safetensors.index.json",
        "tokenizer.model",
    ]
    assert model.skipped == ("evil.py", "manifest.json", "odd name.json", "other.safetensors", "pytorch_model.bin")


@pytest.mark.parametrize(
    ("changes", "error", "what"),
    [
        ({"weight_map": {"a": "model-00001-of-00002.safetensors"}}, None, ""),
        ({"weight_map": {"a": "model-00003-of-00002.safetensors"}}, UnsealableSource, "not there"),
        ({"weight_map": {"a": "../model.safetensors"}}, UnsealableSource, "not there"),
        ({"weight_map": {"a": 3}}, UnsealableSource, "weight_map"),
        ({"weight_map": []}, UnsealableSource, "weight_map"),
        ({"second": {"a": ("F32", (3,), bytes(12))}}, MalformedSafetensors, "'a' is in"),
        ({"second": {"c": ("F32", (3,), bytes(12))}}, UnsealableSource, "disagree about tensor 'b'"),
    ],
)
def test_sharded_directory_is_refused_when_index_and_shards_disagree(
    tmp_path: Path,
    write_model: Callable[..., None],
    changes: dict[str, Any],
    error: type[Exception] | None,
    what: str,
) -> None:
    make_sharded(tmp_path, write_model, **changes)
    if error is None:  # the index names fewer shards than there are: the others are not part of the model
        assert [shard.name for shard in read_source(tmp_path).shards] == ["model-00001-of-00002.safetensors"]
        return
    with pytest.raises(error, match=what):
        read_source(tmp_path)


def test_directory_is_refused_when_it_holds_no_model(tmp_path: Path, write_model: Callable[..., None]) -> None:
    with pytest.raises(UnsealableSource, match="not a directory"):
        read_source(tmp_path / "absent")
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(UnsealableSource, match=r"no \.safetensors"):
        read_source(tmp_path)
    write_model(tmp_path / "my model.safetensors", {})
    with pytest.raises(UnsealableSource, match="name"):
        read_source(tmp_path)
    (tmp_path / "x.sealed").touch()
    with pytest.raises(UnsealableSource, match="sealed directory"):
        read_source(tmp_path)


def test_directory_is_refused_when_the_index_is_not_json(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors.index.json").write_text("{")
    with pytest.raises(UnsealableSource, match="weight_map"):
        read_source(tmp_path)


def test_directory_is_refused_when_a_plain_file_is_too_large(tmp_path: Path, write_model: Callable[..., None]) -> None:
    write_model(tmp_path / "model.safetensors", {})
    (tmp_path / "tokenizer.json").touch()
    os.truncate(tmp_path / "tokenizer.json", (1 << 26) + 1)
    with pytest.raises(UnsealableSource, match=r"tokenizer\.json"):
        read_source(tmp_path)
    os.truncate(tmp_path / "tokenizer.json", 1 << 26)
    for number in range(4):
        (tmp_path / f"{number}.json").touch()
        os.truncate(tmp_path / f"{number}.json", 1 << 26)
    with pytest.raises(UnsealableSource, match="take"):
        read_source(tmp_path)


def test_directory_of_links_is_read_as_a_hub_cache_is(tmp_path: Path, write_model: Callable[..., None]) -> None:
    blobs, snapshot = tmp_path / "blobs", tmp_path / "snapshot"
    blobs.mkdir()
    snapshot.mkdir()
    write_model(blobs / "abc", {"w": ("F32", (2,), bytes(8))})
    (snapshot / "model.safetensors").symlink_to(blobs / "abc")
    assert [shard.name for shard in read_source(snapshot).shards] == ["model.safetensors"]
