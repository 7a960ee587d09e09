"""The bearer token's file, and what a client makes of whoever answers at a URL."""

from __future__ import annotations

import http.server
import json
import socket
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from governance.errors import CustodesError, InvalidInput, Refused, Unavailable, VerificationError
from inference.client import WorkerClient
from inference.errors import BadToken, CannotListen, WorkerUnreachable
from inference.question import ask_user
from inference.serving import listen
from inference.token import ensure_token, read_token


def test_token_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "token"
    token = ensure_token(path)
    assert len(token) >= 40
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert ensure_token(path) == token == read_token(path)


def test_token_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "token"
    ensure_token(path)
    path.chmod(0o640)
    for use in (read_token, ensure_token):
        with pytest.raises(BadToken, match="open to others"):
            use(path)


@pytest.mark.parametrize("content", ["", "short\n", "x" * 15, "with\nline breaks in it, many", "é" * 40])
def test_token_that_is_none_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "token"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(BadToken):
        read_token(path)


def test_token_file_that_cannot_be_used_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadToken):
        read_token(tmp_path / "missing")
    (tmp_path / "file").write_text("")
    with pytest.raises((BadToken, OSError)):
        ensure_token(tmp_path / "file" / "token")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BadToken):
        ensure_token(tmp_path / "link")
    assert not (tmp_path / "elsewhere").exists()


@contextmanager
def answering(status: int, body: bytes) -> Iterator[tuple[str, list[tuple[str, bytes]]]]:
    """Something that answers everything with that; and what it was asked."""
    asked: list[tuple[str, bytes]] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            asked.append((self.headers.get("Authorization", ""), self.rfile.read(length)))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Location", "http://127.0.0.1:9/")
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def told(**error: Any) -> bytes:
    return json.dumps({"error": {"custodes": error}}).encode()


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, told(error="BadToken", exit=2), BadToken),
        (403, told(error="UseRefused", exit=4, message="no", rule="R-Worker-04"), Refused),
        (503, told(error="WorkerNotReady", exit=3, message="not yet"), Unavailable),
        (400, told(error="BadRequest", exit=2, message="what?"), InvalidInput),
        (500, told(error="ConstraintsMismatch", exit=1, message="a lie"), VerificationError),
        (500, b'{"error": "strange"}', WorkerUnreachable),
        (500, b"{}", WorkerUnreachable),
        (500, told(error="Strange", exit=9), Unavailable),
        (502, b"<html>", WorkerUnreachable),
        (200, b"[]", WorkerUnreachable),
        (302, b"", WorkerUnreachable),
    ],
)
def test_client_raises_what_the_worker_raised(status: int, body: bytes, kind: type[CustodesError]) -> None:
    with answering(status, body) as (url, _), pytest.raises(CustodesError) as refused:
        WorkerClient(url, "token").ask(ask_user("x", "chat"))
    assert isinstance(refused.value, kind)
    if b"R-Worker-04" in body:
        assert refused.value.rule == "R-Worker-04"


def test_client_sends_the_token_and_the_question() -> None:
    with answering(200, b"{}") as (url, asked):
        WorkerClient(url + "/", "the token").ask(ask_user("x", "chat", purpose="research", max_tokens=3))
    ((authorization, body),) = asked
    assert authorization == "Bearer the token"
    assert json.loads(body)["custodes"]["purpose"] == "research"
    assert json.loads(body)["max_completion_tokens"] == 3


def test_client_refuses_what_is_no_url() -> None:
    with pytest.raises(InvalidInput):
        WorkerClient("127.0.0.1:8600", "token")


def test_client_waits_for_a_worker_and_no_longer_than_it_was_told() -> None:
    said: list[str] = []
    with answering(200, json.dumps({"state": "starting", "waitsFor": "1 of 3 partials"}).encode()) as (url, _):
        status = WorkerClient(url, "token").await_serving(0.6, said.append)
    assert status["state"] == "starting"
    assert said == ["1 of 3 partials"]
    with pytest.raises(WorkerUnreachable):
        WorkerClient(url, "token").await_serving(0.3, said.append)


def test_address_that_cannot_be_listened_on_is_refused() -> None:
    with listen(0) as taken:
        taken.listen()
        with pytest.raises(CannotListen, match="cannot be listened on"):
            listen(taken.getsockname()[1])
    for host in ("nowhere", "192.0.2.1"):
        with pytest.raises(CannotListen, match=host):
            listen(0, host)
    if socket.has_ipv6:
        with listen(0, "::1") as six:
            assert six.getsockname()[0] == "::1"
