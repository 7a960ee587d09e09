"""A provider with limits and moods, in front of a real node: an HTTP proxy on loopback."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit


class BadProvider:
    """Refuses ranges and batches above its limits, wants to be left alone for a while, and hangs on what is large."""

    def __init__(self, node: str) -> None:
        self.url = ""
        self.most_blocks: int | None = None  # of one eth_getLogs
        self.most_calls: int | None = None  # of one batch
        self.hangs_above: int | None = None  # calls of a batch, or blocks of a range: no answer at all
        self.busy = 0  # so many requests more are answered with HTTP 429
        self.credit: int | None = None  # requests that it still answers before it is busy
        self.sizes: list[int] = []  # of every request, as it came
        self.refused = 0
        self.released = threading.Event()  # whoever hangs may go
        self._node = urlsplit(node)

    def answer(self, body: bytes) -> tuple[int, bytes]:
        """HTTP status and body."""
        asked = json.loads(body)
        size = _size(asked)
        self.sizes.append(size)
        if self.credit is not None:
            self.credit -= 1
        if self.busy > 0 or (self.credit is not None and self.credit < 0):
            self.busy = max(0, self.busy - 1)
            self.refused += 1
            return 429, b"slow down"
        if self.hangs_above is not None and size > self.hangs_above:
            self.refused += 1
            self.released.wait(30)
            return 504, b""
        limit = self.most_calls if isinstance(asked, list) else self.most_blocks
        if limit is not None and size > limit:
            self.refused += 1
            refusal = {"jsonrpc": "2.0", "error": {"code": -32005, "message": f"at most {limit} at once"}}
            return 200, json.dumps(refusal | {"id": None if isinstance(asked, list) else asked["id"]}).encode()
        connection = http.client.HTTPConnection(str(self._node.hostname), self._node.port, timeout=30)
        try:
            connection.request("POST", "/", body, {"Content-Type": "application/json"})
            return 200, connection.getresponse().read()
        finally:
            connection.close()


@contextmanager
def bad_provider(node: str) -> Iterator[BadProvider]:
    """It listens on loopback until the block ends."""
    provider = BadProvider(node)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            status, body = provider.answer(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(status)
            if status == 429:
                self.send_header("Retry-After", "3")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            pass  # whoever gave up waiting has closed

    server = Server(("127.0.0.1", 0), Handler)
    provider.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        provider.released.set()
        server.shutdown()
        server.server_close()
        thread.join()


def _size(asked: Any) -> int:
    """How much a request asks for: calls of a batch, blocks of a range."""
    if isinstance(asked, list):
        return len(asked)
    if asked["method"] == "eth_getLogs":
        (query,) = asked["params"]
        return int(query["toBlock"], 16) - int(query["fromBlock"], 16) + 1
    return 1
