"""The demo as its users run it: one whole story on the real model, what it prints, and what it leaves behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from governance.chain.processes import get_start_time
from governance.chain.rpc import Rpc, as_int
from governance.demo.play import ASKINGS
from governance.encoding.documents import encode_document
from governance.encoding.keccak import keccak256
from governance.ledger.deployment import Deployment
from member_shell import CUSTODES, Shell

MODEL = Path(__file__).parents[2] / ".cache" / "models" / "SmolLM2-135M-Instruct"
REFUSALS = {
    "unlock-before-quorum",
    "one-chamber-short",
    "vote-by-stranger",
    "one-oracle-alone",
    "wrong-share",
    "tampered-weights",
    "unlock-after-brake",
}
CHAMBERS = {"builders", "oversight", "public"}
ORACLES = {f"oracle-{number}" for number in range(1, 6)}


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[dict[str, Any]]:
    """What `custodes demo --keep --json` printed; everything that it left up is ended afterwards."""
    directory = tmp_path / "kept"
    done = subprocess.run(
        [*CUSTODES, "demo", "--keep", "--json", "--dir", str(directory)],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=1_500,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    started = {pid: get_start_time(pid) for pid in told["kept"]["processes"].values()}
    try:
        yield told
    finally:
        for pid, mark in started.items():
            if mark is not None and get_start_time(pid) == mark:
                os.kill(pid, signal.SIGTERM)
        Shell(directory).run("devnet", "down", "--dir", "devnet")


def read_parameters(model: Path) -> int:
    """How many numbers the model's files hold, by their own headers."""
    total = 0
    for path in model.glob("*.safetensors"):
        with path.open("rb") as file:
            header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        for name, tensor in header.items():
            if name != "__metadata__":
                size = 1
                for side in tensor["shape"]:
                    size *= side
                total += size
    return total


def check_demo_names_the_model_that_it_governs(demo: dict[str, Any]) -> None:
    assert demo["schema"] == "custodes.demo/1"
    model = demo["model"]
    assert model["parameters"] == read_parameters(MODEL) > 10**8
    manifest = json.loads((Path(demo["kept"]["directory"]) / "sealed" / "manifest.json").read_text())
    assert model["manifestHash"] == "0x" + keccak256(encode_document(manifest)).hex()
    assert len(bytes.fromhex(model["identity"][2:])) == 32


def check_demo_shows_the_ballots_of_each_proposal_by_chamber(demo: dict[str, Any]) -> None:
    proposals = demo["proposals"]
    assert [proposal["state"] for proposal in proposals] == ["executed", "executed", "defeated"] + ["executed"] * 2
    for proposal in proposals:
        assert proposal["ballots"].keys() == CHAMBERS
    short = proposals[2]["ballots"]
    assert [short[name]["for"] >= short[name]["needed"] for name in ("builders", "oversight", "public")] == [
        True,
        True,
        False,
    ]


def check_demo_shows_partials_whose_transactions_stand_on_the_chain(demo: dict[str, Any]) -> None:
    deployment = Deployment.read(Path(demo["devnet"]["deployment"]))
    assert len({partial["organisation"] for partial in demo["partials"]}) == len(demo["partials"]) >= 3
    with Rpc(demo["devnet"]["url"]) as rpc:
        for partial in demo["partials"]:
            receipt = rpc.call("eth_getTransactionReceipt", partial["transaction"])
            assert as_int(receipt["status"]) == 1
            assert as_int(receipt["blockNumber"]) == partial["block"]
            assert receipt["to"].lower() == deployment.addresses["Committee"].lower()
    assert 0 < demo["secondsToUnlock"] < 600


def check_demo_answers_as_plain_transformers_does(demo: dict[str, Any]) -> None:
    answer = demo["answer"]
    assert answer["text"].strip()
    assert demo["tokensPerSecond"] > 0
    words = [sys.executable, "-m", "inference.reference", str(MODEL), "--message", answer["question"]]
    plain = []
    for _ in range(ASKINGS):
        done = subprocess.run([*words, "--max-tokens", "24"], capture_output=True, text=True, check=True, timeout=300)
        plain.append(json.loads(done.stdout))
        assert plain[-1]["tokenIds"] == answer["tokenIds"]
        if plain[-1]["logitsDigest"] == answer["logitsDigest"]:
            return
    pytest.fail(f"{answer['logitsDigest']} is none of {[each['logitsDigest'] for each in plain]}")


