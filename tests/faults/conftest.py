"""Every test of this folder is a case of the catalogue, ends by its own deadline, and leaves no process behind."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from catalogue import read_mark

if TYPE_CHECKING:
    from fault_scene import FaultScene

HERE = Path(__file__).resolve().parent
NO_CASES = "test_catalogue.py"  # tests of the catalogue itself

Started = Callable[["subprocess.Popen[Any]"], "subprocess.Popen[Any]"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test without a mark, or with two, is an error; the deadline is the test's own, whatever its fixtures took."""
    for item in items:
        if item.path.parent != HERE or item.path.name == NO_CASES:
            continue
        marks = list(item.iter_markers("fault"))
        if len(marks) != 1:
            raise pytest.UsageError(f"{item.nodeid} has {len(marks)} marks of a fault; one is needed")
        fault = read_mark(marks[0], item.nodeid)
        item.add_marker(pytest.mark.timeout(fault.deadline, method="signal", func_only=True), append=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """A case that fails, a hang included, says which it is and how it ought to have ended."""
    report = yield
    mark = item.get_closest_marker("fault")
    if mark is not None and report.failed:
        fault = read_mark(mark, item.nodeid)
        told = f"{fault.id}: {fault.done}\nmust end: {fault.ends}\nwithin {fault.deadline:g} s"
        report.sections.insert(0, ("fault", told))
    return report


@pytest.fixture
def started() -> Iterator[Started]:
    """What is handed in is ended with the case, by its own pid, frozen or not."""
    processes: list[subprocess.Popen[Any]] = []

    def keep(process: subprocess.Popen[Any]) -> subprocess.Popen[Any]:
        processes.append(process)
        return process

    yield keep
    for process in processes:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            process.wait(20)


@pytest.fixture(scope="session")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultScene]:
    """One chain for all cases of this process; each begins where the scene was set."""
    from fault_scene import fault_scene  # heavy, and not every case needs it

    with fault_scene(tmp_path_factory.mktemp("scene")) as made:
        yield made
