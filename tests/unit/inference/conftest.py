"""One live system with a committee for all tests of the worker; each test takes a model and a release of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hiring import Hire
from inference.worker import Worker
from worker_world import Released, WorkerWorld, worker_world


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkerWorld]:
    with worker_world(tmp_path_factory.mktemp("world")) as made:
        yield made


@pytest.fixture
def hire(world: WorkerWorld) -> Iterator[Hire]:
    """Makes workers that have not started; they are closed after the test, so that none holds its receipts."""
    hired: list[Worker] = []

    def make(released: Released, **options: object) -> Worker:
        hired.append(world.make_worker(released, **options))  # type: ignore[arg-type]
        return hired[-1]

    yield make
    world.committee.alive = set(range(5))
    for worker in hired:
        worker.close()
