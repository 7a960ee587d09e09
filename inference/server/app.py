"""The application: who may ask, how much at a time, and which path is what.

Every request but the health check carries the bearer token; sizes are bounded before anything is parsed; what the
ledger refuses is a 403 with the rule, and a worker that went dark answers 503 with the reason, for ever.
"""

from __future__ import annotations

import hmac
import secrets
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from governance.errors import CustodesError
from inference.errors import BadToken, WorkerBusy, WrongKind
from inference.question import Answer, Question
from inference.server.answers import Chunks, to_completion, to_embeddings, to_model, to_models
from inference.server.errors import hide_failure, refuse_path, to_response
from inference.server.limits import MAX_ASKING
from inference.server.metrics import Metrics
from inference.server.requests import Body, Wish, read_body, read_chat, read_completion, read_texts
from inference.server.streaming import Begun, EventStream, Failed, Finished, Line, listening
from inference.worker import Worker

RECEIPTS = "/custodes/receipts"
Handle = Callable[[Request], Awaitable[Response]]


def make_app(worker: Worker, token: str) -> Starlette:
    """The application. `token` is what a caller must bear."""
    return _Face(worker, token).make()


class _Face:
    """One worker behind one token."""

    def __init__(self, worker: Worker, token: str) -> None:
        self._worker, self._token = worker, token
        self._metrics = Metrics(worker)
        self._slots = threading.BoundedSemaphore(MAX_ASKING)

    def make(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/v1/models", self._guard("/v1/models", self._list_models)),
                Route("/v1/models/{name:path}", self._guard("/v1/models/{model}", self._show_model)),
                self._post("/v1/chat/completions", self._chat),
                self._post("/v1/completions", self._complete),
                self._post("/v1/embeddings", self._embed),
                Route("/custodes/status", self._guard("/custodes/status", self._tell_status)),
                Route(f"{RECEIPTS}/{{sequence:int}}", self._guard(RECEIPTS, self._prove_receipt)),
                Route("/metrics", self._guard("/metrics", self._tell_metrics)),
                Route("/healthz", self._tell_health),
            ],
            exception_handlers={HTTPException: refuse_path, Exception: hide_failure},
        )

    # --- who may ask

    def _post(self, path: str, handle: Handle) -> Route:
        return Route(path, self._guard(path, handle), methods=["POST"])

    def _guard(self, path: str, handle: Handle) -> Handle:
        async def checked(request: Request) -> Response:
            request.state.began, request.state.path = time.monotonic(), path
            try:
                self._check_token(request)
                response = await handle(request)
            except CustodesError as e:
                response = to_response(e)
            if not isinstance(response, EventStream):  # which is counted when it ends
                self._metrics.count(path, response.status_code, request.state.began)
            return response

        return checked

    def _check_token(self, request: Request) -> None:
        """Raises: BadToken."""
        given = request.headers.get("authorization")
        if given is None:
            raise BadToken("no bearer token was given")
        scheme, _, borne = given.partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(borne.strip().encode(), self._token.encode()):
            raise BadToken("the bearer token is wrong")

    # --- what is answered at once

    async def _list_models(self, _: Request) -> Response:
        return JSONResponse(to_models(self._worker.model.name, self._worker.since))

    async def _show_model(self, request: Request) -> Response:
        name, asked = self._worker.model.name, request.path_params["name"]
        if asked != name:
            raise WrongKind(f"the model {asked[:100]!r} does not exist; this worker serves {name}")
        return JSONResponse(to_model(name, self._worker.since))

    async def _tell_status(self, _: Request) -> Response:
        return JSONResponse(self._worker.describe())

    async def _prove_receipt(self, request: Request) -> Response:
        """Of a dark worker too: the last receipts are anchored after the end."""
        return JSONResponse(await run_in_threadpool(self._worker.prove_receipt, request.path_params["sequence"]))

    async def _tell_metrics(self, _: Request) -> Response:
        return Response(self._metrics.to_text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    async def _tell_health(self, _: Request) -> Response:
        dark = self._worker.dark
        if dark is not None:
            return JSONResponse({"status": "dark", "reason": dark.reason, "rule": dark.rule}, status_code=503)
        if self._worker.waits_for:
            return JSONResponse({"status": "starting", "waitsFor": self._worker.waits_for}, status_code=503)
        return JSONResponse({"status": "serving"})

    # --- what the model is asked

    async def _chat(self, request: Request) -> Response:
        return await self._write(request, read_chat, is_chat=True)

    async def _complete(self, request: Request) -> Response:
        return await self._write(request, read_completion, is_chat=False)

    async def _write(
        self, request: Request, read: Callable[[Body, str], tuple[Question, Wish]], *, is_chat: bool
    ) -> Response:
        name = self._worker.model.name
        question, wish = read(await read_body(request), name)
        line = Line(wish.is_streamed)
        self._make(line, lambda: self._worker.ask(question, line))
        answer = await self._hear_out(request, line, until_begun=wish.is_streamed)
        if wish.is_streamed:
            return self._stream(
                request, line, Chunks(name, secrets.token_hex(12), self._worker.since, is_chat=is_chat), wish
            )
        self._count(answer)
        return JSONResponse(to_completion(answer, is_chat=is_chat))

    async def _embed(self, request: Request) -> Response:
        texts, in_base64 = read_texts(await read_body(request), self._worker.model.name)
        line = Line(is_streaming=False)
        self._make(line, lambda: self._worker.embed(texts, line))
        made = await self._hear_out(request, line)
        self._metrics.count_tokens(made.prompt_tokens, 0)
        return JSONResponse(await run_in_threadpool(to_embeddings, made, in_base64=in_base64))

    def _make(self, line: Line, work: Callable[[], Any]) -> None:
        """Raises: WorkerBusy."""
        if not self._slots.acquire(blocking=False):
            raise WorkerBusy(f"{MAX_ASKING} requests are being answered")
        self._metrics.asking.inc()

        def done() -> None:
            self._metrics.asking.dec()
            self._slots.release()

        line.make(work, done)

    async def _hear_out(self, request: Request, line: Line, *, until_begun: bool = False) -> Any:
        """What was made; or nothing, once it is sure that it is permitted and will be made.

        Raises: what making it raised, CallerGone.
        """
        try:
            async with listening(line, request.receive) as hear:
                while True:
                    match await hear():
                        case Begun() if until_begun:
                            return None
                        case Finished(made):
                            return made
                        case Failed(error):
                            raise error
        except BaseException:
            line.leave()
            raise

    def _stream(self, request: Request, line: Line, chunks: Chunks, wish: Wish) -> EventStream:
        began, path = request.state.began, request.state.path
        is_first = True

        def to_piece(text: str) -> Any:
            nonlocal is_first
            if is_first:
                self._metrics.count_first(began)
                is_first = False
            return chunks.piece(text)

        def to_end(answer: Answer) -> list[Any]:
            self._count(answer)
            return chunks.end(answer, wants_usage=wish.wants_usage)

        return EventStream(
            line, chunks.begin(), to_piece, to_end, lambda status: self._metrics.count(path, status, began)
        )

    def _count(self, answer: Answer) -> None:
        self._metrics.count_tokens(answer.completion.prompt_tokens, len(answer.completion.token_ids))
