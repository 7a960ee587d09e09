"""The loading benchmark measures what it says: contenders that load the same model, ratios of their medians."""

from __future__ import annotations

import json
from pathlib import Path
from unittest.mock import patch

import pytest
import torch

import load_benchmark
import load_model
from inference.sealed import open_sealed
from inference.sealed.datakey import DataKey
from load_contenders import Contenders, Taken
from load_model import SealedModel

SCHEMA_KEYS = {"bytes", "threads", "rounds", "median_ms", "best_ms", "cpu_ms", "cpu_ratios", "open_extra_mb"}


@pytest.fixture
def model(tmp_path: Path) -> tuple[Path, SealedModel]:
    with patch.object(load_model, "VOCABULARY", 64), patch.object(load_model, "HIDDEN", 64):
        plain = load_model.write_plain(tmp_path / "plain", 1)
    sealed = load_model.seal(plain.parent, tmp_path / "sealed", threads=1)
    sealed.save(tmp_path / "key.json")
    return plain, SealedModel.read(tmp_path / "key.json")


def test_model_of_the_benchmark_is_a_safetensors_file_and_opens(model: tuple[Path, SealedModel]) -> None:
    from safetensors.torch import load_file

    plain, sealed = model
    expected = load_file(plain)
    with open_sealed(sealed.directory, DataKey(sealed.key), expected=sealed.anchor) as opened:
        assert set(opened.tensors) == set(expected)
        for name, tensor in expected.items():
            assert bytes(opened.tensors[name].view(torch.uint8).numpy()) == bytes(tensor.view(torch.uint8).numpy())


def test_every_contender_loads_it_and_tells_what_it_took(model: tuple[Path, SealedModel]) -> None:
    contenders = Contenders(*model, threads=2)
    for load in (
        contenders.open_into_memory_that_is_there,
        contenders.open_fresh,
        contenders.open_without_blake3,
        contenders.read_without_crypto,
        contenders.read_directly,
        contenders.load_file_and_copy,
    ):
        assert load().wall > 0


def test_race_turns_its_order_and_counts_medians(tmp_path: Path) -> None:
    order: list[str] = []
    contenders = {name: lambda name=name: order.append(name) or Taken(1.0, 1.0) for name in "abc"}  # type: ignore[misc]
    taken = load_benchmark.race(contenders, 3)
    assert "".join(order) == "abc" + "abc" + "bca" + "cab"
    assert {name: len(loads) for name, loads in taken.items()} == {"a": 3, "b": 3, "c": 3}


def test_result_has_its_schema_and_a_table(model: tuple[Path, SealedModel], tmp_path: Path) -> None:
    names = ("sealed", "reader", "sealed without blake3", "load_file and copy", "sealed, fresh", "reader, no scratch")
    with (
        patch.object(load_benchmark, "write_plain", lambda *_: model[0]),
        patch.object(load_benchmark.load_memory, "measure", lambda *_: {"peak_mb": 45.0, "extra_mb": 5.0}),
        patch.object(load_benchmark, "race", lambda contenders, _: {name: [Taken(2, 1)] for name in contenders}),
    ):
        result = load_benchmark.run(tmp_path, 1, None, 1, 2, with_peers=False)
    assert (result["schema"], result["name"]) == ("custodes.bench/1", "load")
    assert result["ratios"] == {"blake3_vs_reader": 1.0, "blake3_vs_copy": 1.0, "plain_vs_copy": 1.0}
    figures = json.loads(json.dumps(result["figures"]))
    assert set(figures) >= SCHEMA_KEYS
    assert set(figures["median_ms"]) == set(names)
    table = load_benchmark.format_table(result)
    assert "goal 1.25" in table
    assert "opening takes 5.0 MB" in table
