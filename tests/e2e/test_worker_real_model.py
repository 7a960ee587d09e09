"""The real model, governed: the same words and the same logits as plain transformers in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from governance.constraints.scope import Budget, ReleaseScope
from governance.encoding.names import proposal_id_of
from governance.ledger.history import History
from http_worker import TOKEN, over_http
from worker_shell import Shell
from worker_world import WorkerWorld, worker_world

MODELS = Path(__file__).parents[2] / ".cache" / "models"
MODEL, ENCODER = MODELS / "SmolLM2-135M-Instruct", MODELS / "all-MiniLM-L6-v2"
QUESTION = "Who watches the watchmen? Answer in one sentence."
EMBEDDING = ReleaseScope(capabilities=("embedding",), max_tokens=1, budget=Budget(requests=10, output_tokens=1))
SCOPE = ReleaseScope(capabilities=("chat",), max_tokens=64, budget=Budget(requests=10, output_tokens=1_000))

pytestmark = [
    pytest.mark.chain,
    pytest.mark.model,
    pytest.mark.timeout(600),
    pytest.mark.slow,
]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkerWorld]:
    with worker_world(tmp_path_factory.mktemp("world")) as made, made.committee.answering():
        yield made


def test_real_model_answers_as_plain_transformers_does(world: WorkerWorld) -> None:
    shell = Shell.at(world.directory / "shell", world.system.ledger, world.system.anvil.url)
    released = world.release(SCOPE, source=MODEL)
    shell.keep("worker", released.worker)
    number = History.of(world.system.ledger).get_proposal(proposal_id_of(released.release_id)).number
    where = ("--release", str(number), "--model", str(released.directory), "--key", "worker")
    ran = shell.run("worker", "ask", QUESTION, *where, "--max-tokens", "24", "--logits-digest", "--json", timeout=280)
    assert ran.code == 0, ran.out + ran.err
    answer = ran.json
    plain = subprocess.run(
        [sys.executable, "-m", "inference.reference", str(MODEL), "--message", QUESTION, "--max-tokens", "24"],
        capture_output=True,
        check=True,
        env=dict(shell.environment),
    )
    reference = json.loads(plain.stdout)
    assert answer["tokenIds"] == reference["tokenIds"]
    assert answer["logitsDigest"] == reference["logitsDigest"]
    assert answer["text"] == reference["text"]
    assert answer["parameters"] == reference["parameters"] > 130_000_000


def test_real_encoder_gives_the_vectors_of_plain_transformers(world: WorkerWorld) -> None:
    """Asked by OpenAI's client over HTTP; plain: transformers on the original files, and the mean of the last layer."""
    import openai
    import torch
    from transformers import AutoModel, AutoTokenizer

    texts = [QUESTION, "A model may run while many hands permit it. " * 20, "Wer bewacht die W\u00e4chter?"]
    released = world.release(EMBEDDING, source=ENCODER)
    with world.serving(released) as worker, over_http(worker) as url:
        client = openai.OpenAI(base_url=f"{url}/v1", api_key=TOKEN, max_retries=0)
        with client:
            made = client.embeddings.create(model=released.manifest.model, input=texts)
    tokenizer, plain = AutoTokenizer.from_pretrained(ENCODER), AutoModel.from_pretrained(ENCODER).eval()
    for text, item in zip(texts, made.data, strict=True):
        with torch.inference_mode():
            states = plain(**tokenizer(text, return_tensors="pt")).last_hidden_state
        expected = torch.nn.functional.normalize(states.mean(dim=1), dim=1)[0]
        assert (torch.tensor(item.embedding) - expected).abs().max() <= 1e-6
        assert len(item.embedding) == 384
