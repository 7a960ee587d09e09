"""From one system to the next by the command line: what stood there stands here, and the audit follows the seam."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli_system import CliSystem, cli_system
from governance.chain.storage import StorageLayout
from governance.encoding.names import compute_constraint_id, make_short_name
from governance.ledger.artifacts import ContractName, load_artifact
from governance.ledger.client import Ledger
from governance.ledger.deployment import Deployment
from governance.types import EVERYTHING, ActionKind, AddConstraint, Direction, Hash32, ParameterSetting, Timestamp
from inference.constraints_in_force import rebuild_constraints
from inference.errors import ConstraintsMismatch

pytestmark = pytest.mark.chain

NAME, KEY = "max-output", make_short_name("max_output_tokens")
NEXT = ("--deployment", "next.json")


@pytest.fixture
def cli(tmp_path: Path) -> Iterator[CliSystem]:
    """A constraint is in force, three seats stopped everything, and next.toml names the same members."""
    with cli_system(tmp_path) as system:
        document = json.dumps({"schema": "custodes.constraint/1"}).encode()
        limit = ParameterSetting(KEY, Direction.MAX, 64)
        added = AddConstraint(NAME, Timestamp(0), (limit,), document)
        system.system.enact(ActionKind.ADD_CONSTRAINT, added, range(8))
        for seat in (0, 5, 10):
            call = system.system.ledger.brake.pull(EVERYTHING, Hash32(b"\x01" * 32), 3, "misuse")
            system.system.ledger.send(call, system.system.seats[seat])
        text = system.run("charter", "show", "--template", "devnet").out
        for name, voter, spare in zip(
            system.system.organisations, system.system.seats, system.system.recovery, strict=True
        ):
            keys = f'name = "{name}"\nvoting_key = "{voter.address}"\nrecovery_key = "{spare.address}"'
            text = text.replace(f'name = "{name}"', keys)
        (tmp_path / "next.toml").write_text(text)
        yield system


def test_a_system_ends_for_the_one_that_takes_it_over(cli: CliSystem) -> None:
    key = ("--yes", "--json", "--key", cli.key_of(0))
    assert cli.run("successor", "show").out == "this system has no successor\n"
    assert cli.run("successor", "propose", "deployment.json", *key).code == 2

    command = ("charter", "deploy", "next.toml", "--predecessor", "deployment.json", "--out", "next.json")
    assert cli.run(*command, "--dry-run", "--key", cli.key_of(0)).code == 0
    following = cli.act(*command)
    old, new = cli.system.ledger, Deployment.from_json({**following, "schema": "custodes.deployment/1"})
    assert following["predecessor"]["charterHash"] == "0x" + old.deployment.charter_hash.hex()

    # inert until the old one's vote
    early = cli.run("charter", "activate", *NEXT, *key)
    assert (early.code, early.json["rule"]) == (4, "R-Constraints-10")
    seen = cli.run("charter", "show", "next.toml", *NEXT, "--json").json  # by whoever is asked to vote for it
    assert (seen["active"], seen["matches"]) == (False, "next.toml")
    inert = cli.run("brake", "status", *NEXT, "--json")
    assert (inert.code, inert.json["hint"]) == (1, "anybody may: custodes charter activate")

    assert cli.act("successor", "propose", "next.json")["tier"] == 4
    cli.enact(2)
    shown = cli.run("successor", "show", "--json").json
    assert shown["successor"] == new.addresses["Council"]
    assert {part["codeHash"] for part in shown["parts"]} == {"0x" + code.hex() for code in new.code_hashes.values()}
    late = cli.run("successor", "propose", "next.json", *key)
    assert (late.code, late.json["rule"]) == (4, "R-Council-30")

    assert cli.run("charter", "activate", *NEXT, "--dry-run", "--key", cli.key_of(0)).code == 0
    assert cli.act("charter", "activate", *NEXT)["changed"] is True
    assert cli.act("charter", "activate", *NEXT)["changed"] is False

    # what stood there stands here
    told = cli.run("charter", "show", "next.toml", *NEXT).out
    assert ", in force on chain" in told
    assert f"(Council {old.deployment.addresses['Council']})" in told
    (constraint,) = cli.run("constraint", "show", "--json", *NEXT).json["constraints"]
    assert constraint["limits"] == {"max_output_tokens": {"direction": "max", "value": 64}}
    (stop,) = cli.run("brake", "status", "--json", *NEXT).json["stops"]
    assert (stop["stop"], stop["status"], stop["answered"]) == (1, "confirmed", False)
    wrong = cli.run("constraint", "tighten", NAME, "max_output_tokens=65", *NEXT, *key)
    assert (wrong.code, wrong.json["rule"]) == (4, "R-Constraints-04")
    cli.act("constraint", "tighten", NAME, "max_output_tokens=32", *NEXT)
    assert cli.run("audit", "verify", "--json").json["ok"] is True

    check_seam(cli, new)


def check_seam(cli: CliSystem, new: Deployment) -> None:
    """The audit of the new system follows the seam; so does a worker, or it serves nothing."""
    ledger = Ledger(cli.system.anvil.rpc, new)
    report = cli.run("audit", "verify", "--json", *NEXT).json
    assert report["predecessor"]["ledgerHead"] == report["ledgerHead"] == "0x" + ledger.constraints.get_head().hex()
    assert len(cli.run("constraint", "log", "--json", *NEXT).json["entries"]) == 1
    assert "stop 1 on everything is taken over" in cli.run("audit", "log", *NEXT).out

    events = [record.event for record in ledger.whole_story()]
    (found,) = rebuild_constraints(events, new, ledger.constraints.get_head())
    assert found.parameters["max_output_tokens"].value == 64
    with pytest.raises(ConstraintsMismatch, match="entries fold to"):
        rebuild_constraints([record.event for record in ledger.events()], new, ledger.constraints.get_head())

    told = new.to_json()
    del told["predecessor"]
    (cli.directory / "liar.json").write_text(json.dumps(told))
    hidden = cli.run("audit", "verify", "--json", "--deployment", "liar.json").json
    assert "and no system is named" in hidden["message"]

    # each place that is read over the seam is compared
    assert new.predecessor is not None
    places: list[tuple[ContractName, Deployment, str, tuple[bytes, ...], str]] = [
        ("Constraints", new, "genesisHead", (), "genesis head"),
        ("Brake", new, "scopes", (bytes(EVERYTHING),), "scope 0x"),
        ("Constraints", new.predecessor, "parametersByKey", (compute_constraint_id(NAME), KEY), "parameter"),
    ]
    for contract, deployment, variable, keys, named in places:
        place = StorageLayout(load_artifact(contract).storage_layout).place(variable, *keys)
        at = (deployment.addresses[contract], f"0x{place.slot:064x}")
        before = ledger.rpc.call("eth_getStorageAt", *at, "latest")
        ledger.rpc.call("anvil_setStorageAt", *at, f"0x{int(before, 16) ^ 1:064x}")
        ledger.rpc.call("evm_mine")
        differs = cli.run("audit", "verify", "--json", *NEXT).json
        assert (differs["error"], named in differs["message"]) == ("StorageDiffers", True), differs
        ledger.rpc.call("anvil_setStorageAt", *at, before)
        ledger.rpc.call("evm_mine")

    ledger.rpc.call("anvil_setCode", new.addresses["Council"], "0x00")
    assert cli.run("successor", "show").code == 1
    assert cli.run("audit", "verify", "--json").code == 1
