"""Work on many chunks by a few threads, each with scratch memory of its own; the earliest failure is the one raised."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import TypeAlias, TypeVar

from inference.sealed.errors import ResourcesUnavailable

Job = TypeVar("Job")
# (bytes done, bytes in all). Called from any thread, never by two at once; an exception from it ends the work.
Progress: TypeAlias = Callable[[int, int], None]


class Meter:
    """Counts bytes over all stages of one piece of work and tells the caller."""

    def __init__(self, total: int, tell: Progress | None) -> None:
        self._lock = threading.Lock()
        self._done, self._total, self._tell = 0, total, tell

    def add(self, count: int) -> None:
        if self._tell is None:
            return
        with self._lock:
            self._done += count
            self._tell(self._done, self._total)


def run_parallel(
    jobs: Iterable[Job], make_worker: Callable[[], Callable[[Job], int]], *, threads: int, meter: Meter
) -> None:
    """Every job was done once; no thread is left running, whatever happened.

    `make_worker` is called once in each thread and allocates its scratch; a worker returns the bytes it dealt with.
    Jobs are begun in order, so that of several failures the one of the earliest job is raised, on every run.
    Raises: ResourcesUnavailable (no thread), and whatever a worker raises.
    """
    lock, stop = threading.Lock(), threading.Event()
    queue = enumerate(jobs)
    failures: list[tuple[int, BaseException]] = []

    def loop() -> None:
        index = -1
        try:
            worker = make_worker()
            while not stop.is_set():
                with lock:
                    item = next(queue, None)
                if item is None:
                    return
                index, job = item
                meter.add(worker(job))
        except BaseException as failure:  # noqa: BLE001 - it is raised again below, in the caller's thread
            failures.append((index, failure))
            stop.set()

    def help_out(finished: threading.Event) -> None:
        try:
            loop()
        finally:
            finished.set()

    running: list[threading.Event] = []
    try:
        for number in range(1, threads):
            finished = threading.Event()
            threading.Thread(target=help_out, args=(finished,), name=f"sealed-{number}").start()
            running.append(finished)
        loop()
    except RuntimeError as error:
        failures.append((-1, ResourcesUnavailable(f"no thread could be started: {error}")))
        stop.set()
    # Whatever happens while this thread waits: no helper may still write into memory that is then wiped. Events and not
    # Thread.join, which takes a thread for ended once an interrupt has broken into it (CPython 3.11, bpo-45274).
    while running:
        try:
            running[-1].wait()
            running.pop()
        except KeyboardInterrupt as interrupt:
            failures.append((-1, interrupt))
            stop.set()
    if failures:
        raise min(failures, key=lambda failure: failure[0])[1]
