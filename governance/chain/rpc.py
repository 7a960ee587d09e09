"""A JSON-RPC client with a policy of its own: every wait is bounded, a send is made once, every failure is typed.

web3's provider retries five times, sends included, and waits for minutes on a node that hangs. This one does not need
web3, and what it cannot do is hidden from nobody: a read is tried once more when a kept connection was dropped, nothing
else is ever repeated.

Source: JSON-RPC 2.0; Ethereum execution-apis.
"""

from __future__ import annotations

import json
import re
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from governance.chain.bulk import collector_at_rest
from governance.chain.errors import ChainMismatch, RpcError, RpcOverloaded, RpcUnavailable
from governance.errors import InvalidInput
from governance.types import ChainId, Timestamp

if TYPE_CHECKING:
    import requests

CONNECT_TIMEOUT = 5.0  # [seconds]
READ_TIMEOUT = 30.0  # [seconds] between two bytes; the largest answers take a few
MAX_ANSWER = 256 * 1024 * 1024  # [bytes] a hostile node must not fill our memory
DEEPEST = 10_000  # calls within calls
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})

_QUANTITY = re.compile(r"0x[0-9a-fA-F]{1,64}")
OVERLOADED = frozenset({413, 429, 503})  # HTTP: too large, too many requests, not now

# Never repeated by us: the first attempt may have arrived.
SENDS = frozenset({"eth_sendRawTransaction", "eth_sendTransaction"})


class Rpc:
    """One node at one URL. Threads may share it: each has its own connection."""

    def __init__(self, url: str, *, timeout: float = READ_TIMEOUT, name: str | None = None) -> None:
        """Nothing is sent yet. Units: `timeout` in seconds. Raises: InvalidInput, for what is not an http URL."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InvalidInput(f"{url!r} is not the URL of a node", hint="such as http://127.0.0.1:8545")
        self.url = url
        # A URL can carry an access key in its path, its query or before the @: the name is what messages show.
        self.name = name or (parts.hostname + (f":{parts.port}" if parts.port else ""))
        self._timeout = (min(CONNECT_TIMEOUT, timeout), timeout)
        self._is_local = parts.hostname in LOOPBACK
        self._local = threading.local()
        self._sessions: list[requests.Session] = []
        self._lock = threading.Lock()
        self._next_id = 0

    def __repr__(self) -> str:
        return f"Rpc({self.name})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """No connection is open any more; the next call opens a new one."""
        with self._lock:
            sessions, self._sessions = self._sessions, []
        self._local = threading.local()
        for session in sessions:
            session.close()

    def call(self, method: str, *params: Any) -> Any:
        """The result of one call.

        Raises: RpcUnavailable, RpcError.
        """
        request = self._request(method, params)
        answer = self._exchange(request, may_repeat=method not in SENDS)
        return self._result(answer, request["id"])

    def batch(self, calls: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        """The results of several calls made in one request, in their order.

        Raises: RpcUnavailable, RpcError (of the first call that failed).
        """
        if not calls:
            return []
        requests_ = [self._request(method, params) for method, params in calls]
        answers = self._exchange(requests_, may_repeat=not any(method in SENDS for method, _ in calls))
        if not isinstance(answers, list):
            raise RpcError.from_answer(self.name, answers.get("error") if isinstance(answers, dict) else None)
        told = [answer for answer in answers if isinstance(answer, dict) and isinstance(answer.get("id"), int)]
        by_id = {answer["id"]: answer for answer in told}
        return [self._result(by_id.get(request["id"]), request["id"]) for request in requests_]

    def chain_id(self) -> ChainId:
        """EIP-155's number of the chain that this node serves."""
        return ChainId(as_int(self.call("eth_chainId")))

    def verify_chain(self, expected: ChainId) -> None:
        """Returns if the node serves that chain.

        Raises: ChainMismatch.
        """
        actual = self.chain_id()
        if actual != expected:
            raise ChainMismatch(f"{self.name} serves chain {actual}, but chain {expected} is required")

    def block(self, which: int | str = "latest") -> dict[str, Any]:
        """A block by number or tag, without its transactions.

        Raises: RpcUnavailable, if the node does not have it.
        """
        tag = hex(which) if isinstance(which, int) else which
        block = self.call("eth_getBlockByNumber", tag, False)
        if not isinstance(block, dict):
            raise RpcUnavailable(f"{self.name} has no block {which}")
        return block

    def now(self) -> Timestamp:
        """The time of the latest block: the chain's time is the only one that rules are judged by."""
        return Timestamp(as_int(self.block().get("timestamp")))

    def _request(self, method: str, params: Sequence[Any]) -> dict[str, Any]:
        with self._lock:
            self._next_id += 1
            number = self._next_id
        return {"jsonrpc": "2.0", "id": number, "method": method, "params": list(params)}

    def _result(self, answer: object, number: int) -> Any:
        if not isinstance(answer, dict) or answer.get("id") != number:
            raise RpcUnavailable(f"{self.name} did not answer what was asked")
        if answer.get("error") is not None:
            raise RpcError.from_answer(self.name, answer["error"])
        if "result" not in answer:
            raise RpcUnavailable(f"{self.name} answered with neither a result nor an error")
        return answer["result"]

    def _exchange(self, body: object, *, may_repeat: bool) -> Any:
        import requests

        data = json.dumps(body).encode()
        for attempt in (1, 2):
            try:
                return self._post(data)
            except requests.ConnectTimeout as e:
                raise RpcUnavailable(f"{self.name} did not answer within {self._timeout[0]:g} s") from e
            except requests.ReadTimeout as e:
                waited = self._timeout[1]
                raise RpcOverloaded(f"{self.name} did not answer within {waited:g} s", took=waited) from e
            except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError) as e:
                if _is_slow(e):
                    raise RpcOverloaded(f"{self.name} did not answer in time") from e
                # A connection that was kept open may have been closed by the other side: that says nothing about it.
                if attempt == 2 or not may_repeat:
                    raise RpcUnavailable(f"{self.name} cannot be reached") from e
            except requests.RequestException as e:
                raise RpcUnavailable(f"{self.name} cannot be asked: {type(e).__name__}") from e
        raise AssertionError("the second attempt returns or raises")

    def _post(self, data: bytes) -> Any:
        with self._session().post(self.url, data=data, timeout=self._timeout, stream=True, allow_redirects=False) as r:
            if r.status_code in OVERLOADED:
                raise RpcOverloaded(
                    f"{self.name} is asked for too much (HTTP {r.status_code})",
                    wants_fewer=r.status_code != 413,
                    retry_after=_seconds(r.headers.get("Retry-After")),
                )
            content = bytearray()
            for chunk in r.iter_content(1 << 20):
                content += chunk
                if len(content) > MAX_ANSWER:
                    raise RpcOverloaded(f"{self.name} sent more than {MAX_ANSWER >> 20} MiB")
            try:
                with collector_at_rest():
                    return _parse(content)
            except (ValueError, RecursionError) as e:  # a list in a list in a list ... is no answer either
                raise RpcUnavailable(f"{self.name} answered with HTTP {r.status_code} and no JSON") from e

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            import requests

            from governance.chain.transport import EndingAdapter

            session = requests.Session()
            for scheme in ("http://", "https://"):
                session.mount(scheme, EndingAdapter())
            session.headers.update({"Content-Type": "application/json", "User-Agent": "custodes"})
            session.trust_env = not self._is_local  # a proxy has no business between us and our own node
            self._local.session = session
            with self._lock:
                self._sessions.append(session)
        return session


