"""Findings about the contracts: none without an answer, no answer without a finding, no answer that says nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from side_environment import EnvironmentFailed, ensure_environment
from solidity_findings import (
    Answer,
    BadAnswers,
    Finding,
    find_complaints,
    parse_lint,
    parse_slither,
    read_answers,
)

ROOT = Path(__file__).resolve().parents[3]
ANSWERS = ROOT / "contracts" / "findings.toml"
EQUALITY = Finding("slither", "incorrect-equality", "Brake.lapse", "uses a dangerous strict equality")


def element(kind: str, name: str, parent: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"type": kind, "name": name, "type_specific_fields": {"parent": parent} if parent else {}}


def report(*results: tuple[str, str, dict[str, Any]], success: bool = True) -> str:
    detectors = [
        {"check": check, "impact": impact, "elements": [about], "description": f"{check} here:\n\t- and there"}
        for check, impact, about in results
    ]
    return json.dumps({"success": success, "error": "it broke", "results": {"detectors": detectors}})


def test_slither_report_that_failed_is_an_error() -> None:
    with pytest.raises(ValueError, match="it broke"):
        parse_slither(report(success=False))


def test_slither_findings_are_named_by_contract_and_function() -> None:
    function = element("function", "lapse", element("contract", "Brake"))
    found = parse_slither(
        report(
            ("incorrect-equality", "Medium", function),
            ("uninitialized-local", "High", element("variable", "n", function)),
            ("suicidal", "High", element("contract", "Brake")),
            ("naming", "Low", function),
        )
    )
    assert [(finding.check, finding.where) for finding in found] == [
        ("incorrect-equality", "Brake.lapse"),
        ("suicidal", "Brake"),
        ("uninitialized-local", "Brake.lapse"),
    ]
    assert found[0].text == "incorrect-equality here: - and there"


def test_lint_findings_are_named_by_file() -> None:
    span = {"file_name": "src/Brake.sol", "line_start": 9, "text": [{"text": "  1 << BIT;"}]}
    line = json.dumps({"code": {"code": "incorrect-shift"}, "spans": [span]})
    assert parse_lint(f"{line}\nError: aborting due to 1 linter warning(s)\n") == [
        Finding("forge-lint", "incorrect-shift", "src/Brake.sol", "line 9: 1 << BIT;")
    ]


def test_finding_without_an_answer_is_a_complaint() -> None:
    elsewhere = Answer("slither", "incorrect-equality", ("Brake.resume",), "")
    other_tool = Answer("forge-lint", "incorrect-equality", ("Brake.lapse",), "")
    complaints = find_complaints([EQUALITY], [elsewhere, other_tool])
    assert complaints[0] == "slither incorrect-equality in Brake.lapse: uses a dangerous strict equality"
    assert len(complaints) == 3


def test_answer_to_nothing_is_a_complaint() -> None:
    answers = [Answer("slither", "incorrect-equality", ("Brake.lapse", "Brake.gone"), "")]
    assert find_complaints([EQUALITY], answers) == [
        "slither incorrect-equality in Brake.gone is answered, and nothing is found there"
    ]
    assert find_complaints([], [Answer("slither", "suicidal", ("*",), "")]) == [
        "slither suicidal in * is answered, and nothing is found there"
    ]


def test_answered_findings_are_no_complaints() -> None:
    assert find_complaints([EQUALITY, EQUALITY], [Answer("slither", "incorrect-equality", ("Brake.lapse",), "")]) == []
    assert find_complaints([EQUALITY], [Answer("slither", "incorrect-equality", ("*",), "")]) == []


def test_answer_covers_only_what_its_pattern_fits() -> None:
    partial = Answer("slither", "unused-return", ("*",), "", "by [(]")
    half = Finding("slither", "unused-return", "A.f", "ignores return value by (None,b) = C.g()")
    whole = Finding("slither", "unused-return", "A.f", "ignores return value by C.g()")
    assert find_complaints([half, whole], [partial]) == [str(whole)]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[[finding]\n", "Expected"),
        ('[[finding]]\ntool = "slither"\ncheck = "x"\nbecause = "y"\n', "where"),
        ('[[finding]]\ntool = "slither"\ncheck = "x"\nwhere = ["A"]\nbecause = "false positive"\n', "says too little"),
    ],
)
def test_answers_that_are_malformed_or_say_nothing_are_refused(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "findings.toml"
    path.write_text(text)
    with pytest.raises(BadAnswers, match=why):
        read_answers(path)


def test_committed_answers_can_be_read() -> None:
    assert {answer.tool for answer in read_answers(ANSWERS)} == {"slither", "forge-lint"}


def test_environment_that_cannot_be_made_is_said_and_never_taken_for_made(tmp_path: Path) -> None:
    pins = tmp_path / "tool.txt"
    pins.write_text("./no-such-wheel.whl\n")
    with pytest.raises(EnvironmentFailed, match="no-such-wheel"):
        ensure_environment("tool", tools=tmp_path / "tools", pins=pins)
    assert not (tmp_path / "tools" / "tool" / "custodes.stamp").exists()
