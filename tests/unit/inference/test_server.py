"""The worker's HTTP face: what OpenAI's API gives for a wrong request, and the ledger's refusals with their rules."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from inference.receipts import verify_receipt
from inference.server import MAX_ASKING, MAX_BODY, MAX_MESSAGES, make_app
from inference.worker import Worker
from worker_world import Released, WorkerWorld, wait_for

pytestmark = pytest.mark.chain

TOKEN = "a token of the test"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
ASKED: dict[str, Any] = {"messages": [{"role": "user", "content": "Hello"}], "max_tokens": 4}


@pytest.fixture(scope="module")
def released(world: WorkerWorld) -> Released:
    return world.release()


@pytest.fixture(scope="module")
def worker(world: WorkerWorld, released: Released) -> Iterator[Worker]:
    with world.serving(released) as made:
        made.model._model.generation_config.eos_token_id = None
        yield made


@pytest.fixture(scope="module")
def client(worker: Worker) -> TestClient:
    return TestClient(make_app(worker, TOKEN), headers=BEARER, raise_server_exceptions=False)


def ask(client: TestClient, **changes: Any) -> tuple[int, dict[str, Any]]:
    answer = client.post("/v1/chat/completions", json={**ASKED, **changes})
    return answer.status_code, answer.json()


def test_server_lists_its_one_model(client: TestClient, released: Released) -> None:
    (model,) = client.get("/v1/models").json()["data"]
    assert model["id"] == released.manifest.model


def test_server_answers_a_chat_with_its_receipt(client: TestClient, released: Released) -> None:
    status, body = ask(client, model=released.manifest.model)
    assert status == 200
    assert body["usage"] == {"prompt_tokens": 24, "completion_tokens": 4, "total_tokens": 28}
    assert body["choices"][0]["finish_reason"] == "length"
    text = body["choices"][0]["message"]["content"]
    verify_receipt(body["custodes"]["receipt"], response=text.encode())
    assert len(body["custodes"]["tokenIds"]) == 4
    assert body["custodes"]["logitsDigest"] is None


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": TOKEN}, {"Authorization": f"Basic {TOKEN}"}]
)
@pytest.mark.parametrize("path", ["/v1/models", "/v1/chat/completions", "/custodes/status"])
def test_server_refuses_whoever_bears_no_token(worker: Worker, headers: dict[str, str], path: str) -> None:
    client = TestClient(make_app(worker, TOKEN), headers=headers)
    answer = client.post(path, json=ASKED) if "chat" in path else client.get(path)
    assert answer.status_code == 401
    error = answer.json()["error"]
    assert (error["type"], error["code"]) == ("invalid_request_error", "invalid_api_key")
    assert error["custodes"]["error"] == "BadToken"
    assert TOKEN not in answer.text


HI: dict[str, Any] = {"messages": [{"role": "user", "content": "x"}]}


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (b"", None),
        (b"nonsense", None),
        (b"[" * 100_000, None),
        (b"[]", None),
        ({}, "messages"),
        ({"messages": []}, "messages"),
        ({"messages": "Hello"}, "messages"),
        ({"messages": [{"role": "user"}]}, "messages"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages"),
        ({"messages": [{"role": "user", "content": ["x"]}]}, "messages"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": "x"}]}]}, "messages"),
        ({"messages": HI["messages"] * (MAX_MESSAGES + 1)}, "messages"),
        (b'{"messages": [{"role": "user", "content": "\\ud800"}]}', None),
        ({**HI, "model": 4}, "model"),
        ({**HI, "max_tokens": "4"}, "max_tokens"),
        ({**HI, "max_tokens": True}, "max_tokens"),
        ({**HI, "max_completion_tokens": 1.5}, "max_completion_tokens"),
        ({**HI, "temperature": 3}, "temperature"),
        (b'{"temperature": NaN, "messages": [{"role": "user", "content": "x"}]}', "temperature"),
        ({**HI, "top_p": 0}, "top_p"),
        ({**HI, "seed": 2**60}, "seed"),
        ({**HI, "stop": ["a", "b", "c", "d", "e"]}, "stop"),
        ({**HI, "stop": [""]}, "stop"),
        ({**HI, "stream": "yes"}, "stream"),
        ({**HI, "n": 2}, "n"),
        ({**HI, "tools": [{"type": "function"}]}, "tools"),
        ({**HI, "response_format": {"type": "json_object"}}, "response_format"),
        ({**HI, "logprobs": True}, "logprobs"),
        ({**HI, "no_such_thing": 1}, "no_such_thing"),
        ({**HI, "custodes": [1]}, "custodes"),
        ({**HI, "custodes": "chat"}, "custodes"),
        ({**HI, "custodes": {"capability": 1}}, "custodes"),
        ({**HI, "custodes": {"capability": "embedding"}}, "custodes"),
    ],
)
def test_server_refuses_a_malformed_request(client: TestClient, body: Any, param: str | None) -> None:
    content = body if isinstance(body, bytes) else json.dumps(body)
    answer = client.post("/v1/chat/completions", content=content)
    assert answer.status_code == 400, answer.text
    error = answer.json()["error"]
    assert (error["type"], error["param"]) == ("invalid_request_error", param), error
    assert error["custodes"]["error"] == "BadRequest"


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"prompt": ["a", "b"]}, "prompt"),
        ({"prompt": [1, 2]}, "prompt"),
        ({}, "prompt"),
        ({"prompt": "a", "echo": True}, "echo"),
        ({"prompt": "a", "messages": []}, "messages"),
    ],
)
def test_server_refuses_a_malformed_completion(client: TestClient, body: dict[str, Any], param: str) -> None:
    answer = client.post("/v1/completions", json=body)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param), answer.text


def test_server_refuses_what_is_too_large_before_it_reads_it(client: TestClient) -> None:
    for content in (b"x" * (MAX_BODY + 1), (piece for piece in [b"x" * MAX_BODY, b"x"])):
        answer = client.post("/v1/chat/completions", content=content)
        assert answer.status_code == 413
        assert answer.json()["error"]["custodes"]["error"] == "RequestTooLarge"


def test_server_knows_no_other_path_and_no_other_model(client: TestClient, released: Released) -> None:
    for answer in (client.get("/v1/nothing"), client.get("/v1/chat/completions"), client.post("/v1/models")):
        assert answer.status_code in (404, 405)
        assert answer.json()["error"]["message"].startswith("Invalid URL (")
    assert client.get(f"/v1/models/{released.manifest.model}").json()["id"] == released.manifest.model
    for answer in (client.get("/v1/models/gpt-4"), client.post("/v1/chat/completions", json={**HI, "model": "gpt-4"})):
        assert answer.status_code == 404
        error = answer.json()["error"]
        assert (error["code"], error["custodes"]["error"]) == ("model_not_found", "WrongKind")


def test_server_refuses_vectors_of_a_model_that_writes(client: TestClient) -> None:
    answer = client.post("/v1/embeddings", json={"input": "x"})
    assert answer.status_code == 404
    assert "makes no vectors" in answer.json()["error"]["message"]


def test_server_refuses_a_question_that_is_longer_than_the_model_reads(client: TestClient) -> None:
    status, body = ask(client, messages=[{"role": "user", "content": "x" * 600}])
    assert (status, body["error"]["code"]) == (400, "context_length_exceeded")


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"custodes": {"capability": "code"}}, "R-Worker-04"),
        ({"max_tokens": 17}, "R-Worker-04"),
        ({"max_completion_tokens": 17}, "R-Worker-04"),
        ({"max_tokens": 0}, "R-Worker-04"),
        ({"max_tokens": -(2**53) + 1}, "R-Worker-04"),
    ],
)
def test_server_refuses_what_was_not_voted_for(client: TestClient, changes: dict[str, Any], rule: str) -> None:
    status, body = ask(client, **changes)
    assert (status, body["error"]["code"]) == (403, rule)
    assert body["error"]["type"] == "request_forbidden"
    assert body["error"]["custodes"]["exit"] == 4


def test_server_takes_any_text_that_is_text(client: TestClient) -> None:
    """Not in Unicode form NFC, with control characters, in any script: a prompt is no document."""
    status, _ = ask(client, messages=[{"role": "user", "content": "e\u0301 \x00 \U0001f9ff \u202e"}])
    assert status == 200


def test_server_says_when_it_has_too_much_to_do(client: TestClient, worker: Worker) -> None:
    statuses: list[int] = []
    with worker._desk.turns:  # an answer that takes its time
        threads = [threading.Thread(target=lambda: statuses.append(ask(client)[0])) for _ in range(MAX_ASKING + 2)]
        for thread in threads:
            thread.start()
        wait_for(lambda: len(statuses) >= 2, what="two refusals")
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] * MAX_ASKING + [429] * 2


def test_status_says_what_is_served(client: TestClient, released: Released) -> None:
    status = client.get("/custodes/status").json()
    assert status["schema"] == "custodes.worker/1"
    assert status["state"] == "serving"
    assert status["releaseId"] == "0x" + released.release_id.hex()
    assert status["scope"]["capabilities"] == ["chat"]
    assert client.get("/healthz").json() == {"status": "serving"}


def test_server_that_waits_or_is_dark_says_why(world: WorkerWorld) -> None:
    braked = world.release()
    waiting = world.make_worker(braked)
    client = TestClient(make_app(waiting, TOKEN), headers=BEARER)
    assert client.get("/healthz").json() == {"status": "starting", "waitsFor": "the chain"}
    status, body = ask(client)
    assert (status, body["error"]["custodes"]["error"]) == (503, "WorkerNotReady")
    with world.committee.answering():
        waiting.start(report=lambda _: None)
    assert client.get("/healthz").status_code == 200
    with world.braked(braked.model_id):
        wait_for(lambda: waiting.dark is not None, what="darkness")
    began = time.monotonic()
    health = client.get("/healthz")
    assert health.status_code == 503
    assert health.json() == {"status": "dark", "reason": "at the latest block a stop stands", "rule": "R-Worker-02"}
    for path in ("/v1/models", "/v1/chat/completions"):
        answer = client.post(path, json=ASKED) if "chat" in path else client.get(path)
        assert answer.status_code == 503
        assert answer.json()["error"]["code"] == "R-Worker-02"
        assert "a stop stands" in answer.json()["error"]["message"]
        assert answer.headers["x-should-retry"] == "false"
    assert time.monotonic() - began < 5
    assert client.get("/custodes/status").json()["state"] == "dark"
    waiting.close()


def test_prompts_stay_out_of_representations(worker: Worker) -> None:
    from inference.question import ask_user

    secret = "a prompt that nobody may log"
    question = ask_user(secret, "chat", max_tokens=2)
    answer = worker.ask(question)
    assert secret not in repr(question) + repr(answer) + json.dumps(answer.receipt)
    assert answer.completion.text not in repr(answer.completion) or not answer.completion.text
