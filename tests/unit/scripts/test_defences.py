"""Every patch says what it breaks and still applies, and a wrong failure does not pass for the right one."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

import prove_defences
from defences import (
    ROOT,
    Defence,
    MalformedPatch,
    Results,
    choose_one,
    judge_intact,
    judge_removed,
    parse_forge,
    parse_junit,
    parse_patch,
    read_defences,
)
from governance.spec.rules import all_rules

ATTACKS = ROOT / "contracts" / "test" / "attacks"
NEITHER = Results(frozenset({"test_a", "test_b"}), {})
PATCH = """Defence: nobody may
Rule: R-Council-01
Suite: contracts/test/attacks
Fails: test_a
Because: let in

--- a/contracts/src/Brake.sol
+++ b/contracts/src/Brake.sol
@@ -1 +1 @@
-a
+b
"""


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


@pytest.fixture
def defence(tmp_path: Path) -> Defence:
    return parse_patch(write(tmp_path / "nobody-may.patch", PATCH))


def _tests_in(suite: str) -> set[str]:
    place = ROOT / suite
    files = [place] if place.is_file() else [*place.rglob("*.t.sol"), *place.rglob("test_*.py")]
    return {name for file in files for name in re.findall(r"(?:function|def) (test\w+)\(", file.read_text())}


def test_every_patch_applies() -> None:
    assert prove_defences.find_stale(read_defences()) == []


def test_every_patch_names_a_test_of_its_suite_and_a_rule_of_the_law() -> None:
    found = read_defences()
    assert len(found) >= 25
    assert [one.name for one in found if one.fails not in _tests_in(one.suite)] == []
    assert [one.name for one in found if one.rule != "-" and one.rule not in all_rules()] == []


def test_every_attack_has_a_defence_whose_removal_lets_it_through() -> None:
    assert _tests_in("contracts/test/attacks") - {one.fails for one in read_defences()} == set()


def test_patch_is_refused_when_it_does_not_say_what_fails(tmp_path: Path) -> None:
    with pytest.raises(MalformedPatch, match="lacks Fails"):
        parse_patch(write(tmp_path / "x.patch", PATCH.replace("Fails: test_a\n", "")))
    with pytest.raises(MalformedPatch, match="lacks a change"):
        parse_patch(write(tmp_path / "x.patch", PATCH.partition("---")[0]))
    with pytest.raises(MalformedPatch, match="adds, removes or renames"):
        parse_patch(write(tmp_path / "x.patch", PATCH.replace("+++ b/contracts/src/Brake.sol", "+++ /dev/null")))


def test_removal_is_missed_when_the_named_test_fails_alone_for_its_reason(defence: Defence) -> None:
    assert judge_removed(defence, Results(frozenset({"test_b"}), {"test_a": "NotTrue: let in"})) == []


def test_removal_is_not_missed_when_the_test_passes_or_fails_otherwise(defence: Defence) -> None:
    assert judge_removed(defence, NEITHER) == ["test_a passes without the defence"]
    assert "another reason" in judge_removed(defence, Results(frozenset(), {"test_a": "out of gas"}))[0]
    both = Results(frozenset(), {"test_a": "let in", "test_b": "let in"})
    assert judge_removed(defence, both) == ["test_b fails too: let in"]
    assert judge_removed(defence, None) == ["what is left does not run"]


def test_intact_tree_must_pass_and_have_the_test(defence: Defence) -> None:
    assert judge_intact(defence, NEITHER) == []
    assert judge_intact(replace(defence, fails="test_z"), NEITHER) == ["contracts/test/attacks has no test test_z"]
    assert judge_intact(defence, Results(frozenset({"test_a"}), {"test_b": "x"})) == ["test_b fails already: x"]
    assert judge_intact(defence, None) == ["the suite did not run"]


def test_results_of_forge_are_read_after_what_the_compiler_says() -> None:
    results = {"test_a(uint8)": {"status": "Failure", "reason": "why"}, "test_b()": {"status": "Success"}}
    printed = "Compiling\n" + json.dumps({"A.t.sol:A": {"test_results": results}}) + "\n"
    assert parse_forge(printed) == Results(frozenset({"test_b"}), {"test_a": "why"})
    assert parse_forge("Error: Compiler run failed\n") is None


def test_results_of_pytest_fail_with_one_case_of_many() -> None:
    report = """<testsuites><testsuite><testcase name="test_a[1]"/><testcase name="test_a[2]">
    <failure message="DID NOT RAISE">assert</failure></testcase><testcase name="test_b"/>
    <testcase name="test_c"><skipped/></testcase></testsuite></testsuites>"""
    results = parse_junit(report)
    assert results.passed == {"test_b"}
    assert results.failed == {"test_a": "DID NOT RAISE\nassert"}


def test_chosen_defence_is_quick_and_changes_with_the_commit(defence: Defence) -> None:
    slow = replace(defence, name="slow", files=("contracts/src/libraries/Tally.sol",))
    other = replace(defence, name="other", files=("oracle/policy.py",))
    chosen = [choose_one([slow, defence, other], f"0000000{digit}abc").name for digit in range(3)]
    assert chosen == ["nobody-may", "other", "nobody-may"]


def test_command_refuses_a_name_that_no_patch_has(capsys: pytest.CaptureFixture[str]) -> None:
    assert prove_defences.main(["no-such-defence"]) == 2
    assert "no-such-defence" in capsys.readouterr().err


def test_command_lists_every_defence(capsys: pytest.CaptureFixture[str]) -> None:
    assert prove_defences.main(["--list"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(read_defences())
