"""A causal language model over unsealed tensors: loaded without a copy, stoppable at each token, gone when it is wiped.

The module's parameters are the opened tensors themselves, so that wiping the tensors wipes the model. Configuration and
tokenizer come from the verified files of the sealed directory, through a directory of our own that is removed at once.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inference.errors import UnsupportedModel
from inference.sealed import OpenedModel

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Completion:
    """A greedy answer."""

    text: str = field(repr=False)
    token_ids: tuple[int, ...] = field(repr=False)
    prompt_tokens: int
    seconds: float
    stopped: bool  # ended before its time because the worker went dark

    @property
    def tokens_per_second(self) -> float:
        return len(self.token_ids) / self.seconds if self.seconds > 0 else 0.0


class LanguageModel:
    """A transformers model whose parameters live in an `OpenedModel`. One generation at a time."""

    def __init__(self, opened: OpenedModel) -> None:
        """Takes ownership of `opened`: closing this wipes it.

        Raises: UnsupportedModel. `opened` is wiped then, too.
        """
        self._opened = opened
        self._busy = threading.Lock()
        try:
            self._model, self._tokenizer = _load(opened)
        except BaseException:
            opened.wipe()
            raise
        self.name = opened.manifest.model
        self.parameters = sum(parameter.numel() for parameter in self._model.parameters())

    def count_tokens(self, messages: Sequence[dict[str, str]]) -> int:
        """How many tokens the model would read."""
        return int(self._encode(messages)["input_ids"].shape[1])

    def generate(self, messages: Sequence[dict[str, str]], max_tokens: int, stop: threading.Event) -> Completion:
        """The greedy answer to a chat; ends early, marked so, when `stop` is set."""
        import torch
        from transformers import StoppingCriteria, StoppingCriteriaList

        class WhenDark(StoppingCriteria):  # type: ignore[misc, unused-ignore]
            def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor, **_: Any) -> torch.Tensor:
                return torch.full((input_ids.shape[0],), stop.is_set(), dtype=torch.bool)

        with self._busy:
            inputs = self._encode(messages)
            prompt_tokens = int(inputs["input_ids"].shape[1])
            start = time.monotonic()
            with torch.inference_mode():
                output = self._model.generate(
                    **inputs,
                    max_new_tokens=max_tokens,
                    do_sample=False,
                    stopping_criteria=StoppingCriteriaList([WhenDark()]),
                )
            seconds = time.monotonic() - start
        token_ids = tuple(int(token) for token in output[0, prompt_tokens:])
        text = str(self._tokenizer.decode(token_ids, skip_special_tokens=True))
        return Completion(text, token_ids, prompt_tokens, seconds, stop.is_set())

    def compute_logits(self, messages: Sequence[dict[str, str]]) -> torch.Tensor:
        """The logits of the token after the prompt. Shapes: (vocabulary,), float32."""
        import torch

        with self._busy, torch.inference_mode():
            logits: torch.Tensor = self._model(**self._encode(messages)).logits[0, -1]
            return logits.float()

    def close(self) -> None:
        """The weights are gone from memory; a generation that runs has ended first, if its `stop` was set."""
        with self._busy:
            self._opened.wipe()
            self._model = None

    def _encode(self, messages: Sequence[dict[str, str]]) -> Any:
        return self._tokenizer.apply_chat_template(
            list(messages), add_generation_prompt=True, return_tensors="pt", return_dict=True
        )


def _load(opened: OpenedModel) -> tuple[Any, Any]:
    import transformers
    from transformers import AutoConfig, AutoTokenizer, GenerationConfig

    transformers.utils.logging.disable_progress_bar()
    tensors = opened.tensors
    with tempfile.TemporaryDirectory(prefix="custodes-plain-") as name:
        directory = Path(name)
        opened.write_plain_files(directory)
        try:
            config = AutoConfig.from_pretrained(directory, local_files_only=True, trust_remote_code=False)
            tokenizer = AutoTokenizer.from_pretrained(directory, local_files_only=True, trust_remote_code=False)
            generation = (
                GenerationConfig.from_pretrained(directory) if "generation_config.json" in opened.files else None
            )
        except (OSError, ValueError) as e:
            raise UnsupportedModel(f"{opened.manifest.model}: configuration or tokenizer cannot be read: {e}") from e
    architecture = (config.architectures or ["none"])[0]
    kind = getattr(transformers, architecture, None)
    if kind is None or not architecture.endswith("ForCausalLM"):
        raise UnsupportedModel(f"{opened.manifest.model} is a {architecture}, not a causal language model")
    dtype = next(iter(tensors.values())).dtype
    model = kind.from_pretrained(None, config=config, state_dict=dict(tensors), dtype=dtype).eval()
    _check_no_copy(model, tensors)
    if generation is not None:
        model.generation_config = generation
    return model, tokenizer


def _check_no_copy(model: Any, tensors: dict[str, Any]) -> None:
    """A parameter elsewhere than in the opened memory would survive the wipe."""
    ours = {tensor.data_ptr() for tensor in tensors.values()}
    copied = [name for name, parameter in model.named_parameters() if parameter.data_ptr() not in ours]
    if copied:
        raise UnsupportedModel(f"{len(copied)} parameters would be copied out of sealed memory, such as {copied[0]}")
