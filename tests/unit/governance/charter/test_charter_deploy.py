"""Deployment of a charter, and the devnet that is made of one."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from governance.chain.anvil import Anvil, start_fresh
from governance.chain.genesis import Genesis
from governance.chain.rpc import Rpc
from governance.charter import deploy
from governance.charter.deploy import deploy_charter, verify_charter
from governance.charter.devnet import DEPLOYER, Devnet
from governance.charter.document import Charter, parse_charter, read_charter
from governance.charter.errors import CharterIncomplete, UnsoundCharter
from governance.charter.genesis import compute_charter_hash
from governance.charter.templates import read_template
from governance.ledger.client import Ledger
from governance.ledger.errors import DeploymentMismatch, LedgerRefused
from governance.ledger.signer import Signer
from governance.ledger.transactions import transfer
from governance.types import ActionKind, ConfirmStop, StopId, Timestamp
from live_system import ETHER, START

pytestmark = pytest.mark.chain


@pytest.fixture
def deployer() -> Signer:
    return Signer.random()


@pytest.fixture
def anvil(tmp_path: Path, deployer: Signer) -> Iterator[Anvil]:
    with start_fresh(Genesis(START, {deployer.address: 100 * ETHER}), tmp_path) as anvil:
        yield anvil


@pytest.fixture(scope="module")
def charter() -> Charter:
    charter = parse_charter(read_template("standard"))
    organisations = [
        o.model_copy(update={"voting_key": Signer.random().address, "recovery_key": Signer.random().address})
        for o in charter.organisations
    ]
    return charter.model_copy(update={"organisations": organisations})


def test_deploy_raises_before_anything_is_sent_when_the_charter_is_unsound_or_incomplete(
    anvil: Anvil, deployer: Signer, charter: Charter
) -> None:
    with pytest.raises(CharterIncomplete):
        deploy_charter(parse_charter(read_template("standard")), anvil.rpc, deployer)
    unsound = charter.model_copy(update={"organisations": charter.organisations[:6]})
    with pytest.raises(UnsoundCharter):
        deploy_charter(unsound, anvil.rpc, deployer)
    assert anvil.rpc.call("eth_blockNumber") == "0x0"


def test_deploy_raises_when_another_transaction_of_the_account_comes_between(
    anvil: Anvil, deployer: Signer, charter: Charter, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = deploy._create

    def create(rpc: Rpc, genesis: object, signer: Signer, name: str, arguments: object) -> object:
        if name == "Committee":
            transfer(rpc, signer, signer.address, 1)
        return real(rpc, genesis, signer, name, arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(deploy, "_create", create)
    with pytest.raises(DeploymentMismatch, match="was predicted"):
        deploy_charter(charter, anvil.rpc, deployer)


def test_deployed_system_is_bound_to_the_charter_and_to_no_other(
    anvil: Anvil, deployer: Signer, charter: Charter
) -> None:
    steps: list[str] = []
    deployment = deploy_charter(charter, anvil.rpc, deployer, report=lambda step: steps.append(step.what))
    assert steps == ["Seats", "Council", "Constraints", "Releases", "Brake", "Committee", "activation"]
    ledger = Ledger(anvil.rpc, deployment)
    assert ledger.council.get_charter_hash() == compute_charter_hash(charter) == deployment.charter_hash
    verify_charter(charter, ledger)
    other = charter.model_copy(update={"legal_text": charter.legal_text + " "})
    with pytest.raises(DeploymentMismatch, match="was deployed"):
        verify_charter(other, ledger)


def test_deployer_can_neither_propose_nor_change_anything_afterwards(
    anvil: Anvil, deployer: Signer, charter: Charter
) -> None:
    ledger = Ledger(anvil.rpc, deploy_charter(charter, anvil.rpc, deployer))
    with pytest.raises(LedgerRefused, match="holds no live seat"):
        ledger.send(ledger.council.propose(ActionKind.CONFIRM_STOP, ConfirmStop(StopId(1)), ""), deployer)


def test_deployment_verify_raises_while_the_system_is_not_active(
    anvil: Anvil, deployer: Signer, charter: Charter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("governance.charter.deploy.activate", lambda *arguments: None)
    with pytest.raises(DeploymentMismatch, match="not active"):
        deploy_charter(charter, anvil.rpc, deployer)


def test_devnet_goes_on_where_it_was_interrupted_and_after_down(tmp_path: Path) -> None:
    devnet = Devnet(tmp_path / "devnet")
    wall = Timestamp(int(time.time()))
    try:
        process, deployment = devnet.up(wall=wall)
        assert devnet.up(wall=wall) == (process, deployment)
        assert compute_charter_hash(read_charter(devnet.charter_path)) == deployment.charter_hash
        genesis = json.loads((devnet.chain.directory / "genesis.json").read_text())
        assert devnet.open_key(DEPLOYER).address in genesis["alloc"]
        assert all(file.is_insecure for file in devnet.keystore.list())
        assert devnet.password_path.stat().st_mode & 0o077 == 0

        devnet.chain.down()
        devnet.deployment_path.unlink()  # as if the first `up` had been interrupted before it was written
        again, other = devnet.up(wall=wall)
        assert again.port == process.port
        assert other.addresses != deployment.addresses
        assert other.charter_hash == deployment.charter_hash

        other_chain = dataclasses.replace(other, genesis_hash=other.charter_hash)
        other_chain.write(devnet.deployment_path)
        with pytest.raises(DeploymentMismatch):
            devnet.up(wall=wall)
    finally:
        devnet.chain.down()
