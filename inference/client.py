"""Asking a worker that runs, over its HTTP face. Its errors come back as the errors that they were."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from governance.errors import CustodesError, InvalidInput, Refused, Unavailable, VerificationError
from inference.errors import BadToken, WorkerUnreachable

if TYPE_CHECKING:
    from inference.question import Question

CONNECT_TIMEOUT = 5.0  # [seconds]
ANSWER_TIMEOUT = 600.0  # [seconds] a long answer on a slow machine
KINDS: dict[int, type[CustodesError]] = {1: VerificationError, 2: InvalidInput, 3: Unavailable, 4: Refused}


class WorkerClient:
    """One worker at one URL."""

    def __init__(self, url: str, token: str, authorities: Path | None = None) -> None:
        """Nothing is sent yet. `authorities` (PEM) are those whose certificates count; by default the public ones.

        Raises: InvalidInput.
        """
        if not url.startswith(("http://", "https://")):
            raise InvalidInput(f"{url!r} is not the URL of a worker", hint="such as http://127.0.0.1:8600")
        self._url, self._token = url.rstrip("/"), token
        self._verify: bool | str = True if authorities is None else str(authorities)

    def status(self) -> dict[str, Any]:
        """What the worker says of itself. Raises: WorkerUnreachable, BadToken."""
        return self._exchange("GET", "/custodes/status", None)

    def await_serving(self, patience: float, report: Callable[[str], None]) -> dict[str, Any]:
        """The status once the worker serves or is dark, or when `patience` [seconds] is over. Raises: as `status`."""
        deadline, said = time.monotonic() + patience, ""
        while True:
            try:
                status = self.status()
                if status["state"] != "starting" or time.monotonic() > deadline:
                    return status
                waits_for = str(status["waitsFor"])
            except WorkerUnreachable as e:
                if time.monotonic() > deadline:
                    raise
                waits_for = e.message
            if waits_for != said:
                report(waits_for)
                said = waits_for
            time.sleep(0.25)

    def ask(self, question: Question) -> dict[str, Any]:
        """The completion as OpenAI's API has it, with `custodes` in it. Raises: what the worker raised."""
        body: dict[str, Any] = {
            "messages": [dict(message) for message in question.messages],
            "custodes": {
                "capability": question.capability,
                "purpose": question.purpose,
                "audience": question.audience,
                "logitsDigest": question.wants_digest,
            },
        }
        if question.max_tokens is not None:
            body["max_completion_tokens"] = question.max_tokens
        return self._exchange("POST", "/v1/chat/completions", body)

    def prove_receipt(self, sequence: int) -> dict[str, Any] | None:
        """Where that receipt lies under an anchored root; None if it is not anchored yet. Raises: as `status`."""
        inclusion = self._exchange("GET", f"/custodes/receipts/{sequence}", None).get("inclusion")
        return inclusion if isinstance(inclusion, dict) else None

    def _exchange(self, method: str, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
        import requests

        with requests.Session() as session:
            session.trust_env = False  # the token goes to the worker and to no proxy
            try:
                answer = session.request(
                    method,
                    self._url + path,
                    json=body,
                    headers={"Authorization": f"Bearer {self._token}"},
                    timeout=(CONNECT_TIMEOUT, ANSWER_TIMEOUT),
                    allow_redirects=False,
                    verify=self._verify,
                )
                data = answer.json()
            except ValueError as e:
                raise WorkerUnreachable(f"{self._url} is no worker: it does not answer with JSON") from e
            except (requests.RequestException, OSError) as e:
                raise WorkerUnreachable(f"no worker answers at {self._url}") from e
        if not isinstance(data, dict):
            raise WorkerUnreachable(f"{self._url} is no worker")
        if answer.status_code == 200:
            return data
        raise _to_error(data)


def _to_error(data: dict[str, Any]) -> CustodesError:
    """The worker's error, of its kind and under its own hint."""
    error = data.get("error")
    told = error.get("custodes") if isinstance(error, dict) else None
    if not isinstance(told, dict):
        return WorkerUnreachable("what answers there is no worker")
    if told.get("error") == BadToken.__name__:
        return BadToken("the worker does not take this token")
    kind = KINDS.get(int(told.get("exit") or 0), Unavailable)
    message = str(told.get("message") or "the worker answered with an error that says nothing")
    return kind(message, hint=told.get("hint"), rule=told.get("rule"), details={"error": told.get("error")})
