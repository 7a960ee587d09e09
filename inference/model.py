"""A causal language model over unsealed tensors: stoppable at each token, and gone when it is wiped.

Wiping the opened tensors wipes the model, under a generation that runs as well: it reads zeroes from then on, ends at
its next token, and what it made of them is heard by nobody.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from inference.errors import BadRequest, UnsupportedModel
from inference.loading import Loaded, load
from inference.question import Completion, Question, Sampling
from inference.sealed import OpenedModel
from inference.writing import Writer

if TYPE_CHECKING:
    import torch


class GovernedModel:
    """What every model over an `OpenedModel` is: named, wiped at once, closed when its work has ended."""

    def __init__(self, opened: OpenedModel, loaded: Loaded) -> None:
        self._opened = opened
        self._busy = threading.Lock()  # held while the module computes
        self._model, self._tokenizer = loaded.module, loaded.tokenizer
        self.name = opened.manifest.model
        self.parameters = sum(parameter.numel() for parameter in self._model.parameters())
        limit = int(getattr(self._model.config, "max_position_embeddings", 0) or 2**31 - 1)
        self.context = limit  # tokens, of question and answer together

    def wipe(self) -> None:
        """The weights are gone from memory, at once; work that runs goes on over zeroes until its next look."""
        self._opened.wipe()

    def close(self) -> None:
        """The weights are gone, and so is the model; a generation that runs has ended first, if its `stop` was set."""
        self.wipe()
        with self._busy:
            self._model = None


class LanguageModel(GovernedModel):
    """A transformers model that writes. One generation at a time."""

    def __init__(self, opened: OpenedModel, loaded: Loaded | None = None) -> None:
        """Takes ownership of `opened`: closing this wipes it.

        Raises: UnsupportedModel. `opened` is wiped then, too.
        """
        try:
            loaded = loaded or load(opened)
            if not loaded.is_causal:
                raise UnsupportedModel(f"{opened.manifest.model} is not a causal language model")
            if not loaded.tokenizer.chat_template:
                raise UnsupportedModel(f"{opened.manifest.model} has no chat template")
            super().__init__(opened, loaded)
        except BaseException:
            opened.wipe()
            raise

    def count_tokens(self, question: Question) -> int:
        """How many tokens the model would read. Raises: BadRequest, if its chat template refuses the messages."""
        return int(self._encode(question)["input_ids"].shape[1])

    def generate(
        self,
        question: Question,
        max_tokens: int,
        stop: Callable[[], bool],
        hear: Callable[[str], None] = lambda _: None,
    ) -> Completion:
        """The answer; pieces are heard as they come. Ends early, marked so, when `stop` says so. Raises: BadRequest."""
        import torch

        with self._busy:
            inputs = self._encode(question)
            prompt_tokens = int(inputs["input_ids"].shape[1])
            if self._model is None:
                return Completion("", (), prompt_tokens, 0.0, is_stopped=True, is_cut=False, logits_digest=None)
            hasher = hashlib.sha256() if question.wants_digest else None
            writer = Writer(self._decode, question.sampling.ends, hear)
            tokens: list[int] = []
            start = time.monotonic()
            try:
                with torch.inference_mode(), _seeded(question.sampling.seed):
                    self._model.generate(
                        **inputs,
                        max_new_tokens=max_tokens,
                        stopping_criteria=_make_criteria(stop, writer, tokens),
                        logits_processor=_make_processors(hasher),
                        **_to_options(question.sampling),
                    )
            except RuntimeError:
                if not stop():  # else there were zeroes under its feet, of which no probability can be made
                    raise
            seconds = time.monotonic() - start
            ends = self._model.generation_config.eos_token_id
        is_stopped = stop()
        text = writer.text if is_stopped else writer.finish()
        is_whole = writer.is_ended or (tokens and tokens[-1] in (ends if isinstance(ends, list) else [ends]))
        return Completion(
            text=text,
            token_ids=tuple(tokens),
            prompt_tokens=prompt_tokens,
            seconds=seconds,
            is_stopped=is_stopped,
            is_cut=len(tokens) == max_tokens and not is_whole,
            logits_digest="0x" + hasher.hexdigest() if hasher is not None else None,
        )

    def _decode(self, token_ids: Any) -> str:
        return str(self._tokenizer.decode(token_ids, skip_special_tokens=True))

    def _encode(self, question: Question) -> Any:
        import jinja2

        if question.prompt is not None:
            inputs = self._tokenizer(question.prompt, return_tensors="pt")
            if not inputs["input_ids"].shape[1]:
                raise BadRequest("the prompt is empty", details={"param": "prompt"})
            return {name: inputs[name].long() for name in ("input_ids", "attention_mask")}
        try:
            return self._tokenizer.apply_chat_template(
                list(question.messages), add_generation_prompt=True, return_tensors="pt", return_dict=True
            )
        except jinja2.TemplateError as e:
            raise BadRequest(
                f"the model's chat template refuses these messages: {e}", details={"param": "messages"}
            ) from e


def _to_options(sampling: Sampling) -> dict[str, Any]:
    if not sampling.temperature:
        return {"do_sample": False}
    return {"do_sample": True, "temperature": sampling.temperature, "top_p": sampling.top_p, "top_k": 0}


@contextmanager
def _seeded(seed: int | None) -> Iterator[None]:
    """Chance begins at `seed`; afterwards it is as it was."""
    import torch

    if seed is None:
        yield
        return
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def _make_criteria(stop: Callable[[], bool], writer: Writer, tokens: list[int]) -> Any:
    """Asked after each token. The order matters: a token is heard only if the worker held its lease after making it."""
    import torch
    from transformers import StoppingCriteria, StoppingCriteriaList

    class EachToken(StoppingCriteria):  # type: ignore[misc, unused-ignore]
        def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor, **_: Any) -> torch.Tensor:
            must_end = stop()
            if not must_end:
                tokens.append(int(input_ids[0, -1]))
                writer.take(tokens[-1])
            return torch.full((input_ids.shape[0],), must_end or writer.is_ended, dtype=torch.bool)

    return StoppingCriteriaList([EachToken()])


def _make_processors(hasher: Any) -> Any:
    """Sees the logits of each step, and changes nothing."""
    from transformers import LogitsProcessor, LogitsProcessorList

    if hasher is None:
        return LogitsProcessorList()

    class Digest(LogitsProcessor):  # type: ignore[misc, unused-ignore]
        def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
            hasher.update(scores.float().contiguous().numpy().tobytes())
            return scores

    return LogitsProcessorList([Digest()])