def _seconds(text: str | None) -> float:
    """Retry-After as a number; its other form, a date, is passed over: nobody waits by a node's clock."""
    return float(text) if text is not None and text.isascii() and text.isdigit() else 0.0


def as_int(value: object) -> int:
    """The number of a hex quantity: never negative, and of 256 bits at most.

    Raises: RpcUnavailable.
    """
    if isinstance(value, str) and _QUANTITY.fullmatch(value):
        return int(value, 16)
    shown = repr(value[:40]) if isinstance(value, str) else f"a {type(value).__name__}"
    raise RpcUnavailable(f"a node answered {shown} where a number is required")


def as_bytes(value: object) -> bytes:
    """The bytes of a hex string. Raises: RpcUnavailable."""
    if isinstance(value, str):
        with suppress(ValueError):
            return bytes.fromhex(value.removeprefix("0x"))
    raise RpcUnavailable(f"a node answered with a {type(value).__name__} where bytes are required")


def _parse(content: bytes | bytearray) -> Any:
    """The JSON value. Raises: ValueError, RecursionError.

    web3 brings a library that raises the recursion limit to 100000, where a list in a list in a list ends the process.
    """
    if sys.getrecursionlimit() > DEEPEST:
        sys.setrecursionlimit(DEEPEST)
    return json.loads(content)


def _is_slow(error: BaseException) -> bool:
    """Whether the answer began in time, and then did not go on."""
    from urllib3.exceptions import ReadTimeoutError

    return any(isinstance(cause, ReadTimeoutError) for cause in error.args)
