"""manifest.json: what a sealed directory holds, in the canonical bytes whose Keccak-256 the ledger records.

Source: RFC 8785 (JSON Canonicalization Scheme).
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final, Literal, Self

import rfc8785
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
    model_validator,
)
from pydantic.alias_generators import to_camel

from governance.encoding.keccak import keccak256
from inference.sealed.errors import MalformedManifest, ManifestMismatch
from inference.sealed.format import (
    HASH_BYTES,
    MANIFEST_NAME,
    MAX_LEAVES,
    MAX_MANIFEST_BYTES,
    MAX_PLAIN_FILE_BYTES,
    SEALED_SUFFIX,
    SUITE,
    WRAPPED_KEY_BYTES,
    is_chunk_size,
    is_file_name,
)
from inference.sealed.merkle import compute_content_root

SCHEMA: Final = "custodes.manifest/1"
_MAX_FILES: Final = 1 << 16
_MAX_JSON_INTEGER: Final = (1 << 53) - 1


@dataclass(frozen=True)
class Anchor:
    """What the ledger recorded of a model; `identity` is the one that the key was wrapped to.

    A sealed directory is judged by these values alone, never by what it says of itself.
    """

    manifest_hash: bytes
    content_root: bytes
    key_commitment: bytes
    identity: bytes


def _bytes_of(length: int) -> tuple[BeforeValidator, PlainSerializer]:
    def decode(value: object) -> object:
        if isinstance(value, bytes):
            raw = value
        elif isinstance(value, str) and value.startswith("0x") and value == value.lower():
            raw = bytes.fromhex(value[2:])
            if len(value) != 2 + 2 * len(raw):
                raise ValueError("white space in hexadecimal")
        else:
            raise ValueError("0x and lower-case hexadecimal digits are required")
        if len(raw) != length:
            raise ValueError(f"{length} bytes are required, not {len(raw)}")
        return raw

    return BeforeValidator(decode), PlainSerializer(lambda raw: "0x" + raw.hex(), return_type=str)


def _check_file_name(name: str) -> str:
    if not is_file_name(name):
        raise ValueError("not a plain relative file name")
    return name


Bytes20 = Annotated[bytes, *_bytes_of(20)]
Bytes32 = Annotated[bytes, *_bytes_of(HASH_BYTES)]
WrappedBytes = Annotated[bytes, *_bytes_of(WRAPPED_KEY_BYTES)]
FileName = Annotated[str, AfterValidator(_check_file_name)]
Natural = Annotated[int, Field(ge=0, le=_MAX_JSON_INTEGER)]


class Document(BaseModel):
    """A JSON object with exactly these members, in camel case."""

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        frozen=True,
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
    )


class Shard(Document):
    """One sealed file: `name` is its source's; on disk it has the suffix `.sealed`."""

    name: FileName
    size: Natural  # bytes of the sealed file
    leaves: Annotated[int, Field(ge=2, le=MAX_LEAVES + 1)]  # the header's included
    root: Bytes32

    @property
    def sealed_name(self) -> str:
        return self.name + SEALED_SUFFIX


class PlainFile(Document):
    """A file that is kept in the clear and checked before use: configuration, tokenizer, chat template."""

    name: FileName
    size: Annotated[int, Field(ge=0, le=MAX_PLAIN_FILE_BYTES)]
    sha256: Bytes32


class WrappedKey(Document):
    """The data key, wrapped to one identity of the model."""

    identity: Bytes32
    mode: Literal["plain", "eval", "mpc"]
    party: Natural
    wrapped: WrappedBytes


