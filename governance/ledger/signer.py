"""Keys in eth-account keystore files, and what they sign. A key leaves its file only inside `Signer`.

The files are the Web3 Secret Storage format (scrypt), so that other wallets open them. A devnet's keys are made with
few iterations, because a story with thirty signatures must not take a minute: such files say that they are insecure,
and stay readable by everybody's tools. eth_account is imported on use; it takes half a second.
"""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from governance.encoding.errors import NotEncodable
from governance.encoding.names import make_address
from governance.ledger.errors import BadKey, WrongPassword
from governance.types import Address

# eth-account's own default: half a second and 300 MB for each guess, as for each use.
PRODUCTION_ITERATIONS = 2**18
INSECURE_ITERATIONS = 2
INSECURE_MARK = "custodes: insecure, made for a devnet"
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


@dataclass(frozen=True)
class Signer:
    """An account that can sign. Its secret is in no representation of it."""

    address: Address
    _secret: bytes = field(repr=False)

    @classmethod
    def random(cls) -> Signer:
        """A fresh key from the operating system's randomness."""
        from eth_account import Account

        secret = secrets.token_bytes(32)
        return cls(make_address(Account.from_key(secret).address), secret)

    def sign_transaction(self, transaction: Mapping[str, Any]) -> bytes:
        """The raw transaction, ready to be sent."""
        from eth_account import Account

        return bytes(Account.sign_transaction(dict(transaction), self._secret).raw_transaction)

    def sign_typed_data(self, typed_data: Mapping[str, Any]) -> bytes:
        """65 bytes (r, s, v) over EIP-712 data, such as a ballot signed off line."""
        from eth_account import Account
        from eth_account.messages import encode_typed_data

        return bytes(Account.sign_message(encode_typed_data(full_message=dict(typed_data)), self._secret).signature)

    def sign_message(self, message: bytes) -> bytes:
        """65 bytes (r, s, v) over EIP-191 data, such as the hash of a worker's receipt."""
        from eth_account import Account
        from eth_account.messages import encode_defunct

        return bytes(Account.sign_message(encode_defunct(primitive=message), self._secret).signature)

    def encrypt(self, password: str, *, iterations: int = PRODUCTION_ITERATIONS) -> dict[str, Any]:
        """The key file's content. Few iterations are marked as insecure in the file itself."""
        from eth_account import Account

        content: dict[str, Any] = dict(Account.encrypt(self._secret, password, kdf="scrypt", iterations=iterations))
        if iterations < PRODUCTION_ITERATIONS:
            content["warning"] = INSECURE_MARK
        return content


@dataclass(frozen=True)
class KeyFile:
    """A key that lies in a file, still closed."""

    path: Path
    name: str
    address: Address
    is_insecure: bool

    def open(self, password: str) -> Signer:
        """Raises: WrongPassword, BadKey."""
        from eth_account import Account

        content = _read(self.path)
        try:
            secret = bytes(Account.decrypt(content, password))
        except ValueError as e:
            raise WrongPassword(f"the password does not open {self.path}") from e
        except (KeyError, TypeError, NotImplementedError) as e:
            raise BadKey(f"{self.path} is not a key file") from e
        signer = Signer(make_address(Account.from_key(secret).address), secret)
        if signer.address != self.address:
            raise BadKey(f"{self.path} says {self.address} and holds the key of {signer.address}")
        return signer


class Keystore:
    """The key files of one directory, by name."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def list(self) -> list[KeyFile]:
        """Every key file of the directory, by name; what is no key file is passed over."""
        found = []
        for path in sorted(self.directory.glob("*.json")):
            try:
                found.append(read_key_file(path))
            except BadKey:
                continue
        return found

    def find(self, key: str) -> KeyFile:
        """The key with that name, that address, or at that path.

        Raises: BadKey.
        """
        named = self.directory / f"{key}.json"
        if NAME.fullmatch(key) and named.exists():
            return read_key_file(named)
        if re.fullmatch(r"0x[0-9a-fA-F]{40}", key):
            for known in self.list():
                if known.address.lower() == key.lower():
                    return known
            raise BadKey(f"no key of {self.directory} has the address {key}")
        if Path(key).is_file():
            return read_key_file(Path(key))
        raise BadKey(f"no key is called {key!r} in {self.directory}")

    def save(self, name: str, signer: Signer, password: str, *, iterations: int = PRODUCTION_ITERATIONS) -> KeyFile:
        """The key lies in `name`.json, readable by its owner alone. Never over another one. Raises: BadKey."""
        if not NAME.fullmatch(name):
            raise BadKey(f"{name!r} is no name for a key: small letters, digits, dots and dashes")
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self.directory / f"{name}.json"
        content = json.dumps(signer.encrypt(password, iterations=iterations), indent=2) + "\n"
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError as e:
            raise BadKey(f"{path} exists: a key is never overwritten") from e
        with os.fdopen(descriptor, "w") as file:
            file.write(content)
        return read_key_file(path)


def read_key_file(path: Path) -> KeyFile:
    """Raises: BadKey."""
    content = _read(path)
    try:
        address = make_address(str(content["address"]))
        iterations = int(content["crypto"]["kdfparams"].get("n", PRODUCTION_ITERATIONS))
    except (KeyError, TypeError, ValueError, AttributeError, NotEncodable) as e:
        raise BadKey(f"{path} is not a key file") from e
    return KeyFile(path, path.stem, address, "warning" in content or iterations < PRODUCTION_ITERATIONS)


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text())
    except OSError as e:
        raise BadKey(f"{path} cannot be read: {e.strerror}") from e
    except ValueError as e:
        raise BadKey(f"{path} is not a key file") from e
    if not isinstance(content, dict):
        raise BadKey(f"{path} is not a key file")
    return content
