"""A wire between a client and a node that can be cut, or go silent: TCP on loopback."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Relay:
    """Passes bytes both ways until told otherwise. `opened` counts connections."""

    def __init__(self, port: int) -> None:
        self.opened = 0
        self.is_silent = False  # towards the client
        self._target = port
        self._ends: list[socket.socket] = []
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]

    def cut(self) -> None:
        """Every connection is closed; new ones are taken."""
        ends, self._ends = self._ends, []
        for end in ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def serve(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            self.opened += 1
            node = socket.create_connection(("127.0.0.1", self._target))
            self._ends += [client, node]
            for source, sink, is_to_client in ((client, node, False), (node, client, True)):
                threading.Thread(target=self._pass, args=(source, sink, is_to_client), daemon=True).start()

    def close(self) -> None:
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self.cut()

    def _pass(self, source: socket.socket, sink: socket.socket, is_to_client: bool) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                if not (is_to_client and self.is_silent):
                    sink.sendall(data)
            sink.shutdown(socket.SHUT_RDWR)


@contextmanager
def cut_relay(port: int) -> Iterator[Relay]:
    """A wire to that port of loopback, until the block ends."""
    relay = Relay(port)
    thread = threading.Thread(target=relay.serve, daemon=True)
    thread.start()
    try:
        yield relay
    finally:
        relay.close()
        thread.join(5)
