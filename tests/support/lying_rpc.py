"""A real RPC server on loopback, in front of a node, that lies or fails as a test tells it to, method by method."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

Lie = Callable[[Sequence[Any], Callable[[], Any]], Any]  # the parameters, the node's own answer -> what is told
Manner = Callable[["Handler"], None]  # how a whole HTTP answer goes wrong
PATIENCE = 20  # [seconds] of a manner that hangs, at most


class NodeSays(Exception):
    """An error of JSON-RPC."""

    def __init__(self, message: str, *, code: int = -32000, data: str | None = None) -> None:
        super().__init__(message)
        self.error = {"code": code, "message": message} | ({} if data is None else {"data": data})


class Handler(BaseHTTPRequestHandler):
    """One client's connection, with one of its own to the node."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # headers and body are two writes: the second would wait for the first one's receipt
    rpc: LyingRpc
    _node: http.client.HTTPConnection | None = None

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        asked = json.loads(body)
        calls = asked if isinstance(asked, list) else [asked]
        self.rpc.asked.update(call["method"] for call in calls)
        manner = next((found for call in calls if (found := self.rpc.manners.get(call["method"]))), None)
        if manner is not None:
            self.rpc.told += 1
            self.close_connection = True
            try:
                manner(self)
            except OSError:
                return  # the client has had enough
        elif any(call["method"] in self.rpc.lies for call in calls):
            told = [self._answer(call) for call in calls]
            self.send(json.dumps(told if isinstance(asked, list) else told[0]).encode())
        else:
            self.send(self._forward(body))

    def send(self, data: bytes, *, status: int = 200, length: int | None = None, location: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(data) if length is None else length))
        if location:
            self.send_header("Location", location)
        self.end_headers()
        self.wfile.write(data)

    def finish(self) -> None:
        super().finish()
        if self._node is not None:
            self._node.close()

    def log_message(self, *arguments: object) -> None:
        return

    def _answer(self, call: Mapping[str, Any]) -> dict[str, Any]:
        head = {"jsonrpc": "2.0", "id": call["id"]}

        def ask() -> Any:
            answer = json.loads(self._forward(json.dumps(call).encode()))
            if (error := answer.get("error")) is not None:
                raise NodeSays(error["message"], code=error["code"], data=error.get("data"))
            return answer["result"]

        lie = self.rpc.lies.get(call["method"])
        try:
            if lie is None:
                return {**head, "result": ask()}
            self.rpc.told += 1
            return {**head, "result": lie(call["params"], ask)}
        except NodeSays as e:
            return {**head, "error": e.error}

    def _forward(self, body: bytes) -> bytes:
        if self._node is None:
            self._node = http.client.HTTPConnection(self.rpc.target, timeout=60)
        self._node.request("POST", "/", body, {"Content-Type": "application/json"})
        return self._node.getresponse().read()


class LyingRpc:
    """Honest, until a lie or a manner is put in."""

    def __init__(self, target: str) -> None:
        self.target = urlsplit(target).netloc
        self.lies: dict[str, Lie] = {}
        self.manners: dict[str, Manner] = {}
        self.asked: set[str] = set()  # methods
        self.told = 0  # answers that were not the node's
        self.is_over = threading.Event()  # ends what hangs
        handler = type("OwnHandler", (Handler,), {"rpc": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def lie(self, method: str, lie: Lie) -> None:
        self.lies[method] = lie

    def fail(self, method: str, manner: Manner) -> None:
        self.is_over.clear()
        self.manners[method] = manner

    def be_honest(self) -> None:
        self.lies.clear()
        self.manners.clear()
        self.is_over.set()

    def close(self) -> None:
        self.be_honest()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextmanager
def lying_rpcs(target: str, count: int) -> Iterator[list[LyingRpc]]:
    """So many servers in front of one node."""
    rpcs = [LyingRpc(target) for _ in range(count)]
    try:
        yield rpcs
    finally:
        for rpc in rpcs:
            rpc.close()


# ---- manners ---------------------------------------------------------------------------------------------------------


def hang(handler: Handler) -> None:
    """Nothing comes."""
    handler.rpc.is_over.wait(PATIENCE)


def drip(handler: Handler) -> None:
    """An answer that comes, byte by byte, and never to its end."""
    handler.send(b"", length=1 << 20)
    while not handler.rpc.is_over.wait(0.05):
        handler.wfile.write(b" ")


def drip_headers(handler: Handler) -> None:
    """Not even the headers come to their end."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
    while not handler.rpc.is_over.wait(0.05):
        handler.wfile.write(b"x")


def hang_up(handler: Handler) -> None:
    """The connection is closed."""
    handler.connection.shutdown(socket.SHUT_RDWR)


def cut(handler: Handler) -> None:
    """The connection is closed in the middle of an answer."""
    handler.send(b'{"jsonrpc": "2.0", "id": 1, "res', length=4096)
    handler.connection.shutdown(socket.SHUT_RDWR)


def flood(handler: Handler) -> None:
    """More than anybody asked for."""
    handler.send(b"", length=1 << 40)
    while not handler.rpc.is_over.is_set():
        handler.wfile.write(b"0" * (1 << 20))


def say(data: bytes, status: int = 200, location: str = "") -> Manner:
    """That answer, to everything."""
    return lambda handler: handler.send(data, status=status, location=location)


def tell(value: Any) -> Lie:
    """That result, whatever was asked."""
    return lambda parameters, ask: value


def change(how: Callable[[Any], Any]) -> Lie:
    """The node's answer, changed."""
    return lambda parameters, ask: how(ask())


def refuse(message: str = "the node is syncing", data: str | None = None) -> Lie:
    """An error of JSON-RPC."""

    def lie(parameters: Sequence[Any], ask: Callable[[], Any]) -> Any:
        raise NodeSays(message, data=data)

    return lie
