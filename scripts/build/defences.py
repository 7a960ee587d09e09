"""Defences as patches that remove them: how a patch says what it must break, and whether that is what broke.

A patch in tests/attacks/defences removes exactly one defence from the sources. Its header names the test that must then
fail, alone in its suite, and words of the failure: a defence that nothing misses, and a test that fails for another
reason, are both found out.
"""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PATCHES = ROOT / "tests" / "attacks" / "defences"

FIELDS = ("Defence", "Rule", "Suite", "Fails", "Because")
# A change of these alone recompiles one contract. Libraries and types are in all of them.
QUICK = re.compile(r"contracts/src/(Seats|Constraints|Releases|Brake)\.sol|(governance|oracle|inference)/.*\.py")


class MalformedPatch(Exception):
    """A patch does not say what it removes, or what must then fail."""


@dataclass(frozen=True)
class Defence:
    """What a patch says of itself. `suite` is the directory or file of which nothing but the test `fails` may fail."""

    name: str
    path: Path
    defence: str  # one sentence: what holds while the patch is not applied
    rule: str  # its id in the law, or "-" where the law is silent
    suite: str
    fails: str
    because: str  # words of the failure
    files: tuple[str, ...]

    @property
    def is_forge(self) -> bool:
        return self.suite.startswith("contracts/")

    @property
    def is_quick(self) -> bool:
        return all(QUICK.fullmatch(file) for file in self.files)


def parse_patch(path: Path) -> Defence:
    """The defence that the patch removes. Raises: MalformedPatch."""
    text = path.read_text()
    header, mark, _ = text.partition("\n--- ")
    found = dict(re.findall(r"^(\w+): *(\S.*)$", header, re.MULTILINE))
    files = tuple(re.findall(r"^--- a/(\S+)$", text, re.MULTILINE))
    missing = [name for name in FIELDS if name not in found]
    if missing or not mark or not files:
        raise MalformedPatch(f"{path.name} lacks {', '.join(missing) or 'a change'}")
    if files != tuple(re.findall(r"^\+\+\+ b/(\S+)$", text, re.MULTILINE)):
        raise MalformedPatch(f"{path.name} adds, removes or renames a file")
    defence, rule, suite, fails, because = (found[name].strip() for name in FIELDS)
    return Defence(path.stem, path, defence, rule, suite, fails, because, files)


def read_defences(directory: Path = PATCHES) -> list[Defence]:
    """Every defence, by name. Raises: MalformedPatch."""
    return [parse_patch(path) for path in sorted(directory.glob("*.patch"))]


@dataclass(frozen=True)
class Results:
    """What a suite said: the tests that passed, and the failures with their reasons."""

    passed: frozenset[str]
    failed: Mapping[str, str]


def parse_forge(printed: str) -> Results | None:
    """The results in the output of `forge test --json`; nothing if it holds none, as after a compiler error."""
    start = next((line for line in printed.splitlines() if line.startswith("{")), None)
    if start is None:
        return None
    passed, failed = set(), {}
    for suite in json.loads(start).values():
        for signature, result in suite["test_results"].items():
            name = signature.partition("(")[0]
            if result["status"] == "Success":
                passed.add(name)
            else:
                failed[name] = str(result["reason"])
    return Results(frozenset(passed), failed)


def parse_junit(report: str) -> Results:
    """The results in pytest's XML report. A parametrised test fails if one of its cases does."""
    passed, failed = set(), {}
    for case in ET.fromstring(report).iter("testcase"):  # noqa: S314 (our own report)
        name = case.get("name", "").partition("[")[0]
        broken = [*case.iter("failure"), *case.iter("error")]
        if broken:
            failed[name] = f"{broken[0].get('message')}\n{broken[0].text}"
        elif not [*case.iter("skipped")]:
            passed.add(name)
    return Results(frozenset(passed) - failed.keys(), failed)


def judge_intact(defence: Defence, results: Results | None) -> list[str]:
    """Complaints about the suite while the defence stands: there are none, and the test passes."""
    if results is None:
        return ["the suite did not run"]
    complaints = [f"{name} fails already: {reason[:200]}" for name, reason in results.failed.items()]
    if defence.fails not in results.passed | results.failed.keys():
        complaints.append(f"{defence.suite} has no test {defence.fails}")
    return complaints


def judge_removed(defence: Defence, results: Results | None) -> list[str]:
    """Complaints about the suite without the defence: the named test fails, for its reason, and no other does."""
    if results is None:
        return ["what is left does not run"]
    complaints = [
        f"{name} fails too: {reason[:200]}" for name, reason in results.failed.items() if name != defence.fails
    ]
    reason = results.failed.get(defence.fails)
    if reason is None:
        complaints.append(f"{defence.fails} passes without the defence")
    elif defence.because not in reason:
        complaints.append(f"{defence.fails} fails for another reason than {defence.because!r}: {reason[:400]}")
    return complaints


def choose_one(defences: Sequence[Defence], commit: str) -> Defence:
    """A quick one, another with each commit."""
    quick = [defence for defence in defences if defence.is_quick]
    return quick[int(commit[:8] or "0", 16) % len(quick)]
