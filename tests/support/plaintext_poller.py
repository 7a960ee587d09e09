"""Looks for known bytes wherever processes could leave them: in directories, in memfds, in files deleted while open."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

PAUSE = 0.02  # [seconds]
LARGEST = 64 * 1024 * 1024  # [bytes] of one file; a larger one is a fault of the test


class Poller:
    """Polls until it is stopped. `found` names every place where one of the needles was seen."""

    def __init__(
        self, needles: Sequence[bytes], directories: Iterable[Path], pids: Callable[[], Iterable[int]], except_: Path
    ) -> None:
        """`except_` is the source, where the needles come from."""
        self._needles, self._directories, self._pids = needles, list(directories), pids
        self._except = except_.resolve()
        self._seen: set[tuple[int, int, int, int]] = set()
        self.found: set[str] = set()
        self.files, self.rounds = 0, 0

    def look(self) -> None:
        """One round over everything."""
        for path in self._list():
            try:
                self._check(path)
            except OSError:
                continue  # it is gone again, or was never ours
        self.rounds += 1

    def _list(self) -> Iterator[Path]:
        for directory in self._directories:
            for folder, _, names in os.walk(directory):
                if not Path(folder).resolve().is_relative_to(self._except):
                    yield from (Path(folder) / name for name in names)
        for pid in self._pids():
            descriptors = Path(f"/proc/{pid}/fd")
            try:
                yield from (descriptors / name for name in os.listdir(descriptors))
            except OSError:
                continue

    def _check(self, path: Path) -> None:
        status = os.stat(path)  # follows /proc's links, to deleted files and memfds too
        if not stat.S_ISREG(status.st_mode) or Path(os.path.realpath(path)).is_relative_to(self._except):
            return
        key = status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
        if key in self._seen:
            return
        assert status.st_size <= LARGEST, f"{path} is too large to be searched"
        content = path.read_bytes()
        self._seen.add(key)
        self.files += 1
        if any(needle in content for needle in self._needles):
            self.found.add(f"{path} -> {os.path.realpath(path)}")


@contextmanager
def polling(poller: Poller) -> Iterator[Poller]:
    """It polls meanwhile, and once more at the end."""
    end = threading.Event()

    def run() -> None:
        while not end.wait(PAUSE):
            poller.look()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield poller
    finally:
        end.set()
        thread.join()
        poller.look()


def list_family(pid: int) -> list[int]:
    """The process and all that descend from it."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except (OSError, IndexError):
                continue
            children.setdefault(parent, []).append(int(entry.name))
    family, waiting = [], [pid]
    while waiting:
        one = waiting.pop()
        family.append(one)
        waiting += children.get(one, [])
    return family


def count_in_memory(pid: int, needles: Sequence[bytes]) -> int:
    """How many of the needles are in the process's writable memory now."""
    left = set(needles)
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in maps:
            span, mode, *_ = line.split()
            if "rw" not in mode:
                continue
            start, end = (int(text, 16) for text in span.split("-"))
            try:
                memory.seek(start)
                content = memory.read(end - start)
            except (OSError, ValueError, OverflowError):
                continue
            left -= {needle for needle in left if needle in content}
    return len(needles) - len(left)
