"""The demo's hands: every act is a `custodes ... --json` of its own, as a user would give it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from governance.chain.processes import dying_with_parent
from governance.demo.errors import DemoFailed

COMMAND = (sys.executable, "-m", "governance.cli.main")
PATIENCE = 180.0  # [seconds] for one command
AT_ONCE = 3  # commands at a time: two cores, and one that waits for its block


@dataclass(frozen=True)
class Refusal:
    """A no that the demo expected."""

    name: str
    refused_by: str  # the ledger's rule, or the part that said no
    error: str  # the contract's own, where a contract refused
    message: str

    def to_json(self) -> dict[str, str]:
        return {"name": self.name, "refusedBy": self.refused_by, "error": self.error, "message": self.message}


@dataclass
class Runner:
    """Runs commands in one directory, whose custodes.toml names the devnet, and keeps long-lived processes."""

    directory: Path
    outlives: bool = False  # the processes stay when this one ends
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def run(self, *words: str) -> dict[str, Any]:
        """The command's JSON object. Raises: DemoFailed, if it did not exit 0."""
        code, answer = self.exchange(words)
        if code != 0:
            raise DemoFailed(
                f"custodes {' '.join(words[:3])} … failed: {answer.get('message', answer)}", details=answer
            )
        return answer

    def run_all(self, commands: Iterable[Sequence[str]]) -> list[dict[str, Any]]:
        """Several commands, some at a time: ballots of different seats do not wait for each other."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(lambda words: self.run(*words), commands))

    def refuse(self, name: str, *words: str, by: str = "") -> Refusal:
        """The no that the command must meet. Raises: DemoFailed, if it succeeds or breaks in another way."""
        code, answer = self.exchange(words)
        if code == 0:
            raise DemoFailed(f"{name}: custodes {' '.join(words[:3])} … should have been refused, and was not")
        if code not in (1, 4) or "error" not in answer:
            raise DemoFailed(f"{name}: {answer.get('message', answer)}", details=answer)
        error = str(answer.get("details", {}).get("error") or answer["error"])
        refused_by = by or str(answer.get("rule") or error)
        return Refusal(name, refused_by, error, str(answer["message"]))

    def start(self, name: str, *words: str) -> subprocess.Popen[bytes]:
        """A process that stays; its output goes to a log of its name. It ends with this one."""
        log = (self.directory / f"{name}.log").open("ab")
        process = subprocess.Popen(
            [*COMMAND, *words] if self.outlives else dying_with_parent([*COMMAND, *words]),
            cwd=self.directory,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=self.outlives,
        )
        log.close()
        self.processes[name] = process
        return process

    def stop(self, *names: str) -> None:
        """These processes have ended; all of them, if none is named."""
        chosen = names or tuple(self.processes)
        for name in chosen:
            self.processes[name].send_signal(signal.SIGTERM)
        for name in chosen:
            try:
                self.processes.pop(name).wait(20)
            except subprocess.TimeoutExpired as e:
                raise DemoFailed(f"{name} did not end") from e

    def end(self) -> None:
        """Nothing that was started here runs any more, the chain included."""
        try:
            self.stop()
        finally:
            self.stop_devnet()

    def stop_devnet(self) -> None:
        """The chain has ended, if it ever ran."""
        if (self.directory / "devnet").exists():
            self.exchange(["devnet", "down", "--dir", "devnet"])

    def wait(self, what: str, question: Callable[[], bool], patience: float = PATIENCE) -> None:
        """`question` says yes. Raises: DemoFailed, if it does not in time or a process of ours ended."""
        deadline = time.monotonic() + patience
        while not question():
            for name, process in self.processes.items():
                if process.poll() is not None:
                    raise DemoFailed(f"{name} ended by itself; see {self.directory / name}.log")
            if time.monotonic() > deadline:
                raise DemoFailed(f"waited {patience:.0f} s for {what}")
            time.sleep(0.3)

    def spawn(self, name: str, command: Sequence[str]) -> subprocess.Popen[bytes]:
        """Another program, whose output is read when it ends; its messages go to a log of its name."""
        with (self.directory / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                dying_with_parent(command),
                cwd=self.directory,
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
            )

    def exchange(self, words: Sequence[str]) -> tuple[int, dict[str, Any]]:
        """Exit code and JSON object of one command, whatever they are. Raises: DemoFailed, if it hangs."""
        try:
            done = subprocess.run(
                [*COMMAND, *words, "--json", "--yes"],
                cwd=self.directory,
                env=_environment(),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=PATIENCE,
                check=False,
            )
        except subprocess.TimeoutExpired as e:
            raise DemoFailed(f"custodes {' '.join(words[:3])} … took more than {PATIENCE:.0f} s") from e
        try:
            answer = json.loads(done.stdout)
        except ValueError:
            answer = {"message": done.stderr.decode(errors="replace")[-800:] or "no output"}
        return done.returncode, answer


def _environment() -> dict[str, str]:
    """Ours, without settings that would lead the commands elsewhere than to the demo's own devnet."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CUSTODES_") or name in _KEPT}
    return {
        **kept,
        "HF_HUB_OFFLINE": "1",
        "OMP_WAIT_POLICY": "PASSIVE",
        "PYTHONUNBUFFERED": "1",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }


_KEPT = frozenset({"CUSTODES_ANVIL", "CUSTODES_DEBUG"})
