"""New heads by WebSocket: a wake-up call, and nothing that is believed.

Whoever waits for the next look at the chain is woken when a socket says that there is a new head. What it says is not
even read: the look that follows asks the RPCs, and verifies. A socket that is closed, silent, or sends something else
is left for ever longer pauses, and polling goes on as without it; one that never stops to call is heard a few times a
second.

Source: Ethereum execution-apis (eth_subscribe), RFC 6455.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from governance.chain.pace import Backoff
from governance.chain.rpc import LOOPBACK
from governance.errors import InvalidInput

if TYPE_CHECKING:
    from websockets.sync.client import ClientConnection

SILENCE = 60.0  # [seconds] without a head before another connection is tried
GAP = 0.05  # [seconds] between two calls that are heard
PAUSES = (0.5, 30.0)  # [seconds] first and longest, before the next connection
PATIENCE = 10.0  # [seconds] until a connection stands
MAX_MESSAGE = 1 << 16  # [bytes] a head takes 2,000
SUBSCRIBE = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "eth_subscribe", "params": ["newHeads"]})


class Alarm:
    """Sleep that somebody else may end."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def ring(self) -> None:
        """Whoever sleeps, or goes to sleep next, wakes."""
        self._event.set()

    def sleep(self, seconds: float) -> None:
        """The time has passed, or the alarm has rung since the last sleep."""
        self._event.wait(seconds)
        self._event.clear()


class HeadListener:
    """One socket of one node, in a thread of its own."""

    def __init__(
        self,
        url: str,
        wake: Callable[[], None],
        *,
        silence: float = SILENCE,
        tell: Callable[[str, str | None], None] = lambda name, reason: None,
    ) -> None:
        """Nothing is opened yet. `tell` hears the socket's name and why it has no voice; None when it has one again.

        Units: `silence` in seconds. Raises: InvalidInput, for what is no ws URL.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("ws", "wss") or not parts.hostname:
            raise InvalidInput(f"{url!r} is not the URL of a socket", hint="such as ws://127.0.0.1:8546")
        self.name = parts.hostname + (f":{parts.port}" if parts.port else "")  # an access key stands in the rest
        self.is_heard = False
        self._url, self._is_local = url, parts.hostname in LOOPBACK
        self._wake, self._silence, self._tell = wake, silence, tell
        self._backoff = Backoff(*PAUSES)
        self._ended = threading.Event()
        self._socket: ClientConnection | None = None
        self._thread = threading.Thread(target=self._run, name="custodes-heads", daemon=True)

    def start(self) -> None:
        """It listens from now on."""
        self._thread.start()

    def stop(self) -> None:
        """It wakes nobody any more."""
        self._ended.set()
        if (socket := self._socket) is not None:
            socket.close()
        if self._thread.is_alive():
            self._thread.join(timeout=2.0)

    def _run(self) -> None:
        from websockets.exceptions import WebSocketException

        last = ""
        while not self._ended.is_set():
            try:
                reason = self._listen()
            except TimeoutError:
                reason = f"no head within {self._silence:g} s"
            except (OSError, WebSocketException, ValueError) as e:
                reason = f"{type(e).__name__}: {e}"
            if self._ended.is_set():
                return
            if self.is_heard or reason != last:
                self._tell(self.name, reason)
            self.is_heard, last = False, reason
            self._ended.wait(self._backoff.next())

    def _listen(self) -> str:
        """Heads have come and been called out; why no more do. Raises: OSError, WebSocketException, ValueError."""
        from websockets.sync.client import connect

        with connect(
            self._url,
            open_timeout=PATIENCE,
            close_timeout=1.0,
            max_size=MAX_MESSAGE,
            compression=None,
            proxy=None if self._is_local else True,
        ) as self._socket:
            socket = self._socket
            socket.send(SUBSCRIBE)
            deadline = time.monotonic() + self._silence
            while not self._ended.is_set():
                message = json.loads(socket.recv(timeout=max(0.0, deadline - time.monotonic())))
                if not isinstance(message, dict) or "error" in message:
                    return "it gives no heads"
                if message.get("method") == "eth_subscription":
                    deadline = time.monotonic() + self._silence
                    self._hear()
            return "ended"

    def _hear(self) -> None:
        self._backoff.reset()
        if not self.is_heard:
            self.is_heard = True
            self._tell(self.name, None)
        self._wake()
        self._ended.wait(GAP)  # whatever comes meanwhile is no news: the look that was called for sees it
