"""A model for benchmarks: a plain safetensors file of a size, and the same sealed, by the real code."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from pathlib import Path

from inference.sealed import Anchor, DataKey, Registration, seal_directory

HIDDEN, INTERMEDIATE, VOCABULARY = 2048, 5632, 32_000
_LAYER = {
    "self_attn.q_proj": (HIDDEN, HIDDEN), "self_attn.k_proj": (256, HIDDEN), "self_attn.v_proj": (256, HIDDEN),
    "self_attn.o_proj": (HIDDEN, HIDDEN), "mlp.gate_proj": (INTERMEDIATE, HIDDEN),
    "mlp.up_proj": (INTERMEDIATE, HIDDEN), "mlp.down_proj": (HIDDEN, INTERMEDIATE),
    "input_layernorm": (HIDDEN,), "post_attention_layernorm": (HIDDEN,),
}  # fmt: skip
REGISTRATION = Registration("a benchmark", bytes(32), bytes(20), bytes(32), bytes(32))


@dataclass(frozen=True)
class SealedModel:
    """A sealed directory with what opens it."""

    directory: Path
    anchor: Anchor
    key: bytes

    def save(self, path: Path) -> None:
        """For another process of the benchmark; the key is that of random numbers."""
        anchor = {name: value.hex() for name, value in vars(self.anchor).items()}
        path.write_text(json.dumps({"directory": str(self.directory), "anchor": anchor, "key": self.key.hex()}))

    @classmethod
    def read(cls, path: Path) -> SealedModel:
        data = json.loads(path.read_text())
        anchor = Anchor(**{name: bytes.fromhex(value) for name, value in data["anchor"].items()})
        return cls(Path(data["directory"]), anchor, bytes.fromhex(data["key"]))


def write_plain(directory: Path, size: int) -> Path:
    """A bf16 model of about `size` bytes, shaped like a Llama; returns its one file."""
    shapes: dict[str, tuple[int, ...]] = {"model.embed_tokens.weight": (VOCABULARY, HIDDEN)}
    layer = 0
    while _count_bytes(shapes) < size:
        shapes |= {f"model.layers.{layer}.{name}.weight": shape for name, shape in _LAYER.items()}
        layer += 1
    header, position = {}, 0
    for name, shape in shapes.items():
        length = _count_bytes({name: shape})
        header[name] = {"dtype": "BF16", "shape": list(shape), "data_offsets": [position, position + length]}
        position += length
    encoded = json.dumps(header).encode()
    encoded += b" " * (-len(encoded) % 8)
    directory.mkdir(parents=True)
    (directory / "config.json").write_text("{}")
    path, numbers = directory / "model.safetensors", random.Random(1)  # noqa: S311 - it hides nothing
    with path.open("wb") as file:
        file.write(len(encoded).to_bytes(8, "little") + encoded)
        while position:
            position -= file.write(numbers.randbytes(min(position, 8 << 20)))
    return path


def seal(source: Path, out: Path, *, threads: int) -> SealedModel:
    """`out` is `source`, sealed to a key that the benchmark keeps."""
    kept: list[bytes] = []

    def wrap(key: DataKey, root: bytes, commitment: bytes) -> bytes:
        kept.append(key.expose())
        return bytes(160)

    report = seal_directory(source, out, REGISTRATION, identity=bytes(32), wrap=wrap, threads=threads)
    return SealedModel(out, report.anchor, kept[-1])


def _count_bytes(shapes: dict[str, tuple[int, ...]]) -> int:
    total = 0
    for shape in shapes.values():
        count = 1
        for dimension in shape:
            count *= dimension
        total += 2 * count
    return total
