"""An encoder over unsealed tensors: a vector for each text, as the directory's own sentence-transformers files say.

Each text goes through the model by itself: a batch pads its shorter texts, and a vector would then depend, in its last
bits, on what others asked.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from inference.errors import BadRequest, UnsupportedModel
from inference.loading import Loaded
from inference.model import GovernedModel
from inference.sealed import OpenedModel

POOLING, NORMALIZE = "Pooling", "Normalize"


class EmbeddingModel(GovernedModel):
    """A transformers encoder with its pooling. One text at a time."""

    def __init__(self, opened: OpenedModel, loaded: Loaded) -> None:
        """Takes ownership of `opened`. Raises: UnsupportedModel; `opened` is wiped then."""
        try:
            super().__init__(opened, loaded)
            self._takes_first, self._is_normalized = _read_pooling(opened)
            sentence = _read_json(opened, "sentence_bert_config.json") or {}
            self.context = min(self.context, int(sentence.get("max_seq_length") or self.context))
        except BaseException:
            opened.wipe()
            raise

    def count_tokens(self, texts: Sequence[str]) -> int:
        """How many tokens the model would read. Raises: BadRequest, if one text is longer than it can."""
        counts = [len(ids) for ids in self._tokenizer(list(texts))["input_ids"]]
        if max(counts) > self.context:
            raise BadRequest(
                f"an input has {max(counts)} tokens, and the model reads {self.context} at most",
                details={"param": "input", "code": "context_length_exceeded"},
            )
        return sum(counts)

    def embed(self, texts: Sequence[str], stop: Callable[[], bool]) -> tuple[bytes, ...]:
        """A vector for each text (float32, little endian); fewer when `stop` said so in between."""
        import torch

        vectors: list[bytes] = []
        with self._busy, torch.inference_mode():
            for text in texts:
                if self._model is None or stop():
                    break
                inputs = self._tokenizer(text, return_tensors="pt")
                vectors.append(self._pool(self._model(**inputs).last_hidden_state).numpy().tobytes())
        return tuple(vectors)

    def _pool(self, states: Any) -> Any:
        """Shapes: (1, T, H) to (H,). There is no padding, so that the mean is over all tokens."""
        import torch

        vector = states[0, 0] if self._takes_first else states[0].mean(dim=0)
        return (torch.nn.functional.normalize(vector, dim=0) if self._is_normalized else vector).float()


def _read_pooling(opened: OpenedModel) -> tuple[bool, bool]:
    """Whether the first token's vector is taken (else their mean), and whether it is scaled to length one.

    Raises: UnsupportedModel.
    """
    name = opened.manifest.model
    modules = _read_json(opened, "modules.json")
    try:
        kinds = {str(module["type"]).rsplit(".", 1)[-1]: str(module["path"]) for module in modules}
        pooling = _read_json(opened, f"{kinds[POOLING]}/config.json")
        modes = {mode for mode, is_on in pooling.items() if mode.startswith("pooling_mode_") and is_on}
    except (AttributeError, KeyError, TypeError) as e:
        raise UnsupportedModel(f"{name} does not say how it makes one vector of many (modules.json)") from e
    if set(kinds) - {"Transformer", POOLING, NORMALIZE}:
        raise UnsupportedModel(f"{name} has a module that is not known: {', '.join(sorted(kinds))}")
    if modes not in ({"pooling_mode_mean_tokens"}, {"pooling_mode_cls_token"}):
        raise UnsupportedModel(f"{name} pools by {', '.join(sorted(modes)) or 'nothing'}; mean or first token is known")
    return modes == {"pooling_mode_cls_token"}, NORMALIZE in kinds


def _read_json(opened: OpenedModel, name: str) -> Any:
    """Raises: UnsupportedModel."""
    try:
        return json.loads(opened.files[name]) if name in opened.files else None
    except (ValueError, RecursionError) as e:
        raise UnsupportedModel(f"{opened.manifest.model}: {name} is not JSON") from e
