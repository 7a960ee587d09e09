"""The worker's HTTP face: the part of OpenAI's API that one model under one release can honour, on loopback.

Every request but the health check carries the bearer token; sizes are bounded before anything is parsed; what the
ledger refuses is a 403 with the rule, and a worker that went dark answers 503 with the reason, for ever.

Source: OpenAI API reference (chat completions, models, errors).
"""

from __future__ import annotations

import hmac
import json
import threading
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from governance.errors import CustodesError, InvalidInput, Refused, Unavailable
from inference.errors import BadRequest, BadToken, WorkerBusy, WorkerDark
from inference.question import Answer, Question
from inference.worker import Worker

MAX_BODY = 1 << 20  # [bytes]
MAX_MESSAGES = 256
MAX_ASKING = 8  # requests at a time: one is answered, the others wait


def make_app(worker: Worker, token: str) -> Starlette:
    """The application. `token` is what a caller must bear."""
    slots = threading.BoundedSemaphore(MAX_ASKING)

    def ask(question: Question) -> Answer:
        if not slots.acquire(blocking=False):
            raise WorkerBusy(f"{MAX_ASKING} requests are being answered")
        try:
            return worker.ask(question)
        finally:
            slots.release()

    async def models(_: Request) -> Response:
        name = worker.model.name
        return JSONResponse({"object": "list", "data": [{"id": name, "object": "model", "owned_by": "custodes"}]})

    async def chat(request: Request) -> Response:
        question = read_question(await _read_body(request), worker.model.name)
        return JSONResponse(to_completion(await run_in_threadpool(ask, question)))

    async def status(_: Request) -> Response:
        return JSONResponse(worker.describe())

    async def health(_: Request) -> Response:
        dark = worker.dark
        if dark is not None:
            return JSONResponse({"status": "dark", "reason": dark.reason, "rule": dark.rule}, status_code=503)
        if worker.waits_for:
            return JSONResponse({"status": "starting", "waitsFor": worker.waits_for}, status_code=503)
        return JSONResponse({"status": "serving"})

    def guarded(handle: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        async def checked(request: Request) -> Response:
            try:
                if not _is_authorised(request, token):
                    raise BadToken("the bearer token is wrong or missing")
                return await handle(request)
            except CustodesError as e:
                return to_error(e)

        return checked

    return Starlette(
        routes=[
            Route("/v1/models", guarded(models)),
            Route("/v1/chat/completions", guarded(chat), methods=["POST"]),
            Route("/custodes/status", guarded(status)),
            Route("/healthz", health),
        ]
    )


def read_question(body: bytes, model: str) -> Question:
    """The question in an OpenAI chat request; `custodes` in it names capability, purpose and audience.

    Raises: BadRequest.
    """
    try:
        data = json.loads(body)
    except (ValueError, RecursionError) as e:
        raise BadRequest("the body is not JSON") from e
    if not isinstance(data, dict) or data.get("model", model) != model:
        raise BadRequest(f"this worker serves one model, {model}")
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
        capability=_text(extra.get("capability")) or "chat",
        purpose=_text(extra.get("purpose")),
        audience=_text(extra.get("audience")),
        max_tokens=limit,
        wants_digest=extra.get("logitsDigest") is True,
    )


def to_completion(answer: Answer) -> dict[str, Any]:
    """OpenAI's form of an answer, with the receipt in a member of our own."""
    completion = answer.completion
    return {
        "id": "chatcmpl-" + answer.receipt["body"]["response"][2:26],
        "object": "chat.completion",
        "created": answer.receipt["body"]["blockTime"],
        "model": answer.model,
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": completion.text},
                "finish_reason": "length" if completion.is_cut else "stop",
            }
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
            "logitsDigest": completion.logits_digest,
        },
    }


def to_error(error: CustodesError) -> JSONResponse:
    """OpenAI's form of an error, with ours in a member of our own."""
    body = {"message": error.message, "type": error.name, "code": error.rule, "custodes": error.to_json()}
    return JSONResponse({"error": body}, status_code=_get_status(error))


def _get_status(error: CustodesError) -> int:
    match error:
        case BadToken():
            return 401
        case WorkerBusy():
            return 429
        case WorkerDark() | Unavailable():
            return 503
        case Refused():
            return 403
        case InvalidInput():
            return 400
        case _:
            return 500


async def _read_body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            raise BadRequest(f"a request is {MAX_BODY} bytes at most")
    return bytes(body)


def _is_message(message: object) -> bool:
    return (
        isinstance(message, dict) and isinstance(message.get("role"), str) and isinstance(message.get("content"), str)
    )


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    raise BadRequest("capability, purpose and audience are text")


def _is_authorised(request: Request, token: str) -> bool:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), token.encode())
