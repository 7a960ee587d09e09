"""Environments beside .venv, for tools whose requirements contradict ours: .tools/<name>, made when first asked for.

What one holds stands in scripts/build/<name>.txt, every package with its exact version.
"""

from __future__ import annotations

import fcntl
import hashlib
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 600.0  # [seconds] until the packages are installed


class EnvironmentFailed(Exception):
    """The environment could not be made; the message is pip's."""


def ensure_environment(name: str, *, tools: Path = ROOT / ".tools", pins: Path | None = None) -> Path:
    """The directory of commands of that environment, which holds exactly the pinned packages.

    Raises: EnvironmentFailed.
    """
    pins = pins or Path(__file__).with_name(f"{name}.txt")
    directory = tools / name
    wanted = hashlib.sha256(f"{pins.read_text()}\n{sys.version}\n{directory}".encode()).hexdigest()
    stamp = directory / "custodes.stamp"
    tools.mkdir(exist_ok=True)
    with (tools / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two runs would write into the same directory
        if not stamp.exists() or stamp.read_text() != wanted:
            _call(sys.executable, "-m", "venv", "--clear", "--without-pip", str(directory))
            pip = (sys.executable, "-m", "pip", "--python", str(directory / "bin" / "python"))
            how = ("--quiet", "--disable-pip-version-check", "--no-input", "--no-deps")
            _call(*pip, "install", *how, "--requirement", str(pins))
            stamp.write_text(wanted)
    return directory / "bin"


def _call(*command: str) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)
    except subprocess.TimeoutExpired as e:
        raise EnvironmentFailed(f"{' '.join(command[:4])} did not end within {PATIENCE:g} s") from e
    if done.returncode != 0:
        raise EnvironmentFailed(done.stderr.strip() or done.stdout.strip() or f"{command[0]} failed")
