"""Sealing a model: a whole sealed directory appears under its final name, verified, or nothing does."""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, TypeAlias

from governance.errors import VerificationError
from inference.sealed.datakey import DataKey
from inference.sealed.errors import OutputExists, ResourcesUnavailable, UnsealableSource
from inference.sealed.files import read_bytes
from inference.sealed.format import (
    DEFAULT_CHUNK_BYTES,
    MANIFEST_NAME,
    MAX_PLAIN_FILE_BYTES,
    SALT_BYTES,
    SEALED_SUFFIX,
    TAG_BYTES,
    WRAPPED_KEY_BYTES,
    is_chunk_size,
)
from inference.sealed.manifest import Anchor, Manifest, PlainFile, Shard, build_manifest
from inference.sealed.merkle import compute_content_root
from inference.sealed.parallel import Meter, Progress
from inference.sealed.seal import seal_shard
from inference.sealed.source import SourceModel, SourceShard, open_source, read_source
from inference.sealed.verify import verify_directory

Mode: TypeAlias = Literal["plain", "eval", "mpc"]
# (data key, content root, key commitment) -> the 160 bytes of the wrapped key
Wrap: TypeAlias = Callable[[DataKey, bytes, bytes], bytes]


@dataclass(frozen=True)
class Recipient:
    """An identity that may open the model, and how the data key is wrapped to it."""

    identity: bytes
    wrap: Wrap
    mode: Mode = "plain"
    party: int = 0


@dataclass(frozen=True)
class Registration:
    """What of the ledger goes into the manifest; `model_id` follows from the registrar and the seal nonce."""

    model: str
    model_id: bytes
    registrar: bytes
    seal_nonce: bytes
    committee_key_hash: bytes


@dataclass(frozen=True)
class SealReport:
    """What was sealed, and the values that are to be registered on the ledger."""

    directory: Path
    manifest: Manifest
    anchor: Anchor
    plain_bytes: int
    sealed_bytes: int
    skipped: tuple[str, ...]


class Kept(Protocol):
    """What a sealing keeps, so that another process can take it up: see `inference.unfinished`."""

    data_key: DataKey
    staging: Path

    def bind(self, request: bytes) -> None: ...
    def find(self, shard: SourceShard) -> Shard | None: ...
    def keep(self, shard: SourceShard, entry: Shard) -> None: ...
    def distrust(self) -> None: ...


def seal_directory(
    source: Path,
    out: Path,
    registration: Registration,
    *,
    identity: bytes,
    wrap: Wrap,
    also: Sequence[Recipient] = (),
    chunk_bytes: int = DEFAULT_CHUNK_BYTES,
    threads: int = 2,
    progress: Progress | None = None,
    kept: Kept | None = None,
) -> SealReport:
    """`out` holds the model in `source`, sealed under a fresh data key that only `wrap` was shown.

    The weights are sealed to `identity` (mode plain); `also` wraps the same key to further identities. Everything is
    written beside `out`, synced, verified by reading it again without the key, and renamed in one step. With `kept`,
    the data key is the one that it gives, and finished shards stay when this fails.

    Units: `progress` gets bytes (done, in all); each byte counts twice, sealed and verified.
    Raises: OutputExists, UnsealableSource, MalformedSafetensors, UnsupportedDtype, MalformedManifest,
    ResourcesUnavailable; VerificationError, when the disk gave back something else than was written.
    """
    data_key = DataKey.generate() if kept is None else kept.data_key
    recipients = [Recipient(identity, wrap), *also]
    try:
        return _seal(
            source, out, registration, recipients, data_key, secrets.token_bytes, chunk_bytes, threads, progress, kept
        )
    finally:
        data_key.wipe()


def _seal(
    source: Path,
    out: Path,
    registration: Registration,
    recipients: Sequence[Recipient],
    data_key: DataKey,
    draw: Callable[[int], bytes],
    chunk_bytes: int,
    threads: int,
    progress: Progress | None,
    kept: Kept | None = None,
) -> SealReport:
    """As `seal_directory`, with the data key and the salts given: for committed vectors, and for nothing else."""
    if not is_chunk_size(chunk_bytes):
        raise UnsealableSource(f"chunks of {chunk_bytes} bytes; a power of two of 1 KiB to 16 MiB is required")
    check_free(out)
    # A wrong length or a repeated identity is found now, not after an hour of sealing.
    blank = Shard(name="blank", size=0, leaves=2, root=bytes(32))
    rehearsal = [Recipient(r.identity, lambda *_: bytes(WRAPPED_KEY_BYTES), r.mode, r.party) for r in recipients]
    _assemble(registration, rehearsal, data_key, chunk_bytes, (blank,), ())
    if kept is not None:
        kept.bind(_fingerprint(registration, recipients, chunk_bytes))
    model = read_source(source)
    plain_bytes = sum(shard.size for shard in model.shards)
    meter = Meter(2 * sum(shard.size - 8 for shard in model.shards), progress)
    finished = {} if kept is None else {shard.name: kept.find(shard) for shard in model.shards}
    missing = sum(shard.size for shard in model.shards if finished.get(shard.name) is None)
    needed = missing + missing // chunk_bytes * (TAG_BYTES + 32)
    with staging_beside(out, needed) if kept is None else _staging_of(kept, needed) as staging:
        shards = []
        for shard in model.shards:
            entry = finished.get(shard.name)
            if entry is None:
                entry = seal_shard(
                    shard,
                    staging / (shard.name + SEALED_SUFFIX),
                    data_key,
                    identity=recipients[0].identity,
                    salt=draw(SALT_BYTES),
                    chunk_bytes=chunk_bytes,
                    threads=threads,
                    meter=meter,
                )
                if kept is not None:
                    _sync_directory(staging)
                    kept.keep(shard, entry)
            else:
                meter.add(shard.size - 8)
            shards.append(entry)
        files = _copy_plain_files(model, staging)
        manifest = _assemble(registration, recipients, data_key, chunk_bytes, tuple(shards), files)
        write_file(staging / MANIFEST_NAME, manifest.to_bytes())
        anchor = manifest.compute_anchor()
        try:
            verified = verify_directory(staging, anchor, threads=threads, meter=meter)
        except VerificationError:
            if kept is not None:
                kept.distrust()
            raise
        publish(staging, out)
    return SealReport(out, manifest, anchor, plain_bytes, verified.sealed_bytes, model.skipped)


