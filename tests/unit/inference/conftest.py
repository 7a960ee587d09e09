"""One live system with a committee for all tests of the worker; each test takes a model and a release of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from worker_world import WorkerWorld, worker_world


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkerWorld]:
    with worker_world(tmp_path_factory.mktemp("world")) as made:
        yield made
