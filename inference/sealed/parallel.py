"""Work on many chunks by a few threads, each with scratch memory of its own; the earliest failure is the one raised."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import TypeAlias, TypeVar

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

    helpers = [threading.Thread(target=loop, name=f"sealed-{number}") for number in range(1, threads)]
    for helper in helpers:
        helper.start()
    try:
        loop()
    finally:
        # An interrupt may arrive while this thread waits: no helper may still write into memory that is then wiped.
        stop_waiting = False
        while not stop_waiting:
            try:
                for helper in helpers:
                    helper.join()
                stop_waiting = True
            except KeyboardInterrupt as interrupt:
                failures.append((-1, interrupt))
                stop.set()
    if failures:
        raise min(failures, key=lambda failure: failure[0])[1]
