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
from worker_shell import Shell
from worker_world import WorkerWorld, worker_world

MODEL = Path(__file__).parents[2] / ".cache" / "models" / "SmolLM2-135M-Instruct"
QUESTION = "Who watches the watchmen? Answer in one sentence."
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
