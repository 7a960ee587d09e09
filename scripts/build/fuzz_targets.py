"""What is fuzzed: parsers of bytes that others wrote. Each accepts, or raises one of our typed errors, and no other."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from governance.encoding.receipts import compute_receipt_hash, compute_receipt_path, compute_receipts_root
from governance.errors import CustodesError
from governance.types import Hash32
from inference.receipts import verify_inclusion
from inference.sealed import Anchor, DataKey, Registration, SealReport, open_sealed, parse_manifest, seal_directory
from inference.sealed.dispersal import disperse
from inference.sealed.dispersal.fragment import parse_fragment
from inference.sealed.header import parse_header
from inference.sealed.safetensors_file import parse_source_header
from inference.server.requests import read_chat, read_completion, read_texts

MODEL = "a fuzzed model"
_WORK: list[tempfile.TemporaryDirectory[str]] = []  # until the process ends


@dataclass(frozen=True)
class Target:
    """`run` takes any bytes; `seeds` are some that it accepts, from which mutations begin."""

    name: str
    run: Callable[[bytes], object]
    seeds: tuple[bytes, ...]


class Finding(Exception):
    """Bytes that a target neither accepts nor refuses with a typed error."""


def check(target: Target, data: bytes) -> bool:
    """Whether the target accepts `data`. Raises: Finding."""
    try:
        target.run(data)
    except CustodesError:
        return False
    except Exception as e:
        raise Finding(f"{target.name}: {type(e).__name__}: {e} on 0x{data.hex()}") from e
    return True


@cache
def make_targets() -> tuple[Target, ...]:
    """All there are, with seeds from a small model that is sealed and dispersed for them."""
    _WORK.append(tempfile.TemporaryDirectory(prefix="custodes-fuzz-"))
    work = Path(_WORK[-1].name)
    source_header = _write_model(work / "source")
    report, key = _seal(work)
    fragments = disperse(report.directory, work / "fragments", data=2, parity=1).fragments
    sealed = (report.directory / "model.safetensors.sealed").read_bytes()
    header_end = next(end for end in range(len(sealed)) if end > 100 and _is_header(sealed[:end]))
    chat = {"messages": [{"role": "user", "content": "x"}], "stream": True, "stop": ["a"], "temperature": 0.5}
    return (
        Target("header", lambda raw: parse_header(raw, file="f"), (sealed[:header_end],)),
        Target("manifest", parse_manifest, (report.manifest.to_bytes(),)),
        Target("source header", lambda raw: parse_source_header(raw, file="f"), (source_header,)),
        Target("fragment", parse_fragment, tuple((path / "fragment.json").read_bytes() for path in fragments)),
        Target("inclusion", _read_inclusion, (_make_inclusion(),)),
        Target("chat request", lambda raw: read_chat(_read_object(raw), MODEL), (json.dumps(chat).encode(),)),
        Target("completion request", lambda raw: read_completion(_read_object(raw), MODEL), (b'{"prompt": "x"}',)),
        Target("embedding request", lambda raw: read_texts(_read_object(raw), MODEL), (b'{"input": ["x", "y"]}',)),
        Target("sealed file", _Opener(report.directory, report.anchor, key), (sealed,)),
    )


class _Opener:
    """A sealed file in the place of the right one. It opens if it is the right one, and never otherwise."""

    def __init__(self, directory: Path, anchor: Anchor, key: DataKey) -> None:
        self._directory, self._anchor, self._key = directory, anchor, key
        self._path = directory / "model.safetensors.sealed"
        self._right = self._path.read_bytes()

    def __call__(self, raw: bytes) -> None:
        self._path.write_bytes(raw)
        with open_sealed(self._directory, self._key, expected=self._anchor, threads=1):
            assert raw == self._right, "other bytes were opened"


def _write_model(directory: Path) -> bytes:
    """A model of three tensors, one of them empty; returns its safetensors header."""
    sizes = {"a.weight": ("BF16", [3, 400], 2400), "b.bias": ("F32", [2], 8), "empty": ("F32", [0, 3], 0)}
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    position = 0
    for name, (dtype, shape, size) in sizes.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [position, position + size]}
        position += size
    encoded = json.dumps(header).encode()
    encoded += b" " * (-len(encoded) % 8)
    directory.mkdir()
    (directory / "config.json").write_text("{}")
    body = bytes(number % 251 for number in range(position))
    (directory / "model.safetensors").write_bytes(len(encoded).to_bytes(8, "little") + encoded + body)
    return encoded


def _seal(work: Path) -> tuple[SealReport, DataKey]:
    kept: list[bytes] = []

    def wrap(key: DataKey, root: bytes, commitment: bytes) -> bytes:
        kept.append(key.expose())
        return bytes(160)

    registration = Registration(MODEL, bytes(32), bytes(20), bytes(32), bytes(32))
    report = seal_directory(
        work / "source", work / "sealed", registration, identity=bytes(32), wrap=wrap, chunk_bytes=1024
    )
    return report, DataKey(kept[0])


def _is_header(raw: bytes) -> bool:
    try:
        parse_header(raw, file="f")
    except CustodesError:
        return False
    return True


def _make_inclusion() -> bytes:
    zero = "0x" + "00" * 32
    body: dict[str, Any] = {"sequence": 1, "releaseId": zero, "worker": zero}
    hashes = [Hash32(bytes(32)), compute_receipt_hash(body), Hash32(bytes(32))]
    inclusion = {
        "batch": 0,
        "firstSequence": 0,
        "count": len(hashes),
        "root": "0x" + compute_receipts_root(hashes).hex(),
        "path": ["0x" + step.hex() for step in compute_receipt_path(hashes, 1)],
    }
    return json.dumps({"body": body, "inclusion": inclusion}).encode()


def _read_object(raw: bytes) -> dict[str, Any]:
    """As the server does it, which refuses the rest before."""
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _read_inclusion(raw: bytes) -> object:
    return verify_inclusion(_read_object(raw))
