"""The Python types are what the Solidity sources declare: the sources are read, so that neither side can drift."""

from __future__ import annotations

import dataclasses
import re
from enum import IntEnum
from pathlib import Path

import pytest

from governance import types
from governance.encoding.abi import abi_type
from governance.encoding.structs import SCHEMAS
from governance.types.events import EVENTS

SOURCES = Path(__file__).parents[4] / "contracts" / "src"


def _read(folder: str) -> str:
    text = "\n".join(path.read_text() for path in sorted((SOURCES / folder).glob("*.sol")))
    return re.sub(r"//.*", "", text)


DECLARED = _read("types") + _read("interfaces")
ENUM_CLASSES: dict[str, type[IntEnum]] = {
    enum.__name__: enum
    for enum in (
        types.ActionKind,
        types.Direction,
        types.Mode,
        types.KeyKind,
        types.ProposalState,
        types.Support,
        types.Standing,
        types.StopStatus,
        types.ReleaseStatus,
        types.Releasability,
        types.Phase,
        types.Fault,
    )
} | {"Status": types.ConstraintStatus}
STRUCT_CLASSES: dict[str, type] = {
    **{struct.__name__: struct for struct in SCHEMAS if not struct.__name__.endswith("Record")},
    **{struct.__name__.removesuffix("Record"): struct for struct in SCHEMAS if struct.__name__.endswith("Record")},
    "Parameter": types.ConstraintParameter,
    "Entry": types.LedgerEntry,
}
ONLY_IN_PYTHON = {"SetParameters", "ConstraintParameter", "LedgerEntry"}
ONLY_IN_SOLIDITY = {"ActionContext"}


def snake(camel: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", lambda match: "_" + match[1].lower(), camel)


def structs_in_solidity() -> dict[str, list[tuple[str, str]]]:
    found = {}
    for name, body in re.findall(r"struct (\w+) \{(.*?)\}", DECLARED, re.DOTALL):
        found[name] = [tuple(member.split()) for member in body.split(";") if member.strip()]
    return found


# Interfaces that a contract's own interface inherits.
PARTS_OF = {"Brake": ("IIncidents", "ISuccession")}


def solidity_type(declared: str) -> str:
    """The ABI type of a member's declared type."""
    base, brackets = re.fullmatch(r"(\w+)((?:\[\d*\])*)", declared).groups()
    if base in ENUM_CLASSES:
        base = "uint8"
    elif base in STRUCT_CLASSES:
        base = abi_type(STRUCT_CLASSES[base])
    return base + brackets


def test_enums_have_the_numbers_that_solidity_declares() -> None:
    declared = {
        name: [member.strip() for member in body.split(",")]
        for name, body in re.findall(r"enum (\w+) \{(.*?)\}", DECLARED, re.DOTALL)
    }
    assert set(declared) == set(ENUM_CLASSES)
    for name, members in declared.items():
        ours = [(member.name.replace("_", "").lower(), member.value) for member in ENUM_CLASSES[name]]
        assert ours == [(member.lower(), number) for number, member in enumerate(members)], name


def test_choice_is_support_plus_one() -> None:
    for support in types.Support:
        assert types.Choice(support + 1).name == support.name


def test_every_struct_of_solidity_has_its_dataclass() -> None:
    assert set(structs_in_solidity()) - ONLY_IN_SOLIDITY == set(STRUCT_CLASSES) - ONLY_IN_PYTHON


@pytest.mark.parametrize("name", sorted(set(structs_in_solidity()) - ONLY_IN_SOLIDITY))
def test_struct_has_the_members_that_solidity_declares(name: str) -> None:
    struct, declared = STRUCT_CLASSES[name], structs_in_solidity()[name]
    fields = [field.name for field in dataclasses.fields(struct)]
    assert fields == [snake(member) for _, member in declared]
    assert [abi_type(member) for member in SCHEMAS[struct]] == [solidity_type(kind) for kind, _ in declared]


@pytest.mark.parametrize("contract", sorted(EVENTS))
def test_events_have_the_arguments_that_solidity_declares(contract: str) -> None:
    files = [f"I{contract}", *PARTS_OF.get(contract, ())]
    source = re.sub(r"//.*", "", "".join((SOURCES / "interfaces" / f"{file}.sol").read_text() for file in files))
    declared = {
        name: [snake(argument.split()[-1]) for argument in arguments.split(",") if argument.strip()]
        for name, arguments in re.findall(r"event (\w+)\((.*?)\);", source, re.DOTALL)
    }
    ours = {name: [field.name for field in dataclasses.fields(event)] for name, event in EVENTS[contract].items()}
    assert ours == declared


def test_every_kind_of_action_has_its_struct() -> None:
    assert set(types.ACTION_OF_KIND) == set(types.ActionKind) - {types.ActionKind.NONE}
