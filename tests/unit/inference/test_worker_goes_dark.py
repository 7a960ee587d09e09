"""A worker goes dark: by a stop, a revocation, an expiry, or a chain that stands still."""

from __future__ import annotations

import dataclasses
import os
import signal
import threading
import time

import pytest

from governance.chain.anvil import mine
from governance.errors import CustodesError
from hiring import HELLO, Hire, endless, get_error, silent
from inference.errors import WorkerDark
from inference.lease import Dark
from inference.model import LanguageModel
from inference.question import ask_user
from inference.worker import Worker
from worker_world import CHAT, DAY, Released, WorkerWorld, wait_for

pytestmark = pytest.mark.chain


@pytest.fixture(scope="module")
def released(world: WorkerWorld) -> Released:
    """A release that no test of this file stops."""
    return world.release()


def assert_dark(worker: Worker, model: LanguageModel, rule: str, match: str, patience: float = 30) -> Dark:
    """The worker is dark by that rule, its weights are zeroes, and the next request is refused by it."""
    wait_for(lambda: worker.dark is not None, what="darkness", patience=patience)
    assert worker.dark is not None
    assert worker.dark.rule == rule
    with pytest.raises(WorkerDark, match=match) as refused:
        worker.ask(HELLO)
    assert (refused.value.rule, refused.value.exit_code) == (rule, 4)
    wait_for(lambda: model._opened.is_wiped, what="the wipe", patience=5)
    return worker.dark


def test_worker_goes_dark_within_two_blocks_of_a_stop(world: WorkerWorld, hire: Hire) -> None:
    braked = world.release()
    with world.serving(braked) as worker, world.pulse.held():
        model = worker.model
        weights = dict(model._opened.tensors)
        assert all(tensor.float().abs().sum() > 0 for tensor in weights.values())
        block = world.pull_brake(braked.model_id)
        for _ in range(2):  # two blocks, a second apart, as on a devnet
            time.sleep(1)
            mine(world.system.anvil.rpc, 1)
        assert worker.dark is not None
        assert int(world.system.ledger.rpc.block()["number"], 16) <= block + 2
        assert_dark(worker, model, "R-Worker-02", "a stop stands")
        assert all(tensor.float().abs().sum() == 0 for tensor in weights.values())
    again = hire(braked)
    with pytest.raises(WorkerDark, match="a stop stands"):
        again.start(report=silent)


def test_worker_goes_dark_when_its_release_is_revoked(world: WorkerWorld) -> None:
    revoked = world.release()
    with world.serving(revoked) as worker:
        model = worker.model
        with world.pulse.held():  # so that the revocation does not become final before it is seen
            world.revoke(revoked)
            wait_for(lambda: worker.dark is not None, what="darkness")
        assert_dark(worker, model, "R-Worker-02", "the release was revoked")


def test_worker_goes_dark_when_its_release_expires(world: WorkerWorld) -> None:
    short = world.release(lifetime=DAY)
    with world.serving(short) as worker:
        model = worker.model
        with world.pulse.held():  # so that the expiry does not become final before it is seen
            world.system.warp(DAY)
            wait_for(lambda: worker.dark is not None, what="darkness")
        assert_dark(worker, model, "R-Worker-02", "the release has expired")


def test_worker_goes_dark_in_the_middle_of_an_answer(world: WorkerWorld) -> None:
    long = world.release(CHAT.model_copy(update={"max_tokens": 400}))
    errors: list[CustodesError] = []
    with world.serving(long) as worker:
        endless(worker)
        worker.model._model.register_forward_pre_hook(lambda *_: time.sleep(0.05))  # some twenty seconds in all
        asked = threading.Thread(target=lambda: errors.append(get_error(worker, ask_user("Tell me a story", "chat"))))
        asked.start()
        time.sleep(1)
        with world.braked(long.model_id):
            asked.join(10)
        assert not asked.is_alive()
        assert worker.describe()["served"] == {"requests": 0, "outputTokens": 0}
    assert [type(error) for error in errors] == [WorkerDark]
    assert errors[0].rule == "R-Worker-02"


def start_impatient(world: WorkerWorld, released: Released, hire: Hire) -> Worker:
    """A worker that serves, and waits four seconds for a block."""
    access = world.access
    worker = hire(
        released,
        access=dataclasses.replace(access, sight=dataclasses.replace(access.sight, stall_limit=4.0)),
    )
    with world.committee.answering():
        worker.start(report=silent)
    return worker


def test_worker_goes_dark_when_the_chain_stands_still(world: WorkerWorld, released: Released, hire: Hire) -> None:
    worker = start_impatient(world, released, hire)
    model = worker.model
    with world.pulse.held():  # the node answers, and makes no block
        began = time.monotonic()
        assert_dark(worker, model, "R-Worker-03", "no new block")
        assert time.monotonic() - began < 6


def test_worker_goes_dark_when_the_node_hangs(world: WorkerWorld, released: Released, hire: Hire) -> None:
    worker = start_impatient(world, released, hire)
    model = worker.model
    with world.pulse.held():
        os.kill(world.system.anvil.pid, signal.SIGSTOP)
        try:
            began = time.monotonic()
            assert_dark(worker, model, "R-Worker-03", "no new block")
            assert time.monotonic() - began < 6
        finally:
            os.kill(world.system.anvil.pid, signal.SIGCONT)
