"""OpenAI's own Python client against a worker over real HTTP: what it can ask there it can ask here."""

from __future__ import annotations

import http.client
import json
import math
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

import openai
import pytest

from governance.constraints.scope import Budget, ReleaseScope
from http_worker import TOKEN, over_http
from inference.errors import CallerGone
from inference.model import LanguageModel
from inference.question import Completion, Texts, Whole, ask_user
from inference.receipts import verify_receipt
from inference.server import MAX_BODY
from inference.worker import Worker
from tiny_model import make_tiny_encoder
from worker_world import Released, WorkerWorld, wait_for

pytestmark = pytest.mark.chain

BUDGET = Budget(requests=1_000, output_tokens=100_000)
SCOPE = ReleaseScope(capabilities=("chat", "completion", "embedding"), max_tokens=400, budget=BUDGET)
HELLO: Any = [{"role": "user", "content": "Hello, who are you?"}]


@pytest.fixture(scope="module")
def released(world: WorkerWorld) -> Released:
    return world.release(SCOPE)


@pytest.fixture(scope="module")
def worker(world: WorkerWorld, released: Released) -> Iterator[Worker]:
    with world.serving(released) as made:
        assert isinstance(made.model, LanguageModel)
        made.model._model.generation_config.eos_token_id = None
        yield made


@pytest.fixture(scope="module")
def url(worker: Worker) -> Iterator[str]:
    with over_http(worker) as made:
        yield made


def make_client(url: str, token: str = TOKEN) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{url}/v1", api_key=token, max_retries=0, timeout=60)


@pytest.fixture(scope="module")
def client(url: str) -> Iterator[openai.OpenAI]:
    with make_client(url) as made:
        yield made


@pytest.fixture(scope="module")
def name(released: Released) -> str:
    return released.manifest.model


# --- what works


def test_client_lists_the_model_and_finds_it_by_its_name(client: openai.OpenAI, name: str) -> None:
    assert [model.id for model in client.models.list()] == [name]
    assert client.models.retrieve(name).id == name
    assert client.models.retrieve(name).created > 1_600_000_000


def test_client_chats(client: openai.OpenAI, name: str) -> None:
    made = client.chat.completions.create(model=name, messages=HELLO, max_tokens=12, temperature=0)
    assert made.choices[0].finish_reason == "length"
    assert made.choices[0].message.role == "assistant"
    assert made.usage is not None
    assert made.usage.completion_tokens == 12
    assert made.system_fingerprint is not None
    receipt = (made.model_extra or {})["custodes"]["receipt"]
    verify_receipt(receipt, response=(made.choices[0].message.content or "").encode())


