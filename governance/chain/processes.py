"""Which process a recorded number means: a pid is used again, a pid with its start time is not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

POLL = 0.02  # [seconds]
PR_SET_PDEATHSIG = 1
_ASK_AND_BECOME = f"""
import ctypes, os, sys
ctypes.CDLL(None).prctl({PR_SET_PDEATHSIG}, {int(signal.SIGKILL)})
if os.getppid() != int(sys.argv[1]):
    os._exit(1)  # it died in between
os.execvp(sys.argv[2], sys.argv[2:])
"""


def get_start_time(pid: int) -> str | None:
    """A mark that no later process with this pid shares; None if there is no such process (a zombie is none)."""
    stat = Path(f"/proc/{pid}/stat")
    if stat.parent.parent.joinpath("self").exists():
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()  # the name before may hold blanks and parentheses
        except (OSError, IndexError):
            return None
        return None if fields[0] in ("Z", "X") else fields[19]  # field 22: ticks since boot
    asked = subprocess.run(
        ["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False, timeout=10
    )
    return asked.stdout.strip() or None


def is_running(pid: int, started: str) -> bool:
    """Whether the very process that was recorded still runs."""
    return get_start_time(pid) == started


def end_process(pid: int, started: str, *, patience: float) -> bool:
    """SIGTERM was sent to that process and no other; True once it is gone. Units: `patience` in seconds."""
    if not is_running(pid, started):
        return True
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + patience
    while is_running(pid, started):
        if time.monotonic() > deadline:
            return False
        _reap(pid)
        time.sleep(POLL)
    return True


def dying_with_parent(command: Sequence[str]) -> list[str]:
    """The command, so begun that it ends when the process that starts it does, killed or not. Linux only.

    A small program asks the kernel for the signal and becomes the command, under the same pid. Popen's `preexec_fn`
    would run Python between fork and exec, where a lock that another thread held hangs the child, and Popen with it.
    """
    if sys.platform != "linux":
        return list(command)
    return [sys.executable, "-I", "-S", "-c", _ASK_AND_BECOME, str(os.getpid()), *command]


def _reap(pid: int) -> None:
    """A child of ours that ended is collected; another's child is not ours to collect."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return
