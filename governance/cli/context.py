"""What a command has at hand: its settings, its output, the ledger, the key, and the one way to sign and send."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, cast

import typer

from governance.cli.errors import BadArgument, NotConfirmed, SettingMissing
from governance.cli.output import Output
from governance.cli.settings import Settings, data_directory

if TYPE_CHECKING:
    from governance.chain.rpc import Rpc
    from governance.ledger.client import Ledger, Receipt
    from governance.ledger.codec import Call
    from governance.ledger.deployment import Deployment
    from governance.ledger.history import History
    from governance.ledger.signer import KeyFile, Keystore, Signer


@dataclass
class App:
    """One run of the command line. Connections and keys are opened when they are first needed."""

    settings: Settings
    output: Output
    assume_yes: bool = False
    dry_run: bool = False

    @cached_property
    def rpc(self) -> Rpc:
        from governance.chain.rpc import Rpc

        return Rpc(self.settings.require("rpc"))

    @cached_property
    def deployment(self) -> Deployment:
        from governance.ledger.deployment import Deployment

        return Deployment.read(Path(self.settings.require("deployment")))

    @cached_property
    def ledger(self) -> Ledger:
        from governance.ledger.client import Ledger

        return Ledger(self.rpc, self.deployment)

    @cached_property
    def history(self) -> History:
        """Everything that happened, with the names that it gave. Raises: DeploymentMismatch, RpcUnavailable."""
        from governance.ledger.history import History

        self.ledger.verify()  # on another chain nothing happened, and every name would be an unknown one
        return History.of(self.ledger)

    @cached_property
    def keystore(self) -> Keystore:
        from governance.ledger.signer import Keystore

        named = self.settings.keystore
        return Keystore(Path(named) if named is not None else data_directory() / "keys")

    @property
    def key_file(self) -> KeyFile:
        """The key that signs: the one that is named, or the only one there is. Raises: SettingMissing, BadKey."""
        if self.settings.key is not None:
            return self.keystore.find(self.settings.key)
        known = self.keystore.list()
        if len(known) == 1:
            return known[0]
        raise SettingMissing(
            f"{len(known)} keys lie in {self.keystore.directory}, and none is named",
            hint="name it with --key; custodes keys list shows them",
        )

    def open_key(self, file: KeyFile | None = None) -> Signer:
        """The key, opened with its password. Raises: WrongPassword, BadKey, SettingMissing."""
        chosen = file or self.key_file
        return chosen.open(self.get_password(f"password of {chosen.name}: "))

    def get_password(self, prompt: str) -> str:
        """From the file that is named, else from the terminal; never from an argument or a variable."""
        if self.settings.password_file is not None:
            path = Path(self.settings.password_file)
            try:
                return path.read_text().removesuffix("\n")
            except (OSError, UnicodeDecodeError) as e:
                raise BadArgument(f"the password file {path} cannot be read") from e
        if not sys.stdin.isatty():
            raise SettingMissing("a password is needed, and nobody can be asked", hint="give --password-file FILE")
        return getpass.getpass(prompt)

    def choose_password(self, prompt: str) -> str:
        """A new one: asked for twice where a person types it. Raises: BadArgument, SettingMissing."""
        if self.settings.password_file is not None or not sys.stdin.isatty():
            return self.get_password("")
        password = getpass.getpass(prompt)
        if getpass.getpass("the same again: ") != password:
            raise BadArgument("the two passwords differ")
        if not password:
            raise BadArgument("an empty password protects nothing")
        return password

    def confirm(self, question: str) -> None:
        """Returns if a person agreed, or --yes was given. Raises: NotConfirmed."""
        if self.assume_yes:
            return
        if not sys.stdin.isatty():
            raise NotConfirmed("nobody can be asked to agree: standard input is no terminal")
        sys.stderr.write(f"{question} [y/N] ")
        sys.stderr.flush()
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            raise NotConfirmed("not signed")

    def act(self, call: Call, words: Sequence[str], *, digest: bytes | None = None) -> Receipt | None:
        """The call is in a block, after it was tried, shown in plain words, and agreed to. None on --dry-run.

        Raises: LedgerRefused, NotConfirmed, WrongPassword, TransactionPending, RpcUnavailable, DeploymentMismatch.
        """
        from governance.encoding.keccak import keccak256
        from governance.ledger.codec import encode_call

        file = self.key_file
        draft = self.ledger.try_call(call, file.address)  # a refusal comes before any question
        for line in words:
            self.output.note(line)
        self.output.note(f"  signed by  {file.name} ({file.address})")
        self.output.note(f"  sent to    {call.contract} ({self.deployment.addresses[call.contract]})")
        self.output.note(f"  digest     0x{(digest or keccak256(encode_call(call))).hex()}")
        if self.dry_run:
            self.output.note(f"nothing was sent (--dry-run); it would take about {draft.gas} gas")
            return None
        self.confirm("sign and send?")
        return self.ledger.send(call, self.open_key(file))


def get_app(ctx: typer.Context) -> App:
    """The run that this command belongs to."""
    return cast(App, ctx.obj)


def is_interactive() -> bool:
    """Whether a person watches."""
    return sys.stderr.isatty() and not os.environ.get("CI")
