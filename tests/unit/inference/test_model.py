"""A model over sealed tensors: equal to the plain one, without a copy, refused where it would not be the sealed one."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from inference.errors import BadRequest, UnsupportedModel
from inference.model import LanguageModel
from inference.question import Question, Sampling, ask_user
from inference.reference import run
from inference.sealed import DataKey, OpenedModel, Registration, open_sealed, seal_directory
from tiny_model import make_tiny_model

TEXT = "Hello, who are you?"
HELLO = ask_user(TEXT, "chat")
DIGESTED = ask_user(TEXT, "chat", wants_digest=True)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return make_tiny_model(tmp_path / "source")


def open_again(source: Path, directory: Path) -> OpenedModel:
    """Sealed to a key that the test keeps, and opened."""
    kept: list[bytes] = []

    def wrap(key: DataKey, root: bytes, commitment: bytes) -> bytes:
        kept.append(key.expose())
        return bytes(160)

    registration = Registration("tiny", bytes(32), bytes(20), bytes(32), bytes(32))
    report = seal_directory(source, directory / "sealed", registration, identity=b"\x01" * 32, wrap=wrap)
    return open_sealed(report.directory, DataKey(kept[-1]), expected=report.anchor)


def never() -> bool:
    return False


@pytest.mark.parametrize("shards", [1, 3])
def test_model_is_equal_to_the_plain_one_bit_for_bit(tmp_path: Path, shards: int) -> None:
    source = make_tiny_model(tmp_path / "source", seed=3, shards=shards)
    model = LanguageModel(open_again(source, tmp_path))
    completion = model.generate(DIGESTED, 12, never)
    reference = run(source, TEXT, 12)
    assert list(completion.token_ids) == reference["tokenIds"]
    assert completion.logits_digest == reference["logitsDigest"]
    assert completion.text == reference["text"]
    assert model.parameters == reference["parameters"]
    assert model.count_tokens(HELLO) == completion.prompt_tokens
    model.close()


def test_model_holds_no_weight_outside_of_the_opened_memory(source: Path, tmp_path: Path) -> None:
    model = LanguageModel(open_again(source, tmp_path))
    parameters = dict(model._model.named_parameters())
    assert all(parameter.abs().sum() > 0 for parameter in parameters.values())
    model.wipe()
    assert all(parameter.abs().sum() == 0 for parameter in parameters.values())


def test_model_that_was_closed_gives_nothing(source: Path, tmp_path: Path) -> None:
    model = LanguageModel(open_again(source, tmp_path))
    model.close()
    completion = model.generate(HELLO, 8, never)
    assert completion.is_stopped
    assert completion.token_ids == ()
    model.close()


def test_generation_ends_at_the_token_at_which_it_is_told_to(source: Path, tmp_path: Path) -> None:
    model = LanguageModel(open_again(source, tmp_path))
    model._model.generation_config.eos_token_id = None
    asked = 0

    def stop() -> bool:
        nonlocal asked
        asked += 1
        return asked > 3

    completion = model.generate(HELLO, 100, stop)
    assert completion.is_stopped
    assert len(completion.token_ids) == 3
    model.close()


def test_generation_that_is_wiped_under_its_feet_ends_without_a_crash(source: Path, tmp_path: Path) -> None:
    model = LanguageModel(open_again(source, tmp_path))
    model._model.generation_config.eos_token_id = None
    asked = 0

    def stop() -> bool:
        nonlocal asked
        asked += 1
        if asked == 2:
            model.wipe()
        return asked > 5

    assert model.generate(HELLO, 100, stop).is_stopped


def make_endless(source: Path, tmp_path: Path) -> LanguageModel:
    model = LanguageModel(open_again(source, tmp_path))
    model._model.generation_config.eos_token_id = None
    return model


def test_pieces_that_were_heard_are_the_whole_text(source: Path, tmp_path: Path) -> None:
    """The tiny model writes bytes at random: characters of several tokens, and such as are never finished."""
    model = make_endless(source, tmp_path)
    for seed in range(4):
        asked = dataclasses.replace(HELLO, sampling=Sampling(temperature=1.0, seed=seed))
        pieces: list[str] = []
        completion = model.generate(asked, 60, never, pieces.append)
        assert "".join(pieces) == completion.text == model._decode(completion.token_ids)
        assert len(pieces) > 10
    model.close()


def test_chance_repeats_itself_from_its_seed_and_leaves_the_process_s_own_alone(source: Path, tmp_path: Path) -> None:
    import torch

    model = make_endless(source, tmp_path)
    before = torch.random.get_rng_state()

    def draw(seed: int) -> tuple[int, ...]:
        asked = dataclasses.replace(HELLO, sampling=Sampling(temperature=1.5, top_p=0.9, seed=seed))
        return model.generate(asked, 12, never).token_ids

    assert draw(1) == draw(1) != draw(2)
    assert torch.equal(torch.random.get_rng_state(), before)
    model.close()


def test_answer_ends_before_a_stop_text(source: Path, tmp_path: Path) -> None:
    model = make_endless(source, tmp_path)
    whole = model.generate(HELLO, 40, never).text
    end = whole[10:13]
    asked = dataclasses.replace(HELLO, sampling=Sampling(ends=("not there", end)))
    pieces: list[str] = []
    completion = model.generate(asked, 40, never, pieces.append)
    assert completion.text == "".join(pieces) == whole[: whole.index(end)]
    assert not completion.is_cut
    model.close()


def test_no_token_is_heard_once_the_worker_must_stop(source: Path, tmp_path: Path) -> None:
    """It is made of zeroes, or was made before: after the end of the lease nobody hears it either way."""
    model = make_endless(source, tmp_path)
    pieces: list[str] = []

    def stop() -> bool:
        if len(pieces) == 3:
            model.wipe()
        return len(pieces) >= 3

    completion = model.generate(HELLO, 100, stop, pieces.append)
    assert completion.is_stopped
    assert len(pieces) == 3
    assert completion.text == "".join(pieces)


def test_prompt_is_read_as_it_stands(source: Path, tmp_path: Path) -> None:
    model = LanguageModel(open_again(source, tmp_path))
    bare = Question((), "completion", prompt=TEXT)
    assert model.count_tokens(bare) == len(TEXT) < model.count_tokens(HELLO)
    assert model.generate(bare, 4, never).token_ids != model.generate(HELLO, 4, never).token_ids
    with pytest.raises(BadRequest, match="empty"):
        model.count_tokens(Question((), "completion", prompt=""))
    model.close()


def edit_config(source: Path, **changes: object) -> None:
    path = source / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def drop_tensor(source: Path) -> None:
    """One weight is not there: transformers would make it up."""
    from safetensors.torch import load_file, save_file

    tensors = load_file(source / "model.safetensors")
    del tensors["model.layers.0.self_attn.q_proj.weight"]
    save_file(tensors, source / "model.safetensors", {"format": "pt"})


def mix_types(source: Path) -> None:
    from safetensors.torch import load_file, save_file

    tensors = load_file(source / "model.safetensors")
    tensors["model.norm.weight"] = tensors["model.norm.weight"].float()
    save_file(tensors, source / "model.safetensors", {"format": "pt"})


def drop_template(source: Path) -> None:
    (source / "chat_template.jinja").unlink()


@pytest.mark.parametrize(
    ("spoil", "match"),
    [
        (lambda source: (source / "config.json").unlink(), "cannot be read"),
        (lambda source: (source / "config.json").write_text("nonsense"), "cannot be read"),
        (lambda source: edit_config(source, model_type="no such thing"), "cannot be read"),
        (lambda source: edit_config(source, architectures=["LlamaForSequenceClassification"]), "not a causal"),
        (lambda source: edit_config(source, architectures=["os.system"]), "not a causal"),
        (lambda source: edit_config(source, architectures=None), "not a causal"),
        (drop_template, "no chat template"),
        (drop_tensor, "would not be the sealed ones"),
        (mix_types, "would be copied"),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_model_is_refused_and_wiped_where_it_would_not_be_the_sealed_one(
    source: Path, tmp_path: Path, spoil: Callable[[Path], object], match: str
) -> None:
    spoil(source)
    opened = open_again(source, tmp_path)
    with pytest.raises(UnsupportedModel, match=match):
        LanguageModel(opened)
    assert opened.is_wiped


def test_model_runs_no_code_that_its_directory_brings(source: Path, tmp_path: Path) -> None:
    edit_config(source, auto_map={"AutoConfig": "evil.Config", "AutoModelForCausalLM": "evil.Model"}, model_type="evil")
    (source / "evil.py").write_text("raise SystemExit('it ran')")
    opened = open_again(source, tmp_path)
    with pytest.raises(UnsupportedModel):
        LanguageModel(opened)


def test_messages_that_the_template_refuses_are_a_bad_request(source: Path, tmp_path: Path) -> None:
    (source / "chat_template.jinja").write_text("{{ raise_exception('roles must alternate') }}")
    model = LanguageModel(open_again(source, tmp_path))
    with pytest.raises(BadRequest, match="roles must alternate"):
        model.count_tokens(HELLO)
    model.close()
