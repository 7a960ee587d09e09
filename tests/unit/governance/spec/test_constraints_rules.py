"""The ratchet and the hash chain."""

from __future__ import annotations

import dataclasses

import pytest

from governance.encoding.names import compute_constraint_id, make_short_name
from governance.spec.constraints import fold_head, is_expired, is_looser, is_tighter
from governance.spec.rules import Refusal
from governance.types import (
    ZERO_HASH,
    ActionKind,
    AddConstraint,
    AmendConstraint,
    ConstraintStatus,
    Direction,
    ParameterSetting,
    RetireConstraint,
    SetParameter,
    ShortName,
    Timestamp,
)
from refusals import refused
from spec_charter import DAY, PARAMETERS
from spec_world import World

CEILING, FLOOR = make_short_name("max_output_tokens"), make_short_name("min_reviewers")
SETTINGS = (ParameterSetting(CEILING, Direction.MAX, 100), ParameterSetting(FLOOR, Direction.MIN, 2))
ADD = AddConstraint("no weapons", Timestamp(0), SETTINGS, b"{}")
ID = compute_constraint_id("no weapons")


@pytest.fixture
def world() -> World:
    world = World()
    world.carry(ActionKind.ADD_CONSTRAINT, ADD)
    return world


def version(world: World):  # type: ignore[no-untyped-def]
    return world.state.constraints.constraints[ID].version


def change(world: World, key: ShortName, value: int) -> SetParameter:
    return SetParameter(ID, version(world), key, value)


def amend(world: World, expires_at: int = 0, document: bytes = b"[]") -> AmendConstraint:
    return AmendConstraint(ID, version(world), Timestamp(expires_at), document)


@pytest.mark.parametrize(
    ("action", "rule"),
    [
        (ADD, "R-Constraints-01"),
        (dataclasses.replace(ADD, name="other", document=b""), "R-Constraints-03"),
        (dataclasses.replace(ADD, name="other", document=bytes(PARAMETERS.document_bytes + 1)), "R-Constraints-03"),
        (dataclasses.replace(ADD, name="other", expires_at=Timestamp(1)), "R-Constraints-06"),
        (dataclasses.replace(ADD, name="other", parameters=(*SETTINGS, SETTINGS[0])), "R-Constraints-09"),
        (
            dataclasses.replace(ADD, name="other", parameters=(ParameterSetting(CEILING, Direction.NONE, 1),)),
            "R-Constraints-09",
        ),
        (
            dataclasses.replace(
                ADD, name="other", parameters=(ParameterSetting(ShortName(ZERO_HASH), Direction.MAX, 1),)
            ),
            "R-Constraints-09",
        ),
    ],
)
def test_addition_is_refused_by_its_rule(world: World, action: AddConstraint, rule: str) -> None:
    refused(world.try_propose(ActionKind.ADD_CONSTRAINT, action), rule)


@pytest.mark.parametrize(("key", "value"), [(CEILING, 100), (CEILING, 101), (FLOOR, 2), (FLOOR, 1), (FLOOR, -(2**100))])
def test_tightening_is_refused_when_it_is_none(world: World, key: ShortName, value: int) -> None:
    refused(world.try_propose(ActionKind.TIGHTEN_PARAMETER, change(world, key, value)), "R-Constraints-04")


@pytest.mark.parametrize(("key", "value"), [(CEILING, 100), (CEILING, 99), (FLOOR, 2), (FLOOR, 3)])
def test_loosening_is_refused_when_it_is_none(world: World, key: ShortName, value: int) -> None:
    refused(world.try_propose(ActionKind.LOOSEN_PARAMETER, change(world, key, value)), "R-Constraints-05")


def test_change_is_refused_of_an_unknown_parameter_and_of_an_unknown_constraint(world: World) -> None:
    unknown = change(world, make_short_name("unknown"), 1)
    refused(world.try_propose(ActionKind.TIGHTEN_PARAMETER, unknown), "R-Constraints-09")
    elsewhere = dataclasses.replace(change(world, CEILING, 1), constraint_id=compute_constraint_id("other"))
    refused(world.try_propose(ActionKind.TIGHTEN_PARAMETER, elsewhere), "R-Constraints-08")


def test_two_tightenings_of_one_version_cannot_together_loosen(world: World) -> None:
    first = world.propose(ActionKind.TIGHTEN_PARAMETER, change(world, CEILING, 50), seat=0)
    second = world.propose(ActionKind.TIGHTEN_PARAMETER, change(world, CEILING, 80), seat=1)
    for proposal_id in (first, second):
        world.vote(proposal_id, range(15))
    world.wait(3 * DAY + 1)
    world.take(world.try_execute(first))
    refused(world.try_execute(second), "R-Constraints-02", "UnexpectedParent")
    assert world.state.constraints.parameters[ID, CEILING].value == 50


