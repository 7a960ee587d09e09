"""A live system as a member's directory has it: key files, deployment.json, custodes.toml; and `custodes` in it."""

from __future__ import annotations

import contextlib
import io
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from governance.cli.main import main
from governance.ledger.names import slug
from governance.ledger.signer import INSECURE_ITERATIONS, Keystore, Signer
from live_system import LiveSystem, live_system

PASSWORD = "a password"


@dataclass(frozen=True)
class Result:
    """What a command said, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads(self.out)
        return loaded


@dataclass(frozen=True)
class CliSystem:
    """The command line in `directory`, which has keys for every seat."""

    system: LiveSystem
    directory: Path

    @property
    def keystore(self) -> Keystore:
        return Keystore(self.directory / "keys")

    def run(self, *arguments: str) -> Result:
        """One command, in this process, in the directory."""
        out, err = io.StringIO(), io.StringIO()
        before = Path.cwd()
        os.chdir(self.directory)
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                code = main(list(arguments))
        finally:
            os.chdir(before)
        return Result(code, out.getvalue(), err.getvalue())

    def act(self, *arguments: str, by: int | str = 0) -> dict[str, Any]:
        """A command that writes, signed by that seat or key; its JSON. Raises: AssertionError if it fails."""
        key = by if isinstance(by, str) else self.key_of(by)
        result = self.run(*arguments, "--json", "--yes", "--key", key)
        assert result.code == 0, result.out + result.err
        return result.json

    def key_of(self, seat: int) -> str:
        return slug(self.system.organisations[seat])

    def save_key(self, name: str, signer: Signer | None = None) -> Signer:
        """A key file of that name; its account holds ether."""
        signer = signer or Signer.random()
        self.keystore.save(name, signer, PASSWORD, iterations=INSECURE_ITERATIONS)
        self.system.fund(signer.address)
        return signer

    def enact(self, number: int, voters: range | tuple[int, ...] = range(15)) -> dict[str, Any]:
        """The proposal of that number is voted for, waited out, executed: all by the command line but the votes."""
        proposal = int(self.run("proposal", "show", str(number), "--json").json["id"], 16)
        self.system.vote(proposal, voters)  # type: ignore[arg-type]
        self.system.warp_to_eta(proposal)  # type: ignore[arg-type]
        return self.act("proposal", "execute", str(number))


@contextmanager
def cli_system(directory: Path) -> Iterator[CliSystem]:
    """Fifteen seats' key files named after their organisations, and the settings to use them."""
    (directory / "chain").mkdir()
    with live_system(directory / "chain") as system:
        cli = CliSystem(system, directory)
        for organisation, seat, spare in zip(system.organisations, system.seats, system.recovery, strict=True):
            cli.save_key(slug(organisation), seat)
            cli.save_key(f"{slug(organisation)}.recovery", spare)
        system.ledger.deployment.write(directory / "deployment.json")
        (directory / "password").write_text(PASSWORD + "\n")
        (directory / "custodes.toml").write_text(
            f'rpc = "{system.anvil.url}"\n'
            'deployment = "deployment.json"\nkeystore = "keys"\npassword_file = "password"\n'
        )
        yield cli
