"""A worker behind real HTTP in this process: uvicorn in a thread, on a free port of loopback."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from inference.server import make_app
from inference.serving import listen
from inference.worker import Worker

TOKEN = "a token of the test"


@contextmanager
def over_http(worker: Worker) -> Iterator[str]:
    """The URL at which it is served meanwhile."""
    server = uvicorn.Server(uvicorn.Config(make_app(worker, TOKEN), log_config=None, timeout_graceful_shutdown=5))
    listener = listen(0)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield url
    finally:
        server.should_exit = True
        thread.join()
