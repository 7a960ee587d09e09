"""A causal language model over unsealed tensors: loaded without a copy, stoppable at each token, gone when it is wiped.

The module's parameters are the opened tensors themselves, so that wiping the tensors wipes the model, under a
generation that runs as well: it reads zeroes from then on and ends at its next token. Configuration and tokenizer come
from the verified files of the sealed directory, through a directory of our own that is removed at once.
"""

from __future__ import annotations

import hashlib
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inference.errors import BadRequest, UnsupportedModel
from inference.sealed import OpenedModel

if TYPE_CHECKING:
    import torch

Message = dict[str, str]


@dataclass(frozen=True)
class Completion:
    """A greedy answer."""

    text: str = field(repr=False)
    token_ids: tuple[int, ...] = field(repr=False)
    prompt_tokens: int
    seconds: float
    is_stopped: bool  # ended before its time because the worker went dark
    is_cut: bool  # ended by the limit of tokens, not by the model
    logits_digest: str | None  # SHA-256 over each step's logits (float32, little endian), where it was asked for

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
        self.context = int(getattr(self._model.config, "max_position_embeddings", 0) or 2**31 - 1)  # tokens, both ways

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """How many tokens the model would read. Raises: BadRequest, if its chat template refuses the messages."""
        return int(self._encode(messages)["input_ids"].shape[1])

    def generate(
        self, messages: Sequence[Message], max_tokens: int, stop: Callable[[], bool], *, digest: bool = False
    ) -> Completion:
        """The greedy answer to a chat; ends early, marked so, when `stop` says so. Raises: BadRequest."""
        import torch

        with self._busy:
            inputs = self._encode(messages)
            prompt_tokens = int(inputs["input_ids"].shape[1])
            if self._model is None:
                return Completion("", (), prompt_tokens, 0.0, is_stopped=True, is_cut=False, logits_digest=None)
            hasher = hashlib.sha256() if digest else None
            start = time.monotonic()
            with torch.inference_mode():
                output = self._model.generate(
                    **inputs,
                    max_new_tokens=max_tokens,
                    do_sample=False,
                    stopping_criteria=_make_criteria(stop),
                    logits_processor=_make_processors(hasher),
                )
            seconds = time.monotonic() - start
            ends = self._model.generation_config.eos_token_id
        token_ids = tuple(int(token) for token in output[0, prompt_tokens:])
        return Completion(
            text=str(self._tokenizer.decode(token_ids, skip_special_tokens=True)),
            token_ids=token_ids,
            prompt_tokens=prompt_tokens,
            seconds=seconds,
            is_stopped=stop(),
            is_cut=len(token_ids) == max_tokens and token_ids[-1] not in (ends if isinstance(ends, list) else [ends]),
            logits_digest="0x" + hasher.hexdigest() if hasher is not None else None,
        )

    def wipe(self) -> None:
        """The weights are gone from memory, at once; a generation that runs goes on over zeroes until its `stop`."""
        self._opened.wipe()

    def close(self) -> None:
        """The weights are gone, and so is the model; a generation that runs has ended first, if its `stop` was set."""
        self.wipe()
        with self._busy:
            self._model = None

    def _encode(self, messages: Sequence[Message]) -> Any:
        import jinja2

        try:
            return self._tokenizer.apply_chat_template(
                list(messages), add_generation_prompt=True, return_tensors="pt", return_dict=True
            )
        except jinja2.TemplateError as e:
            raise BadRequest(f"the model's chat template refuses these messages: {e}") from e


def _make_criteria(stop: Callable[[], bool]) -> Any:
    """Asked after each token."""
    import torch
    from transformers import StoppingCriteria, StoppingCriteriaList

    class WhenDark(StoppingCriteria):  # type: ignore[misc, unused-ignore]
        def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor, **_: Any) -> torch.Tensor:
            return torch.full((input_ids.shape[0],), stop(), dtype=torch.bool)

    return StoppingCriteriaList([WhenDark()])


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


def _load(opened: OpenedModel) -> tuple[Any, Any]:
    import transformers
    from transformers import AutoConfig, AutoTokenizer, GenerationConfig

    transformers.utils.logging.disable_progress_bar()
    tensors = opened.tensors
    name = opened.manifest.model
    with tempfile.TemporaryDirectory(prefix="custodes-plain-") as directory:
        opened.write_plain_files(Path(directory))
        try:
            config = AutoConfig.from_pretrained(directory, local_files_only=True, trust_remote_code=False)
            tokenizer = AutoTokenizer.from_pretrained(directory, local_files_only=True, trust_remote_code=False)
            generation = None
            if "generation_config.json" in opened.files:
                generation = GenerationConfig.from_pretrained(directory)
        except (OSError, ValueError, KeyError) as e:
            raise UnsupportedModel(f"{name}: configuration or tokenizer cannot be read: {e}") from e
    if not tokenizer.chat_template:
        raise UnsupportedModel(f"{name} has no chat template")
    architecture = (config.architectures or ["none"])[0]
    kind = getattr(transformers, architecture, None)
    if kind is None or not architecture.endswith("ForCausalLM"):
        raise UnsupportedModel(f"{name} is a {architecture}, not a causal language model")
    dtypes = {tensor.dtype for tensor in tensors.values()}
    if len(dtypes) != 1:
        raise UnsupportedModel(f"{name} has tensors of {len(dtypes)} types, and would be copied to load it")
    model = kind.from_pretrained(None, config=config, state_dict=dict(tensors), dtype=dtypes.pop()).eval()
    _check_no_copy(name, model, tensors)
    if generation is not None:
        model.generation_config = generation
    return model, tokenizer


def _check_no_copy(name: str, model: Any, tensors: dict[str, Any]) -> None:
    """A weight elsewhere than in the opened memory would survive the wipe, or was never sealed at all."""
    ours = {tensor.data_ptr() for tensor in tensors.values()}
    others = [key for key, tensor in model.state_dict().items() if tensor.data_ptr() not in ours]
    if others:
        raise UnsupportedModel(f"{name}: {len(others)} weights would not be the sealed ones, such as {others[0]}")
