"""A whole devnet in a directory: keys for everybody, a chain, the charter deployed on it, and the settings to use it.

    DIR/keys/*.json, keys/password   key files of every seat, the deployer and the faucet; they say they are insecure
    DIR/charter.toml                 the charter with the addresses of those keys
    DIR/chain/                       genesis.json, state.json, anvil.log
    DIR/deployment.json              what the other commands need

`up` can be called again after any interruption: it goes on where it was.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from governance.chain.devnet import DevnetChain, Process
from governance.chain.genesis import DEVNET_CHAIN_ID, Genesis
from governance.chain.rpc import Rpc
from governance.charter.deploy import deploy_charter
from governance.charter.document import Charter, parse_charter, read_charter
from governance.charter.templates import read_template
from governance.ledger.deployment import Deployment
from governance.ledger.errors import BadDeployment
from governance.ledger.signer import INSECURE_ITERATIONS, Keystore, Signer
from governance.types import Address, ChainId, Timestamp

ETHER = 10**18  # [wei]
FUNDS = 1_000 * ETHER  # of every key at block 0
FAUCET_FUNDS = 1_000_000 * ETHER
DEPLOYER, FAUCET = "deployer", "faucet"


@dataclass(frozen=True)
class Devnet:
    """The devnet of one directory, whether or not it runs."""

    directory: Path

    @property
    def chain(self) -> DevnetChain:
        return DevnetChain(self.directory / "chain")

    @property
    def keystore(self) -> Keystore:
        return Keystore(self.directory / "keys")

    @property
    def password_path(self) -> Path:
        return self.directory / "keys" / "password"

    @property
    def charter_path(self) -> Path:
        return self.directory / "charter.toml"

    @property
    def deployment_path(self) -> Path:
        return self.directory / "deployment.json"

    def up(
        self,
        *,
        wall: Timestamp,
        port: int | None = None,
        charter: str | None = None,
        chain_id: ChainId = DEVNET_CHAIN_ID,
        report: Callable[[str], None] = lambda line: None,
    ) -> tuple[Process, Deployment]:
        """The chain runs and the charter stands on it. `charter` is TOML without keys; by default the devnet's.

        Raises: AnvilFailed, DevnetBusy, ToolMissing, UnsoundCharter, BadCharter.
        """
        self.directory.mkdir(parents=True, exist_ok=True)
        password = self._ensure_password()
        document = self._ensure_charter(charter, password, report)
        balances: dict[Address, int] = {file.address: FUNDS for file in self.keystore.list()}
        balances[self.keystore.find(FAUCET).address] = FAUCET_FUNDS
        process = self.chain.up(Genesis(wall, balances, chain_id), port=port, wall=wall)
        report(f"a chain runs on {process.url} (pid {process.pid})")
        with Rpc(process.url) as rpc:
            return process, self._ensure_deployment(document, rpc, password, report)

    def get_password(self) -> str:
        """What opens every key file here. It is no secret: the keys are worth nothing."""
        return self.password_path.read_text().removesuffix("\n")

    def open_key(self, name: str) -> Signer:
        """Raises: BadKey."""
        return self.keystore.find(name).open(self.get_password())

    def _ensure_password(self) -> str:
        if not self.password_path.exists():
            self.password_path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(self.password_path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_hex(8) + "\n")
        return self.get_password()

    def _ensure_charter(self, template: str | None, password: str, report: Callable[[str], None]) -> Charter:
        if self.charter_path.exists():
            return read_charter(self.charter_path)
        text = read_template("devnet") if template is None else template
        names = [DEPLOYER, FAUCET]
        for organisation in parse_charter(text).organisations:
            names += [organisation.slug, f"{organisation.slug}.recovery"]
        report(f"making {len(names)} keys (insecure: for this devnet alone)")
        for name in names:
            if not (self.keystore.directory / f"{name}.json").exists():
                self.keystore.save(name, Signer.random(), password, iterations=INSECURE_ITERATIONS)
        completed = add_keys(text, self.keystore)
        charter = parse_charter(completed)
        unfinished = self.charter_path.with_suffix(".toml.new")
        unfinished.write_text(completed)
        os.replace(unfinished, self.charter_path)
        return charter

    def _ensure_deployment(
        self, charter: Charter, rpc: Rpc, password: str, report: Callable[[str], None]
    ) -> Deployment:
        try:
            known = Deployment.read(self.deployment_path)
        except BadDeployment:
            deployer = self.keystore.find(DEPLOYER).open(password)
            deployment = deploy_charter(
                charter, rpc, deployer, report=lambda step: report(f"deploying {step.number}/{step.of}: {step.what}")
            )
            deployment.write(self.deployment_path)
            return deployment
        known.verify_against_chain(rpc)
        return known


def add_keys(text: str, keystore: Keystore) -> str:
    """The charter's text with the addresses of each organisation's key files below its name."""
    lines: list[str] = []
    slugs = {o.name: o.slug for o in parse_charter(text).organisations if o.keys is None}
    inside = False
    for line in text.splitlines():
        lines.append(line)
        inside = line.strip() == "[[organisations]]" or (inside and not line.startswith("["))
        if inside and line.startswith("name = "):
            slug = slugs.get(line.removeprefix("name = ").strip().strip('"'))
            if slug is not None:
                lines.append(f'voting_key = "{keystore.find(slug).address}"')
                lines.append(f'recovery_key = "{keystore.find(f"{slug}.recovery").address}"')
    return "\n".join(lines) + "\n"
