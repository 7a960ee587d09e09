"""A worker that serves, by its commands."""

from __future__ import annotations

import json
import signal
import stat
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from command_world import QUESTION, number_of
from inference.receipts import verify_receipt
from inference.token import ensure_token
from worker_shell import Shell
from worker_world import CHAT, Released, WorkerWorld, wait_for

pytestmark = [pytest.mark.chain, pytest.mark.slow]


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
