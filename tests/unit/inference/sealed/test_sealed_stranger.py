"""A second implementation of FORMAT.md, written from that page alone: nothing of the package is imported here.

It reads the committed vector, makes it again, and reads what the package seals today.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import runpy
import struct
from pathlib import Path
from typing import Any

import pytest
from blake3 import blake3
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from eth_hash.auto import keccak

VECTORS = Path(__file__).parents[3] / "vectors" / "sealed"
VECTOR = json.loads((VECTORS / "vector.json").read_text())


def hkdf_expand(prk: bytes, info: bytes, length: int) -> bytes:
    okm = block = b""
    counter = 1
    while len(okm) < length:
        block = hmac.new(prk, block + info + bytes([counter]), hashlib.sha512).digest()
        okm += block
        counter += 1
    return okm[:length]


def lp(raw: bytes) -> bytes:
    return len(raw).to_bytes(4) + raw


def tree(leaves: list[bytes]) -> bytes:
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return keccak(b"\x01" + tree(leaves[:split]) + tree(leaves[split:]))


def root_of(leaves: list[bytes]) -> bytes:
    return keccak(b"\x02" + len(leaves).to_bytes(8) + tree(leaves))


def schedule(data_key: bytes, fixed: dict[str, Any], file: str, record: dict[str, Any]) -> tuple[bytes, bytes, bytes]:
    dims = b"".join(dim.to_bytes(8) for dim in record["shape"])
    context = lp((1).to_bytes(2)) + lp(fixed["chunk"].to_bytes(4)) + lp(fixed["identity"]) + lp(file.encode())
    context += lp(record["name"].encode()) + lp(record["dtype"].encode()) + lp(dims) + lp(record["size"].to_bytes(8))
    info = b"custodes/sealed/v1/chunked-encryption+AEAD_AES_256_GCM\x00" + fixed["salt"] + context
    okm = hkdf_expand(data_key, info, 76)
    return okm[:32], okm[32:44], okm[44:]


def parse(raw: bytes) -> tuple[dict[str, Any], list[dict[str, Any]], int, list[bytes], int]:
    """(fixed fields, records, length of the header, leaves, start of the chunks)."""
    magic, version, suite, chunk, table, count, leaves = struct.unpack(">8sHHIQIQ", raw[:36])
    assert (magic, version, suite) == (bytes.fromhex("8943555354 4f440a".replace(" ", "")), 1, 1)
    fixed = {"chunk": chunk, "salt": raw[36:60], "commitment": raw[60:92], "identity": raw[92:124]}
    at, records = 124, []
    for _ in range(count):
        length = int.from_bytes(raw[at : at + 2])
        name, at = raw[at + 2 : at + 2 + length].decode(), at + 2 + length
        length = raw[at]
        dtype, at = raw[at + 1 : at + 1 + length].decode(), at + 1 + length
        rank = raw[at]
        shape = [int.from_bytes(raw[at + 1 + 8 * i : at + 9 + 8 * i]) for i in range(rank)]
        at += 1 + 8 * rank
        records.append(
            {"name": name, "dtype": dtype, "shape": shape, "size": int.from_bytes(raw[at : at + 8]),
             "commitment": raw[at + 8 : at + 40]}
        )  # fmt: skip
        at += 40
    assert at == 124 + table
    start = at + 32 * leaves
    return fixed, records, at, [raw[i : i + 32] for i in range(at, start, 32)], start


def header_leaf(file: str, header: bytes) -> bytes:
    content = lp(file.encode()) + len(header).to_bytes(8) + header
    return blake3(content, derive_key_context="custodes 2026-11-23 sealed weights v1 header leaf").digest()


def chunk_leaf(file: str, name: str, number: int, cipher: bytes) -> bytes:
    content = lp(file.encode()) + lp(name.encode()) + number.to_bytes(8) + len(cipher).to_bytes(8) + cipher
    return blake3(content, derive_key_context="custodes 2026-11-23 sealed weights v1 chunk leaf").digest()


def unseal(raw: bytes, file: str, data_key: bytes) -> tuple[bytes, bytes]:
    """(the original safetensors file, the root)."""
    fixed, records, header_end, leaves, at = parse(raw)
    assert fixed["commitment"] == hkdf_expand(data_key, b"custodes/sealed/v1/key-commitment", 32)
    plain, number = [], 0
    for record in records:
        key, nonce, commitment = schedule(data_key, fixed, file, record)
        assert commitment == record["commitment"]
        content = b""
        for chunk in range(record["size"] // fixed["chunk"] + 1):
            cipher = raw[at : at + min(fixed["chunk"], record["size"] - len(content)) + 16]
            assert chunk_leaf(file, record["name"], chunk, cipher) == leaves[number]
            this_nonce = (int.from_bytes(nonce) ^ chunk).to_bytes(12)
            content += AESGCM(key).decrypt(this_nonce, cipher, None)
            at, number = at + len(cipher), number + 1
        assert len(content) == record["size"]
        plain.append(content)
    assert (at, number) == (len(raw), len(leaves))
    source = struct.pack("<Q", len(plain[0])) + b"".join(plain)
    return source, root_of([header_leaf(file, raw[:header_end]), *leaves])


def seal(source: bytes, file: str, data_key: bytes, fixed: dict[str, Any]) -> bytes:
    length = int.from_bytes(source[:8], "little")
    entries = json.loads(source[8 : 8 + length])
    entries.pop("__metadata__", None)
    records = [{"name": "__metadata__", "dtype": "BYTES", "shape": [length], "size": length, "at": 8}]
    for name, entry in entries.items():
        begin, end = entry["data_offsets"]
        records.append(
            {
                "name": name,
                "dtype": entry["dtype"],
                "shape": entry["shape"],
                "size": end - begin,
                "at": 8 + length + begin,
            }
        )
    records[1:] = sorted(records[1:], key=lambda record: (record["at"], record["size"], record["name"].encode()))
    table, leaves, body = b"", [], b""
    for record in records:
        key, nonce, commitment = schedule(data_key, fixed, file, record)
        name, dtype = record["name"].encode(), record["dtype"].encode()
        table += len(name).to_bytes(2) + name + bytes([len(dtype)]) + dtype + bytes([len(record["shape"])])
        table += b"".join(dim.to_bytes(8) for dim in record["shape"]) + record["size"].to_bytes(8) + commitment
        for chunk in range(record["size"] // fixed["chunk"] + 1):
            first = record["at"] + chunk * fixed["chunk"]
            last = min(first + fixed["chunk"], record["at"] + record["size"])
            cipher = AESGCM(key).encrypt((int.from_bytes(nonce) ^ chunk).to_bytes(12), source[first:last], None)
            leaves.append(chunk_leaf(file, record["name"], chunk, cipher))
            body += cipher
    commitment = hkdf_expand(data_key, b"custodes/sealed/v1/key-commitment", 32)
    prelude = struct.pack(">8sHHIQIQ", b"\x89CUSTOD\n", 1, 1, fixed["chunk"], len(table), len(records), len(leaves))
    return prelude + fixed["salt"] + commitment + fixed["identity"] + table + b"".join(leaves) + body


def check_directory(directory: Path, source: Path, data_key: bytes, manifest_hash: bytes) -> None:
    raw = (directory / "manifest.json").read_bytes()
    assert keccak(raw) == manifest_hash
    manifest = json.loads(raw)
    file_leaves = []
    for shard in manifest["shards"]:
        content = (directory / (shard["name"] + ".sealed")).read_bytes()
        plain, root = unseal(content, shard["name"], data_key)
        assert plain == (source / shard["name"]).read_bytes()
        assert (len(content), "0x" + root.hex()) == (shard["size"], shard["root"])
        file_leaves.append(keccak(b"\x03" + lp(shard["name"].encode()) + len(content).to_bytes(8) + root))
        fixed = parse(content)[0]
        assert seal(plain, shard["name"], data_key, fixed) == content
        assert shard["leaves"] == len(parse(content)[3]) + 1
    assert manifest["contentRoot"] == "0x" + root_of(file_leaves).hex()
    for entry in manifest["files"]:
        content = (directory / entry["name"]).read_bytes()
        assert ("0x" + hashlib.sha256(content).hexdigest(), len(content)) == (entry["sha256"], entry["size"])


def test_stranger_reads_and_remakes_the_committed_vector() -> None:
    data_key = bytes.fromhex(VECTOR["dataKey"])
    check_directory(VECTORS / "sealed", VECTORS / "source", data_key, bytes.fromhex(VECTOR["manifestHash"]))


def test_stranger_derives_the_keys_that_the_vector_lists() -> None:
    data_key, found = bytes.fromhex(VECTOR["dataKey"]), []
    for file in sorted({record["file"] for record in VECTOR["records"]}):
        fixed, records, *_ = parse((VECTORS / "sealed" / f"{file}.sealed").read_bytes())
        for record in records:
            key, nonce, commitment = schedule(data_key, fixed, file, record)
            names = ("file", "name", "key", "baseNonce", "commitment")
            values = (file, record["name"], key.hex(), nonce.hex(), commitment.hex())
            found.append(dict(zip(names, values, strict=True)))
    assert found == VECTOR["records"]


def test_stranger_reads_and_remakes_what_is_sealed_today(pristine: Any) -> None:
    source = pristine.directory.parent / "source"
    check_directory(pristine.directory, source, pristine.key.expose(), pristine.anchor.manifest_hash)


def test_vector_is_made_again_byte_for_byte(tmp_path: Path) -> None:
    runpy.run_path(str(VECTORS / "make.py"))["make"](tmp_path)
    made = {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    committed = {path: (VECTORS / path).read_bytes() for path in made}
    assert made == committed
    assert len(made) == 10
    listed = {
        path.relative_to(VECTORS) for path in VECTORS.rglob("*") if path.is_file() and "__pycache__" not in path.parts
    }
    assert listed == made.keys() | {Path("make.py"), Path("README.md")}


@pytest.mark.parametrize("position", [40, 100, 200, -1])
def test_stranger_refuses_a_changed_vector(position: int) -> None:
    file = "model-00001-of-00002.safetensors"
    content = bytearray((VECTORS / "sealed" / f"{file}.sealed").read_bytes())
    _, root = unseal(bytes(content), file, bytes.fromhex(VECTOR["dataKey"]))
    content[position] ^= 1
    with pytest.raises((AssertionError, UnicodeDecodeError)):
        assert unseal(bytes(content), file, bytes.fromhex(VECTOR["dataKey"]))[1] == root
