"""What every test gets: a machine of its own to believe in, and an anvil if it asks for one."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parents[1]
REAL_MODEL = ROOT / ".cache" / "models" / "SmolLM2-135M-Instruct"
UNMEASURED_PROCESSES = ("e2e", "faults")  # of these folders: a traced process takes half as long again as a user's
UNMEASURED = ("differential", "faults", "property")  # thousands of examples of what unit tests measure already
KEPT_VARIABLES = {f"CUSTODES_{name}" for name in ("ANVIL", "FORGE", "CAST", "SOLC", "PYTHON")}
RECURSION_LIMIT = sys.getrecursionlimit()

# Two cores are shared by many processes: how long an example takes says nothing about the code.
settings.register_profile("dev", deadline=None, print_blob=True)
settings.register_profile("ci", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


def _stay_on_the_machine(connect: Callable[[socket.socket, Any], Any]) -> Callable[[socket.socket, Any], Any]:
    """Tests talk to what they started themselves and to nothing else.

    No audit hook: one that is written in Python lets another thread in while a trace function is being installed, and
    then the interpreter refuses to install the other thread's.
    """

    def guarded(self: socket.socket, address: Any) -> Any:
        if isinstance(address, tuple) and isinstance(address[0], str):
            host = address[0]
            if host != "localhost" and not ip_address(host.split("%")[0]).is_loopback:
                raise RuntimeError(f"a test tried to connect to {host}")
        return connect(self, address)

    return guarded


for _name in ("connect", "connect_ex"):
    setattr(socket.socket, _name, _stay_on_the_machine(getattr(socket.socket, _name)))


@pytest.fixture(autouse=True, scope="session")
def _own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No configuration, key or state of the person who runs the tests is read or written."""
    home = tmp_path_factory.mktemp("xdg")
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith("CUSTODES_") and name not in KEPT_VARIABLES:
                patch.delenv(name)
        for name in ("CONFIG", "DATA", "STATE", "CACHE"):
            patch.setenv(f"XDG_{name}_HOME", str(home / name.lower()))
        patch.setenv("HF_HUB_OFFLINE", "1")
        patch.setenv("NO_COLOR", "1")
        yield


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if _folder(item.path) in UNMEASURED:
            item.add_marker(pytest.mark.no_cover)


@pytest.fixture(autouse=True, scope="module")
def _processes_start_as_a_user_s(request: pytest.FixtureRequest) -> Iterator[None]:
    """Coverage counts what runs in the tests' own process, and the processes of all folders but two."""
    with pytest.MonkeyPatch.context() as patch:
        if _folder(request.path) in UNMEASURED_PROCESSES:
            patch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)
        yield


def _folder(path: Path) -> str:
    return path.relative_to(ROOT / "tests").parts[0]


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A test that needs the real model fails without it, and the recursion limit is a user's: py_ecc raises its
    process's to 100000, where a deep input ends in a crash."""
    sys.setrecursionlimit(RECURSION_LIMIT)
    if item.get_closest_marker("model") and not (REAL_MODEL / "model.safetensors").exists():
        pytest.fail("the real model is not here; scripts/fetch-model brings it", pytrace=False)


@pytest.fixture(scope="session")
def repository() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this tree, built beside it so that nothing is left in it."""
    tree = tmp_path_factory.mktemp("tree")
    for name in ("governance", "oracle", "inference"):
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tree)
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--quiet", "--no-deps"]
    subprocess.run([*command, "--no-build-isolation", "--wheel-dir", str(tree / "dist"), str(tree)], check=True)
    return next((tree / "dist").glob("custodes-*.whl"))


@dataclass(frozen=True)
class Anvil:
    """A chain of this test alone; it dies with the test, and with pytest if that is killed."""

    url: str
    process: subprocess.Popen[bytes]

    @property
    def pid(self) -> int:
        return self.process.pid


StartAnvil = Callable[..., Anvil]


@pytest.fixture
def start_anvil(tmp_path: Path) -> Iterator[StartAnvil]:
    """Start a Prague anvil on a free loopback port: `start_anvil("--no-mining")`; ended after the test."""
    from governance.chain.processes import dying_with_parent
    from governance.chain.tools import find_tool

    started: list[Anvil] = []

    def start(*options: str) -> Anvil:
        log = tmp_path / f"anvil-{len(started)}.log"
        command = [str(find_tool("anvil")), "--host", "127.0.0.1", "--port", "0", "--hardfork", "prague", *options]
        command += ["--cache-path", str(tmp_path / "past-states")]  # else they stay in the home directory for ever
        with log.open("wb") as out:
            process = subprocess.Popen(
                dying_with_parent(command),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + 30
        while not (found := re.search(rb"Listening on (127\.0\.0\.1:\d+)", log.read_bytes())):
            if process.poll() is not None or time.monotonic() > deadline:
                process.kill()
                process.wait()
                raise RuntimeError(f"anvil did not start: {log.read_text()[-2000:]}")
            time.sleep(0.01)
        started.append(Anvil(f"http://{found[1].decode()}", process))
        return started[-1]

    yield start
    for anvil in started:
        anvil.process.kill()
        anvil.process.wait()
    shutil.rmtree(tmp_path / "past-states", ignore_errors=True)


@pytest.fixture
def anvil(start_anvil: StartAnvil) -> Anvil:
    """One anvil that mines a block for each transaction."""
    return start_anvil()
