"""Plaintext weights are in the worker's memory and nowhere else, and no longer than it may serve."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from governance.chain.rpc import as_int
from governance.encoding.names import proposal_id_of
from governance.ledger.history import History
from governance.ledger.signer import Signer
from inference.sealed import SealReport
from inference.sealed.files import SealedDirectory
from inference.sealed.manifest import parse_manifest
from plaintext_poller import Poller, count_in_memory, list_family, polling
from tiny_model import make_tiny_model, read_rows
from worker_shell import Shell
from worker_world import CHAT, Released, WorkerWorld, wait_for, worker_world

pytestmark = [
    pytest.mark.chain,
    pytest.mark.slow,
]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkerWorld]:
    with worker_world(tmp_path_factory.mktemp("world")) as made, made.committee.answering():
        yield made


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_model(tmp_path_factory.mktemp("source"), seed=7, shards=3)


@pytest.fixture(scope="module")
def shell(world: WorkerWorld) -> Shell:
    made = Shell.at(world.directory / "shell", world.system.ledger, world.system.anvil.url)
    (made.directory / "tmp").mkdir()
    made.environment = {**made.environment, "TMPDIR": str(made.directory / "tmp")}
    return made


@pytest.mark.parametrize("how", ["file", "deleted", "memfd"])
def test_poller_finds_what_is_there(source: Path, tmp_path: Path, how: str) -> None:
    """The positive control: without it a poller that looks nowhere would pass."""
    row = read_rows(source)[0]
    poller = Poller(read_rows(source), [tmp_path], lambda: [os.getpid()], source)
    poller.look()
    assert not poller.found
    path = tmp_path / "left"
    descriptor = os.memfd_create("left") if how == "memfd" else os.open(path, os.O_RDWR | os.O_CREAT)
    try:
        os.write(descriptor, b"before" + row + b"after")
        if how == "deleted":
            path.unlink()
        poller.look()
        assert poller.found
    finally:
        os.close(descriptor)


def test_no_weight_is_on_disk_from_sealing_to_darkness(world: WorkerWorld, shell: Shell, source: Path) -> None:
    rows = read_rows(source, count=50)
    assert len(rows) > 10
    everywhere = [world.directory, Path("/dev/shm")]
    poller = Poller(rows, everywhere, lambda: set(list_family(os.getpid())) - {os.getpid()}, source)
    with polling(poller):
        sealed = shell.run("model", "seal", str(source), "model.sealed", "--registrar", world.system.seats[0].address)
        assert sealed.code == 0, sealed.err
        released = release(world, shell, source)
        number = History.of(world.system.ledger).get_proposal(proposal_id_of(released.release_id)).number
        serve = ("worker", "serve", "--release", str(number), "--model", "model.sealed", "--key", "worker", "--json")
        with shell.start(*serve, "--token-file", "token") as process:
            assert process.stdout is not None
            at = ("--url", json.loads(process.stdout.readline())["url"], "--token-file", "token")
            assert shell.run("worker", "status", *at, "--wait", "90").code == 0, shell.log
            assert shell.run("worker", "ask", "Hello", *at, "--max-tokens", "8").code == 0
            assert count_in_memory(process.pid, rows) == len(rows), "the second positive control: it holds them now"
            with world.pulse.paced(1.0):
                assert count_blocks_until_refusal(world, released, at[1], shell.directory / "token") <= 2
            assert count_in_memory(process.pid, rows) == 0
    assert poller.rounds > 20
    assert poller.files > 20
    assert poller.found == set()


def test_seal_that_was_killed_goes_on_and_leaves_nothing(world: WorkerWorld, shell: Shell, source: Path) -> None:
    large = shell.directory / "large"
    shutil.copytree(source, large)
    (large / "model.safetensors.index.json").unlink()
    size = 1 << 28
    header = b'{"z":{"dtype":"U8","shape":[%d],"data_offsets":[0,%d]}}' % (size, size)
    with (large / "z.safetensors").open("wb") as stream:  # the last one: zeros that take no room
        stream.write(len(header).to_bytes(8, "little") + header)
        stream.truncate(8 + len(header) + size)
    password = shell.directory / "sealing-password"
    password.write_text("of the sealing\n")
    kept = shell.directory / ".large.sealed.unfinished"
    seal = ("model", "seal", str(large), "large.sealed", "--registrar", world.system.seats[0].address, "--resumable")
    with shell.start(*seal, "--password-file", str(password)) as process:
        wait_for(lambda: len(list(kept.glob("store/shard-*.sealed"))) == 4, what="the last shard but one")
        process.kill()
        process.wait(30)
    finished = {path.name: path.read_bytes() for path in kept.glob("weights/model-*")}
    assert len(finished) == 4
    assert not (shell.directory / "large.sealed").exists()

    (shell.directory / "other-password").write_text("another\n")
    wrong = shell.run(*seal, "--password-file", "other-password")
    assert (wrong.code, "does not open" in wrong.err) == (2, True), wrong.err
    ran = shell.run(*seal, "--password-file", str(password))
    assert ran.code == 0, ran.err
    assert f"going on with {kept.name}" in ran.err
    sealed = shell.directory / "large.sealed"
    assert {path.name: path.read_bytes() for path in sealed.glob("model-*")} == finished
    assert (sealed / "z.safetensors.sealed").stat().st_size > size
    assert not kept.exists()


def count_blocks_until_refusal(world: WorkerWorld, released: Released, url: str, token: Path) -> int:
    """From the block with the brake's last transaction to the head at which a request is first refused.

    Asked one after the other over one connection, so that nothing but the worker takes time.
    """
    rpc = world.system.ledger.rpc
    body = {"messages": [{"role": "user", "content": "Hello"}], "max_tokens": 1}
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {token.read_text().strip()}"

        def ask() -> int:
            return session.post(f"{url}/v1/chat/completions", json=body, timeout=30).status_code

        assert ask() == 200, "the third positive control: it serves until then"
        braked = world.pull_brake(released.model_id)
        answers = [ask()]
        while answers[-1] == 200:
            answers.append(ask())
        head = as_int(rpc.block()["number"])
    assert answers[-1] == 503
    return head - braked


def release(world: WorkerWorld, shell: Shell, source: Path) -> Released:
    """What was sealed by the command is registered and released to the key named `worker`."""
    directory = shell.directory / "model.sealed"
    with SealedDirectory(directory) as opened:
        manifest = parse_manifest(opened.read_manifest_bytes())
    model = world.register(SealReport(directory, manifest, manifest.compute_anchor(), 0, 0, ()))
    key = Signer.random()
    world.system.fund(key.address)
    shell.keep("worker", key)
    return Released(directory, source, manifest, model, world.grant(model, key, CHAT), key)
