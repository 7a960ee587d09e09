"""From the thread that makes an answer to the connection that waits for it; and back, that nobody waits any more."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from governance.errors import CustodesError
from inference.errors import CallerGone
from inference.server.errors import FAILURE, describe_error

Made = TypeVar("Made")


class Begun:
    """The question is permitted; the model works."""


@dataclass(frozen=True)
class Piece:
    text: str


@dataclass(frozen=True)
class Finished(Generic[Made]):
    made: Made


@dataclass(frozen=True)
class Failed:
    error: BaseException


Happening = Begun | Piece | Finished[Any] | Failed


class Line:
    """An `Ear` at the far end of which a connection waits."""

    def __init__(self, is_streaming: bool) -> None:
        self.is_streaming = is_streaming
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[Happening] = asyncio.Queue()
        self._gone = threading.Event()

    def begin(self) -> None:
        self._put(Begun())

    def hear(self, text: str) -> None:
        if self.is_streaming:
            self._put(Piece(text))

    def is_gone(self) -> bool:
        return self._gone.is_set()

    def leave(self) -> None:
        """Nobody listens any more: what is being made ends at its next token."""
        self._gone.set()

    def make(self, work: Callable[[], Made], done: Callable[[], None]) -> None:
        """`work` is done by a thread of its own, and its end is heard like everything else."""

        def run() -> None:
            try:
                happened: Happening = Finished(work())
            except BaseException as e:  # noqa: BLE001 - it is raised again where it is heard
                happened = Failed(e)
            finally:
                done()
            self._put(happened)

        threading.Thread(target=run, name="custodes-answer", daemon=True).start()

    async def next(self) -> Happening:
        return await self._queue.get()

    def _put(self, happening: Happening) -> None:
        try:
            self._loop.call_soon_threadsafe(self._queue.put_nowait, happening)
        except RuntimeError:  # the loop is closed: the process ends
            self.leave()


@asynccontextmanager
async def listening(line: Line, receive: Receive) -> AsyncIterator[Callable[[], Any]]:
    """Gives what waits for the line's next happening, which raises CallerGone as soon as the connection is closed."""

    async def wait_for_end() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    end = asyncio.create_task(wait_for_end())

    async def hear() -> Happening:
        heard = asyncio.create_task(line.next())
        await asyncio.wait({heard, end}, return_when=asyncio.FIRST_COMPLETED)
        if heard.done():
            return heard.result()
        heard.cancel()
        line.leave()
        raise CallerGone("the caller closed the connection")

    try:
        yield hear
    finally:
        end.cancel()


class EventStream(Response):
    """Server-sent events: each piece as it is made; after a whole answer `[DONE]`, after a broken one an error."""

    media_type = "text/event-stream"

    def __init__(
        self,
        line: Line,
        begin: list[Any],
        piece: Callable[[str], Any],
        finish: Callable[[Any], list[Any]],
        on_end: Callable[[int], None],
    ) -> None:
        """`on_end` gets the status as it would have been, had it been known before the first piece."""
        super().__init__(headers={"cache-control": "no-store", "x-accel-buffering": "no"})
        del self.headers["content-length"]
        self._line, self._begin, self._piece, self._finish, self._on_end = line, begin, piece, finish, on_end

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The stream has ended, and nothing is made for it any more."""

        async def tell(*events: Any) -> None:
            for event in events:
                data = event if isinstance(event, str) else json.dumps(event, ensure_ascii=False)
                await send({"type": "http.response.body", "body": f"data: {data}\n\n".encode(), "more_body": True})

        status = 500
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            await tell(*self._begin)
            async with listening(self._line, receive) as hear:
                while status == 500:
                    match await hear():
                        case Piece(text):
                            await tell(self._piece(text))
                        case Finished(made):
                            await tell(*self._finish(made), "[DONE]")
                            status = 200
                        case Failed(CustodesError() as error):
                            status, body = describe_error(error)
                            await tell(body)
                        case Failed(error):
                            await tell(FAILURE)
                            raise error
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        except CallerGone as gone:
            status, _ = describe_error(gone)
        finally:
            self._line.leave()
            self._on_end(status)
