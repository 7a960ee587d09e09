"""The gate: what a worker would judge, judged for a pipeline."""

from __future__ import annotations

from dataclasses import replace

import pytest

from governance.ledger.signer import Signer
from governance.types import ModelId
from inference.enforcement import Use
from inference.errors import UseRefused
from inference.gate import Permission, find_permission
from worker_world import CHAT, Released, WorkerWorld

pytestmark = pytest.mark.chain

USE = Use("chat", None, None, input_tokens=0, max_tokens=None)


@pytest.fixture(scope="module")
def released(world: WorkerWorld) -> Released:
    found = world.release(CHAT.model_copy(update={"capabilities": ("chat", "verse"), "max_tokens": 9}))
    world.settle()
    return found


def ask(world: WorkerWorld, model: ModelId, use: Use = USE, worker: Signer | None = None) -> Permission:
    events = [record.event for record in world.system.ledger.events()]
    return find_permission(world.access, events, model, use, worker.address if worker is not None else None)


def test_gate_opens_for_a_release_in_force(world: WorkerWorld, released: Released) -> None:
    for worker in (None, released.worker):
        found = ask(world, released.model_id, worker=worker)
        assert found.terms.release_id == released.release_id
        assert found.terms.worker == released.worker.address
        assert found.max_tokens == 9
        assert found.expires_at == world.system.ledger.releases.get_release(released.release_id).expires_at


@pytest.mark.parametrize("use", [replace(USE, capability="code"), replace(USE, max_tokens=10)])
def test_gate_stays_shut_for_what_the_scope_does_not_name(world: WorkerWorld, released: Released, use: Use) -> None:
    with pytest.raises(UseRefused, match="no release in force permits") as refused:
        ask(world, released.model_id, use)
    assert refused.value.rule == "R-Worker-04"


def test_gate_stays_shut_for_another_worker_and_another_model(world: WorkerWorld, released: Released) -> None:
    with pytest.raises(UseRefused, match="no release of this model names such a worker"):
        ask(world, released.model_id, worker=Signer.random())
    with pytest.raises(UseRefused, match="no release of this model names such a worker"):
        ask(world, ModelId(b"\x09" * 32))


def test_gate_finds_the_release_that_is_left(world: WorkerWorld, released: Released) -> None:
    other = Signer.random()
    second = world.grant(released.model_id, other, CHAT.model_copy(update={"capabilities": ("verse",)}))
    world.settle()
    assert ask(world, released.model_id).terms.release_id == released.release_id
    assert ask(world, released.model_id, replace(USE, capability="verse")).terms.release_id == second


def test_gate_is_shut_by_a_constraint(world: WorkerWorld, released: Released) -> None:
    world.constrain("no verse", {"max_output_tokens": 0}, capabilities=("verse",))
    world.settle()
    with pytest.raises(UseRefused) as refused:
        ask(world, released.model_id, replace(USE, capability="verse"))
    assert refused.value.rule == "R-Worker-05"
    assert ask(world, released.model_id).max_tokens == 9


def test_gate_is_shut_by_the_brake(world: WorkerWorld) -> None:
    braked = world.release()
    world.settle()
    assert ask(world, braked.model_id)
    world.pull_brake(braked.model_id)
    with pytest.raises(UseRefused, match="a stop stands") as refused:
        ask(world, braked.model_id)
    assert refused.value.rule in {"R-Worker-02", "R-Worker-01"}  # the second once the stop is final
