"""Everything that CI runs, stage by stage: the seconds of each, and at the end a table and how many tests passed."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

from stages import STAGES, Counts, Stage, StageFailed, Workbench


@dataclass(frozen=True)
class Outcome:
    stage: Stage
    passed: bool
    seconds: float
    note: str


def run_stage(stage: Stage, bench: Workbench) -> Outcome:
    """The stage ran; a failure is printed and returned, not raised."""
    print(f"== {stage.name}: {stage.what}", flush=True)
    started = time.monotonic()
    try:
        note = stage.run(bench)
        passed = True
    except StageFailed as failure:
        print(failure.output.rstrip(), flush=True)
        note, passed = failure.reason, False
    seconds = time.monotonic() - started
    print(f"   {'ok' if passed else 'FAILED'} in {seconds:.1f} s{': ' + note if note else ''}", flush=True)
    return Outcome(stage, passed, seconds, note)


def format_table(outcomes: Sequence[Outcome], left_out: Sequence[Stage]) -> str:
    """One line a stage, and the total."""
    lines = [f"{'stage':<12} {'seconds':>8}  result"]
    for outcome in outcomes:
        result = "ok" if outcome.passed else "FAILED"
        lines.append(
            f"{outcome.stage.name:<12} {outcome.seconds:>8.1f}  {result}{', ' + outcome.note if outcome.note else ''}"
        )
    lines += [f"{stage.name:<12} {'-':>8}  not run" for stage in left_out]
    lines.append(f"{'total':<12} {sum(outcome.seconds for outcome in outcomes):>8.1f}")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    names = ", ".join(stage.name for stage in STAGES)
    parser = argparse.ArgumentParser(
        prog="test",
        description=__doc__,
        epilog=f"stages, in order: {names}. example: scripts/test --only lint --only types",
    )
    parser.add_argument("--only", action="append", metavar="STAGE", choices=[stage.name for stage in STAGES])
    parser.add_argument("--keep-going", action="store_true", help="run the later stages after one has failed")
    parser.add_argument(
        "--update-snapshots", action="store_true", help="write contracts/snapshots instead of comparing"
    )
    asked = parser.parse_args(arguments)

    chosen = [stage for stage in STAGES if not asked.only or stage.name in asked.only]
    bench = Workbench.make(update_snapshots=asked.update_snapshots)
    outcomes: list[Outcome] = []
    for stage in chosen:
        outcomes.append(run_stage(stage, bench))
        if not outcomes[-1].passed and not asked.keep_going:
            break

    print()
    print(format_table(outcomes, chosen[len(outcomes) :]))
    counts = sum(bench.counts, Counts(0, 0))
    if bench.counts:
        print(f"\n{counts.passed} passed, {counts.failed} failed")
    return 0 if len(outcomes) == len(chosen) and all(outcome.passed for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
