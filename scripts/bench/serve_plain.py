"""Plain transformers in a process of their own: one line asks for an answer, one line tells its tokens and seconds.

Run by serve_benchmark.py: DIRECTORY MESSAGE TOKENS. It imports nothing of ours.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any


def main() -> None:
    began = time.perf_counter()
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    directory, message, tokens = sys.argv[1], sys.argv[2], int(sys.argv[3])
    tokenizer: Any = AutoTokenizer.from_pretrained(directory, local_files_only=True)
    model: Any = AutoModelForCausalLM.from_pretrained(directory, dtype="auto", local_files_only=True).eval()

    def answer(limit: int) -> int:
        inputs = tokenizer.apply_chat_template(
            [{"role": "user", "content": message}], add_generation_prompt=True, return_tensors="pt", return_dict=True
        )
        with torch.inference_mode():
            made = model.generate(**inputs, max_new_tokens=limit, do_sample=False)
        tokenizer.decode(made[0])
        return int(made.shape[1] - inputs["input_ids"].shape[1])

    answer(1)
    print(json.dumps({"cold": time.perf_counter() - began}), file=answers, flush=True)
    for _ in sys.stdin:
        start, spent = time.perf_counter(), time.process_time()
        count = answer(tokens)
        taken = {"seconds": time.perf_counter() - start, "cpu": time.process_time() - spent}
        print(json.dumps({"tokens": count, **taken}), file=answers, flush=True)


if __name__ == "__main__":
    main()
