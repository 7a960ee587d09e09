"""Committees of real processes, shared by the tests of one file where they leave it as they found it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from committee_system import Unlockable, unlockable_committee
from worker_shell import Shell
from worker_world import CHAT, Released, WorkerWorld, worker_world


@pytest.fixture(scope="module")
def unlockable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Unlockable]:
    """Five running oracles, and everything that an unlock needs. A test leaves all five running."""
    with unlockable_committee(tmp_path_factory.mktemp("committee")) as made:
        yield made


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
