"""Makes this directory's vector from fixed randomness: `python tests/vectors/sealed/make.py DIRECTORY`.

The test `test_sealed_vectors.py` runs it and compares the result with what is committed, byte for byte.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import struct
import sys
from pathlib import Path

from inference.sealed import DataKey, Registration, read_header
from inference.sealed.directory import Recipient, _seal
from inference.sealed.shard import derive_keys_for

DATA_KEY = bytes(range(32))
IDENTITY = bytes(range(64, 96))


def pattern(label: str, length: int) -> bytes:
    return hashlib.shake_256(label.encode()).digest(length)


def write_source(folder: Path) -> None:
    folder.mkdir(parents=True)
    files = {
        "model-00001-of-00002.safetensors": [
            ("embed.weight", "BF16", [20, 32], 1280),  # a full chunk and a short one
            ("norm.weight", "F32", [256], 1024),  # a full chunk and an empty one
        ],
        "model-00002-of-00002.safetensors": [
            ("empty", "F32", [0, 4], 0),
            ("scale", "F64", [], 8),
            ("mask \u00fc", "U8", [3], 3),
        ],
    }
    for file, tensors in files.items():
        header: dict[str, object] = {"__metadata__": {"format": "pt"}}
        body = b""
        for name, dtype, shape, size in tensors:
            header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(body), len(body) + size]}
            body += pattern(name, size)
        raw = json.dumps(header, separators=(",", ":")).encode()
        raw += b" " * (-len(raw) % 8)
        (folder / file).write_bytes(struct.pack("<Q", len(raw)) + raw + body)
    weight_map = {name: file for file, tensors in files.items() for name, *_ in tensors}
    index = {"metadata": {"total_size": 2315}, "weight_map": weight_map}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    (folder / "config.json").write_text('{"model_type":"vector"}')


def make(root: Path) -> None:
    write_source(root / "source")
    key = DataKey(DATA_KEY)
    counter = itertools.count()
    registration = Registration(
        "vector", pattern("model id", 32), pattern("registrar", 20), pattern("seal nonce", 32), pattern("committee", 32)
    )
    recipients = [
        Recipient(IDENTITY, lambda *_: pattern("wrapped plain", 160)),
        Recipient(pattern("eval", 32), lambda *_: pattern("wrapped eval", 160), "eval"),
    ]
    report = _seal(
        root / "source", root / "sealed", registration, recipients, key,
        lambda length: pattern(f"salt {next(counter)}", length), 1024, 2, None,
    )  # fmt: skip
    records = []
    for shard in report.manifest.shards:
        header = read_header(root / "sealed" / shard.sealed_name)
        for record in header.records:
            keys = derive_keys_for(key, header, shard.name, record)
            records.append(
                {
                    "file": shard.name,
                    "name": record.name,
                    "key": keys.key.hex(),
                    "baseNonce": keys.base_nonce.hex(),
                    "commitment": keys.commitment.hex(),
                }
            )
    anchor = report.anchor
    vector = {
        "dataKey": DATA_KEY.hex(),
        "manifestHash": anchor.manifest_hash.hex(),
        "contentRoot": anchor.content_root.hex(),
        "keyCommitment": anchor.key_commitment.hex(),
        "identity": anchor.identity.hex(),
        "records": records,
    }
    (root / "vector.json").write_text(json.dumps(vector, indent=1) + "\n")


if __name__ == "__main__":
    make(Path(sys.argv[1]))
