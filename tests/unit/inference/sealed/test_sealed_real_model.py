"""The real model: every tensor as safetensors loads it, no row on disk, nothing copied."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inference.sealed import open_sealed

MODEL = Path(__file__).parents[4] / ".cache" / "models" / "SmolLM2-135M-Instruct"


@pytest.mark.model
def test_real_model_round_trips(tmp_path: Path, seal_from: Callable[..., Any]) -> None:
    import torch
    from safetensors.torch import load_file

    sealed = seal_from(MODEL, tmp_path / "sealed", {}, chunk_bytes=1 << 20)
    plain = load_file(MODEL / "model.safetensors")
    with open_sealed(sealed.directory, sealed.key, expected=sealed.anchor) as model:
        assert model.tensors.keys() == plain.keys()
        for name, expected in plain.items():
            assert torch.equal(model.tensors[name], expected), name
        assert {"config.json", "tokenizer.json", "generation_config.json"} <= model.files.keys()
    content = (sealed.directory / "model.safetensors.sealed").read_bytes()
    rows = [tensor.view(torch.uint8).flatten()[:64].numpy().tobytes() for tensor in plain.values()]
    assert len(rows) > 200
    source = (MODEL / "model.safetensors").read_bytes()
    assert all(row in source for row in rows[:5]), "the search itself finds nothing"
    assert not any(row in content for row in rows[:20])
