"""What can be wrong with a charter."""

from __future__ import annotations

from typing import ClassVar

from governance.errors import InvalidInput, VerificationError


class BadCharter(InvalidInput):
    """The file is missing, is not TOML, or says something that no charter says."""

    hint: ClassVar[str] = "custodes charter show --template standard prints one that is right"


class UnsoundCharter(VerificationError):
    """The charter can be read, and breaks a rule: its seats are not independent, or its numbers make no sense."""

    hint: ClassVar[str] = "custodes charter check FILE names every rule that it breaks"


class CharterIncomplete(InvalidInput):
    """An organisation has no voting or recovery key yet, so that nothing can be deployed."""

    hint: ClassVar[str] = "each organisation makes its keys with custodes keys new and gives the addresses"
