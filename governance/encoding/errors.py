"""What can go wrong while bytes are made or read."""

from __future__ import annotations

from typing import ClassVar

from governance.errors import InvalidInput, VerificationError


class NotEncodable(InvalidInput):
    """A value has no encoding of the required type (out of range, wrong length, wrong kind)."""

    hint: ClassVar[str] = "the value is too large, too long or of another kind than the contract's type"


class NotDecodable(InvalidInput):
    """Bytes are not the one encoding of a value of the required type."""

    hint: ClassVar[str] = "the bytes were cut, padded, or made for another kind of action"


class NotCanonical(InvalidInput):
    """A document is not a JSON value that has exactly one canonical form (RFC 8785, integers only)."""

    hint: ClassVar[str] = "use integers (parts per million for ratios), distinct keys, and text in Unicode form NFC"


class WrongHash(VerificationError):
    """Content does not hash to what was recorded for it."""

    hint: ClassVar[str] = "the content is not what was voted for; fetch it again from the chain"
