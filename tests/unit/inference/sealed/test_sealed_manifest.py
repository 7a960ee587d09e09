"""manifest.json: canonical or refused, and compared with the ledger before anything else."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
import rfc8785

from governance.encoding.keccak import keccak256
from inference.sealed import Anchor, Manifest, parse_manifest
from inference.sealed.errors import MalformedManifest, ManifestMismatch
from inference.sealed.format import MAX_MANIFEST_BYTES
from inference.sealed.manifest import build_manifest, verify_manifest
from inference.sealed.merkle import compute_content_root


def fields() -> dict[str, Any]:
    shards = [
        {"name": "a.safetensors", "size": 500, "leaves": 3, "root": b"\x01" * 32},
        {"name": "b.safetensors", "size": 600, "leaves": 4, "root": b"\x02" * 32},
    ]
    return {
        "model": "Näme",
        "model_id": b"\x03" * 32,
        "registrar": b"\x04" * 20,
        "seal_nonce": b"\x05" * 32,
        "identity": b"\x06" * 32,
        "committee_key_hash": b"\x07" * 32,
        "chunk_bytes": 1024,
        "key_commitment": b"\x08" * 32,
        "content_root": compute_content_root((s["name"], s["size"], s["root"]) for s in shards),
        "shards": tuple(shards),
        "files": ({"name": "config.json", "size": 2, "sha256": b"\x09" * 32},),
        "wrapped_keys": (
            {"identity": b"\x06" * 32, "mode": "plain", "party": 0, "wrapped": b"\x0a" * 160},
            {"identity": b"\x0b" * 32, "mode": "eval", "party": 0, "wrapped": b"\x0c" * 160},
        ),
    }


def manifest() -> Manifest:
    return build_manifest(**fields())


def test_manifest_is_read_back_as_it_was_written() -> None:
    raw = manifest().to_bytes()
    assert parse_manifest(raw) == manifest()
    assert raw == rfc8785.dumps(json.loads(raw))
    assert manifest().compute_hash() == keccak256(raw)
    assert json.loads(raw)["schema"] == "custodes.manifest/1"
    assert json.loads(raw)["wrappedKeys"][1]["wrapped"] == "0x" + "0c" * 160


def edit(document: dict[str, Any], path: str, value: object) -> None:
    *parents, last = path.split(".")
    for part in parents:
        document = document[int(part)] if part.isdigit() else document[part]
    if value is KeyError:
        del document[last]
    else:
        document[last] = value


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("schema", "custodes.manifest/2"),
        ("extra", 1),
        ("model", ""),
        ("model", "x" * 201),
        ("modelId", KeyError),
        ("modelId", "0x" + "03" * 31),
        ("modelId", "0x" + "AB" * 32),
        ("modelId", "0x" + "03 " * 32),
        ("modelId", "03" * 32),
        ("modelId", "0x" + "zz" * 32),
        ("modelId", 3),
        ("registrar", "0x" + "04" * 32),
        ("suite", 2),
        ("chunkBytes", 1000),
        ("chunkBytes", "1024"),
        ("identity", "0x" + "0d" * 32),
        ("contentRoot", "0x" + "00" * 32),
        ("shards", []),
        ("shards.0.name", "../a.safetensors"),
        ("shards.0.name", "/a.safetensors"),
        ("shards.0.name", ".hidden"),
        ("shards.0.name", "a b"),
        ("shards.0.name", "a\u00e9"),
        ("shards.0.name", "d/d/d/d/d"),
        ("shards.0.name", "c.safetensors"),
        ("shards.0.name", "b.safetensors"),
        ("shards.0.size", -1),
        ("shards.0.size", 1 << 53),
        ("shards.0.size", 500.5),
        ("shards.0.size", True),
        ("shards.0.leaves", 1),
        ("shards.0.leaves", 1 << 30),
        ("files.0.name", "manifest.json"),
        ("files.0.name", "a.safetensors.sealed"),
        ("files.0.size", 1 << 40),
        ("wrappedKeys", []),
        ("wrappedKeys.0.wrapped", "0x" + "0a" * 159),
        ("wrappedKeys.0.mode", "other"),
        ("wrappedKeys.0.identity", "0x" + "0b" * 32),
    ],
)
def test_manifest_is_refused_when_a_field_is_wrong(path: str, value: object) -> None:
    document = json.loads(manifest().to_bytes())
    edit(document, path, value)
    with pytest.raises(MalformedManifest):
        parse_manifest(rfc8785.dumps(document) if value != 1 << 53 else json.dumps(document).encode())


@pytest.mark.parametrize(
    "change",
    [
        lambda raw: raw + b"\n",
        lambda raw: raw.replace(b'","', b'", "', 1),
        lambda raw: b'{"chunkBytes":1024,' + raw[1:],
        lambda raw: raw.replace("ä".encode(), b"\\u00e4"),
        lambda raw: raw.replace(b'"size":500', b'"size":5e2'),
        lambda raw: raw[:-1],
        lambda raw: raw.replace("ä".encode(), b"\xff"),
        lambda _: b"[" * 100_000,
        lambda _: b"3",
        lambda _: b"",
        lambda _: b" " * (MAX_MANIFEST_BYTES + 1),
    ],
)
def test_manifest_is_refused_when_its_bytes_are_not_canonical(change: Any) -> None:
    raw = manifest().to_bytes()
    assert change(raw) != raw
    with pytest.raises(MalformedManifest):
        parse_manifest(change(raw))


def test_manifest_cannot_be_built_of_wrong_values() -> None:
    with pytest.raises(MalformedManifest, match="registrar"):
        build_manifest(**{**fields(), "registrar": b"\x04" * 19})


def test_manifest_is_accepted_for_each_identity_that_has_a_key() -> None:
    anchor = manifest().compute_anchor()
    raw = manifest().to_bytes()
    assert verify_manifest(raw, anchor) == manifest()
    other = dataclasses.replace(anchor, identity=b"\x0b" * 32)
    assert verify_manifest(raw, other).get_wrapped_key(other.identity).mode == "eval"


@pytest.mark.parametrize(
    ("field", "what"),
    [
        ("manifest_hash", "hashes to"),
        ("content_root", "contentRoot"),
        ("key_commitment", "keyCommitment"),
        ("identity", "not wrapped to identity"),
    ],
)
def test_manifest_is_refused_when_the_ledger_has_another_value(field: str, what: str) -> None:
    anchor: Anchor = dataclasses.replace(manifest().compute_anchor(), **{field: b"\xee" * 32})
    with pytest.raises(ManifestMismatch, match=what):
        verify_manifest(manifest().to_bytes(), anchor)


def test_manifest_hash_is_compared_before_a_byte_is_parsed() -> None:
    with pytest.raises(ManifestMismatch):
        verify_manifest(b"no manifest at all", manifest().compute_anchor())


def test_malformed_manifest_is_refused_even_when_the_ledger_recorded_it() -> None:
    anchor = dataclasses.replace(manifest().compute_anchor(), manifest_hash=keccak256(b"{}"))
    with pytest.raises(MalformedManifest):
        verify_manifest(b"{}", anchor)


def test_manifest_finds_shards_by_their_name_on_disk() -> None:
    assert manifest().get_shard("b.safetensors.sealed").size == 600
    with pytest.raises(ManifestMismatch, match="lists no sealed file"):
        manifest().get_shard("c.safetensors.sealed")
