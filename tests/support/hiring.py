"""Workers that are not started yet, and what they are asked."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from governance.errors import CustodesError
from inference.question import Question, ask_user
from inference.worker import Worker

HELLO = ask_user("Hello, who are you?", "chat", max_tokens=8)
Hire = Callable[..., Worker]


def endless(worker: Worker) -> None:
    """Its model has no reason to end an answer by itself."""
    worker.model._model.generation_config.eos_token_id = None


def get_error(worker: Worker, question: Question) -> CustodesError:
    with pytest.raises(CustodesError) as refused:
        worker.ask(question)
    return refused.value


def silent(_: str) -> None:
    """Says nothing."""
