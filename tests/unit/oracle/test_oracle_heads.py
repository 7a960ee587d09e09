"""Heads by socket on a real node: each wakes at once, and a socket that fails costs nothing but its own voice."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from websockets.sync.server import ServerConnection, serve

from cut_relay import Relay, cut_relay
from governance.chain.rpc import Rpc
from governance.errors import InvalidInput
from oracle import heads
from oracle.heads import Alarm, HeadListener

pytestmark = pytest.mark.chain


class Woken:
    """Counts how often it was called, and what it was told."""

    def __init__(self) -> None:
        self.calls = 0
        self.told: list[str | None] = []

    def wake(self) -> None:
        self.calls += 1

    def tell(self, name: str, reason: str | None) -> None:
        self.told.append(reason)


def wait_for(condition: Callable[[], bool], seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


@contextmanager
def listening(port: int, woken: Woken, *, silence: float = 30.0) -> Iterator[HeadListener]:
    listener = HeadListener(f"ws://127.0.0.1:{port}", woken.wake, silence=silence, tell=woken.tell)
    listener.start()
    try:
        yield listener
    finally:
        listener.stop()


@pytest.fixture
def relay(anvil: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Relay]:
    monkeypatch.setattr(heads, "PAUSES", (0.05, 0.2))
    with cut_relay(int(anvil.url.rsplit(":", 1)[1])) as relay:
        yield relay


@pytest.fixture
def mine(anvil: Any) -> Iterator[Callable[[], None]]:
    with Rpc(anvil.url) as rpc:
        yield lambda: rpc.call("anvil_mine", "0x1")


def mine_until_woken(mine: Callable[[], None], woken: Woken, beyond: int) -> None:
    def try_once() -> bool:
        mine()
        return wait_for(lambda: woken.calls > beyond, 0.3)

    assert wait_for(try_once)


def test_head_wakes_at_once(relay: Relay, mine: Callable[[], None]) -> None:
    woken = Woken()
    with listening(relay.port, woken) as listener:
        mine_until_woken(mine, woken, 0)
        assert listener.is_heard
        before, began = woken.calls, time.monotonic()
        mine()
        assert wait_for(lambda: woken.calls > before, 2.0)
        assert time.monotonic() - began < 2.0
    assert (woken.told, relay.opened) == ([None], 1)


def test_socket_that_is_closed_is_opened_again(relay: Relay, mine: Callable[[], None]) -> None:
    woken = Woken()
    with listening(relay.port, woken) as listener:
        mine_until_woken(mine, woken, 0)
        relay.cut()
        assert wait_for(lambda: not listener.is_heard)
        mine_until_woken(mine, woken, woken.calls)
        assert listener.is_heard
    assert relay.opened >= 2
    assert (woken.told[0], woken.told[-1]) == (None, None)
    assert "Closed" in str(woken.told[1])


def test_socket_that_goes_silent_is_left_for_another(relay: Relay, mine: Callable[[], None]) -> None:
    woken = Woken()
    with listening(relay.port, woken, silence=0.5) as listener:
        mine_until_woken(mine, woken, 0)
        relay.is_silent = True
        assert wait_for(lambda: not listener.is_heard)
        before = woken.calls
        mine()
        time.sleep(0.1)
        assert woken.calls == before
        relay.is_silent = False
        relay.cut()  # what was opened in the silence has lost its beginning
        mine_until_woken(mine, woken, before)
    assert "no head within 0.5 s" in woken.told


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("no json", "JSONDecodeError"),
        ("[]", "gives no heads"),
        (json.dumps({"id": 1, "error": {"code": -32601, "message": "no"}}), "gives no heads"),
        (json.dumps({"id": 1, "result": "0x1", "padding": "x" * heads.MAX_MESSAGE}), "ConnectionClosed"),
    ],
)
def test_socket_that_says_something_else_has_no_voice(said: str, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heads, "PAUSES", (0.05, 0.2))
    woken = Woken()

    def answer(connection: ServerConnection) -> None:
        connection.recv()
        connection.send(said)
        connection.recv()

    with serve(answer, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        with listening(server.socket.getsockname()[1], woken) as listener:
            assert wait_for(lambda: bool(woken.told))
            assert not listener.is_heard
        server.shutdown()
        thread.join(5)
    assert woken.calls == 0
    assert told in str(woken.told[0])


def test_socket_that_never_stops_to_call_is_heard_a_few_times_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    woken = Woken()
    head = json.dumps({"method": "eth_subscription", "params": {"result": {"number": "0xffffffff"}}})

    def flood(connection: ServerConnection) -> None:
        while True:
            connection.send(head)

    with serve(flood, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        with listening(server.socket.getsockname()[1], woken):
            assert wait_for(lambda: woken.calls > 0)
            began, before = time.monotonic(), woken.calls
            time.sleep(0.5)
            heard = woken.calls - before
            assert 0 < heard <= (time.monotonic() - began) / heads.GAP + 1
        server.shutdown()
        thread.join(5)


def test_listener_refuses_what_is_no_socket() -> None:
    with pytest.raises(InvalidInput, match="not the URL of a socket"):
        HeadListener("http://127.0.0.1:8545", lambda: None)


def test_alarm_that_rang_before_the_sleep_ends_it() -> None:
    alarm = Alarm()
    alarm.ring()
    began = time.monotonic()
    alarm.sleep(60)
    alarm.sleep(0.01)  # and only that one
    assert time.monotonic() - began < 30
