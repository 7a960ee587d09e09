"""The worker's commands, typed: sealing, verifying, asking, serving, the gate. The committee is simulated."""

from __future__ import annotations

import json
import re
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from governance.encoding.names import proposal_id_of
from governance.encoding.releases import compute_identity, compute_model_id
from governance.types import Mode, ReleaseId
from inference.receipts import verify_receipt
from inference.token import ensure_token
from worker_shell import Ran, Shell
from worker_world import CHAT, Released, WorkerWorld, wait_for, worker_world

pytestmark = [pytest.mark.chain, pytest.mark.slow]

QUESTION = "Hello, who are you?"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkerWorld]:
    with worker_world(tmp_path_factory.mktemp("world")) as made, made.committee.answering():
        yield made


@pytest.fixture(scope="module")
def shell(world: WorkerWorld) -> Shell:
    made = Shell.at(world.directory / "shell", world.system.ledger, world.system.anvil.url)
    made.keep("registrar", world.system.seats[0])
    return made


@pytest.fixture(scope="module")
def released(world: WorkerWorld, shell: Shell) -> Released:
    found = world.release(CHAT.model_copy(update={"purposes": ("research",)}))
    shell.keep("worker", found.worker)
    return found


def number_of(world: WorkerWorld, release: ReleaseId) -> str:
    """The release's number, as people name it."""
    from governance.ledger.history import History

    return str(History.of(world.system.ledger).get_proposal(proposal_id_of(release)).number)


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


# --- a worker that runs


@pytest.fixture(scope="module")
def token(shell: Shell) -> str:
    return str(shell.directory / "worker.token")


def start_serving(shell: Shell, world: WorkerWorld, released: Released, key: str, token: str, *options: str) -> Any:
    release = number_of(world, released.release_id)
    return shell.start(
        "worker", "serve", "--release", release, "--model", str(released.directory), "--key", key,
        "--token-file", token, "--anchor-every", "2s", "--json", *options,
    )  # fmt: skip


def test_serve_answers_goes_dark_and_says_why(world: WorkerWorld, shell: Shell, token: str) -> None:
    ledger, braked = world.system.ledger, world.release()
    mine = braked.release_id, braked.worker.address
    shell.keep("braked", braked.worker)
    with start_serving(shell, world, braked, "braked", token) as process:
        assert process.stdout is not None
        listening = json.loads(process.stdout.readline())
        assert listening["schema"] == "custodes.worker-listening/1"
        assert stat.S_IMODE(Path(token).stat().st_mode) == 0o600
        at = ("--url", listening["url"], "--token-file", token)
        ready = shell.run("worker", "status", *at, "--wait", "60", "--json")
        assert (ready.code, ready.json["state"]) == (0, "serving"), ready.out
        answer = shell.run("worker", "ask", QUESTION, *at, "--max-tokens", "4", "--receipt", "r.json", "--json")
        assert answer.code == 0, answer.out
        verify_receipt(answer.json["receipt"], response=answer.json["text"].encode())
        early = shell.run("audit", "receipt", "r.json", "--json")
        assert (early.code, early.json["error"]) == (3, "NotAnchored"), early.out
        wait_for(lambda: ledger.releases.get_receipts(*mine).receipts == 1, what="an anchor while it serves")
        world.settle()
        assert shell.run("worker", "receipt", "r.json", *at).code == 0
        assert_anchored(shell, answer.json["text"])
        refused = shell.run("worker", "ask", QUESTION, *at, "--capability", "code")
        assert refused.code == 4
        assert "R-Worker-04" in refused.err
        strange = Path(token).with_name("other.token")
        strange.write_text("x" * 40 + "\n")
        strange.chmod(0o600)
        wrong = shell.run("worker", "ask", QUESTION, "--url", listening["url"], "--token-file", str(strange), "--json")
        assert (wrong.code, wrong.json["error"]) == (2, "BadToken")
        twice = shell.run(
            "worker", "ask", QUESTION, "--release", number_of(world, braked.release_id),
            "--model", str(braked.directory), "--key", "braked", "--json",
        )  # fmt: skip
        assert (twice.code, twice.json["error"]) == (3, "WorkerBusy")
        with world.braked(braked.model_id):
            wait_for(lambda: shell.run("worker", "status", *at).code == 4, what="darkness", patience=30)
        dark = shell.run("worker", "ask", QUESTION, *at)
        assert dark.code == 4
        assert "a stop stands" in dark.err
        assert "R-Worker-02" in dark.err
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    assert ledger.releases.get_receipts(*mine).receipts == 1


