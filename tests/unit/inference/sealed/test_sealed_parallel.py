"""The threads: every job once, the earliest failure, and nobody left running behind the caller's back."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable

import pytest

from inference.sealed.errors import ResourcesUnavailable
from inference.sealed.parallel import Meter, run_parallel

QUIET = Meter(0, None)


@pytest.mark.parametrize("threads", [0, 1, 2, 8])
def test_every_job_is_done_once(threads: int) -> None:
    done: list[int] = []

    def make_worker() -> Callable[[int], int]:
        return lambda job: done.append(job) or 1

    run_parallel(range(500), make_worker, threads=threads, meter=QUIET)
    assert sorted(done) == list(range(500))


def test_earliest_failure_is_raised_and_later_jobs_are_not_begun() -> None:
    begun: list[int] = []

    def work(job: int) -> int:
        begun.append(job)
        time.sleep(0.001 if job == 20 else 0.0)
        if job >= 20:
            raise ValueError(job)
        return 1

    for _ in range(20):
        begun.clear()
        with pytest.raises(ValueError, match=r"^20$"):
            run_parallel(range(10_000), lambda: work, threads=4, meter=QUIET)
        assert len(begun) < 30


def test_interrupt_waits_for_helpers_to_end() -> None:
    """Memory is wiped right after: a helper that still ran could write plaintext into it again.

    Found by this test: after an interrupt, CPython 3.11's Thread.join takes a running thread for ended (bpo-45274).
    """
    ended = threading.Event()
    main_may_end = threading.Event()

    def work(job: int) -> int:
        if threading.current_thread() is threading.main_thread():
            main_may_end.wait(5)
            return 1
        main_may_end.set()
        time.sleep(0.1)
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.3)
        ended.set()
        return 1

    # Python's own, whatever ran in this process before
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            run_parallel(range(2), lambda: work, threads=2, meter=QUIET)
    finally:
        signal.signal(signal.SIGINT, before)
    assert ended.is_set()


def test_threads_that_did_start_end_when_another_cannot(monkeypatch: pytest.MonkeyPatch) -> None:
    real, started = threading.Thread.start, []

    def start(thread: threading.Thread) -> None:
        if len(started) == 2:
            raise RuntimeError("can't start new thread")
        started.append(thread)
        real(thread)

    monkeypatch.setattr(threading.Thread, "start", start)
    with pytest.raises(ResourcesUnavailable, match="no thread"):
        run_parallel(range(10**9), lambda: lambda _: 1, threads=4, meter=QUIET)
    for thread in started:
        thread.join(5)
        assert not thread.is_alive()
