"""What can go wrong in an oracle; no message ever holds a secret."""

from __future__ import annotations

from typing import ClassVar

from governance.errors import InvalidInput, Refused, Unavailable, VerificationError


class WrongPassword(InvalidInput):
    """The password does not open the oracle's store."""

    hint: ClassVar[str] = "give the password that custodes oracle init was given, with --password-file"


class StoreExists(InvalidInput):
    """There is an oracle in that directory already; its secrets are never overwritten."""

    hint: ClassVar[str] = "use another directory, or run the oracle that is there: custodes oracle run --dir DIR"


class NoStore(InvalidInput):
    """There is no oracle in that directory."""

    hint: ClassVar[str] = "make one first: custodes oracle init --dir DIR"


class BadConfig(InvalidInput):
    """The oracle's configuration lacks something, or makes no sense."""

    hint: ClassVar[str] = "see DIR/oracle.toml; the flags of custodes oracle run override it"


class OracleBusy(Unavailable):
    """Another process runs the oracle of that directory."""

    hint: ClassVar[str] = "one oracle, one process: custodes oracle status --dir DIR says which one runs"


class MetricsUnavailable(Unavailable):
    """The oracle's metrics cannot be served."""

    hint: ClassVar[str] = (
        "take another --metrics-port (0 is any free one), or none; pip install custodes[oracle] brings them"
    )


class DamagedStore(VerificationError):
    """A file of the oracle's store was changed or cut short."""

    hint: ClassVar[str] = "restore the directory from a backup; a lost share is replaced by the next resharing"


class DamagedJournal(VerificationError):
    """The journal is not one."""

    hint: ClassVar[str] = "move journal.sqlite away: what this oracle has done is on the chain, and is read again"


class WrongJournal(InvalidInput):
    """The oracle's directory belongs to another chain, committee or account."""

    hint: ClassVar[str] = "an oracle serves one deployment: make another one with custodes oracle init"


class StrangeEvent(VerificationError):
    """A log of the Committee contract is none of the events that this version knows."""

    hint: ClassVar[str] = "the installed custodes does not fit the contracts: custodes doctor compares the code"


class WrongBoard(VerificationError):
    """What an event carries is not what the proven state of the key generation says."""

    hint: ClassVar[str] = "an RPC shows another key generation than the chain has: use another RPC, and find out why"


class Latched(Refused):
    """This oracle saw a final block change, and answers nothing until a person has looked."""

    hint: ClassVar[str] = "find out which RPC lied, then: custodes oracle run --reset-latch"
