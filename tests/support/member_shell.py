"""A member's shell: every command is a process of its own, in a directory of its own, as a person gives it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

AT_ONCE = 3  # commands at a time
PATIENCE = 240.0  # [seconds] for one command on a machine that has much else to do
CUSTODES = (sys.executable, "-m", "governance.cli.main")

# Eight of fifteen seats in three chambers: more than half, as tier 1 asks for.
MAJORITY = (
    "aurora-labs", "borealis-ai", "cumulus-research", "fides-institute", "gauge-safety", "habeas-watch",
    "kenya-data-commons", "lok-sabha-forum",
)  # fmt: skip


@dataclass(frozen=True)
class Shell:
    """`custodes` in a directory; with our environment, or with `environment` and nothing else."""

    directory: Path
    command: Sequence[str] = CUSTODES
    environment: Mapping[str, str] | None = None

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """The command has ended, however it did."""
        return subprocess.run(
            [*self.command, *words],
            cwd=self.directory,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )

    def do(self, *words: str) -> dict[str, Any]:
        """What a command that succeeds says under --json. Raises: AssertionError."""
        done = self.run(*words, "--json", "--yes")
        assert done.returncode == 0, f"custodes {' '.join(words)}\n{done.stdout}{done.stderr}"
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def fail(self, *words: str) -> tuple[int, dict[str, Any]]:
        """Exit code and error object of a command that does not succeed. Raises: AssertionError."""
        done = self.run(*words, "--json", "--yes")
        assert done.returncode != 0, f"custodes {' '.join(words)} succeeded\n{done.stdout}"
        found: dict[str, Any] = json.loads(done.stdout)
        assert found["schema"] == "custodes.error/1", done.stdout
        return done.returncode, found

    def vote(self, proposal: int, keys: Iterable[str] = MAJORITY) -> list[dict[str, Any]]:
        """These seats have voted for it, some at a time."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(lambda key: self.do("vote", str(proposal), "for", "--key", key), keys))
