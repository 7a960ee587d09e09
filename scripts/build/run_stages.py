"""Everything that CI runs, stage by stage: the seconds of each, and at the end a table and how many tests passed."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from threading import Event

from stages import SPARE, STAGES, Counts, Stage, StageFailed, Workbench

LOWEST = 19  # niceness


@dataclass(frozen=True)
class Outcome:
    stage: Stage
    passed: bool
    seconds: float
    note: str


def run_stage(stage: Stage, bench: Workbench) -> Outcome:
    """The stage ran; a failure is printed and returned, not raised."""
    print(f"-- {stage.name} ...", flush=True)
    started = time.monotonic()
    output = ""
    try:
        note = stage.run(bench)
        passed = True
    except StageFailed as failure:
        note, output, passed = failure.reason, failure.output, False
    seconds = time.monotonic() - started
    closing = f"   {'ok' if passed else 'FAILED'} in {seconds:.1f} s{': ' + note if note else ''}"
    # in one piece, since another lane prints too
    print("\n".join(part for part in (f"== {stage.name}: {stage.what}", output.rstrip(), closing) if part), flush=True)
    return Outcome(stage, passed, seconds, note)


def run_in_order(stages: Sequence[Stage], bench: Workbench, halted: Event, *, keep_going: bool) -> list[Outcome]:
    """The stages ran one after the other, until one failed here or elsewhere."""
    outcomes: list[Outcome] = []
    for stage in stages:
        if halted.is_set() and not keep_going:
            break
        outcomes.append(run_stage(stage, bench))
        if not outcomes[-1].passed:
            halted.set()
    return outcomes


def run_stages(stages: Sequence[Stage], bench: Workbench, *, keep_going: bool) -> list[Outcome]:
    """The lanes ran side by side, and then the stages without one; the spare lane ran beside them all."""
    lanes = {stage.lane: [other for other in stages if other.lane == stage.lane] for stage in stages if stage.lane}
    halted = Event()
    pool = ThreadPoolExecutor(max_workers=max(1, len(lanes)))
    try:
        benches = {SPARE: replace(bench, niceness=LOWEST)}
        running = {
            name: pool.submit(run_in_order, lane, benches.get(name, bench), halted, keep_going=keep_going)
            for name, lane in lanes.items()
        }
        spare = running.pop(SPARE, None)
        outcomes = [outcome for future in running.values() for outcome in future.result()]
        alone = [stage for stage in stages if not stage.lane]
        outcomes += run_in_order(alone, bench, halted, keep_going=keep_going)
        return outcomes + (spare.result() if spare is not None else [])
    except KeyboardInterrupt:
        halted.set()
        bench.end_running()
        raise
    finally:
        pool.shutdown()


def format_table(outcomes: Sequence[Outcome], left_out: Sequence[Stage], total: float) -> str:
    """One line a stage, and the seconds that all took together, which is less than their sum."""
    lines = [f"{'stage':<12} {'seconds':>8}  result"]
    for outcome in outcomes:
        result = "ok" if outcome.passed else "FAILED"
        lines.append(
            f"{outcome.stage.name:<12} {outcome.seconds:>8.1f}  {result}{', ' + outcome.note if outcome.note else ''}"
        )
    lines += [f"{stage.name:<12} {'-':>8}  not run" for stage in left_out]
    lines.append(f"{'total':<12} {total:>8.1f}")
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
    started = time.monotonic()
    outcomes = run_stages(chosen, bench, keep_going=asked.keep_going)
    ran = {outcome.stage.name for outcome in outcomes}

    print()
    print(format_table(outcomes, [stage for stage in chosen if stage.name not in ran], time.monotonic() - started))
    counts = sum(bench.counts, Counts(0, 0))
    if bench.counts:
        print(f"\n{counts.passed} passed, {counts.failed} failed")
    return 0 if len(outcomes) == len(chosen) and all(outcome.passed for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