class Manifest(Document):
    """The content of manifest.json. `to_bytes` is its only form."""

    schema_: Annotated[Literal["custodes.manifest/1"], Field(alias="schema")] = SCHEMA
    model: Annotated[str, Field(min_length=1, max_length=200)]
    model_id: Bytes32
    registrar: Bytes20
    seal_nonce: Bytes32
    identity: Bytes32
    committee_key_hash: Bytes32
    suite: Literal[1] = SUITE
    chunk_bytes: int
    key_commitment: Bytes32
    content_root: Bytes32
    shards: Annotated[tuple[Shard, ...], Field(min_length=1, max_length=_MAX_FILES)]
    files: Annotated[tuple[PlainFile, ...], Field(max_length=_MAX_FILES)]
    wrapped_keys: Annotated[tuple[WrappedKey, ...], Field(min_length=1, max_length=_MAX_FILES)]

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not is_chunk_size(self.chunk_bytes):
            raise ValueError("chunkBytes is not a power of two of 1 KiB to 16 MiB")
        shards, files = [shard.name for shard in self.shards], [file.name for file in self.files]
        if not (_is_sorted_set(shards) and _is_sorted_set(files)):
            raise ValueError("shards and files are listed once each, in the order of their names")
        on_disk = [shard.sealed_name for shard in self.shards] + files + [MANIFEST_NAME]
        if len(set(on_disk)) != len(on_disk):
            raise ValueError("two files would have one name")
        identities = [key.identity for key in self.wrapped_keys]
        if len(set(identities)) != len(identities) or self.identity not in identities:
            raise ValueError("wrappedKeys needs one key for each identity, the model's own among them")
        if self.content_root != compute_content_root((shard.name, shard.size, shard.root) for shard in self.shards):
            raise ValueError("contentRoot is not the root over the shards")
        return self

    def to_bytes(self) -> bytes:
        """The canonical bytes of manifest.json."""
        return rfc8785.dumps(self.model_dump(mode="json", by_alias=True))

    def compute_hash(self) -> bytes:
        """manifestHash, as the ledger records it."""
        return keccak256(self.to_bytes())

    def compute_anchor(self) -> Anchor:
        """What the ledger must record for this manifest's own identity."""
        return Anchor(self.compute_hash(), self.content_root, self.key_commitment, self.identity)

    def get_shard(self, sealed_name: str) -> Shard:
        """Raises: ManifestMismatch, when the manifest lists no such file."""
        for shard in self.shards:
            if shard.sealed_name == sealed_name:
                return shard
        raise ManifestMismatch(f"the manifest lists no sealed file {sealed_name}")

    def get_wrapped_key(self, identity: bytes) -> WrappedKey:
        """Raises: ManifestMismatch, when the key was not wrapped to that identity."""
        for key in self.wrapped_keys:
            if key.identity == identity:
                return key
        raise ManifestMismatch(f"the data key was not wrapped to identity 0x{identity.hex()}")


def parse_manifest(raw: bytes) -> Manifest:
    """The manifest of which `raw` is the canonical form.

    Raises: MalformedManifest.
    """
    if len(raw) > MAX_MANIFEST_BYTES:
        raise MalformedManifest(f"manifest.json has {len(raw)} bytes; at most {MAX_MANIFEST_BYTES} are allowed")
    try:
        manifest = Manifest.model_validate_json(raw)
        canonical = rfc8785.dumps(json.loads(raw))
    except ValidationError as error:
        raise MalformedManifest(f"manifest.json is not {SCHEMA}: {_describe(error)}") from error
    except (ValueError, RecursionError) as error:
        raise MalformedManifest(f"manifest.json is not JSON that has a canonical form: {error}") from error
    if canonical != raw or manifest.to_bytes() != raw:
        raise MalformedManifest("manifest.json is not in canonical form (RFC 8785)")
    return manifest


def build_manifest(**fields: object) -> Manifest:
    """A manifest of these fields.

    Raises: MalformedManifest.
    """
    try:
        return Manifest.model_validate(fields)
    except ValidationError as error:
        raise MalformedManifest(f"these values make no {SCHEMA}: {_describe(error)}") from error


def verify_manifest(raw: bytes, expected: Anchor) -> Manifest:
    """The manifest, once its hash and every anchored value agree with the ledger.

    The hash is compared before a byte is parsed.
    Raises: ManifestMismatch, MalformedManifest.
    """
    found = keccak256(raw)
    if found != expected.manifest_hash:
        raise ManifestMismatch(
            f"manifest.json hashes to 0x{found.hex()}, the ledger has 0x{expected.manifest_hash.hex()}"
        )
    manifest = parse_manifest(raw)
    pairs = (
        ("contentRoot", manifest.content_root, expected.content_root),
        ("keyCommitment", manifest.key_commitment, expected.key_commitment),
    )
    for name, listed, recorded in pairs:
        if listed != recorded:
            raise ManifestMismatch(f"{name} is 0x{listed.hex()} in the manifest, 0x{recorded.hex()} on the ledger")
    manifest.get_wrapped_key(expected.identity)
    return manifest


def _is_sorted_set(names: Sequence[str]) -> bool:
    return all(a.encode() < b.encode() for a, b in itertools.pairwise(names))


def _describe(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    return f"{'.'.join(str(part) for part in first['loc']) or 'document'}: {first['msg']}"
