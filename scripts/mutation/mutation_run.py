"""Small faults put into the contracts one by one: a fault that no test notices is a test that is missing.

A survivor is answered by a test, or argued to be no fault in contracts/mutants.toml (at most five of a hundred).
Hours for everything: --resume goes on where a run was broken off. --quick leaves out the slowest room of tests, so that
more survive than should; --again shows those to every test, and leaves what was killed as it was found.
"""

from __future__ import annotations

import argparse
import os
import queue
import sys
import threading
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mutation_batches import compile_task, make_tasks
from mutation_compiler import Compiler
from mutation_operators import Mutant, find_enums, find_mutants
from mutation_order import Killers
from mutation_report import Outcome, format_report, keep, read_equivalents, read_kept, start_kept, write_report
from mutation_scratch import SLOWEST, Scratch, TestsFail
from solidity_input import find_imports, resolve_import

ROOT = Path(__file__).resolve().parents[2]
CONTRACTS = ROOT / "contracts"
WORK = ROOT / ".cache" / "mutation"
EQUIVALENTS = CONTRACTS / "mutants.toml"
NAMES = ("Seats", "Council", "Constraints", "Releases", "Brake")
OTHERS = ("Committee",)  # deployed by the tests, not mutated here
UNTOUCHED = ("src/interfaces/", "src/committee/", "node_modules/")
ASKED_BY_COMMITTEE = ("src/seats/Hosts.sol",)  # judged where the labels are, tested where it is asked


@dataclass(frozen=True)
class Task:
    """Mutants of sources that the same contracts are made of."""

    mutants: tuple[Mutant, ...]
    contracts: tuple[str, ...]


def find_closure(sources: dict[str, str], root: str) -> set[str]:
    """Every source that this one is made of."""
    seen: set[str] = set()
    waiting = [root]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += [resolve_import(path, name, []) for path in find_imports(sources[name]) if path.startswith(".")]
    return seen


def find_makers(compiler: Compiler) -> dict[str, tuple[str, ...]]:
    """The contracts that each source is a part of."""
    closures = {name: find_closure(compiler.sources, f"src/{name}.sol") for name in NAMES}
    parts = sorted({source for closure in closures.values() for source in closure})
    return {
        source: tuple(name for name in NAMES if source in closures[name])
        for source in parts
        if not source.startswith(UNTOUCHED)
    }


def choose(mutants: Sequence[Mutant], count: int | None) -> list[Mutant]:
    """That many, always the same ones, from all places; all of them without a count."""
    if count is None or count >= len(mutants):
        return list(mutants)
    chosen = {mutant.key for mutant in sorted(mutants, key=lambda mutant: mutant.key)[:count]}
    return [mutant for mutant in mutants if mutant.key in chosen]


def find_mutants_of(
    compiler: Compiler, names: Sequence[str], sample: int | None
) -> dict[tuple[str, ...], list[Mutant]]:
    """The mutants by the contracts that their source is a part of. `sample`: so many of each contract's own parts."""
    asts = compiler.get_asts()
    enums = find_enums(asts)
    by_makers: dict[tuple[str, ...], list[Mutant]] = {}
    for source, makers in find_makers(compiler).items():
        if set(makers) <= set(names):
            found = find_mutants(source, compiler.sources[source], asts, enums)
            by_makers.setdefault(makers, []).extend(found)
    return {makers: choose(mutants, sample) for makers, mutants in by_makers.items()}


def select_before(
    before: Sequence[Outcome], there: set[str], *, again: bool, whole: bool, argued: Collection[str] = ()
) -> list[Outcome]:
    """What earlier runs found and stands: without what is asked again, and without mutants that are no more.

    `there` holds the keys of this run's mutants; of others nothing is known, unless it is a whole run. Those that are
    argued to be no fault are not asked again.
    """

    def stands(one: Outcome) -> bool:
        return not (again and one.status == "survived" and one.key not in argued)

    return [one for one in before if (one.key in there and stands(one)) or (one.key not in there and not whole)]


def find_tasks(by_makers: Mapping[tuple[str, ...], Sequence[Mutant]], done: set[str]) -> list[Task]:
    """What is still to be done, the slowest to compile first."""
    tasks = []
    for makers, mutants in by_makers.items():
        tasks += [Task(tuple(group), makers) for group in make_tasks([one for one in mutants if one.key not in done])]
    return sorted(tasks, key=lambda task: "Council" not in task.contracts)