def test_claimed_tightening_is_refused_when_it_shortens_an_expiry(world: World) -> None:
    soon, late = world.now + 100 * DAY, world.now + 200 * DAY
    refused(world.try_propose(ActionKind.AMEND_TIGHTER, amend(world, soon)), "R-Constraints-06", "ExpiryShortened")
    world.carry(ActionKind.AMEND_LOOSER, amend(world, late))
    refused(world.try_propose(ActionKind.AMEND_TIGHTER, amend(world, soon)), "R-Constraints-06", "ExpiryShortened")
    for expires_at in (late, late + 1, 0):
        assert not isinstance(world.try_propose(ActionKind.AMEND_TIGHTER, amend(world, expires_at)), Refusal)


def test_expired_constraint_stands_and_only_a_loosening_revives_it(world: World) -> None:
    world.carry(ActionKind.AMEND_LOOSER, amend(world, world.now + 100 * DAY))
    world.wait(100 * DAY)
    record = world.state.constraints.constraints[ID]
    assert is_expired(record, world.now)
    assert record.status is ConstraintStatus.IN_FORCE
    refused(world.try_propose(ActionKind.AMEND_TIGHTER, amend(world, 0)), "R-Constraints-06", "ExpiryPast")
    world.carry(ActionKind.AMEND_LOOSER, amend(world, 0))
    assert not is_expired(world.state.constraints.constraints[ID], world.now)


def test_amendment_is_refused_with_a_past_expiry_or_an_empty_document(world: World) -> None:
    for kind in (ActionKind.AMEND_TIGHTER, ActionKind.AMEND_LOOSER):
        refused(world.try_propose(kind, amend(world, world.now)), "R-Constraints-06", "ExpiryPast")
        refused(world.try_propose(kind, amend(world, document=b"")), "R-Constraints-03")


def test_retired_constraint_never_comes_back(world: World) -> None:
    parent = version(world)
    world.carry(ActionKind.RETIRE_CONSTRAINT, RetireConstraint(ID, parent))
    refused(world.try_propose(ActionKind.ADD_CONSTRAINT, ADD), "R-Constraints-01")
    retirement = RetireConstraint(ID, version(world))
    refused(world.try_propose(ActionKind.RETIRE_CONSTRAINT, retirement), "R-Constraints-08")
    refused(world.try_propose(ActionKind.AMEND_LOOSER, amend(world)), "R-Constraints-08")
    entry = world.state.constraints.entries[-1]
    assert (entry.document_hash, entry.parent, entry.head) == (ZERO_HASH, parent, version(world))


def test_head_is_the_fold_of_all_entries(world: World) -> None:
    world.carry(ActionKind.TIGHTEN_PARAMETER, change(world, CEILING, 50))
    world.carry(ActionKind.LOOSEN_PARAMETER, change(world, FLOOR, 1))
    world.carry(ActionKind.AMEND_TIGHTER, amend(world))
    ledger = world.state.constraints
    assert fold_head(ledger.genesis_head, ledger.entries) == ledger.head == version(world)
    assert [entry.tier for entry in ledger.entries] == [1, 1, 3, 1]
    for at in range(len(ledger.entries)):
        for forged in (
            (*ledger.entries[:at], *ledger.entries[at + 1 :]),
            (*ledger.entries[:at], dataclasses.replace(ledger.entries[at], tier=2), *ledger.entries[at + 1 :]),
        ):
            assert fold_head(ledger.genesis_head, forged) != ledger.head


def test_parameter_keeps_its_direction_and_changes_its_value(world: World) -> None:
    world.carry(ActionKind.TIGHTEN_PARAMETER, change(world, FLOOR, 5))
    parameter = world.state.constraints.parameters[ID, FLOOR]
    assert (parameter.direction, parameter.value) == (Direction.MIN, 5)


@pytest.mark.parametrize("direction", [Direction.MAX, Direction.MIN])
def test_equal_values_are_neither_tighter_nor_looser(direction: Direction) -> None:
    assert not is_tighter(direction, 5, 5)
    assert not is_looser(direction, 5, 5)


def test_empty_name_is_a_name_like_any_other_to_the_contract(world: World) -> None:
    world.carry(ActionKind.ADD_CONSTRAINT, dataclasses.replace(ADD, name=""))
    refused(world.try_propose(ActionKind.ADD_CONSTRAINT, dataclasses.replace(ADD, name="")), "R-Constraints-01")