def test_client_streams_what_it_would_get_whole(client: openai.OpenAI, name: str) -> None:
    whole = client.chat.completions.create(model=name, messages=HELLO, max_tokens=24).choices[0].message.content
    stream = client.chat.completions.create(
        model=name, messages=HELLO, max_tokens=24, stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    pieces = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    assert "".join(pieces) == whole
    assert sum(1 for piece in pieces if piece) > 3
    assert chunks[0].choices[0].delta.role == "assistant"
    assert len({chunk.id for chunk in chunks}) == 1
    *_, last, usage = chunks
    assert last.choices[0].finish_reason == "length"
    assert usage.usage is not None
    assert usage.usage.completion_tokens == 24
    verify_receipt((last.model_extra or {})["custodes"]["receipt"], response=(whole or "").encode())


def test_client_completes_a_bare_prompt(client: openai.OpenAI, name: str) -> None:
    whole = client.completions.create(model=name, prompt="Who watches", max_tokens=10)
    assert whole.choices[0].finish_reason == "length"
    chunks = list(client.completions.create(model=name, prompt=["Who watches"], max_tokens=10, stream=True))
    assert "".join(chunk.choices[0].text for chunk in chunks) == whole.choices[0].text


def test_client_s_chance_and_stop_texts_are_honoured(client: openai.OpenAI, name: str) -> None:
    def ask(**options: Any) -> str:
        made = client.chat.completions.create(model=name, messages=HELLO, max_tokens=24, **options)
        return made.choices[0].message.content or ""

    assert ask(temperature=1.0, seed=1) == ask(temperature=1.0, seed=1) != ask(temperature=1.0, seed=2)
    whole = ask()
    assert ask(stop=whole[8:10]) == whole[: whole.index(whole[8:10])]


def test_client_gets_embeddings(world: WorkerWorld, tmp_path: Path) -> None:
    encoder = world.release(SCOPE, source=make_tiny_encoder(tmp_path / "encoder"))
    with world.serving(encoder) as worker, over_http(worker) as url, make_client(url) as client:
        name = encoder.manifest.model
        texts = ["Who watches", "the watchmen?", "x" * 30]
        made = client.embeddings.create(model=name, input=texts)
        alone = client.embeddings.create(model=name, input=texts[1], encoding_format="float")
        assert [item.index for item in made.data] == [0, 1, 2]
        assert made.data[1].embedding == alone.data[0].embedding  # no vector depends on its neighbours
        assert made.usage.prompt_tokens == sum(map(len, texts))
        assert all(abs(math.hypot(*item.embedding) - 1) < 1e-6 for item in made.data)
        direct = worker.embed(Texts(tuple(texts), "embedding"))
        verify_receipt(direct.receipt, response=b"".join(direct.vectors))
        with pytest.raises(openai.BadRequestError, match="33 tokens, and the model reads 32") as long:
            client.embeddings.create(model=name, input="x" * 33)
        assert long.value.code == "context_length_exceeded"
        with pytest.raises(openai.NotFoundError, match="writes no text"):
            client.chat.completions.create(model=name, messages=HELLO)
        with pytest.raises(openai.BadRequestError, match="none of them empty"):
            client.embeddings.create(model=name, input=["x", ""])
        with pytest.raises(openai.BadRequestError, match="dimensions"):
            client.embeddings.create(model=name, input="x", dimensions=8)
        with pytest.raises(openai.APIStatusError, match="257 inputs") as many:
            client.embeddings.create(model=name, input=["x"] * 257)
        assert many.value.status_code == 413


# --- what does not


def test_client_raises_what_it_raises_at_openai(client: openai.OpenAI, url: str, name: str) -> None:
    with make_client(url, "wrong") as stranger, pytest.raises(openai.AuthenticationError) as wrong:
        stranger.models.list()
    assert (wrong.value.code, wrong.value.type) == ("invalid_api_key", "invalid_request_error")
    with pytest.raises(openai.NotFoundError) as unknown:
        client.chat.completions.create(model="gpt-4", messages=HELLO)
    assert unknown.value.code == "model_not_found"
    with pytest.raises(openai.BadRequestError) as unsupported:
        client.chat.completions.create(model=name, messages=HELLO, n=2)
    assert (unsupported.value.param, unsupported.value.code) == ("n", "unsupported_parameter")
    with pytest.raises(openai.PermissionDeniedError) as refused:
        client.chat.completions.create(model=name, messages=HELLO, max_tokens=401)
    assert refused.value.code == "R-Worker-04"
    with pytest.raises(openai.PermissionDeniedError):
        client.chat.completions.create(model=name, messages=HELLO, max_tokens=401, stream=True)
    with pytest.raises(openai.APIStatusError) as large:
        client.completions.create(model=name, prompt="x" * MAX_BODY)
    assert large.value.status_code == 413


def post(url: str, body: bytes) -> socket.socket:
    """A request by hand, so that the connection can be broken where it hurts."""
    at = urlsplit(url)
    connection = socket.create_connection((at.hostname or "", at.port or 0))
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n"
    connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    return connection


def test_server_does_not_wait_for_a_body_that_trickles(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inference.server.requests.BODY_PATIENCE", 0.1)
    at = urlsplit(url)
    with socket.create_connection((at.hostname or "", at.port or 0)) as connection:
        head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n"
        connection.sendall(f"{head}Content-Length: 100\r\n\r\n{{".encode())
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        assert answer.status == 408
        assert json.loads(answer.read())["error"]["custodes"]["error"] == "RequestTooSlow"
        answer.close()


def test_client_that_sends_no_json_gets_a_400(url: str) -> None:
    with post(url, b"{nonsense") as connection:
        answer = connection.recv(4096)
    assert answer.startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("is_streamed", [True, False])
def test_answer_ends_when_its_client_goes_away(url: str, worker: Worker, is_streamed: bool) -> None:
    """It must not hold the only model for somebody who left. What a stream said before has its receipt."""
    before, made = worker._receipts.count, []
    generate = LanguageModel.generate
    begun = threading.Event()

    def generate_and_tell(self: LanguageModel, *arguments: Any) -> Completion:
        begun.set()
        made.append(generate(self, *arguments))
        return made[0]

    asked = {"messages": HELLO, "max_tokens": 400, "stream": is_streamed}
    with patch.object(LanguageModel, "generate", generate_and_tell):
        with post(url, json.dumps(asked).encode()) as connection:
            begun.wait(30)
            if is_streamed:
                read = b""
                while read.count(b"data: ") < 4:
                    read += connection.recv(4096)
        wait_for(lambda: bool(made), what="the end of the answer")
    wait_for(lambda: not worker._desk.turns.locked(), what="the end of its turn")
    assert made[0].is_stopped
    assert 0 <= len(made[0].token_ids) < 400
    assert worker._receipts.count == before + (1 if is_streamed else 0)


def test_whoever_left_the_line_gets_no_turn(worker: Worker) -> None:
    class Gone(Whole):
        def is_gone(self) -> bool:
            return True

    before = worker._receipts.count
    with worker._desk.turns, pytest.raises(CallerGone):
        worker.ask(ask_user("Hello", "chat"), Gone())
    with pytest.raises(CallerGone):
        worker.ask(ask_user("Hello", "chat"), Gone())
    assert worker._receipts.count == before


def test_metrics_count_what_was_asked(url: str, client: openai.OpenAI, name: str) -> None:
    import requests

    client.chat.completions.create(model=name, messages=HELLO, max_tokens=3)
    assert requests.get(f"{url}/metrics", timeout=10).status_code == 401
    text = requests.get(f"{url}/metrics", headers={"Authorization": f"Bearer {TOKEN}"}, timeout=10).text
    assert 'custodes_worker_state{state="serving"} 1.0' in text
    assert 'custodes_worker_requests_total{path="/v1/chat/completions",status="200"}' in text
    assert 'custodes_worker_tokens_total{direction="written"}' in text
    assert "custodes_worker_asking 0.0" in text
    assert HELLO[0]["content"] not in text


# --- the end of a lease, under a running answer


def test_stream_ends_with_an_error_when_the_lease_ends(world: WorkerWorld) -> None:
    braked = world.release(SCOPE)
    with world.serving(braked) as worker, over_http(worker) as url, make_client(url) as client:
        assert isinstance(worker.model, LanguageModel)
        worker.model._model.generation_config.eos_token_id = None
        stop, waits = worker.must_stop, threading.Event()

        def stop_slowly() -> bool:
            waits.wait(0.05)  # a model that is as slow as a large one
            return stop()

        before = worker._receipts.count
        with patch.object(worker, "must_stop", stop_slowly):
            name, said = braked.manifest.model, []
            stream = client.chat.completions.create(model=name, messages=HELLO, max_tokens=400, stream=True)
            while len(said) < 3:
                said.append(next(stream).choices[0].delta.content or "")
            with world.braked(braked.model_id), pytest.raises(openai.APIError, match="a stop stands") as ended:
                said += [chunk.choices[0].delta.content or "" for chunk in stream]
        assert ended.value.code == "R-Worker-02"
        assert len(said) < 400
        assert worker._receipts.count == before + 1
        with pytest.raises(openai.InternalServerError, match="the worker is dark") as dark:
            client.chat.completions.create(model=name, messages=HELLO)
        assert dark.value.status_code == 503
