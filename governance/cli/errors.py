"""What can be wrong with a command, before anything was asked of a ledger."""

from __future__ import annotations

from typing import ClassVar

from governance.errors import InvalidInput, Unavailable


class NotConfirmed(InvalidInput):
    """Nobody agreed to what would have been signed."""

    hint: ClassVar[str] = "answer y, or pass --yes where nobody can be asked; --dry-run shows what would happen"


class SettingMissing(InvalidInput):
    """A setting that the command needs is given nowhere."""

    hint: ClassVar[str] = "give it as an option, as a CUSTODES_ variable, or in custodes.toml"


class BadSetting(InvalidInput):
    """A configuration file cannot be read, or says what no configuration says."""

    hint: ClassVar[str] = "custodes.toml holds rpc, deployment, keystore, key, password_file and devnet, all text"


class BadArgument(InvalidInput):
    """An argument of the command makes no sense."""

    hint: ClassVar[str] = "see --help of the command"


class ExtraMissing(Unavailable):
    """The command needs a package that a light installation does not bring."""

    hint: ClassVar[str] = "install the extra that brings it, such as: pip install 'custodes[worker]'"
