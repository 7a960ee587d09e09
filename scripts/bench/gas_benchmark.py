"""What members pay for here, beside OpenZeppelin's Governor 5 with a timelock: one chain, one run, real transactions.

Every system lives through two proposals in the same way: the first of a new deployment, for which every account does
everything for the first time, and a later one. Both kinds revoke a release for the same reason; votes carry no reason.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from compile_contracts import CompileError
from gas_contracts import load_baseline_code
from gas_council import CouncilSide
from gas_governor import GovernorSide
from gas_members import BATCH, MEMBERS, Members, assemble
from governance.encoding.keccak import keccak256
from governance.errors import CustodesError
from governance.types import Hash32
from solidity_input import SourceMissing

SCHEMA = "custodes.bench/1"
PROPOSALS = ("first proposal", "later proposal")
# ratio: our step, the Governor's steps (their sum), which Governor, and the goal for the first proposal
COMPARED = {
    "first_vote": ("vote, first", ("vote, first",), "smallest", 0.50),
    "next_vote": ("vote, next", ("vote, next",), "smallest", 0.60),
    "vote_by_sig": ("vote by signature", ("vote by signature",), "smallest", 0.50),
    "batched_ballot_20": ("ballot in a batch of 20", ("vote by signature",), "smallest", 0.14),
    "queue_execute": ("execute", ("queue", "execute"), "smallest", 0.40),
    "propose_vs_storage": ("propose", ("propose",), "storing", 0.45),
}
Steps = dict[str, int]  # gas by step
Figures = dict[str, dict[str, Steps]]  # by proposal and system


@dataclass(frozen=True)
class Comparison:
    """One of our steps beside the same of a Governor. Units: gas."""

    name: str
    ours: int
    theirs: int
    goal: float

    @property
    def ratio(self) -> float:
        return self.ours / self.theirs


def live_with_governor(governor: GovernorSide, release: Hash32) -> Steps:
    """Proposed, voted for by everybody, queued and executed."""
    steps: Steps = {}
    steps["propose"], proposal = governor.propose(0, release)
    steps["vote, first"] = governor.vote(proposal, 0)
    steps["vote, next"] = governor.vote(proposal, 1)
    steps["vote by signature"] = governor.vote_by_sig(proposal, 2)
    for by in range(3, MEMBERS):
        governor.vote_by_sig(proposal, by)
    steps["queue"] = governor.queue(release)
    steps["execute"] = governor.execute(release)
    return steps


def live_with_council(council: CouncilSide, release: Hash32) -> Steps:
    """The same; nothing is queued, and one batch brings twenty ballots where the Council takes batches."""
    steps: Steps = {}
    steps["propose"], proposal = council.propose(0, release)
    steps["vote, first"] = council.vote(proposal, 0)
    steps["vote, next"] = council.vote(proposal, 1)
    steps["vote by signature"] = council.vote_by_sig(proposal, 2)
    batch = range(3, 3 + BATCH)
    gas = council.vote_batch(proposal, batch)
    if gas is None:
        for by in batch:
            council.vote_by_sig(proposal, by)
    else:
        steps["ballot in a batch of 20"] = round(gas / BATCH)
    steps["execute"] = council.execute(proposal, release)
    return steps


def measure(members: Members, code: Mapping[str, bytes]) -> Figures:
    """Gas by proposal, system and step. Raises: CustodesError."""
    releases = [Hash32(keccak256(name.encode())) for name in PROPOSALS]
    council = CouncilSide.deploy(members, releases)
    smallest = GovernorSide.deploy(members, code, "SmallestGovernor", "Smallest", releases)
    storing = GovernorSide.deploy(members, code, "StoringGovernor", "Storing", releases, 50)
    return {
        name: {
            "ours": live_with_council(council, release),
            "smallest": live_with_governor(smallest, release),
            "storing": live_with_governor(storing, release),
        }
        for name, release in zip(PROPOSALS, releases, strict=True)
    }


def compare(systems: Mapping[str, Steps]) -> list[Comparison]:
    """One proposal's comparisons; a step that we do not have yet has none."""
    ours = systems["ours"]
    return [
        Comparison(name, ours[step], sum(systems[governor][part] for part in parts), goal)
        for name, (step, parts, governor, goal) in COMPARED.items()
        if step in ours
    ]


def format_tables(figures: Figures) -> str:
    """What each step costs in each system, and the ratios beside their goals."""
    lines = []
    for proposal, systems in figures.items():
        steps = list(dict.fromkeys(step for system in systems.values() for step in system))
        lines.append(f"{proposal:<26}" + "".join(f"{name:>11}" for name in systems))
        for step in steps:
            cells = (f"{system[step]:,}" if step in system else "-" for system in systems.values())
            lines.append(f"{step:<26}" + "".join(f"{cell:>11}" for cell in cells))
        lines.append("")
    first, later = (compare(figures[name]) for name in PROPOSALS)
    lines.append(f"{'ratio':<26}{'goal':>11}{'first':>11}{'later':>11}")
    lines += [
        f"{a.name:<26}{a.goal:>11.2f}{_verdict(a):>11}{_verdict(b):>11}" for a, b in zip(first, later, strict=True)
    ]
    lines += [
        "",
        f"{MEMBERS} members; gas of receipts. smallest: OpenZeppelin's Governor with a timelock; storing: the",
    ]
    lines += ["same with GovernorStorage and GovernorPreventLateQuorum. (+) is above the goal."]
    return "\n".join(lines)


def _verdict(row: Comparison) -> str:
    return f"{'' if row.ratio <= row.goal else '(+) '}{row.ratio:.3f}"


def format_json(figures: Figures) -> str:
    """The ratios of the first proposal under `ratios`; those of a later one beside them."""
    ratios, later = ({row.name: round(row.ratio, 4) for row in compare(figures[name])} for name in PROPOSALS)
    return json.dumps({"schema": SCHEMA, "name": "gas", "ratios": ratios, "later_ratios": later, "figures": figures})


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="scripts/bench/gas", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of the tables")
    asked = parser.parse_args(arguments)
    try:
        code = load_baseline_code()
        with tempfile.TemporaryDirectory() as directory, assemble(Path(directory)) as members:
            figures = measure(members, code)
    except (CompileError, SourceMissing, CustodesError) as error:
        print(f"gas: error: {error}", file=sys.stderr)
        return 1
    print(format_json(figures) if asked.json else format_tables(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
