"""No rule is orphaned: the law, the contracts' errors and the sources that keep the rules agree with each other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from governance.spec import law
from governance.spec.rules import Enforcer, Refusal, UnknownRule, all_rules, get_rule, get_rules_of_error, refuse, rule

ROOT = Path(__file__).parents[4]
RULE_ID = re.compile(r"R-[A-Z][A-Za-z]+-\d\d")


def _quoted(*folders: str, suffix: str) -> set[str]:
    files = [path for folder in folders for path in (ROOT / folder).rglob(f"*{suffix}")]
    return {found for path in files for found in RULE_ID.findall(path.read_text())}


def _rules_of(*enforcers: Enforcer) -> set[str]:
    return {name for name, found in all_rules().items() if found.enforcer in enforcers}


def _errors_in_solidity() -> set[tuple[str, str]]:
    """(rule id, error) as the NatSpec of the interfaces pairs them."""
    source = "\n".join(path.read_text() for path in (ROOT / "contracts" / "src" / "interfaces").glob("*.sol"))
    notices = re.findall(r"@notice (R-\w+-\d\d):(?:[^\n]*\n\s*///)*[^\n]*\n\s*error (\w+)\(", source)
    assert len(notices) == len(re.findall(r"^\s*error ", source, re.MULTILINE)), "an error's notice names no rule"
    return set(notices)


def test_every_rule_that_a_contract_quotes_is_in_the_law() -> None:
    assert _quoted("contracts/src", suffix=".sol") - set(all_rules()) == set()


def test_every_rule_that_a_process_quotes_is_in_the_law() -> None:
    assert _quoted("oracle", "inference", "governance", suffix=".py") - set(all_rules()) == set()


def test_every_rule_of_the_contracts_is_quoted_there() -> None:
    unquoted = _rules_of(Enforcer.CONTRACT) - _quoted("contracts/src", suffix=".sol")
    assert unquoted == set()


def test_every_rule_of_the_processes_is_quoted_there() -> None:
    assert _rules_of(Enforcer.ORACLE, Enforcer.WORKER) - _quoted("oracle", "inference", suffix=".py") == set()


def test_errors_stand_under_the_rules_that_solidity_gives_them() -> None:
    ours = {(found.id, error) for found in all_rules().values() for error in found.errors}
    assert ours == _errors_in_solidity()


def test_every_refusal_in_the_spec_names_an_error_of_its_rule() -> None:
    source = "\n".join(path.read_text() for path in (ROOT / "governance" / "spec").glob("*.py"))
    calls = re.findall(r'refuse\(\s*"(R-[\w-]+)",\s*"(\w+)"', source)
    assert len(calls) > 60
    assert all(error in all_rules()[name].errors for name, error in calls)
    # and the spec refuses by every error that a contract has, but those that only a caller without a vote, or with too
    # little gas, meets, and what the chain alone knows: the code at an address
    outside = {"NotEnoughGas", "OnlyBrake", "OnlyCouncil", "OnlyReleases", "WrongCode"}
    assert {error for _, error in _errors_in_solidity()} - {error for _, error in calls} == outside


def test_every_rule_of_the_contracts_is_written_as_a_function() -> None:
    """The rules that only callers without a vote meet are outside: no sequence of steps of the spec comes to them."""
    spec = [path.read_text() for path in (ROOT / "governance" / "spec").glob("*.py")]
    quoted = {found for text in spec for found in RULE_ID.findall(text)}
    assert _rules_of(Enforcer.CONTRACT) - quoted == {"R-Brake-10", "R-Council-19"}


def test_every_rule_has_a_test_that_names_it_or_expects_each_of_its_errors() -> None:
    tests = [path.read_text() for path in (ROOT / "contracts" / "test").rglob("*.sol")]
    expected = {error for text in tests for error in re.findall(r"\b([A-Z]\w+)\.selector|\"(\w+)\(", text)}
    errors = {name for pair in expected for name in pair if name}
    named = _quoted("contracts/test", suffix=".sol") | _quoted("tests", suffix=".py")
    untested = {
        found.id
        for found in all_rules().values()
        if found.id not in named and not (found.errors and set(found.errors) <= errors)
    }
    assert untested == set()


def test_every_error_of_the_contracts_is_expected_by_a_forge_test() -> None:
    tests = "\n".join(path.read_text() for path in (ROOT / "contracts" / "test").rglob("*.sol"))
    assert {error for _, error in _errors_in_solidity() if not re.search(rf"\b{error}\b", tests)} == set()


def test_every_sentence_is_one_sentence() -> None:
    for found in all_rules().values():
        assert found.sentence.endswith(".")
        assert found.sentence[0].isupper()
        assert ". " not in found.sentence, found.id


def test_law_lists_its_parts() -> None:
    parts = {path.stem for path in Path(law.__file__).parent.glob("*.py")} - {"__init__"}
    assert parts == set(law.__all__)


def test_rule_is_found_whatever_the_case() -> None:
    assert get_rule("r-council-07").errors == ("StaleBallot", "BadSignature")
    assert [found.id for found in get_rules_of_error("NotLiveSeat")] == ["R-Council-01", "R-Brake-01"]


def test_rule_is_refused_when_nobody_wrote_it() -> None:
    with pytest.raises(UnknownRule, match="R-Council-99"):
        get_rule("R-Council-99")


def test_rule_cannot_be_written_twice() -> None:
    with pytest.raises(ValueError, match="written twice"):
        rule("R-Council-07", "Otherwise.")


def test_refusal_cannot_name_an_error_of_another_rule() -> None:
    with pytest.raises(ValueError, match="no error"):
        refuse("R-Council-07", "NotLiveSeat", "")


def test_refusal_reads_as_its_rule_and_message() -> None:
    assert str(Refusal("R-Council-07", "no")) == "R-Council-07: no"
