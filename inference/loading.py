"""A transformers model over unsealed tensors: loaded without a copy, from verified files, running none of their code.

Configuration and tokenizer come from the verified files of the sealed directory, through a directory of our own that is
removed at once. The module's parameters are the opened tensors themselves, so that wiping the tensors wipes the model.
"""

from __future__ import annotations

import json
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inference.errors import UnsupportedModel
from inference.sealed import OpenedModel, PreparedOpening

CAUSAL, ENCODER = "ForCausalLM", "Model"  # how the names of transformers' classes end


@dataclass(frozen=True)
class Loaded:
    """A module in evaluation mode, and its tokenizer."""

    module: Any
    tokenizer: Any
    is_causal: bool


def load(opened: OpenedModel) -> Loaded:
    """The model that the verified configuration names, over `opened`'s own memory. Raises: UnsupportedModel."""
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
    architecture = (config.architectures or ["none"])[0]
    kind = getattr(transformers, architecture, None)
    is_causal = architecture.endswith(CAUSAL)
    if kind is None or not (is_causal or architecture.endswith(ENCODER)):
        raise UnsupportedModel(f"{name} is a {architecture}, not a causal language model or an encoder")
    dtypes = {tensor.dtype for tensor in tensors.values() if tensor.is_floating_point()}
    if len(dtypes) != 1:
        raise UnsupportedModel(f"{name} has weights of {len(dtypes)} types, and would be copied to load it")
    module = kind.from_pretrained(None, config=config, state_dict=dict(tensors), dtype=dtypes.pop()).eval()
    _check_no_copy(name, module, tensors)
    if generation is not None:
        module.generation_config = generation
    return Loaded(module, tokenizer, is_causal)


@contextmanager
def warmed_up(prepared: PreparedOpening) -> Iterator[None]:
    """What loading needs is fetched meanwhile, for whoever waits for a key: memory that is there, and imports.

    Nothing depends on it. What fails here fails again, where it is told, when the model is loaded.
    """

    def run() -> None:
        prepared.touch()
        with suppress(Exception):
            import transformers

            architecture = json.loads(prepared.files["config.json"])["architectures"][0]
            _ = transformers.AutoConfig, transformers.AutoTokenizer, getattr(transformers, architecture)

    thread = threading.Thread(target=run, name="custodes-warm-up")
    thread.start()
    try:
        yield
    finally:
        thread.join()


def _check_no_copy(name: str, module: Any, tensors: dict[str, Any]) -> None:
    """A weight elsewhere than in the opened memory would survive the wipe, or was never sealed at all."""
    ours = {tensor.data_ptr() for tensor in tensors.values()}
    others = [key for key, tensor in module.state_dict().items() if tensor.data_ptr() not in ours]
    if others:
        raise UnsupportedModel(f"{name}: {len(others)} weights would not be the sealed ones, such as {others[0]}")
