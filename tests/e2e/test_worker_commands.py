"""The worker's commands, typed: sealing, verifying, asking, the gate. The committee is simulated."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from command_world import QUESTION, number_of
from governance.encoding.releases import compute_identity, compute_model_id
from governance.types import Mode
from inference.receipts import verify_receipt
from worker_shell import Ran, Shell
from worker_world import Released, WorkerWorld

pytestmark = [pytest.mark.chain, pytest.mark.slow]


def ask(shell: Shell, world: WorkerWorld, released: Released, *options: str, question: str = QUESTION) -> Ran:
    release = number_of(world, released.release_id)
    where = ("--release", release, "--model", str(released.directory), "--key", "worker", "--purpose", "research")
    return shell.run("worker", "ask", question, *where, *options)


# --- sealing


@pytest.fixture(scope="module")
def sealed(world: WorkerWorld, shell: Shell) -> dict[str, Any]:
    ran = shell.run(
        "model", "seal", str(world.tiny), "out.sealed", "--registrar", "registrar", "--name", "tiny", "--json"
    )
    assert ran.code == 0, ran.out + ran.err
    return ran.json


def test_seal_names_the_model_that_the_ledger_will_know(world: WorkerWorld, sealed: dict[str, Any]) -> None:
    ledger, registrar = world.system.ledger, world.system.seats[0].address
    assert 0 < sealed["sealNonce"] < 2**53
    model_id = compute_model_id(registrar, sealed["sealNonce"])
    key_hash = ledger.committee.get_key_hash()
    identity = compute_identity(ledger.chain_id, ledger.releases.address, key_hash, model_id, Mode.PLAIN, 0)
    assert sealed["schema"] == "custodes.sealed/1"
    assert sealed["modelId"] == "0x" + model_id.hex()
    assert sealed["identity"] == "0x" + identity.hex()
    assert sealed["registrar"] == registrar.lower()
    assert sealed["committeeKeyHash"] == "0x" + key_hash.hex()


def test_seal_says_what_comes_next(world: WorkerWorld, shell: Shell) -> None:
    ran = shell.run("model", "seal", str(world.tiny), "next.sealed", "--registrar", world.system.seats[0].address)
    assert ran.code == 0, ran.err
    assert "next: custodes model register next.sealed" in ran.err
    again = shell.run("model", "seal", str(world.tiny), "next.sealed", "--registrar", "registrar")
    assert again.code == 2
    assert "is already there" in again.err


def test_inspect_says_what_the_directory_says(shell: Shell, sealed: dict[str, Any]) -> None:
    ran = shell.run("model", "inspect", "out.sealed", "--json")
    assert ran.json == {key: value for key, value in sealed.items() if key not in ("plainBytes", "skipped")}


def test_verify_refuses_a_model_that_is_not_registered(shell: Shell, sealed: dict[str, Any]) -> None:
    ran = shell.run("model", "verify", "out.sealed", "--json")
    assert ran.code == 1
    assert ran.json["error"] == "NotRegistered"


def test_verify_agrees_with_the_ledger_and_notices_one_bit(shell: Shell, released: Released) -> None:
    ran = shell.run("model", "verify", str(released.directory), "--json")
    assert ran.code == 0, ran.out
    assert ran.json["ok"] is True
    path = released.directory / "model.safetensors.sealed"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    try:
        path.write_bytes(content)
        tampered = shell.run("model", "verify", str(released.directory), "--json")
        assert (tampered.code, tampered.json["error"]) == (1, "TamperedChunk")
    finally:
        content[len(content) // 2] ^= 1
        path.write_bytes(content)


def test_fragments_are_dispersed_and_gathered_and_the_liar_is_named(shell: Shell, released: Released) -> None:
    ran = shell.run("model", "disperse", str(released.directory), "pieces", "--data", "3", "--parity", "2", "--json")
    assert ran.code == 0, ran.out + ran.err
    assert ran.json["schema"] == "custodes.dispersal/1"
    fragments = ran.json["fragments"]
    assert len(fragments) == 5
    lie = shell.directory / fragments[1] / "model.safetensors.sealed.fragment"
    content = bytearray(lie.read_bytes())
    content[7] ^= 1
    lie.write_bytes(content)
    few = shell.run("model", "gather", "gathered", *fragments[:3], "--json")
    assert (few.code, few.json["error"]) == (3, "TooFewFragments"), few.out
    found = shell.run("model", "gather", "gathered", *fragments[1:], "--json")
    assert found.code == 0, found.out + found.err
    assert list(found.json["faults"]) == [fragments[1]]
    for path in released.directory.iterdir():
        assert (shell.directory / "gathered" / path.name).read_bytes() == path.read_bytes()


# --- one question


def test_ask_gives_what_plain_transformers_gives(
    world: WorkerWorld, shell: Shell, released: Released, tmp_path: Path
) -> None:
    receipt = tmp_path / "receipt.json"
    ran = ask(
        shell, world, released, "--max-tokens", "12", "--logits-digest", "--receipt", str(receipt), "--anchor", "--json"
    )
    assert ran.code == 0, ran.out + ran.err
    answer = ran.json
    plain = subprocess.run(
        [
            sys.executable,
            "-m",
            "inference.reference",
            str(released.source),
            "--message",
            QUESTION,
            "--max-tokens",
            "12",
        ],
        capture_output=True,
        check=True,
        env=dict(shell.environment),
    )
    reference = json.loads(plain.stdout)
    assert answer["schema"] == "custodes.answer/1"
    assert len(set(reference["tokenIds"])) > 1
    assert answer["tokenIds"] == reference["tokenIds"]
    assert answer["logitsDigest"] == reference["logitsDigest"]
    assert len(answer["unlock"]["partials"]) >= 3
    verify_receipt(json.loads(receipt.read_text()), response=answer["text"].encode())
    state = world.system.ledger.releases.get_receipts(released.release_id, released.worker.address)
    assert state.receipts >= 1


def test_ask_prints_the_answer_alone_on_stdout(world: WorkerWorld, shell: Shell, released: Released) -> None:
    ran = ask(shell, world, released, "--max-tokens", "4")
    assert ran.code == 0, ran.err
    assert "asking the committee" in ran.err
    assert "3 of 3 partials" in ran.err
    assert re.search(r"\d+ tokens, [\d.]+ a second", ran.err)
    assert "partials" not in ran.out


@pytest.mark.parametrize(
    ("options", "code", "error"),
    [
        (("--capability", "code"), 4, "UseRefused"),
        (("--purpose", "marketing"), 4, "UseRefused"),
        (("--max-tokens", "17"), 4, "UseRefused"),
        (("--release", "9999"), 2, "UnknownName"),
        (("--url", "http://127.0.0.1:9"), 2, "BadArgument"),
    ],
)
def test_ask_refuses_by_its_exit_code(
    world: WorkerWorld, shell: Shell, released: Released, options: tuple[str, ...], code: int, error: str
) -> None:
    ran = ask(shell, world, released, *options, "--json")
    assert (ran.code, ran.json["error"]) == (code, error), ran.out


def test_ask_with_too_few_oracles_names_the_missing(world: WorkerWorld, shell: Shell, released: Released) -> None:
    world.committee.alive -= {2, 3, 4}
    try:
        ran = ask(shell, world, released, "--patience", "6s")
        assert ran.code == 3
        assert "2 of 3 partials" in ran.err
        assert "oracle-3 (Kenya Data Commons), oracle-4 (Borealis AI), oracle-5 (Gauge Safety)" in ran.err
        assert "hint: see which oracles are up: custodes committee status" in ran.err
        world.committee.alive.add(4)  # one comes back
        again = ask(shell, world, released, "--max-tokens", "4")
        assert again.code == 0, again.err
    finally:
        world.committee.alive = set(range(5))


def test_dry_run_asks_nobody_and_writes_nothing(world: WorkerWorld, shell: Shell, released: Released) -> None:
    before = world.system.ledger.committee.get_last_request(released.release_id, released.worker.address)
    ran = ask(shell, world, released, "--dry-run", "--json")
    assert (ran.code, ran.json["sent"]) == (0, False), ran.out
    assert ask(shell, world, released, "--dry-run", "--capability", "code").code == 4
    assert world.system.ledger.committee.get_last_request(released.release_id, released.worker.address) == before
    number = number_of(world, released.release_id)
    serve = ("worker", "serve", "--release", number, "--model", str(released.directory), "--key", "worker")
    ran = shell.run(*serve, "--token-file", "dry.token", "--dry-run")
    assert ran.code == 0, ran.err
    assert not (shell.directory / "dry.token").exists()
    seal = ("model", "seal", str(world.tiny), "dry.sealed", "--registrar", "registrar", "--dry-run")
    assert shell.run(*seal).code == 0
    assert not (shell.directory / "dry.sealed").exists()


# --- the gate


def test_gate_answers_by_its_exit_code(world: WorkerWorld, shell: Shell, released: Released) -> None:
    name = released.manifest.model
    yes = shell.run("gate", name, "--capability", "chat", "--purpose", "research", "--json")
    assert (yes.code, yes.json["ok"]) == (0, True), yes.out
    assert yes.json["releaseId"] == "0x" + released.release_id.hex()
    for options in (("code",), ("chat",), ("chat", "--purpose", "research", "--worker", "registrar")):
        no = shell.run("gate", name, "--capability", *options, "--json")
        assert (no.code, no.json["error"]) == (4, "UseRefused"), no.out
    assert shell.run("gate", "no-such-model", "--capability", "chat").code == 2


def test_gate_closes_with_the_brake(world: WorkerWorld, shell: Shell) -> None:
    stopped = world.release()
    world.settle()
    assert shell.run("gate", stopped.manifest.model, "--capability", "chat").code == 0
    world.pull_brake(stopped.model_id)
    ran = shell.run("gate", stopped.manifest.model, "--capability", "chat")
    assert ran.code == 4
    assert "a stop stands" in ran.err
