"""An oracle's secrets at rest: one encrypted file for each epoch, under a key that only its password gives.

A file is written whole or not at all (temporary name, fsync, rename, fsync of the directory), readable by its owner
alone, and never overwritten by another secret of the same name: what an oracle has committed to, it must be able to
reveal after a crash. It is erased under a temporary name, too: a crash leaves it whole or gone. What a crash left under
such a name is wiped by the next process that runs the oracle.

`store.json` holds the scrypt parameters, the salt and a check value; each secret is AES-256-GCM with a random nonce and
its own name as associated data, so that two files cannot be exchanged.

Source: RFC 7914 (scrypt); NIST SP 800-38D (GCM).
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from oracle.errors import DamagedStore, NoStore, StoreExists, WrongPassword

SCHEMA = "custodes.oracle-store/1"
SCRYPT_N: Final = 2**18  # 0.5 s and 256 MiB on a desktop: what a guess costs too
SCRYPT_N_INSECURE: Final = 2**12  # devnets and tests only; the store says so
NONCE_BYTES = 12
CHECK = b"custodes oracle store"
UNFINISHED = "."  # how the name of a file begins that is being written, or erased


class SecretStore:
    """The encrypted secrets of one oracle. Its repr shows the directory alone."""

    def __init__(self, directory: Path, key: bytes) -> None:
        self._directory = directory
        self._cipher = AESGCM(key)

    @classmethod
    def create(cls, directory: Path, password: str, *, insecure_devnet: bool = False, n: int = SCRYPT_N) -> SecretStore:
        """A new, empty store in `directory`, which is made if need be. A guess of its password takes n KiB.

        Raises: StoreExists.
        """
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = directory / "store.json"
        if path.exists():
            raise StoreExists(f"{directory} holds an oracle's store already")
        n = SCRYPT_N_INSECURE if insecure_devnet else n
        salt = secrets.token_bytes(32)
        store = cls(directory, _derive(password, salt, n))
        header = {
            "schema": SCHEMA,
            "kdf": {"name": "scrypt", "n": n, "r": 8, "p": 1, "salt": salt.hex()},
            "insecure": insecure_devnet,
            "check": store._seal("store", CHECK).hex(),
        }
        _write(path, json.dumps(header, indent=1).encode())
        return store

    @classmethod
    def open(cls, directory: Path, password: str) -> SecretStore:
        """The store in `directory`.

        Raises: NoStore, WrongPassword, DamagedStore.
        """
        try:
            header = json.loads((directory / "store.json").read_bytes())
            kdf = header["kdf"]
            n, salt, check = int(kdf["n"]), bytes.fromhex(kdf["salt"]), bytes.fromhex(header["check"])
        except FileNotFoundError as e:
            raise NoStore(f"{directory} holds no oracle's store") from e
        except (KeyError, TypeError, ValueError) as e:
            raise DamagedStore(f"{directory}/store.json is not a store's header") from e
        if header.get("schema") != SCHEMA or not SCRYPT_N_INSECURE <= n <= 2**22:
            raise DamagedStore(f"{directory}/store.json has schema {header.get('schema')!r} and n = {n}")
        store = cls(directory, _derive(password, salt, n))
        try:
            store._unseal("store", check)
        except InvalidTag as e:
            raise WrongPassword(f"the password does not open {directory}") from e
        return store

    def wipe_unfinished(self) -> None:
        """Nothing is left of what a crash cut short. Only the process that runs the oracle knows that it was one."""
        for left in self._directory.glob(f"{UNFINISHED}*"):
            _wipe(left)

    def names(self) -> list[str]:
        """The names of all secrets."""
        return sorted(path.stem for path in self._directory.glob("*.sealed"))

    def has(self, name: str) -> bool:
        """Whether there is a secret of that name."""
        return self._path(name).exists()

    def put(self, name: str, secret: Mapping[str, str]) -> None:
        """`secret` is on disk under a name that was free.

        Raises: StoreExists.
        """
        path = self._path(name)
        if path.exists():
            raise StoreExists(f"{path} exists; a secret is never overwritten")
        _write(path, self._seal(name, json.dumps(dict(secret), sort_keys=True).encode()))

    def get(self, name: str) -> dict[str, str] | None:
        """The secret of that name, or None.

        Raises: DamagedStore.
        """
        try:
            data = self._path(name).read_bytes()
        except FileNotFoundError:
            return None
        try:
            values: dict[str, str] = json.loads(self._unseal(name, data))
        except (InvalidTag, ValueError) as e:
            raise DamagedStore(f"{self._path(name)} does not open: it was changed or cut short") from e
        return values

    def erase(self, name: str) -> None:
        """No secret of that name is left, as far as a file system can promise it."""
        path = self._path(name)
        if path.exists():
            unfinished = _unfinished(path)
            path.rename(unfinished)
            _sync(path.parent)
            _wipe(unfinished)

    def _path(self, name: str) -> Path:
        if not name.replace("-", "").isalnum():
            raise DamagedStore(f"{name!r} is no name of a secret")
        return self._directory / f"{name}.sealed"

    def _seal(self, name: str, data: bytes) -> bytes:
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, data, name.encode())

    def _unseal(self, name: str, data: bytes) -> bytes:
        return self._cipher.decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], name.encode())

    def __repr__(self) -> str:
        return f"SecretStore({str(self._directory)!r})"


def _derive(password: str, salt: bytes, n: int) -> bytes:
    return Scrypt(salt=salt, length=32, n=n, r=8, p=1).derive(password.encode())


def _write(path: Path, data: bytes) -> None:
    temporary = _unfinished(path)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(path)
    _sync(path.parent)


def _unfinished(path: Path) -> Path:
    """A name that is free even where a process of this one's number died: in a container it is always the same."""
    return path.with_name(f"{UNFINISHED}{path.name}.{secrets.token_hex(8)}")


def _wipe(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"\0" * path.stat().st_size)
        file.flush()
        os.fsync(file.fileno())
    path.unlink()
    _sync(path.parent)


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
