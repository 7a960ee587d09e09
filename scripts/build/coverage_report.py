"""Coverage as numbers: forge's lcov and coverage.py's JSON, read into the same small types.

Source: geninfo(1) for the lcov format.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

WORST = 15  # files that are named when a floor is missed


@dataclass(frozen=True)
class Ratio:
    hit: int
    of: int

    @property
    def percent(self) -> float:
        """100 where there is nothing to hit."""
        return 100.0 * self.hit / self.of if self.of else 100.0

    def __add__(self, other: Ratio) -> Ratio:
        return Ratio(self.hit + other.hit, self.of + other.of)


@dataclass(frozen=True)
class Covered:
    lines: Ratio
    branches: Ratio

    @property
    def percent(self) -> float:
        """Of lines and branches together, as coverage.py counts."""
        return (self.lines + self.branches).percent

    def __add__(self, other: Covered) -> Covered:
        return Covered(self.lines + other.lines, self.branches + other.branches)


NOTHING = Covered(Ratio(0, 0), Ratio(0, 0))


def parse_lcov(text: str) -> dict[str, Covered]:
    """Coverage by file, of the files under src; what several compilations report counts once, hit if one of them is."""
    lines: dict[str, dict[str, bool]] = {}
    branches: dict[str, dict[str, bool]] = {}
    name = ""
    for line in text.splitlines():
        key, _, value = line.partition(":")
        if key == "SF":
            name = value
        elif key in {"DA", "BRDA"} and name.startswith("src/"):
            place, _, hits = value.rpartition(",")
            found = (lines if key == "DA" else branches).setdefault(name, {})
            found[place] = found.get(place, False) or hits not in {"0", "-"}
    return {name: Covered(_count(lines.get(name, {})), _count(branches.get(name, {}))) for name in lines | branches}


def _count(places: Mapping[str, bool]) -> Ratio:
    return Ratio(sum(places.values()), len(places))


def parse_python(text: str) -> tuple[Covered, dict[str, Covered]]:
    """The total and coverage by file of a `coverage json` report made with branches."""
    files: dict[str, Covered] = {}
    for name, entry in json.loads(text)["files"].items():
        summary = entry["summary"]
        files[name] = Covered(
            Ratio(summary["covered_lines"], summary["num_statements"]),
            Ratio(summary["covered_branches"], summary["num_branches"]),
        )
    return sum_files(files.values()), files


def sum_files(files: Iterable[Covered]) -> Covered:
    return sum(files, NOTHING)


def format_worst(files: Mapping[str, Covered]) -> str:
    """The files with the most that is not covered, worst first."""

    def missing(covered: Covered) -> int:
        both = covered.lines + covered.branches
        return both.of - both.hit

    worst = sorted(files.items(), key=lambda item: missing(item[1]), reverse=True)[:WORST]
    return "\n".join(
        f"{name}: lines {covered.lines.hit}/{covered.lines.of}, branches {covered.branches.hit}/{covered.branches.of}"
        for name, covered in worst
        if missing(covered)
    )