def assert_anchored(shell: Shell, text: str) -> None:
    """r.json is found under its root: on the chain, and without a chain under a root that is known."""
    (shell.directory / "answer.txt").write_text(text)
    good = shell.run("audit", "receipt", "r.json", "--response", "answer.txt", "--json")
    assert good.code == 0, good.out + good.err
    assert (good.json["ok"], good.json["sequence"], good.json["compared"]) == (True, 0, ["response"])
    assert good.json["block"] > 0
    offline = Shell(shell.directory, {**shell.environment, "CUSTODES_RPC": "http://127.0.0.1:9"})
    alone = offline.run("audit", "receipt", "r.json", "--root", good.json["root"], "--json")
    assert (alone.code, alone.json["block"]) == (0, None), alone.out
    other = offline.run("audit", "receipt", "r.json", "--root", "0x" + "00" * 32, "--json")
    assert (other.code, other.json["error"]) == (1, "BadReceipt")


def test_serve_over_tls_drains_and_anchors_at_its_end_and_ends_by_itself_when_nobody_unlocks(
    world: WorkerWorld, shell: Shell
) -> None:
    scope = CHAT.model_copy(update={"max_tokens": 400})
    released = world.release(scope)
    shell.keep("last", released.worker)
    token = str(shell.directory / "last.token")
    certificate, key = make_certificate(shell.directory)
    tls = ("--tls-cert", str(certificate), "--tls-key", str(key))
    with start_serving(shell, world, released, "last", token, "--anchor-every", "1h", *tls) as process:
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["url"]
        assert url.startswith("https://127.0.0.1:")
        at = ("--url", url, "--token-file", token, "--tls-ca", str(certificate))
        assert shell.run("worker", "status", *at, "--wait", "60").code == 0
        assert shell.run("worker", "status", *at[:-2]).code == 3, "nobody knows this certificate"
        assert shell.run("worker", "ask", QUESTION, *at, "--max-tokens", "2").code == 0
        body = {"messages": [{"role": "user", "content": "Count."}], "max_tokens": 100, "stream": True}
        bearer = {"Authorization": f"Bearer {Path(token).read_text().strip()}"}
        with requests.post(
            f"{url}/v1/chat/completions", json=body, headers=bearer, verify=certificate, stream=True, timeout=60
        ) as answer:
            lines = answer.iter_lines()
            assert next(lines).startswith(b"data: {")
            process.send_signal(signal.SIGTERM)  # what was begun is finished
            said = [line for line in lines if line]
        assert said[-1] == b"data: [DONE]"
        assert process.wait(60) == 0
    assert world.system.ledger.releases.get_receipts(released.release_id, released.worker.address).receipts == 2
    world.committee.alive = set()
    try:
        with start_serving(shell, world, released, "last", token, "--patience", "3s") as process:
            assert process.wait(60) == 3
            assert process.stdout is not None
            error = json.loads(process.stdout.read().splitlines()[-1])
        assert error["error"] == "UnlockTimedOut"
        assert len(error["details"]["missing"]) == 5
    finally:
        world.committee.alive = set(range(5))


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (("--host", "192.0.2.1"), "BadArgument"),
        (("--tls-cert", "password"), "BadArgument"),
        (("--tls-cert", "password", "--tls-key", "password"), "BadCertificate"),
    ],
)
def test_serve_refuses_to_send_its_token_in_the_clear(shell: Shell, options: tuple[str, ...], error: str) -> None:
    ran = shell.run("worker", "serve", "--release", "1", "--model", "out.sealed", *options, "--json")
    assert (ran.code, ran.json["error"]) == (2, error), ran.out


def make_certificate(directory: Path) -> tuple[Path, Path]:
    """For 127.0.0.1, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a worker of a test")])
    start = datetime(2026, 1, 1, tzinfo=UTC)
    builder = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=3650))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    )
    certificate, secret = directory / "worker.pem", directory / "worker.key"
    certificate.write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate, secret


def test_serve_ends_while_it_waits_for_the_committee(world: WorkerWorld, shell: Shell, released: Released) -> None:
    world.committee.alive = set()
    try:
        with start_serving(shell, world, released, "worker", str(shell.directory / "waiting.token")) as process:
            assert process.stdout is not None
            url = json.loads(process.stdout.readline())["url"]
            at = ("--url", url, "--token-file", str(shell.directory / "waiting.token"))
            wait_for(
                lambda: "partials" in shell.run("worker", "status", *at).err, what="a wait for partials", patience=60
            )
            waiting = shell.run("worker", "status", *at, "--json")
            assert (waiting.code, waiting.json["error"]) == (3, "WorkerNotReady")
            asked = shell.run("worker", "ask", QUESTION, *at)
            assert asked.code == 3
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
    finally:
        world.committee.alive = set(range(5))


def test_status_without_a_worker_is_unavailable(shell: Shell) -> None:
    path = shell.directory / "nobody.token"
    ensure_token(path)
    ran = shell.run("worker", "status", "--url", "http://127.0.0.1:9", "--token-file", str(path), "--json")
    assert (ran.code, ran.json["error"]) == (3, "WorkerUnreachable")
    assert shell.run("worker", "status").code == 2


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
