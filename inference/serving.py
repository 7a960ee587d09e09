"""A worker as a process: it listens on loopback, unlocks, serves, anchors its receipts, and ends in good order.

It listens before it has unlocked, so that whoever waits can be told for what. Once dark it goes on answering why.
"""

from __future__ import annotations

import signal
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

import uvicorn

from governance.errors import CustodesError
from inference.errors import BadCertificate, CannotListen
from inference.server import MAX_CONNECTIONS, make_app
from inference.unlock import Report, Unlocked
from inference.worker import Patience, Worker

LOOPBACK = "127.0.0.1"
GRACE = 30  # [seconds] for answers that are being made when the end comes


@dataclass(frozen=True)
class Tls:
    """Files in PEM: the certificate with its chain, and its private key."""

    certificate: Path
    key: Path

    def check(self) -> None:
        """Both can be read, and belong together. Raises: BadCertificate."""
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(self.certificate, self.key, password="")
        except (OSError, ValueError) as e:
            raise BadCertificate(f"{self.certificate} and {self.key} make no TLS server: {e}") from e


@dataclass
class Serving:
    """One process's run of a worker."""

    worker: Worker
    token: str
    report: Report
    patience: Patience
    threads: int
    anchor_every: float  # [seconds]
    tls: Tls | None = None
    on_unlocked: Callable[[Unlocked], None] = lambda _: None
    _end: threading.Event = field(default_factory=threading.Event, init=False)
    _failure: BaseException | None = field(default=None, init=False)

    def run(self, listener: socket.socket) -> None:
        """Serves until SIGTERM or SIGINT; then answers what was begun, anchors, and wipes.

        Raises: what the unlock raised. A worker that goes dark later does not raise: it answers why until it is ended.
        """
        config = uvicorn.Config(
            make_app(self.worker, self.token),
            log_config=None,
            access_log=False,
            server_header=False,
            limit_concurrency=MAX_CONNECTIONS,
            timeout_graceful_shutdown=GRACE,
            ssl_certfile=self.tls.certificate if self.tls is not None else None,
            ssl_keyfile=self.tls.key if self.tls is not None else None,
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


def listen(port: int, host: str = LOOPBACK) -> socket.socket:
    """A bound socket; port 0 is any free one. Raises: CannotListen."""
    try:
        family = socket.AF_INET6 if ip_address(host).version == 6 else socket.AF_INET
    except ValueError as e:
        raise CannotListen(f"{host!r} is no IP address of this machine") from e
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as e:
        listener.close()
        raise CannotListen(f"{host} port {port} cannot be listened on: {e.strerror}") from e
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
