"""Where a worker answers: one caller after the other, each judged when its turn comes, each with a receipt.

What was heard has a receipt (R-Worker-08), also of an answer that was cut short; what nobody heard has none, and counts
against no budget.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from inference.embedding import EmbeddingModel
from inference.errors import BadRequest, CallerGone, WorkerDark, WrongKind
from inference.mandate import Mandate
from inference.model import GovernedModel, LanguageModel
from inference.question import WHOLE, Answer, Ear, Embeddings, Question, Texts, join
from inference.receipts import ReceiptLog
from inference.watch import Look

TURN = 0.05  # [seconds] between two looks of a caller who waits in line


@dataclass(frozen=True)
class Work:
    """What an answer is made of: the model, what was voted, and what the chain last showed."""

    model: GovernedModel
    mandate: Mandate
    look: Look


class Host(Protocol):
    """The worker that the desk belongs to."""

    def take_up_work(self) -> Work:
        """Raises: WorkerDark, WorkerNotReady, ConstraintsMismatch, Unavailable."""

    def must_stop(self) -> bool:
        """Whether what is being made is for nobody any more."""

    def check_lease(self) -> None:
        """Raises: WorkerDark."""


class Desk:
    """Thread-safe. `turns` is held while an answer is made and its receipt written."""

    def __init__(self, host: Host, receipts: ReceiptLog) -> None:
        self._host, self._receipts = host, receipts
        self.turns = threading.Lock()

    def ask(self, question: Question, ear: Ear = WHOLE) -> Answer:
        """The model's answer, if the scope, the constraints and the lease permit it, with its receipt.

        Raises: WorkerDark, WorkerNotReady, UseRefused, CannotEnforce, ConstraintsMismatch, BadRequest, WrongKind,
        CallerGone.
        """
        with self._turn(ear) as work:
            model, spent = work.model, self._receipts.spent
            if not isinstance(model, LanguageModel):
                raise WrongKind(f"{model.name} writes no text; it makes vectors, at /v1/embeddings")
            tokens = model.count_tokens(question)
            if tokens >= model.context:
                raise BadRequest(
                    f"the question has {tokens} tokens, and the model reads {model.context} at most",
                    details={"param": "messages", "code": "context_length_exceeded"},
                )
            permitted = work.mandate.judge(question, tokens, spent, work.look)
            limit = min(permitted.max_tokens, model.context - tokens)
            ear.begin()
            completion = model.generate(question, limit, lambda: self._is_in_vain(ear), ear.hear)
            if not (ear.is_streaming and completion.token_ids):
                self._check_end(completion.is_stopped, ear)  # nothing was heard: nothing is recorded
            served = work.mandate.record(question, tokens, len(completion.token_ids), work.look)
            receipt = self._receipts.append(served, question.to_bytes(), completion.text.encode())
            self._check_end(completion.is_stopped, ear)
            return Answer(model.name, completion, receipt)

    def embed(self, texts: Texts, ear: Ear = WHOLE) -> Embeddings:
        """The texts' vectors, if scope, constraints and lease permit it, with one receipt for all of them.

        Raises: as `ask`.
        """
        with self._turn(ear) as work:
            model = work.model
            if not isinstance(model, EmbeddingModel):
                raise WrongKind(f"{model.name} makes no vectors; it writes, at /v1/chat/completions")
            tokens = model.count_tokens(texts.texts)
            work.mandate.judge(texts, tokens, self._receipts.spent, work.look)
            ear.begin()
            vectors = model.embed(texts.texts, lambda: self._is_in_vain(ear))
            self._check_end(len(vectors) < len(texts.texts), ear)
            served = work.mandate.record(texts, tokens, 0, work.look)
            receipt = self._receipts.append(served, texts.to_bytes(), join(vectors))
            return Embeddings(model.name, vectors, tokens, receipt)

    @contextmanager
    def _turn(self, ear: Ear) -> Iterator[Work]:
        """This caller's turn. Whoever waits for it learns at once that it waits in vain."""
        while not self.turns.acquire(timeout=TURN):
            self._check_end(False, ear)
        try:
            yield self._host.take_up_work()
        finally:
            self.turns.release()

    def _is_in_vain(self, ear: Ear) -> bool:
        return self._host.must_stop() or ear.is_gone()

    def _check_end(self, is_stopped: bool, ear: Ear) -> None:
        """Raises: WorkerDark, CallerGone."""
        self._host.check_lease()
        if ear.is_gone():
            raise CallerGone("the caller went away before its answer was made")
        if is_stopped:
            raise WorkerDark("the worker went dark while it answered", rule="R-Worker-02")
