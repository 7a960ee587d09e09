"""An encoder over sealed tensors: the vectors of plain transformers, pooled as the directory says, or no model."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from inference.embedding import EmbeddingModel
from inference.errors import UnsupportedModel
from inference.loading import load
from inference.model import LanguageModel
from inference.sealed import DataKey, OpenedModel, Registration, open_sealed, seal_directory
from tiny_model import make_tiny_encoder

TEXTS = ("Who watches", "the watchmen?")


def open_again(source: Path, directory: Path) -> OpenedModel:
    """Sealed to a key that the test keeps, and opened."""
    kept: list[bytes] = []

    def wrap(key: DataKey, root: bytes, commitment: bytes) -> bytes:
        kept.append(key.expose())
        return bytes(160)

    registration = Registration("tiny", bytes(32), bytes(20), bytes(32), bytes(32))
    report = seal_directory(source, directory / "sealed", registration, identity=b"\x01" * 32, wrap=wrap)
    return open_sealed(report.directory, DataKey(kept[-1]), expected=report.anchor)


def embed_plainly(source: Path, text: str) -> torch.Tensor:
    """The last layer of plain transformers. Shapes: (T, H)."""
    from transformers import AutoModel, AutoTokenizer

    tokenizer, model = AutoTokenizer.from_pretrained(source), AutoModel.from_pretrained(source).eval()
    with torch.inference_mode():
        return torch.Tensor(model(**tokenizer(text, return_tensors="pt")).last_hidden_state[0])


@pytest.mark.parametrize("pooling", ["mean_tokens", "cls_token"])
@pytest.mark.parametrize("is_normalized", [True, False])
def test_vectors_are_those_of_plain_transformers(tmp_path: Path, pooling: str, is_normalized: bool) -> None:
    source = make_tiny_encoder(tmp_path / "source", pooling=pooling, normalize=is_normalized)
    opened = open_again(source, tmp_path)
    model = EmbeddingModel(opened, load(opened))
    for text, vector in zip(TEXTS, model.embed(TEXTS, lambda: False), strict=True):
        states = embed_plainly(source, text)
        expected = states[0] if pooling == "cls_token" else states.mean(dim=0)
        expected = expected / expected.norm() if is_normalized else expected
        assert (torch.frombuffer(bytearray(vector), dtype=torch.float32) - expected).abs().max() <= 1e-6
    assert model.count_tokens(TEXTS) == sum(map(len, TEXTS))
    model.wipe()
    assert all(parameter.abs().sum() == 0 for parameter in model._model.parameters())
    model.close()
    assert model.embed(TEXTS, lambda: False) == ()


def test_no_further_text_is_read_once_the_worker_must_stop(tmp_path: Path) -> None:
    opened = open_again(make_tiny_encoder(tmp_path / "source"), tmp_path)
    model = EmbeddingModel(opened, load(opened))
    answers = iter([False, True])
    assert len(model.embed(TEXTS, lambda: next(answers))) == 1
    model.close()


def write(source: Path, name: str, content: object) -> None:
    (source / name).write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("spoil", "match"),
    [
        (lambda source: (source / "modules.json").unlink(), "does not say how"),
        (lambda source: write(source, "modules.json", [1]), "does not say how"),
        (lambda source: write(source, "modules.json", [{"type": "x.Transformer", "path": ""}]), "does not say how"),
        (
            lambda source: write(
                source, "modules.json", [{"type": "x.Pooling", "path": "1_Pooling"}, {"type": "x.Dense", "path": "2"}]
            ),
            "a module that is not known",
        ),
        (lambda source: (source / "modules.json").write_text("nonsense"), "is not JSON"),
        (lambda source: write(source, "1_Pooling/config.json", {"pooling_mode_max_tokens": True}), "max_tokens"),
        (lambda source: write(source, "1_Pooling/config.json", {}), "nothing"),
    ],
)
def test_encoder_is_refused_and_wiped_where_its_pooling_is_not_known(
    tmp_path: Path, spoil: Callable[[Path], object], match: str
) -> None:
    source = make_tiny_encoder(tmp_path / "source")
    spoil(source)
    opened = open_again(source, tmp_path)
    with pytest.raises(UnsupportedModel, match=match):
        EmbeddingModel(opened, load(opened))
    assert opened.is_wiped


def test_encoder_is_no_language_model(tmp_path: Path) -> None:
    opened = open_again(make_tiny_encoder(tmp_path / "source"), tmp_path)
    with pytest.raises(UnsupportedModel, match="not a causal"):
        LanguageModel(opened)
    assert opened.is_wiped
