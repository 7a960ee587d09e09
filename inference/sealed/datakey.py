"""The symmetric key that seals one model: 32 random bytes that no log line, pickle or exception can carry off."""

from __future__ import annotations

import hmac
import secrets
from typing import NoReturn, Self

from inference.sealed.errors import WrongDataKey
from inference.sealed.format import KEY_BYTES
from inference.sealed.schedule import compute_key_commitment


class DataKey:
    """Holds a data key. `expose` is the one way to its bytes; `wipe` overwrites what this object holds.

    Python may have copied the bytes elsewhere before: wiping is best effort.
    """

    __slots__ = ("_key",)

    def __init__(self, key: bytes | bytearray) -> None:
        if len(key) != KEY_BYTES:
            raise WrongDataKey(f"a data key has {KEY_BYTES} bytes, this has {len(key)}")
        self._key = bytearray(key)

    @classmethod
    def generate(cls) -> Self:
        return cls(secrets.token_bytes(KEY_BYTES))

    def expose(self) -> bytes:
        """The key's bytes, for the wrapping and the key schedule alone."""
        if not self._key:
            raise ValueError("this data key was wiped")
        return bytes(self._key)

    def compute_commitment(self) -> bytes:
        """The 32 bytes that commit to this key, in every header, in the manifest and on chain."""
        return compute_key_commitment(self.expose())

    def is_committed_by(self, commitment: bytes) -> bool:
        return hmac.compare_digest(self.compute_commitment(), commitment)

    def wipe(self) -> None:
        for position in range(len(self._key)):
            self._key[position] = 0
        self._key.clear()

    def __repr__(self) -> str:
        return "DataKey(<hidden>)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a data key is never pickled or copied")
