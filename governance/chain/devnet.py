"""A devnet's chain in a directory: up, down, whether it runs, and where it listens.

The directory holds genesis.json, state.json, anvil.log and anvil.json (port, and the process by pid and start time, so
that a pid that was used again is never taken for ours). One `up` at a time holds the directory's lock.
"""

from __future__ import annotations

import fcntl
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar

from governance.chain.anvil import STOP_PATIENCE, AnvilFailed, start_kept
from governance.chain.genesis import Genesis
from governance.chain.processes import end_process, get_start_time, is_running
from governance.chain.rpc import Rpc
from governance.errors import Unavailable
from governance.types import Timestamp

PROCESS_FILE = "anvil.json"


class DevnetDown(Unavailable):
    """The devnet of that directory does not run."""

    hint: ClassVar[str] = "start it: custodes devnet up"


class DevnetBusy(Unavailable):
    """Another command is starting or ending the devnet of that directory."""

    hint: ClassVar[str] = "wait until the other custodes devnet command has ended"


@dataclass(frozen=True)
class Process:
    """The anvil that was started last."""

    pid: int
    started: str
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


class DevnetChain:
    """The chain whose state is kept in `directory`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    @property
    def has_state(self) -> bool:
        return (self.directory / "state.json").exists()

    @property
    def last(self) -> Process | None:
        """The process that was started last, running or not."""
        try:
            recorded = json.loads((self.directory / PROCESS_FILE).read_text())
            return Process(pid=int(recorded["pid"]), started=str(recorded["started"]), port=int(recorded["port"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def find_running(self) -> Process | None:
        """The process that runs this chain now, or None."""
        last = self.last
        return last if last is not None and is_running(last.pid, last.started) else None

    def rpc(self) -> Rpc:
        """A client of the running chain. Raises: DevnetDown."""
        running = self.find_running()
        if running is None:
            raise DevnetDown(f"no chain runs in {self.directory}")
        return Rpc(running.url)

    def up(self, genesis: Genesis, *, port: int | None, wall: Timestamp) -> Process:
        """The chain runs; if it ran already, nothing has changed. Port None is the one it had before, else any.

        Raises: AnvilFailed, DevnetBusy, ToolMissing.
        """
        self.directory.mkdir(parents=True, exist_ok=True)
        with self._locked():
            if (running := self.find_running()) is not None:
                return running
            if port is None:
                port = self.last.port if self.last is not None else 0
            anvil = start_kept(genesis, self.directory, port=port, wall=wall)
            started = get_start_time(anvil.pid)
            if started is None:
                raise AnvilFailed("anvil ended as soon as it had started")
            anvil.release()
            process = Process(anvil.pid, started, anvil.port)
            _write_atomically(self.directory / PROCESS_FILE, json.dumps(asdict(process)) + "\n")
            return process

    def down(self) -> bool:
        """The chain does not run, and its state is written. False if it did not run before.

        Raises: AnvilFailed, DevnetBusy.
        """
        if self.find_running() is None:
            return False
        with self._locked():
            running = self.find_running()
            if running is None:
                return False
            if not end_process(running.pid, running.started, patience=STOP_PATIENCE):
                raise AnvilFailed(f"anvil (pid {running.pid}) did not end within {STOP_PATIENCE:g} s")
            return True

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with (self.directory / "lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as e:
                raise DevnetBusy(f"another command works on the chain in {self.directory}") from e
            yield


def _write_atomically(path: Path, text: str) -> None:
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as file:
        file.write(text)
    os.replace(file.name, path)