def _assemble(
    registration: Registration,
    recipients: Sequence[Recipient],
    data_key: DataKey,
    chunk_bytes: int,
    shards: tuple[Shard, ...],
    files: tuple[PlainFile, ...],
) -> Manifest:
    """The manifest, with the data key wrapped to each recipient.

    Raises: MalformedManifest, and whatever a recipient's `wrap` raises.
    """
    content_root = compute_content_root((shard.name, shard.size, shard.root) for shard in shards)
    commitment = data_key.compute_commitment()
    wrapped = tuple(
        {
            "identity": recipient.identity,
            "mode": recipient.mode,
            "party": recipient.party,
            "wrapped": recipient.wrap(data_key, content_root, commitment),
        }
        for recipient in recipients
    )
    return build_manifest(
        model=registration.model,
        model_id=registration.model_id,
        registrar=registration.registrar,
        seal_nonce=registration.seal_nonce,
        identity=recipients[0].identity,
        committee_key_hash=registration.committee_key_hash,
        chunk_bytes=chunk_bytes,
        key_commitment=commitment,
        content_root=content_root,
        shards=shards,
        files=files,
        wrapped_keys=wrapped,
    )


def _fingerprint(registration: Registration, recipients: Sequence[Recipient], chunk_bytes: int) -> bytes:
    """What a sealing is for: two of the same fingerprint may share their shards."""
    parts = [
        registration.model.encode(),
        registration.model_id,
        registration.registrar,
        registration.seal_nonce,
        registration.committee_key_hash,
        chunk_bytes.to_bytes(4, "big"),
    ]
    for recipient in recipients:
        parts += [recipient.identity, recipient.mode.encode(), recipient.party.to_bytes(2, "big")]
    return hashlib.sha256(b"".join(len(part).to_bytes(4, "big") + part for part in parts)).digest()


@contextmanager
def _staging_of(kept: Kept, needed: int) -> Iterator[Path]:
    """What is there stays. Raises: ResourcesUnavailable."""
    _require_space(kept.staging, needed)
    yield kept.staging


def _require_space(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise ResourcesUnavailable(f"{folder} has {free} bytes free, {needed} are needed")


@contextmanager
def staging_beside(out: Path, needed: int) -> Iterator[Path]:
    """A directory beside `out` that is gone afterwards, unless it was renamed to `out`. `needed` [bytes] are free.

    Raises: ResourcesUnavailable.
    """
    staging = out.parent / f".{out.name}.partial-{secrets.token_hex(4)}"
    with _translated(f"{out.parent} cannot be written"):
        out.parent.mkdir(parents=True, exist_ok=True)
        _require_space(out.parent, needed)
        staging.mkdir()
    try:
        yield staging
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _copy_plain_files(model: SourceModel, staging: Path) -> tuple[PlainFile, ...]:
    """Each plain file was copied as one reading of it; what was hashed is what was written."""
    entries = []
    for name, path in model.plain_files:
        fd = open_source(path)
        try:
            size = os.fstat(fd).st_size
            if size > MAX_PLAIN_FILE_BYTES:
                raise UnsealableSource(f"{name} grew to {size} bytes while the model was sealed")
            content = read_bytes(fd, size, 0, name)
        finally:
            os.close(fd)
        write_file(staging / name, content)
        entries.append(PlainFile(name=name, size=size, sha256=hashlib.sha256(content).digest()))
    return tuple(entries)


def write_file(path: Path, content: bytes) -> None:
    """The new file is on disk. Raises: ResourcesUnavailable."""
    with _translated(f"{path.name} cannot be written"):
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())


def publish(staging: Path, out: Path) -> None:
    """The directory has its final name, and would have it after a power cut. Raises: OutputExists."""
    check_free(out)
    with _translated(f"{out} cannot be put in place"):
        for folder in [staging, *(path for path in staging.rglob("*") if path.is_dir())]:
            _sync_directory(folder)
        try:
            staging.rename(out)
        except OSError as error:
            if error.errno in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR):
                raise OutputExists(f"{out} appeared while the model was sealed") from error
            raise
        _sync_directory(out.parent)


def check_free(out: Path) -> None:
    """Raises: OutputExists."""
    if os.path.lexists(out):
        raise OutputExists(f"{out} is already there")


def _sync_directory(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


@contextmanager
def _translated(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ResourcesUnavailable(f"{what}: {error.strerror}") from error
