"""The JSON-RPC client: bounded waits, typed failures, no send made twice, nothing believed that was not asked for."""

from __future__ import annotations

import json
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from governance.chain.errors import ChainMismatch, RpcError, RpcUnavailable
from governance.chain.rpc import Rpc, as_int
from governance.errors import InvalidInput
from governance.types import ChainId

Answer = Callable[[Any], bytes | None]  # the parsed request; None closes the connection without an answer


class Node:
    """A real HTTP server whose answers a test chooses."""

    def __init__(self) -> None:
        self.answer: Answer = lambda request: json.dumps({"id": request["id"], "result": "0x1"}).encode()
        self.seen: list[Any] = []
        node = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                node.seen.append(request)
                body = node.answer(request)
                if body is None:
                    self.close_connection = True
                    return
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def node() -> Iterator[Node]:
    node = Node()
    yield node
    node.close()


@pytest.fixture
def rpc(node: Node) -> Iterator[Rpc]:
    with Rpc(node.url, timeout=5) as client:
        yield client


@pytest.mark.parametrize("url", ["", "127.0.0.1:8545", "ws://127.0.0.1:8545", "http://"])
def test_rpc_refuses_what_is_not_a_url(url: str) -> None:
    with pytest.raises(InvalidInput):
        Rpc(url)


def test_call_raises_unavailable_when_nobody_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: connecting is refused
        with Rpc(f"http://127.0.0.1:{taken.getsockname()[1]}") as rpc, pytest.raises(RpcUnavailable, match="reached"):
            rpc.call("eth_chainId")


def test_call_raises_unavailable_within_the_timeout_when_the_node_hangs() -> None:
    with (
        socketserver.TCPServer(("127.0.0.1", 0), socketserver.BaseRequestHandler) as silent,
        Rpc(f"http://127.0.0.1:{silent.server_address[1]}", timeout=0.2) as rpc,
        pytest.raises(RpcUnavailable, match=r"0\.2 s"),
    ):
        rpc.call("eth_chainId")


@pytest.mark.parametrize(
    "body",
    [b"<html>", b"[]", b"null", b'"0x1"', b'{"id": 77, "result": "0x1"}', b'{"jsonrpc": "2.0"}'],
)
def test_call_raises_unavailable_when_the_answer_is_to_something_else(node: Node, rpc: Rpc, body: bytes) -> None:
    node.answer = lambda request: body
    with pytest.raises(RpcUnavailable):
        rpc.call("eth_chainId")


def test_call_raises_unavailable_when_the_answer_holds_nothing(node: Node, rpc: Rpc) -> None:
    node.answer = lambda request: json.dumps({"id": request["id"]}).encode()
    with pytest.raises(RpcUnavailable, match="neither"):
        rpc.call("eth_chainId")


def test_call_raises_rpc_error_with_the_reverts_bytes(node: Node, rpc: Rpc) -> None:
    error = {"code": 3, "message": "execution reverted", "data": "0x08c379a0"}
    node.answer = lambda request: json.dumps({"id": request["id"], "error": error}).encode()
    with pytest.raises(RpcError, match="execution reverted") as caught:
        rpc.call("eth_call")
    assert caught.value.data == bytes.fromhex("08c379a0")
    assert caught.value.exit_code == 3


@pytest.mark.parametrize("data", [None, "reverted", "0xzz", {"data": 7}])
def test_call_raises_rpc_error_without_bytes_when_there_are_none(node: Node, rpc: Rpc, data: object) -> None:
    node.answer = lambda request: json.dumps({"id": request["id"], "error": {"code": "?", "data": data}}).encode()
    with pytest.raises(RpcError) as caught:
        rpc.call("eth_call")
    assert caught.value.data is None
    assert caught.value.code == 0


def test_send_is_made_once_when_the_connection_drops(node: Node, rpc: Rpc) -> None:
    node.answer = lambda request: None
    with pytest.raises(RpcUnavailable):
        rpc.call("eth_sendRawTransaction", "0x00")
    assert len(node.seen) == 1


def test_read_is_made_once_more_when_the_connection_drops(node: Node, rpc: Rpc) -> None:
    node.answer = lambda request: None if len(node.seen) == 1 else json.dumps({"id": 1, "result": "0x5"}).encode()
    assert rpc.call("eth_blockNumber") == "0x5"
    assert [request["id"] for request in node.seen] == [1, 1]


def test_batch_answers_in_the_order_of_the_calls_whatever_the_nodes_order(node: Node, rpc: Rpc) -> None:
    node.answer = lambda requests: json.dumps(
        [{"id": request["id"], "result": request["method"]} for request in reversed(requests)]
    ).encode()
    assert rpc.batch([("a", []), ("b", [1]), ("c", [])]) == ["a", "b", "c"]
    assert rpc.batch([]) == []


def test_batch_raises_when_one_answer_is_missing(node: Node, rpc: Rpc) -> None:
    node.answer = lambda requests: json.dumps([{"id": requests[0]["id"], "result": 1}]).encode()
    with pytest.raises(RpcUnavailable):
        rpc.batch([("a", []), ("b", [])])


def test_batch_raises_the_nodes_error_when_it_refuses_the_whole(node: Node, rpc: Rpc) -> None:
    node.answer = lambda requests: b'{"id": null, "error": {"code": -32600, "message": "batch too large"}}'
    with pytest.raises(RpcError, match="batch too large"):
        rpc.batch([("a", [])])


def test_verify_chain_raises_when_the_node_serves_another(node: Node, rpc: Rpc) -> None:
    with pytest.raises(ChainMismatch, match=r"serves chain 1, but chain 31337"):
        rpc.verify_chain(ChainId(31337))
    rpc.verify_chain(ChainId(1))


def test_block_raises_unavailable_when_the_node_does_not_have_it(node: Node, rpc: Rpc) -> None:
    node.answer = lambda request: json.dumps({"id": request["id"], "result": None}).encode()
    with pytest.raises(RpcUnavailable, match="no block 7"):
        rpc.block(7)


@pytest.mark.parametrize("value", [None, 7, "", "seven", "-0x1", "10", " 0x10", "0x1_0", "0x", "0x" + "f" * 65])
def test_as_int_raises_when_a_node_gives_no_number(value: object) -> None:
    with pytest.raises(RpcUnavailable):
        as_int(value)


def test_rpc_shows_neither_key_nor_path_of_its_url() -> None:
    rpc = Rpc("https://user:secret@node.example:8443/v3/secret?key=secret")
    assert "secret" not in repr(rpc)
    assert rpc.name == "node.example:8443"
