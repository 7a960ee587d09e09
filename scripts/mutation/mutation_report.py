"""What became of the mutants: the score of each contract, and every survivor as a diff.

Equivalents stand in contracts/mutants.toml, each with the reason why no test could ever notice it. A key names the
function and the words of the fault, so that it stays true while code around it moves.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

SCHEMA = "custodes.mutation/1"
MOST_EQUIVALENTS = 0.05
LEAST_SCORE = 0.95


@dataclass(frozen=True)
class Outcome:
    """One mutant and its end: killed, survived, or refused by the compiler."""

    key: str
    contract: str  # or "libraries", for what several contracts share
    source: str
    function: str
    line: int
    operator: str
    status: str
    killer: str
    diff: list[str]

    @property
    def where(self) -> str:
        return f"{self.key} {self.source}:{self.line} {self.function} ({self.operator})"


@dataclass(frozen=True)
class Score:
    """Of those that the compiler accepts."""

    killed: int
    survived: int
    equivalent: int

    @property
    def total(self) -> int:
        return self.killed + self.survived + self.equivalent

    @property
    def share(self) -> float:
        """Killed, of those that are faults."""
        return self.killed / max(1, self.killed + self.survived)


def compute_score(outcomes: Sequence[Outcome], equivalents: Mapping[str, str]) -> Score:
    alive = [outcome for outcome in outcomes if outcome.status == "survived"]
    equivalent = sum(outcome.key in equivalents for outcome in alive)
    killed = sum(outcome.status == "killed" for outcome in outcomes)
    return Score(killed, len(alive) - equivalent, equivalent)


def read_equivalents(path: Path) -> dict[str, str]:
    """The reason by the mutant's key. Raises: KeyError, where an entry has none."""
    if not path.exists():
        return {}
    entries = tomllib.loads(path.read_text()).get("equivalent", [])
    return {entry["key"]: entry["because"] for entry in entries}


def start_kept(path: Path, outcomes: Sequence[Outcome]) -> None:
    """The file holds these outcomes and no other."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(asdict(outcome)) + "\n" for outcome in outcomes))


def keep(path: Path, outcome: Outcome) -> None:
    """The outcome outlives a run that is broken off: a line of its own at the end of the file."""
    with path.open("a") as file:
        file.write(json.dumps(asdict(outcome)) + "\n")


def read_kept(path: Path) -> list[Outcome]:
    """What a run had found, of each mutant what came last; a last line that was cut is left out."""
    if not path.exists():
        return []
    whole = [line for line in path.read_text().splitlines(keepends=True) if line.endswith("\n")]
    outcomes = [Outcome(**json.loads(line)) for line in whole]
    return list({outcome.key: outcome for outcome in outcomes}.values())


def write_report(path: Path, outcomes: Sequence[Outcome], equivalents: Mapping[str, str]) -> None:
    names = sorted({outcome.contract for outcome in outcomes})
    scores = {name: compute_score([one for one in outcomes if one.contract == name], equivalents) for name in names}
    path.parent.mkdir(parents=True, exist_ok=True)
    report = {
        "schema": SCHEMA,
        "contracts": {name: asdict(score) | {"score": round(score.share, 4)} for name, score in scores.items()},
        "mutants": [asdict(outcome) for outcome in sorted(outcomes, key=lambda one: (one.source, one.line, one.key))],
    }
    path.write_text(json.dumps(report, indent=1) + "\n")


def format_report(outcomes: Sequence[Outcome], equivalents: Mapping[str, str], *, whole: bool) -> str:
    """A line a contract, and what is to be done."""
    lines = [f"{'contract':<14}{'mutants':>9}{'killed':>9}{'survived':>10}{'equivalent':>12}{'score':>9}"]
    for name in [*sorted({outcome.contract for outcome in outcomes}), "all"]:
        score = compute_score([one for one in outcomes if name in (one.contract, "all")], equivalents)
        lines.append(
            f"{name:<14}{score.total:>9}{score.killed:>9}{score.survived:>10}{score.equivalent:>12}{score.share:>9.1%}"
        )
    everything = compute_score(outcomes, equivalents)
    if whole and everything.equivalent > MOST_EQUIVALENTS * everything.total:
        lines.append(f"too many are called equivalent: {everything.equivalent} of {everything.total}")
    if whole and everything.share < LEAST_SCORE:
        lines.append(f"fewer than {LEAST_SCORE:.0%} are killed")
    killed = {outcome.key for outcome in outcomes if outcome.status == "killed"}
    known = {outcome.key for outcome in outcomes}
    for key in equivalents:
        if key in killed:
            lines.append(f"{key} is called equivalent, and a test kills it")
        elif whole and key not in known:
            lines.append(f"{key} is called equivalent, and there is no such mutant")
    return "\n".join(lines)
