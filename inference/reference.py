"""Plain transformers on the original safetensors, in a process of its own: what a governed worker must be equal to.

Nothing of Custodes' sealing, opening or serving is used here. The digest covers the raw logits of every generated
token, so that two runs which only happen to choose the same words are told apart.

    python -m inference.reference DIRECTORY --message "..." --max-tokens 32
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch


def digest_logits(logits: Sequence[torch.Tensor]) -> str:
    """sha256 over the logits of each step, in order. Shapes: each (vocabulary,), any dtype; hashed as float32."""
    state = hashlib.sha256()
    for step in logits:
        state.update(step.float().contiguous().numpy().tobytes())
    return "0x" + state.hexdigest()


def run(directory: Path, message: str, max_tokens: int) -> dict[str, Any]:
    """The greedy answer of the plain model, with its logits' digest and its speed."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer: Any = AutoTokenizer.from_pretrained(directory, local_files_only=True)
    model: Any = AutoModelForCausalLM.from_pretrained(directory, dtype="auto", local_files_only=True).eval()
    inputs: Any = tokenizer.apply_chat_template(
        [{"role": "user", "content": message}], add_generation_prompt=True, return_tensors="pt", return_dict=True
    )
    start = time.monotonic()
    with torch.inference_mode():
        output = model.generate(
            **inputs, max_new_tokens=max_tokens, do_sample=False, output_logits=True, return_dict_in_generate=True
        )
    seconds = time.monotonic() - start
    token_ids = output.sequences[0, inputs["input_ids"].shape[1] :].tolist()
    return {
        "schema": "custodes.reference/1",
        "text": tokenizer.decode(token_ids, skip_special_tokens=True),
        "tokenIds": token_ids,
        "logitsDigest": digest_logits([step[0] for step in output.logits]),
        "tokensPerSecond": round(len(token_ids) / seconds, 2),
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description="Plain transformers on the original safetensors.")
    parser.add_argument("directory", type=Path)
    parser.add_argument("--message", required=True)
    parser.add_argument("--max-tokens", type=int, default=32)
    options = parser.parse_args()
    print(json.dumps(run(options.directory, options.message, options.max_tokens)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
