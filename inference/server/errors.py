"""Errors in the form of OpenAI's API, so that its clients raise what they raise there; ours is a member of its own."""

from __future__ import annotations

from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

from governance.errors import CustodesError, InvalidInput, Refused, Unavailable
from inference.errors import (
    BadToken,
    CallerGone,
    RequestTooLarge,
    RequestTooSlow,
    WorkerBusy,
    WorkerDark,
    WrongKind,
)
from inference.server.limits import RETRY_AFTER

CLIENT_CLOSED = 499  # nobody reads it; the metrics count it
INVALID, FORBIDDEN, LIMITED, SERVER = "invalid_request_error", "request_forbidden", "requests", "server_error"
FAILURE = {"error": {"message": "the worker failed to answer", "type": SERVER, "param": None, "code": None}}
# The first kind that an error is of counts: (status, OpenAI's type, OpenAI's code).
KINDS: tuple[tuple[type[CustodesError], int, str, str | None], ...] = (
    (BadToken, 401, INVALID, "invalid_api_key"),
    (WrongKind, 404, INVALID, "model_not_found"),
    (RequestTooLarge, 413, INVALID, "request_too_large"),
    (RequestTooSlow, 408, INVALID, None),
    (WorkerBusy, 429, LIMITED, "rate_limit_exceeded"),
    (CallerGone, CLIENT_CLOSED, SERVER, None),
    (WorkerDark, 503, SERVER, None),
    (Unavailable, 503, SERVER, None),
    (Refused, 403, FORBIDDEN, None),
    (InvalidInput, 400, INVALID, None),
)


def describe_error(error: CustodesError) -> tuple[int, dict[str, Any]]:
    """The status, and the body. `code` is the rule by which it was refused, where there is one."""
    status, kind, code = next((found[1:] for found in KINDS if isinstance(error, found[0])), (500, SERVER, None))
    body = {
        "message": error.message,
        "type": kind,
        "param": error.details.get("param"),
        "code": error.rule or error.details.get("code") or code,
        "custodes": error.to_json(),
    }
    return status, {"error": body}


def to_response(error: CustodesError) -> JSONResponse:
    """The answer that a caller gets. A worker that is dark stays so: its caller is told not to try again."""
    status, body = describe_error(error)
    headers = {}
    if isinstance(error, WorkerDark):
        headers["x-should-retry"] = "false"
    elif status in (429, 503):
        headers["retry-after"] = str(RETRY_AFTER)
    elif status == 401:
        headers["www-authenticate"] = "Bearer"
    return JSONResponse(body, status_code=status, headers=headers)


async def refuse_path(request: Request, error: Exception) -> JSONResponse:
    """OpenAI's answer to a path or a method that there is not."""
    assert isinstance(error, HTTPException)  # noqa: S101 - it is registered for this class
    told = {
        "message": f"Invalid URL ({request.method} {request.url.path})",
        "type": INVALID,
        "param": None,
        "code": None,
    }
    return JSONResponse({"error": told}, status_code=error.status_code, headers=dict(error.headers or {}))


async def hide_failure(_: Request, error: Exception) -> JSONResponse:
    """A fault of ours: what it is stands in the log, and nothing of it is sent."""
    return JSONResponse(FAILURE, status_code=500)
