"""The worker's HTTP face: the part of OpenAI's API that one model under one release can honour, on loopback.

Every request carries the bearer token; sizes are bounded before anything is parsed; what the ledger refuses is a 403
with the rule, and a worker that went dark answers 503 with the reason, for ever.

Source: OpenAI API reference (chat completions, models, errors).
"""

from __future__ import annotations

import hmac
import json
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from governance.errors import CustodesError, Refused
from inference.errors import WorkerDark
from inference.worker import Answer, Question, Worker

MAX_BODY = 1 << 20  # [bytes]
MAX_MESSAGES = 256
ROLES = frozenset({"system", "user", "assistant"})


class BadRequest(Exception):
    """The request is malformed; becomes a 400, never shown elsewhere."""


def make_app(worker: Worker, token: str) -> Starlette:
    """The application. `token` is what a caller must bear."""

    async def models(request: Request) -> JSONResponse:
        if not _is_authorised(request, token):
            return _error(401, "invalid_api_key", "the bearer token is wrong or missing")
        try:
            name = worker.model.name
        except WorkerDark as e:
            return _custodes_error(503, e)
        return JSONResponse({"object": "list", "data": [{"id": name, "object": "model", "owned_by": "custodes"}]})

    async def chat(request: Request) -> JSONResponse:
        if not _is_authorised(request, token):
            return _error(401, "invalid_api_key", "the bearer token is wrong or missing")
        try:
            question = read_question(await _read_body(request), worker)
            answer = await run_in_threadpool(worker.ask, question)
        except BadRequest as e:
            return _error(400, "invalid_request_error", str(e))
        except WorkerDark as e:
            return _custodes_error(503, e)
        except Refused as e:
            return _custodes_error(403, e)
        except CustodesError as e:
            return _custodes_error(500, e)
        return JSONResponse(_to_completion(worker, answer))

    async def health(_: Request) -> JSONResponse:
        dark = worker.dark
        if dark is not None:
            return JSONResponse({"status": "dark", "reason": dark.reason, "rule": dark.rule}, status_code=503)
        return JSONResponse({"status": "serving"})

    return Starlette(
        routes=[
            Route("/v1/models", models),
            Route("/v1/chat/completions", chat, methods=["POST"]),
            Route("/healthz", health),
        ]
    )


def read_question(body: bytes, worker: Worker) -> Question:
    """The question in an OpenAI chat request; `custodes` in it names capability, purpose and audience.

    Raises: BadRequest, WorkerDark.
    """
    try:
        data = json.loads(body)
    except ValueError as e:
        raise BadRequest("the body is not JSON") from e
    if not isinstance(data, dict) or data.get("model", worker.model.name) != worker.model.name:
        raise BadRequest("this worker serves one model; see /v1/models")
    if data.get("stream"):
        raise BadRequest("streaming is not offered by this version")
    messages = data.get("messages")
    if not isinstance(messages, list) or not 0 < len(messages) <= MAX_MESSAGES or not all(map(_is_message, messages)):
        raise BadRequest("messages is a list of {role, content}")
    extra = data.get("custodes") or {}
    limit = data.get("max_completion_tokens", data.get("max_tokens"))
    if not isinstance(extra, dict) or (limit is not None and (isinstance(limit, bool) or not isinstance(limit, int))):
        raise BadRequest("max_tokens is an integer, custodes an object")
    return Question(
        messages=tuple({"role": message["role"], "content": message["content"]} for message in messages),
        capability=str(extra.get("capability", "chat")),
        purpose=_text(extra.get("purpose")),
        audience=_text(extra.get("audience")),
        max_tokens=limit,
    )


async def _read_body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            raise BadRequest(f"a request is {MAX_BODY} bytes at most")
    return bytes(body)


def _is_message(message: object) -> bool:
    return isinstance(message, dict) and message.get("role") in ROLES and isinstance(message.get("content"), str)


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _is_authorised(request: Request, token: str) -> bool:
    given = request.headers.get("authorization", "").removeprefix("Bearer ")
    return hmac.compare_digest(given.encode(), token.encode())


def _to_completion(worker: Worker, answer: Answer) -> dict[str, Any]:
    completion = answer.completion
    return {
        "id": "chatcmpl-" + answer.receipt["body"]["response"][2:26],
        "object": "chat.completion",
        "created": answer.receipt["body"]["blockTime"],
        "model": worker.model.name if worker.dark is None else "",
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": completion.text}, "finish_reason": "stop"}
        ],
        "usage": {
            "prompt_tokens": completion.prompt_tokens,
            "completion_tokens": len(completion.token_ids),
            "total_tokens": completion.prompt_tokens + len(completion.token_ids),
        },
        "custodes": {
            "receipt": answer.receipt,
            "tokenIds": list(completion.token_ids),
            "tokensPerSecond": round(completion.tokens_per_second, 2),
        },
    }


def _error(status: int, kind: str, message: str) -> JSONResponse:
    return JSONResponse({"error": {"message": message, "type": kind, "code": kind}}, status_code=status)


def _custodes_error(status: int, error: CustodesError) -> JSONResponse:
    body = {"message": error.message, "type": error.name, "code": error.rule, "custodes": error.to_json()}
    return JSONResponse({"error": body}, status_code=status)