def check_demo_shows_what_was_refused_and_by_what(demo: dict[str, Any]) -> None:
    refusals = {refusal["name"]: refusal for refusal in demo["refusals"]}
    assert refusals.keys() >= REFUSALS
    for refusal in refusals.values():
        assert refusal["refusedBy"]
        assert refusal["error"]
        assert refusal["message"]
    rules = {name: refusal["refusedBy"] for name, refusal in refusals.items() if refusal["refusedBy"].startswith("R-")}
    assert rules == {
        "vote-by-stranger": "R-Council-01",
        "one-chamber-short": "R-Council-05",
        "unlock-before-quorum": "R-Committee-13",
        "one-oracle-alone": "R-Committee-16",
        "wrong-share": "R-Committee-17",
        "use-out-of-scope": "R-Worker-04",
        "ask-after-brake": "R-Worker-02",
        "unlock-after-brake": "R-Committee-13",
    }
    assert refusals["tampered-weights"]["error"] == "TamperedChunk"


def check_demo_is_agreed_to_by_an_audit_then_and_now(demo: dict[str, Any]) -> None:
    assert demo["audit"]["ok"] is True
    again = Shell(Path(demo["kept"]["directory"])).do("audit", "verify")
    assert again["ok"] is True
    assert again["events"] >= demo["audit"]["events"]
    assert again["ledgerHead"] == demo["audit"]["ledgerHead"]


def check_demo_leaves_everything_up_and_three_things_to_try_that_work(demo: dict[str, Any]) -> None:
    kept = demo["kept"]
    assert kept["processes"].keys() == ORACLES | {"worker"}
    assert all(get_start_time(pid) is not None for pid in kept["processes"].values())
    assert len(kept["try"]) == 3
    shown = [
        subprocess.run(
            ["bash", "-c", command],
            cwd=kept["directory"], capture_output=True, text=True, check=True, timeout=120,
        ).stdout
        for command in kept["try"]
    ]  # fmt: skip
    assert "Short answers" in shown[0] or "short-answers" in shown[0]
    assert "public needs 1 more" in shown[1]
    assert "standing" in shown[2]


def check_demo_says_how_to_end_what_it_left_up(demo: dict[str, Any]) -> None:
    kept = demo["kept"]
    subprocess.run(
        ["bash", "-c", kept["end"]],
        cwd=kept["directory"], capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while any(get_start_time(pid) is not None for pid in kept["processes"].values()):
        assert time.monotonic() < deadline, "something still runs"
        time.sleep(0.1)
    assert get_start_time(demo["devnet"]["pid"]) is None


@pytest.mark.model
@pytest.mark.chain
@pytest.mark.slow
@pytest.mark.timeout(1_800)
@pytest.mark.model
def test_demo_tells_the_whole_story(demo: dict[str, Any]) -> None:
    """One test, so that the story is played once however the tests are spread over processes."""
    check_demo_names_the_model_that_it_governs(demo)
    check_demo_shows_the_ballots_of_each_proposal_by_chamber(demo)
    check_demo_shows_partials_whose_transactions_stand_on_the_chain(demo)
    check_demo_answers_as_plain_transformers_does(demo)
    check_demo_shows_what_was_refused_and_by_what(demo)
    check_demo_is_agreed_to_by_an_audit_then_and_now(demo)
    check_demo_leaves_everything_up_and_three_things_to_try_that_work(demo)
    check_demo_says_how_to_end_what_it_left_up(demo)


def test_demo_says_how_to_get_the_model_when_there_is_none(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    code, error = shell.fail("demo", "--model", str(tmp_path), "--dir", "demo")
    assert (code, error["error"], error["exit"]) == (3, "ModelMissing", 3)
    assert "scripts/fetch-model" in error["hint"]
    assert "custodes: hint: run scripts/fetch-model" in shell.run("demo", "--model", str(tmp_path)).stderr
    assert not (tmp_path / "demo").exists()


@pytest.mark.chain
def test_demo_ends_what_it_started_when_it_is_told_to_end(tmp_path: Path) -> None:
    model = tmp_path / "model"
    model.mkdir()
    for name in ("config.json", "model.safetensors"):  # looked into only when it is sealed
        (model / name).touch()
    process = subprocess.Popen(
        [*CUSTODES, "demo", "--model", str(model), "--dir", str(tmp_path / "demo")],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    record = tmp_path / "demo" / "devnet" / "chain" / "anvil.json"
    deadline = time.monotonic() + 60
    while not record.exists():
        assert process.poll() is None
        assert time.monotonic() < deadline, "no chain came up"
        time.sleep(0.05)
    process.terminate()
    assert process.wait(120) == 130
    anvil = json.loads(record.read_text())
    assert get_start_time(anvil["pid"]) != anvil["started"]
