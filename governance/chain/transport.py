"""HTTP connections whose answers have an end.

A read time-out alone bounds the wait for the next byte: a node that sends one byte a second, of a header or of a body,
would hold its caller for days. Here the whole answer has a deadline.

requests is imported with this module, which is therefore imported where a first connection is made.
"""

from __future__ import annotations

import http.client
import io
import socket
import time
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

WHOLE = 4  # read time-outs: an answer that is still coming after so many is cut off


class _Timed(io.RawIOBase):
    """A socket's bytes, as long as the deadline has not passed. Raises: TimeoutError."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket) -> None:
        self._raw, self._socket = raw, sock
        self._idle = sock.gettimeout()
        self._deadline = None if self._idle is None else time.monotonic() + WHOLE * self._idle

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if self._idle is not None and self._deadline is not None:
            left = self._deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError("the answer is still coming, and its time is over")
            self._socket.settimeout(min(left, self._idle))
        count: int | None = self._raw.readinto(buffer)
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Answer(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *arguments: Any, **options: Any) -> None:
        super().__init__(sock, *arguments, **options)
        self.fp = io.BufferedReader(_Timed(self.fp.detach(), sock))  # nothing was read yet


class _Connection(HTTPConnection):
    response_class = _Answer


class _TlsConnection(HTTPSConnection):
    response_class = _Answer


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class EndingAdapter(HTTPAdapter):
    """Connections of a `requests.Session` whose answers end within `WHOLE` read time-outs."""

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}

    def proxy_manager_for(self, *arguments: Any, **options: Any) -> Any:
        manager = super().proxy_manager_for(*arguments, **options)
        manager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}
        return manager
