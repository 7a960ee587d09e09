"""A worker as a process: it listens on loopback, unlocks, serves, anchors its receipts, and ends in good order.

It listens before it has unlocked, so that whoever waits can be told for what. Once dark it goes on answering why.
"""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import uvicorn

from governance.errors import CustodesError
from inference.server import make_app
from inference.unlock import Report, Unlocked
from inference.worker import Patience, Worker

GRACE = 30  # [seconds] for answers that are being made when the end comes


@dataclass
class Serving:
    """One process's run of a worker."""

    worker: Worker
    token: str
    report: Report
    patience: Patience
    threads: int
    anchor_every: float  # [seconds]
    on_unlocked: Callable[[Unlocked], None] = lambda _: None
    _end: threading.Event = field(default_factory=threading.Event, init=False)
    _failure: BaseException | None = field(default=None, init=False)

    def run(self, listener: socket.socket) -> None:
        """Serves until SIGTERM or SIGINT; then answers what was begun, anchors, and wipes.

        Raises: what the unlock raised. A worker that goes dark later does not raise: it answers why until it is ended.
        """
        config = uvicorn.Config(
            make_app(self.worker, self.token), log_config=None, access_log=False, timeout_graceful_shutdown=GRACE
        )
        server = _Server(config)
        threads = [
            threading.Thread(target=self._start, args=(server,), name="custodes-unlock"),
            threading.Thread(target=self._anchor_now_and_then, name="custodes-anchor"),
        ]
        try:
            with _ended_by_signals(server):
                for thread in threads:
                    thread.start()
                server.run(sockets=[listener])
        finally:
            self._end.set()
            self.worker.abandon()
            for thread in threads:
                thread.join()
            if self.worker.unlocked is not None:
                self._anchor()
            self.worker.close()
        if self._failure is not None:
            raise self._failure

    def _start(self, server: uvicorn.Server) -> None:
        try:
            self.on_unlocked(self.worker.start(report=self.report, patience=self.patience, threads=self.threads))
        except BaseException as e:  # noqa: BLE001 - it is raised again in the main thread
            if not self._end.is_set():
                self._failure = e
            server.should_exit = True

    def _anchor_now_and_then(self) -> None:
        while not self._end.wait(self.anchor_every):
            if self.worker.unlocked is not None:
                self._anchor()

    def _anchor(self) -> None:
        """A failure is told and tried again: the receipts stay in their log."""
        try:
            count = self.worker.anchor_receipts()
        except CustodesError as e:
            self.report(f"receipts were not anchored: {e.message}")
        else:
            if count:
                self.report(f"anchored {count} receipts")


def listen(port: int) -> socket.socket:
    """A socket on loopback; port 0 is any free one."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    return listener


class _Server(uvicorn.Server):
    """uvicorn without its own signal handlers, which would end the process before the weights are wiped."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextmanager
def _ended_by_signals(server: uvicorn.Server) -> Iterator[None]:
    def end(*_: object) -> None:
        server.should_exit = True

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
