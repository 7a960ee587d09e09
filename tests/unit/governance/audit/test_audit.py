"""The audit on a real chain: it agrees with an honest history, and finds storage written past the contracts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from governance.audit.errors import StorageDiffers, WrongGenesis
from governance.audit.history import History, read_history
from governance.audit.story import tell
from governance.audit.verify import audit, audit_history
from governance.chain.storage import StorageLayout
from governance.constraints.document import ConstraintDocument
from governance.encoding.names import compute_constraint_id, make_short_name
from governance.ledger.artifacts import ContractName, load_artifact
from governance.ledger.client import Ledger
from governance.ledger.history import History as Story
from governance.spec.steps import Divergence
from governance.types import (
    EVERYTHING,
    ActionKind,
    AddConstraint,
    Direction,
    Hash32,
    ParameterSetting,
    SetParameter,
    Timestamp,
)
from governance.types.events.council import VoteCast
from inference.constraints_in_force import rebuild_constraints
from inference.errors import ConstraintsMismatch
from live_system import LiveSystem, live_system

NAME = "max-output"
KEY = make_short_name("max_output_tokens")
IDENTIFIER = compute_constraint_id(NAME)


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSystem]:
    """A constraint was added and tightened, a proposal failed, and three seats stopped everything."""
    with live_system(tmp_path_factory.mktemp("audit")) as system:
        document = ConstraintDocument(name=NAME, title="Short answers", text="At most so many tokens.").to_bytes()
        added = AddConstraint(NAME, Timestamp(0), (ParameterSetting(KEY, Direction.MAX, 64),), document)
        system.enact(ActionKind.ADD_CONSTRAINT, added, range(8))
        version = system.ledger.constraints.get_constraint(IDENTIFIER).version
        system.enact(ActionKind.TIGHTEN_PARAMETER, SetParameter(IDENTIFIER, version, KEY, 32), range(8))
        version = system.ledger.constraints.get_constraint(IDENTIFIER).version
        failed = system.propose(ActionKind.LOOSEN_PARAMETER, SetParameter(IDENTIFIER, version, KEY, 99))
        system.vote(failed, range(5))
        for seat in (0, 5, 10):
            call = system.ledger.brake.pull(EVERYTHING, Hash32(b"\x01" * 32), 3, "misuse")
            system.ledger.send(call, system.seats[seat])
        yield system


@pytest.fixture(scope="module")
def history(system: LiveSystem) -> History:
    return read_history(system.ledger)


def test_audit_agrees_with_an_honest_history(system: LiveSystem) -> None:
    report = audit(system.ledger)
    assert report.events > 50
    assert report.compared.keys() == {"Seats", "Council", "Constraints", "Releases", "Brake", "Committee"}
    assert report.state.constraints.head == system.ledger.constraints.get_head()
    assert len(report.state.constraints.entries) == 2


SLOTS: list[tuple[ContractName, str, tuple[bytes, ...]]] = [
    ("Constraints", "head", ()),
    ("Constraints", "constraintsById", (bytes(IDENTIFIER),)),
    ("Brake", "scopes", (bytes(EVERYTHING),)),
]


@pytest.mark.parametrize(("contract", "variable", "keys"), SLOTS)
def test_audit_finds_storage_written_past_the_contract(
    system: LiveSystem, contract: ContractName, variable: str, keys: tuple[bytes, ...]
) -> None:
    rpc = system.anvil.rpc
    address = system.ledger.deployment.addresses[contract]
    place = StorageLayout(load_artifact(contract).storage_layout).place(variable, *keys)
    slot = f"0x{place.slot:064x}"
    before = rpc.call("eth_getStorageAt", address, slot, "latest")
    rpc.call("anvil_setStorageAt", address, slot, f"0x{int(before, 16) ^ 1:064x}")
    try:
        rpc.call("evm_mine")
        with pytest.raises(StorageDiffers) as caught:
            audit(system.ledger)
        assert caught.value.details["contract"] == contract
    finally:
        rpc.call("anvil_setStorageAt", address, slot, before)
        rpc.call("evm_mine")
    audit(system.ledger)


def test_audit_refuses_a_history_with_a_ballot_left_out(system: LiveSystem, history: History) -> None:
    at = next(i for i, record in enumerate(history.records) if isinstance(record.event, VoteCast))
    records = history.records[:at] + history.records[at + 1 :]
    with pytest.raises((Divergence, StorageDiffers)):
        audit_history(system.ledger, replace(history, records=records))


def test_audit_refuses_a_history_with_a_ballot_cast_twice(system: LiveSystem, history: History) -> None:
    at = next(i for i, record in enumerate(history.records) if isinstance(record.event, VoteCast))
    records = history.records[: at + 1] + history.records[at:]
    with pytest.raises((Divergence, StorageDiffers)):
        audit_history(system.ledger, replace(history, records=records))


def test_audit_refuses_an_execution_before_its_eta(system: LiveSystem, history: History) -> None:
    block = next(record.block for record in history.records if record.name == "ActionExecuted")
    times = {**history.times, block: Timestamp(history.times[block] - 60)}
    with pytest.raises(Divergence) as caught:
        audit_history(system.ledger, replace(history, times=times))
    assert caught.value.rule is not None


def test_audit_refuses_another_charter(system: LiveSystem) -> None:
    deployment = replace(system.ledger.deployment, charter_hash=Hash32(b"\x02" * 32))
    with pytest.raises(WrongGenesis):
        read_history(Ledger(system.anvil.rpc, deployment))


def test_story_names_what_happened(system: LiveSystem, history: History) -> None:
    lines = [line.text for line in tell(Story.of(system.ledger), history.times)]
    assert any("STOP 1 on everything" in line for line in lines)
    assert any(f"{NAME}: max_output_tokens is 32, was 64" in line for line in lines)
    assert sum(" votes for on " in line for line in lines) == 8 + 8 + 5


def test_constraints_in_force_are_the_ones_that_fold_to_the_head(system: LiveSystem, history: History) -> None:
    events = [record.event for record in history.records]
    head = system.ledger.constraints.get_head()
    (constraint,) = rebuild_constraints(events, system.ledger.deployment, head)
    assert constraint.parameters["max_output_tokens"].value == 32
    first = system.ledger.constraints.get_entries()[0].head
    (constraint,) = rebuild_constraints(events, system.ledger.deployment, first)
    assert constraint.parameters["max_output_tokens"].value == 64


@pytest.mark.parametrize("name", ["LedgerAdvanced", "ProposalCreated", "ActionProposed"])
def test_constraints_are_refused_when_an_event_is_withheld(system: LiveSystem, history: History, name: str) -> None:
    at = next(i for i, record in enumerate(history.records) if record.name == name)
    events = [record.event for i, record in enumerate(history.records) if i != at]
    with pytest.raises(ConstraintsMismatch):
        rebuild_constraints(events, system.ledger.deployment, system.ledger.constraints.get_head())
