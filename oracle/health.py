"""DIR/health, for whoever supervises the process: it says "ok", or what is wrong, and its age is the oracle's pulse.

A health check reads no more than this: the file is younger than `OLD`, and says "ok". Nothing of it outlives the
process in a state that means "well": an oracle that ends says so.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from oracle.config import write_atomically

FILE = "health"
EVERY = 5.0  # [seconds] between two touches
OLD = 120.0  # [seconds] after which nobody is at home; RPCs that hang can make one look take a minute


class HealthFile:
    """Says how a running oracle does."""

    def __init__(self, directory: Path, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._path = directory / FILE
        self._monotonic = monotonic
        self._said = ""
        self._touched = 0.0

    def write(self, status: dict[str, Any]) -> None:
        """The file says what this status says, and is young."""
        self.say(judge(status))

    def say(self, line: str) -> None:
        """The file holds that line, and is young."""
        now = self._monotonic()
        if line != self._said:
            write_atomically(self._path, line + "\n")
        elif now - self._touched >= EVERY:
            os.utime(self._path)
        else:
            return
        self._said, self._touched = line, now


def judge(status: dict[str, Any]) -> str:
    """ "ok", or the worst that is wrong."""
    if status["latch"]:
        return f"latched: {status['latch']}"
    if status["stalled"]:
        return "stalled: the chain stands still"
    if status["trouble"]:
        return f"trouble: {status['trouble']}"
    if status["finalized"] is None:
        return "starting"
    return "ok" if not status["behind"] else f"reading: {status['behind']} blocks to go"


def read_age(directory: Path, *, now: float) -> float | None:
    """Seconds since the last touch; None if there never was one. `now` as time.time() has it."""
    try:
        return max(0.0, now - (directory / FILE).stat().st_mtime)
    except OSError:
        return None
