"""What can go wrong in an oracle; no message ever holds a secret."""

from __future__ import annotations

from typing import ClassVar

from governance.errors import InvalidInput, Refused, VerificationError


class WrongPassword(InvalidInput):
    """The password does not open the oracle's store."""

    hint: ClassVar[str] = "give the password that custodes oracle init was given, with --password-file"


class StoreExists(InvalidInput):
    """There is an oracle in that directory already; its secrets are never overwritten."""

    hint: ClassVar[str] = "use another directory, or run the oracle that is there: custodes oracle run --dir DIR"


class NoStore(InvalidInput):
    """There is no oracle in that directory."""

    hint: ClassVar[str] = "make one first: custodes oracle init --dir DIR"


class DamagedStore(VerificationError):
    """A file of the oracle's store was changed or cut short."""

    hint: ClassVar[str] = "restore the directory from a backup; a lost share is replaced by the next resharing"


class Latched(Refused):
    """This oracle saw a final block change, and answers nothing until a person has looked."""

    hint: ClassVar[str] = "find out which RPC lied, then: custodes oracle run --reset-latch"
