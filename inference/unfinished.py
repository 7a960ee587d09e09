"""A sealing that outlives its process: what is finished of it, and its data key under a password.

A shard is the smallest piece that is kept. One that was begun and not finished is sealed anew under a salt of its own,
and so under keys of its own: no nonce ever meets two plaintexts. What was kept is believed for its record, which the
password authenticates, and for the verification of all that is written, which every sealing ends with.

    .OUT.unfinished/lock       held while a process seals
    .OUT.unfinished/store/     the data key, the seal nonce, what is sealed and which shards are finished, encrypted
    .OUT.unfinished/weights/   what becomes OUT
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from inference.errors import OtherSealing, SealingGoesOn, WrongSealingPassword
from inference.sealed import DataKey
from inference.sealed.directory import check_free
from inference.sealed.errors import ResourcesUnavailable
from inference.sealed.format import SEALED_SUFFIX
from inference.sealed.manifest import Shard
from inference.sealed.source import SourceShard
from oracle.errors import WrongPassword
from oracle.store import SecretStore

SCRYPT_N: Final = 2**17  # 128 MiB for a guess, and for us: sealing stays within its 300 MB
_KEY, _REQUEST = "key", "request"


def get_directory(out: Path) -> Path:
    """Where an unfinished sealing of `out` lies."""
    return out.parent / f".{out.name}.unfinished"


def is_begun(out: Path) -> bool:
    """Whether a password was chosen for a sealing of `out` that is not finished."""
    return (get_directory(out) / "store" / "store.json").exists()


def clear_finished(out: Path) -> None:
    """Nothing is left beside an `out` that is there: a process can end between its last two steps."""
    directory = get_directory(out)
    if os.path.lexists(out) and directory.exists() and not (directory / "weights").exists():
        with suppress(SealingGoesOn), _locked(directory):
            _remove(directory)


@contextmanager
def open_unfinished(out: Path, password: str, *, scrypt_n: int = SCRYPT_N) -> Iterator[Unfinished]:
    """The sealing of `out` that was broken off, or a new one. Nothing of it is left once `out` is there, or if no shard
    was finished.

    Raises: OutputExists, SealingGoesOn, WrongSealingPassword, DamagedStore, ResourcesUnavailable.
    """
    directory = get_directory(out)
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ResourcesUnavailable(f"{directory} cannot be made: {error.strerror}") from error
    with _locked(directory):
        unfinished: Unfinished | None = None
        try:
            check_free(out)
            unfinished = Unfinished(directory, _open_store(directory / "store", password, scrypt_n))
            yield unfinished
        finally:
            if unfinished is not None:
                unfinished.data_key.wipe()
            if os.path.lexists(out) and not (directory / "weights").exists():
                _remove(directory)  # it is finished
            elif unfinished is not None and not unfinished.has_shards():
                _remove(directory)  # there is nothing to go on with


class Unfinished:
    """Satisfies `inference.sealed.directory.Kept`. Its repr shows the directory alone."""

    def __init__(self, directory: Path, store: SecretStore) -> None:
        """Raises: DamagedStore, ResourcesUnavailable."""
        self._directory, self._store = directory, store
        self.staging = directory / "weights"
        store.wipe_unfinished()
        held = store.get(_KEY)
        if held is None:
            held = {"key": secrets.token_bytes(32).hex(), "seal_nonce": str(secrets.randbelow(2**53 - 1) + 1)}
            store.put(_KEY, held)
        self.data_key = DataKey(bytes.fromhex(held["key"]))
        self.seal_nonce = int(held["seal_nonce"])
        self._clear()

    def bind(self, request: bytes) -> None:
        """What is sealed, for whom and how, is what it was when the sealing began. Raises: OtherSealing."""
        held = self._store.get(_REQUEST)
        if held is None:
            self._store.put(_REQUEST, {"sha256": request.hex()})
        elif held["sha256"] != request.hex():
            raise OtherSealing(f"{self._directory} is an unfinished sealing for another committee, registrar or name")

    def find(self, shard: SourceShard) -> Shard | None:
        """The finished form of exactly this file, or None; then there is nothing in its place."""
        record = self._store.get(_name(shard.name))
        path = self.staging / (shard.name + SEALED_SUFFIX)
        if record is not None and json.loads(record["stamp"]) == list(shard.stamp):
            entry = Shard(
                name=shard.name,
                size=int(record["size"]),
                leaves=int(record["leaves"]),
                root=bytes.fromhex(record["root"]),
            )
            if path.is_file() and path.stat().st_size == entry.size:
                return entry
        self._store.erase(_name(shard.name))
        path.unlink(missing_ok=True)
        return None

    def keep(self, shard: SourceShard, entry: Shard) -> None:
        """The sealed file is on disk to its last byte; now its record is, too."""
        record = {
            "file": shard.name,
            "stamp": json.dumps(shard.stamp),
            "size": str(entry.size),
            "leaves": str(entry.leaves),
            "root": entry.root.hex(),
        }
        self._store.put(_name(shard.name), record)

    def distrust(self) -> None:
        """The disk gave back something else than was written: every shard is sealed anew the next time."""
        for name in self._store.names():
            if name.startswith("shard-"):
                self._store.erase(name)

    def has_shards(self) -> bool:
        return any(name.startswith("shard-") for name in self._store.names())

    def _clear(self) -> None:
        """Nothing is left in the staging directory but finished shards."""
        self.staging.mkdir(exist_ok=True)
        records = [self._store.get(name) for name in self._store.names() if name.startswith("shard-")]
        finished = {record["file"] + SEALED_SUFFIX for record in records if record is not None}
        for path in self.staging.iterdir():
            if path.name in finished:
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()

    def __repr__(self) -> str:
        return f"Unfinished({str(self._directory)!r})"


def _name(file: str) -> str:
    return f"shard-{hashlib.sha256(file.encode()).hexdigest()[:32]}"


def _open_store(directory: Path, password: str, scrypt_n: int) -> SecretStore:
    if not (directory / "store.json").exists():
        return SecretStore.create(directory, password, n=scrypt_n)
    try:
        return SecretStore.open(directory, password)
    except WrongPassword as error:
        raise WrongSealingPassword(f"the password does not open {directory.parent}") from error


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    try:
        descriptor = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise ResourcesUnavailable(f"{directory}/lock cannot be opened: {error.strerror}") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise SealingGoesOn(f"another process is at work in {directory}") from error
        yield
    finally:
        os.close(descriptor)


def _remove(directory: Path) -> None:
    """The store's files are overwritten first, as far as a file system can promise it."""
    store = directory / "store"
    for path in store.iterdir() if store.is_dir() else ():
        with path.open("r+b") as file:
            file.write(b"\0" * path.stat().st_size)
            file.flush()
            os.fsync(file.fileno())
    shutil.rmtree(directory, ignore_errors=True)
