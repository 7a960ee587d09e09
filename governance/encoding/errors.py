"""What can go wrong while bytes are made."""

from __future__ import annotations

from typing import ClassVar

from governance.errors import InvalidInput


class NotEncodable(InvalidInput):
    """A value has no encoding of the required type (out of range, wrong length, wrong kind)."""

    hint: ClassVar[str] = "the value is too large, too long or of another kind than the contract's type"
