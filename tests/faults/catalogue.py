"""The faults that the tests of this folder bring about: what each is called, what is done, and how it must end.

A case is a test with one mark, or one set of parameters with one mark:

    @pytest.mark.fault("RPC-03", "what is done", "how it ends", deadline=60)

The marks are the only list there is: the table in oracle/README.md is made from them.
"""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent
DEADLINE = 120.0  # [seconds] of a case that names none, on a crowded machine
# How many cases each family has: one that is lost is noticed.
CASES = {
    "RPC": 105,  # an RPC that lies, fails or hangs
    "REORG": 13,  # blocks that are replaced
    "TIME": 11,  # clocks that jump, chains that stall
    # - - - processes and members - - -
    "KILL": 6,  # a process that is gone at some step
    "DKG": 9,  # a member that cheats while a key is made
    "UNLOCK": 13,  # whoever cheats while a model is unlocked
}
_ID = re.compile(rf"({'|'.join(CASES)})-\d\d+")


class BadMark(Exception):
    """A mark is not what this page says."""


@dataclass(frozen=True)
class Fault:
    """One case."""

    id: str
    done: str
    ends: str
    deadline: float  # [seconds]
    test: str  # file::function

    @property
    def family(self) -> str:
        return self.id.partition("-")[0]


def fault_case(fault: str, done: str, ends: str, *values: Any, deadline: float = DEADLINE) -> Any:
    """One set of parameters that is a case of its own, called by its id."""
    return pytest.param(*values, marks=pytest.mark.fault(fault, done, ends, deadline=deadline), id=fault)


def read_mark(mark: pytest.Mark, test: str) -> Fault:
    """The case that the mark declares. Raises: BadMark."""
    if len(mark.args) != 3 or not all(isinstance(each, str) and each for each in mark.args):
        raise BadMark(f"{test}: a fault has an id, what is done, and how it ends; not {mark.args}")
    unknown = set(mark.kwargs) - {"deadline"}
    fault, done, ends = mark.args
    if unknown or not _ID.fullmatch(fault) or "|" in done + ends:
        raise BadMark(f"{test}: {mark} is no mark of a fault")
    return Fault(fault, done, ends, float(mark.kwargs.get("deadline", DEADLINE)), test)


def find_faults() -> list[Fault]:
    """Every case of this folder, in the order of the families and numbers; whichever tests are being run.

    Raises: BadMark.
    """
    found = [fault for path in sorted(HERE.glob("test_*.py")) for fault in _read_module(path)]
    order = list(CASES)
    return sorted(found, key=lambda fault: (order.index(fault.family), int(fault.id.partition("-")[2])))


def format_table(faults: list[Fault]) -> str:
    """The cases as a table of Markdown."""
    rows = [f"| {each.id} | {each.done} | {each.ends} | `{each.test}` |" for each in faults]
    return "\n".join(["| case | what is done | how it ends | test |", "|---|---|---|---|", *rows])


def _read_module(path: Path) -> Iterator[Fault]:
    for name, function in vars(_load(path)).items():
        if not name.startswith("test_"):
            continue
        test = f"{path.name}::{name}"
        for mark in getattr(function, "pytestmark", []):
            if mark.name == "fault":
                yield read_mark(mark, test)
            elif mark.name == "parametrize":
                for values in mark.args[1]:
                    yield from (read_mark(each, test) for each in getattr(values, "marks", ()) if each.name == "fault")


def _load(path: Path) -> ModuleType:
    """The module, as pytest has it if it was collected."""
    for module in list(sys.modules.values()):
        if getattr(module, "__file__", None) == str(path):
            return module
    spec = importlib.util.spec_from_file_location(f"faults_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look there
    spec.loader.exec_module(module)
    return module
