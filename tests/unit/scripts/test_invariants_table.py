"""contracts/README.md says which test and which proof hold each invariant, and they are there."""

from __future__ import annotations

import re

import pytest

import prove
from defences import ROOT

CONTRACTS = ROOT / "contracts"
README = (CONTRACTS / "README.md").read_text()
NUMBERS = {*range(1, 21), 23}


def _functions(folder: str) -> set[str]:
    files = [path for path in (CONTRACTS / "test" / folder).rglob("*.sol") if path.is_file()]
    return {name for path in files for name in re.findall(r"function (\w+)\(", path.read_text())}


def _rows() -> dict[int, tuple[list[str], list[str]]]:
    """Number -> tests, proofs."""
    found = re.findall(r"^\| (\d+) \| [^|]+ \| ([^|]*) \| ([^|]*)\|$", README, re.MULTILINE)
    return {
        int(number): (re.findall(r"`(\w+)`", tests), re.findall(r"`(\w+)`", proofs)) for number, tests, proofs in found
    }


def test_every_invariant_has_a_row_and_a_test() -> None:
    rows = _rows()
    assert set(rows) == NUMBERS
    assert [number for number, (tests, _) in rows.items() if not tests] == []


def test_every_test_and_proof_of_the_table_exists() -> None:
    rows = _rows().values()
    assert {name for tests, _ in rows for name in tests} - _functions(".") == set()
    assert {name for _, proofs in rows for name in proofs} - {check for _, check in prove.find_checks()} == set()


def test_every_numbered_test_and_proof_stands_in_the_row_of_its_number() -> None:
    rows = _rows()
    named = {name for name in _functions("invariant") | _functions("symbolic") if re.match(r"\w+?_\d\d_", name)}
    wrong = [name for name in named if name not in sum(rows[int(re.findall(r"_(\d\d)_", name)[0])], start=list[str]())]
    assert wrong == []


def test_invariants_that_ought_to_be_proven_are() -> None:
    assert [number for number in (5, 8, 9, 13, 14) if not _rows()[number][1]] == []


def test_every_proof_is_shown_as_proven() -> None:
    shown = set(re.findall(r"^(\w+)\.(check_\w+) +\d+ +[\d.]+  proven$", README, re.MULTILINE))
    assert shown == prove.find_checks()


def test_report_of_halmos_is_read() -> None:
    result = {"name": "check_a(uint256)", "exitcode": 0, "num_paths": [7, 6, 0], "time": [1.5, 1.0, 0.5]}
    failed = {"name": "check_b()", "exitcode": 1, "num_paths": None, "time": None}
    proofs = prove.parse_report({"test_results": {"test/symbolic/A.t.sol:AProofs": [failed, result]}})
    assert proofs == [
        prove.Proof("AProofs", "check_a", True, 7, 1.5),
        prove.Proof("AProofs", "check_b", False, 0, 0.0),
    ]
    assert "NOT PROVEN" in prove.format_table(proofs)


def test_command_refuses_what_matches_no_proof(capsys: pytest.CaptureFixture[str]) -> None:
    assert prove.main(["NoSuchProof"]) == 2
    assert "NoSuchProof" in capsys.readouterr().err
