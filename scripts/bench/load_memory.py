"""How much memory sealing and opening take at their peak, each in a process of its own, as the kernel counts it.

python load_memory.py seal SOURCE OUT THREADS KEY_FILE     python load_memory.py open KEY_FILE THREADS
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from inference.sealed import DataKey, open_sealed
from load_model import SealedModel, seal

MEBIBYTE = 1 << 20


def read_status(name: str) -> int:
    """A line of /proc/self/status [bytes]."""
    found = re.search(rf"^{name}:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1]) * 1024


def forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def seal_and_tell(source: Path, out: Path, threads: int, key_file: Path) -> dict[str, float]:
    forget_peak()
    seal(source, out, threads=threads).save(key_file)
    return {"peak_mb": read_status("VmHWM") / MEBIBYTE}


def open_and_tell(key_file: Path, threads: int) -> dict[str, float]:
    """What opening took above the tensors; torch is imported before, as in a worker that waits for its key."""
    import torch  # noqa: F401

    model = SealedModel.read(key_file)
    forget_peak()
    before = read_status("VmRSS")
    with open_sealed(model.directory, DataKey(model.key), expected=model.anchor, threads=threads) as opened:
        tensors = sum(tensor.nbytes for tensor in opened.tensors.values())
        extra = read_status("VmHWM") - before - tensors
    return {"extra_mb": extra / MEBIBYTE}


def measure(*arguments: object) -> dict[str, float]:
    """In a process of its own."""
    command = [sys.executable, __file__, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout))


if __name__ == "__main__":
    what, *rest = sys.argv[1:]
    if what == "seal":
        told = seal_and_tell(Path(rest[0]), Path(rest[1]), int(rest[2]), Path(rest[3]))
    else:
        told = open_and_tell(Path(rest[0]), int(rest[1]))
    print(json.dumps(told))