@dataclass
class Worker:
    """Takes tasks until there are none."""

    compiler: Compiler
    scratch: Scratch
    originals: dict[str, str]
    killers: Killers
    quick: bool = False

    def run(self, tasks: queue.SimpleQueue[Task], report: queue.SimpleQueue[Outcome | None]) -> None:
        try:
            while True:
                self._run_task(tasks.get_nowait(), report)
        except queue.Empty:
            pass
        finally:
            self.compiler.close()
            report.put(None)

    def _run_task(self, task: Task, report: queue.SimpleQueue[Outcome | None]) -> None:
        for batch in compile_task(self.compiler, task.mutants, task.contracts):
            for number, mutant in enumerate(batch.mutants, 1):
                if not batch.code:
                    report.put(self._outcome(task, mutant, "refused", ""))
                    continue
                self.scratch.put(self.originals | batch.code_of(number))
                killer = self._find_killer(task, mutant)
                report.put(self._outcome(task, mutant, "killed" if killer else "survived", killer or ""))

    def _find_killer(self, task: Task, mutant: Mutant) -> str | None:
        if killer := self.scratch.find_failure_of(self.killers.likely(mutant)):
            return killer
        if mutant.source in ASKED_BY_COMMITTEE:
            return self.scratch.find_failure(["committee", "seats"])
        rooms = [room for room in self.scratch.rooms() if room not in ("bls", "committee", SLOWEST)]
        own = [room for room in rooms if room in {name.lower() for name in task.contracts}]
        rest = [room for room in rooms if room not in own]
        for some in (own, rest, [SLOWEST] if SLOWEST in self.scratch.rooms() and not self.quick else []):
            if some and (killer := self.scratch.find_failure(some)):
                return killer
        if "/libraries/" in mutant.source:
            text = self.compiler.sources[mutant.source]
            return self.scratch.find_direct_failure(mutant.source, mutant.apply(text))
        return None

    def _outcome(self, task: Task, mutant: Mutant, status: str, killer: str) -> Outcome:
        diff = mutant.diff(self.compiler.sources[mutant.source])
        owner = task.contracts[0] if len(task.contracts) == 1 else "libraries"
        return Outcome(
            mutant.key, owner, mutant.source, mutant.function, mutant.line, mutant.operator, status, killer, diff
        )


def prepare(workers: int, killers: Killers, *, quick: bool) -> list[Worker]:
    """Workers whose tests pass on the contracts as they are. Raises: TestsFail, NotCompiled, SourceMissing."""
    compiler = Compiler.of(CONTRACTS)
    originals = compiler.compile([*NAMES, *OTHERS], {})
    first = Scratch.make(CONTRACTS, WORK / "0", [*NAMES, *OTHERS], ROOT / ".tools" / "bin")
    first.put(originals)
    if failure := first.find_failure(first.rooms()):
        raise TestsFail(f"{failure} fails on the contracts as they are, compiled without the optimizer")
    scratches = [first, *(first.copy(WORK / str(number)) for number in range(1, workers))]
    compilers = [compiler, *(Compiler.of(CONTRACTS) for _ in range(1, workers))]
    return [Worker(one, scratch, originals, killers, quick) for one, scratch in zip(compilers, scratches, strict=True)]


def run(workers: Sequence[Worker], tasks: Sequence[Task], kept: Path) -> list[Outcome]:
    """Every mutant's end, in the order in which they came; each is kept in that file at once."""
    waiting: queue.SimpleQueue[Task] = queue.SimpleQueue()
    for task in tasks:
        waiting.put(task)
    report: queue.SimpleQueue[Outcome | None] = queue.SimpleQueue()
    threads = [threading.Thread(target=worker.run, args=(waiting, report), daemon=True) for worker in workers]
    for thread in threads:
        thread.start()
    total, running, outcomes, started = sum(len(task.mutants) for task in tasks), len(threads), [], time.monotonic()
    while running:
        outcome = report.get()
        if outcome is None:
            running -= 1
            continue
        outcomes.append(outcome)
        workers[0].killers.learn(outcome)
        keep(kept, outcome)
        if outcome.status == "survived":
            print("\n".join([f"survived: {outcome.where}", *outcome.diff]), file=sys.stderr, flush=True)
        if len(outcomes) % 50 == 0:
            print(
                f"mutate: {len(outcomes)} of {total} in {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True
            )
    return outcomes


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="scripts/mutate", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--contract", action="append", choices=NAMES, help="with what it is made of; default: all five")
    parser.add_argument("--sample", type=int, metavar="N", help="N mutants of each contract, always the same ones")
    parser.add_argument("--quick", action="store_true", help=f"without the tests in test/{SLOWEST}")
    parser.add_argument("--again", action="store_true", help="only those that survived the last run and are not argued")
    parser.add_argument("--resume", action="store_true", help="what a run that was broken off has not done")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, metavar="N")
    parser.add_argument("--out", type=Path, default=WORK / "results.json", help="results as JSON")
    asked = parser.parse_args(arguments)
    kept = asked.out.with_suffix(".jsonl")
    before = read_kept(kept) if asked.resume or asked.again else []
    try:
        workers = prepare(asked.workers, Killers(before), quick=asked.quick)
    except TestsFail as error:
        print(f"mutate: error: {error}", file=sys.stderr)
        return 1
    found = find_mutants_of(workers[0].compiler, asked.contract or NAMES, asked.sample)
    there = {mutant.key for mutants in found.values() for mutant in mutants}
    equivalents = read_equivalents(EQUIVALENTS)
    whole = not (asked.sample or asked.contract)
    before = select_before(before, there, again=asked.again, whole=whole, argued=equivalents)
    start_kept(kept, before)
    outcomes = before + run(workers, find_tasks(found, {one.key for one in before}), kept)
    write_report(asked.out, outcomes, equivalents)
    print(format_report(outcomes, equivalents, whole=whole))
    unanswered = [one for one in outcomes if one.status == "survived" and one.key not in equivalents]
    return 1 if unanswered else 0


if __name__ == "__main__":
    sys.exit(main())
