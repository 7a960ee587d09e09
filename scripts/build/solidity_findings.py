"""What slither and forge lint say about the contracts, and what we answer.

Each finding of medium weight or more is mended or answered in contracts/findings.toml: an entry names the tool, the
check, where (Contract.function for slither, the file for forge lint; * for any), and why the code is right; the
finding's words must fit its pattern `only`. An answer to nothing is an error too: it would hide the next finding there.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

WEIGHTS = {"Medium", "High"}
SHORTEST_ANSWER = 40  # characters: "false positive" is no answer


class BadAnswers(Exception):
    """contracts/findings.toml is malformed."""


@dataclass(frozen=True, order=True)
class Finding:
    """One finding: which tool and check, where it is answered, and what is said there."""

    tool: str
    check: str
    where: str
    text: str

    def __str__(self) -> str:
        return f"{self.tool} {self.check} in {self.where}: {self.text}"


@dataclass(frozen=True)
class Answer:
    """Why the findings of one check in these places are none."""

    tool: str
    check: str
    where: tuple[str, ...]
    because: str
    only: str = ""

    def covers(self, finding: Finding, place: str) -> bool:
        is_of_it = (self.tool, self.check) == (finding.tool, finding.check) and fnmatchcase(finding.where, place)
        return is_of_it and re.search(self.only, finding.text) is not None


def parse_slither(report: str) -> list[Finding]:
    """The findings of medium impact or more in what `slither --json -` printed. Raises: ValueError."""
    read = json.loads(report)
    if not read["success"]:
        raise ValueError(str(read["error"]))
    return sorted(
        Finding("slither", result["check"], _name(result["elements"][0]), " ".join(result["description"].split()))
        for result in read["results"].get("detectors", [])
        if result["impact"] in WEIGHTS
    )


def _name(element: dict[str, Any]) -> str:
    """Contract.function of the element, or of what it stands in."""
    names: list[str] = []
    while element and element["type"] in {"contract", "function", "variable", "node"}:
        if element["type"] in {"contract", "function"}:
            names.append(element["name"])
        element = element["type_specific_fields"].get("parent", {}) if "type_specific_fields" in element else {}
    return ".".join(reversed(names))


def parse_lint(report: str) -> list[Finding]:
    """The findings in what `forge lint --json` printed: one object a line."""
    found = []
    for line in report.splitlines():
        if line.startswith("{"):
            entry = json.loads(line)
            span = entry["spans"][0]
            text = f"line {span['line_start']}: {span['text'][0]['text'].strip()}"
            found.append(Finding("forge-lint", entry["code"]["code"], span["file_name"], text))
    return sorted(found)


def read_answers(path: Path) -> list[Answer]:
    """Raises: BadAnswers."""
    try:
        entries = tomllib.loads(path.read_text())["finding"]
        answers = [
            Answer(entry["tool"], entry["check"], tuple(entry["where"]), entry["because"], entry.get("only", ""))
            for entry in entries
        ]
    except (tomllib.TOMLDecodeError, KeyError, TypeError) as e:
        raise BadAnswers(f"{path.name}: {e}") from e
    for answer in answers:
        if len(" ".join(answer.because.split())) < SHORTEST_ANSWER:
            raise BadAnswers(f"{path.name}: {answer.tool} {answer.check} says too little: {answer.because!r}")
    return answers


def find_complaints(findings: Iterable[Finding], answers: Sequence[Answer]) -> list[str]:
    """One line for each finding that nothing answers, and for each answer to nothing."""
    places = [(answer, place) for answer in answers for place in answer.where]
    used: set[tuple[str, str, str]] = set()
    complaints = []
    for finding in findings:
        fitting = [(answer, place) for answer, place in places if answer.covers(finding, place)]
        if not fitting:
            complaints.append(str(finding))
        used |= {(answer.tool, answer.check, place) for answer, place in fitting}
    complaints += [
        f"{answer.tool} {answer.check} in {place} is answered, and nothing is found there"
        for answer, place in places
        if (answer.tool, answer.check, place) not in used
    ]
    return complaints
