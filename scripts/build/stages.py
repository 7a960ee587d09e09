"""The stages of scripts/test: what each runs, and what it takes to pass."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import contract_coverage
import coverage_report
import snapshots
import solidity_findings
from side_environment import EnvironmentFailed
from slither_report import SlitherFailed, run_slither
from solidity_input import SourceMissing

ROOT = Path(__file__).resolve().parents[2]
CONTRACTS = ROOT / "contracts"
ARTIFACTS = ROOT / "governance" / "ledger" / "artifacts"
WORK = ROOT / ".cache" / "test"

PYTHON_COVERAGE_FLOOR = 85.0  # percent of lines and branches
CONTRACT_COVERAGE_FLOOR = 90.0  # percent of lines, and of branches
STAGE_LIMIT = 40 * 60  # seconds: a stage that hangs is ended, and the run with it
POLITE = {"OMP_WAIT_POLICY": "PASSIVE"}  # several models share two cores: a thread that waits must not spin
SPARE = "spare"  # a lane that takes what the others leave of two cores: at the lowest priority, from begin to end
TAIL, WIDTH = 120, 240  # lines of a failed stage's output that are printed, and their length; the rest is in the log


class StageFailed(Exception):
    """A stage did not pass: `reason` for the table, `output` to find out why."""

    def __init__(self, reason: str, output: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.output = output


@dataclass(frozen=True)
class Counts:
    passed: int
    failed: int

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.passed + other.passed, self.failed + other.failed)


@dataclass
class Workbench:
    """Where stages run and leave their logs; the tests that they counted."""

    environment: Mapping[str, str]
    update_snapshots: bool
    counts: list[Counts] = field(default_factory=list)
    gas_measured: bool = False
    niceness: int = 0  # how far its commands give way to others
    running: set[int] = field(default_factory=set)  # process groups

    @classmethod
    def make(cls, *, update_snapshots: bool) -> Workbench:
        shutil.rmtree(WORK, ignore_errors=True)
        WORK.mkdir(parents=True)
        path = os.pathsep.join([str(ROOT / ".venv" / "bin"), str(ROOT / ".tools" / "bin"), os.environ.get("PATH", "")])
        environment = os.environ | {"PATH": path, "HF_HUB_OFFLINE": "1", "NO_COLOR": "1"} | POLITE
        return cls(environment, update_snapshots)

    def call(self, *command: str, cwd: Path = ROOT, extra: Mapping[str, str] | None = None) -> str:
        """What the command printed; it exited 0. Raises: StageFailed."""
        status, output = self.try_call(*command, cwd=cwd, extra=extra)
        if status != 0:
            raise StageFailed(f"{Path(command[0]).name} exited {status}", tail(output))
        return output

    def try_call(self, *command: str, cwd: Path = ROOT, extra: Mapping[str, str] | None = None) -> tuple[int, str]:
        """Exit status and output; the whole output is appended to .cache/test/log. Raises: StageFailed on a hang."""
        process = subprocess.Popen(
            ["nice", "-n", str(self.niceness), *command],
            cwd=cwd,
            env={**self.environment, **(extra or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        self.running.add(process.pid)
        try:
            output, _ = process.communicate(timeout=STAGE_LIMIT)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            output, _ = process.communicate()
            raise StageFailed(f"no end after {STAGE_LIMIT} s", tail(output)) from None
        finally:
            self.running.discard(process.pid)
        with (WORK / "log").open("a") as log:
            log.write(f"$ {' '.join(command)}\n{output}\n")
        return process.returncode, output

    def end_running(self) -> None:
        """Every command still under way was told to end; the run was interrupted."""
        for group in tuple(self.running):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(group, signal.SIGTERM)


@dataclass(frozen=True)
class Stage:
    name: str
    what: str
    run: Callable[[Workbench], str]
    lane: str = ""  # stages of different lanes run side by side; those without one run after the lanes but SPARE


def tail(output: str, lines: int = TAIL) -> str:
    """The last lines, with a word on how many came before."""
    split = output.rstrip().splitlines()
    left_out = len(split) - lines
    head = [f"   ... {left_out} lines before this are in {(WORK / 'log').relative_to(ROOT)}"] if left_out > 0 else []
    return "\n".join(head + [line[:WIDTH] for line in split[-lines:]])


def without_passes(output: str) -> str:
    """forge's output less the tests and suites that passed."""
    dull = ("[PASS]", "Suite result: ok.", "Ran ")
    return "\n".join(line for line in output.splitlines() if line and not line.startswith(dull))


def check(reason: str, complaints: Sequence[str]) -> None:
    """There is nothing to complain about. Raises: StageFailed."""
    if complaints:
        raise StageFailed(reason, "\n".join(complaints))


# ------------------------------------------------------------------------------------------------------------ static
def run_lint(bench: Workbench) -> str:
    bench.call("ruff", "check", "--quiet", ".")
    bench.call("ruff", "format", "--check", "--quiet", "--diff", ".")
    return ""


def run_types(bench: Workbench) -> str:
    bench.call("mypy")
    scripts = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "scripts").glob("*/*.py"))
    bench.call("mypy", "--follow-imports=silent", *scripts, extra={"MYPYPATH": "tests/support"})
    return ""


def run_layers(bench: Workbench) -> str:
    bench.call("lint-imports", "--no-logo")
    return ""


# --------------------------------------------------------------------------------------------------------- contracts
def run_solidity_format(bench: Workbench) -> str:
    _, output = bench.try_call("forge", "fmt", "--check", "src", "test", "bench", cwd=CONTRACTS)
    check("run forge fmt under contracts", sorted(set(re.findall(r"^Diff in .*(?=:$)", output, re.MULTILINE))))
    return ""


def run_artifacts(bench: Workbench) -> str:
    bench.call("forge", "build", cwd=CONTRACTS)
    printed = bench.call(str(ROOT / "scripts" / "compile"), "--check", "--from-forge")
    return printed.strip().removeprefix("compile: ")


def run_forge(bench: Workbench) -> str:
    """Unit, fuzz and invariant tests; the gas that they measure is kept for the stage `snapshots`."""
    measured = {"FORGE_SNAPSHOT_EMIT": "true", "FOUNDRY_SNAPSHOTS": str(WORK / "gas"), "FOUNDRY_PROFILE": "ci"}
    status, output = bench.try_call("forge", "test", cwd=CONTRACTS, extra=measured)
    found = re.findall(r"(\d+) tests passed, (\d+) failed", output)
    counts = Counts(*map(int, found[-1])) if found else Counts(0, 0)
    bench.counts.append(counts)
    bench.gas_measured = True
    if status != 0 or counts.failed:
        raise StageFailed(f"{counts.passed} passed, {counts.failed} failed", tail(without_passes(output)))
    if not counts.passed:
        raise StageFailed("no contract test ran", tail(output))
    return f"{counts.passed} passed"


def run_findings(bench: Workbench) -> str:
    """slither and forge lint find nothing of medium weight or more that contracts/findings.toml does not answer."""
    try:
        answers = solidity_findings.read_answers(CONTRACTS / "findings.toml")
        found = solidity_findings.parse_slither(run_slither(CONTRACTS, WORK, bench.environment))
    except (SlitherFailed, EnvironmentFailed, SourceMissing, solidity_findings.BadAnswers, ValueError) as error:
        raise StageFailed("slither did not report", str(error)) from error
    # rooms of its own: it must not write where another lane builds
    rooms = {"FOUNDRY_OUT": str(WORK / "lint" / "out"), "FOUNDRY_CACHE_PATH": str(WORK / "lint" / "cache")}
    _, output = bench.try_call("forge", "lint", "--json", "src", cwd=CONTRACTS, extra=rooms)
    found += solidity_findings.parse_lint(output)
    check("unexplained findings, or explanations of none", solidity_findings.find_complaints(found, answers))
    return f"{len(found)} findings, each answered"


def run_contract_coverage(bench: Workbench) -> str:
    report, tree = WORK / "lcov.info", WORK / "coverage"
    contract_coverage.make_tree(CONTRACTS, tree, ROOT / ".tools" / "bin" / "solc")
    command = contract_coverage.make_command(report)
    status, output = bench.try_call(*command, cwd=tree, extra={"FOUNDRY_PROFILE": "coverage"})
    if status != 0:
        raise StageFailed("the tests fail without the optimiser", tail(without_passes(output)))
    files = coverage_report.parse_lcov(report.read_text())
    check("the coverage report is not of the contracts", contract_coverage.find_untold(CONTRACTS, set(files)))
    total = coverage_report.sum_files(files.values())
    note = f"lines {total.lines.percent:.1f} %, branches {total.branches.percent:.1f} %"
    if min(total.lines.percent, total.branches.percent) < CONTRACT_COVERAGE_FLOOR:
        raise StageFailed(f"{note}; the floor is {CONTRACT_COVERAGE_FLOOR:.0f} %", coverage_report.format_worst(files))
    return note


def run_snapshots(bench: Workbench) -> str:
    directory = CONTRACTS / "snapshots"
    sizes = snapshots.compute_sizes(ARTIFACTS)
    if not bench.gas_measured:  # --only snapshots: measure first
        run_forge(bench)
    measured = snapshots.read_groups(WORK / "gas") | {"sizes": sizes}
    if bench.update_snapshots:
        return snapshots.write_groups(measured, directory)
    check("gas or size changed", snapshots.compare(snapshots.read_groups(directory), measured))
    check("a contract is too large", snapshots.find_oversized(sizes))
    return f"{sum(map(len, measured.values()))} values within {snapshots.TOLERANCE_PERCENT} %"


def run_defences(bench: Workbench) -> str:
    """All patches apply, and one defence by commit is missed by exactly its test; `scripts/prove-defences` does all."""
    printed = bench.call(str(ROOT / "scripts" / "prove-defences"), "--ci")
    return printed.strip().splitlines()[-2].removeprefix("ok").strip()


# ------------------------------------------------------------------------------------------------------------ pytest
def run_pytest(bench: Workbench) -> str:
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "worksteal", "--cov", "--cov-report="]
    status, output = bench.try_call(*command, "--durations=10", "--durations-min=5", extra={"HYPOTHESIS_PROFILE": "ci"})
    closing = output.rstrip().splitlines()[-1] if output.strip() else ""
    counts = Counts(*(sum(map(int, re.findall(rf"(\d+) {word}", closing))) for word in ("passed", "(?:failed|error)")))
    bench.counts.append(counts)
    if status != 0:
        raise StageFailed(f"{counts.passed} passed, {counts.failed} failed", tail(output))
    slowest = [line for line in output.splitlines() if re.match(r"\s*\d+\.\d+s (call|setup|teardown)", line)]
    print("\n".join([*slowest, closing]), flush=True)
    return closing.strip("= ")


def run_python_coverage(bench: Workbench) -> str:
    report = WORK / "coverage.json"
    bench.call("coverage", "json", "--quiet", "-o", str(report))
    total, files = coverage_report.parse_python(report.read_text())
    note = f"{total.percent:.1f} % of lines and branches, {total.branches.percent:.1f} % of branches alone"
    if total.percent < PYTHON_COVERAGE_FLOOR:
        raise StageFailed(f"{note}; the floor is {PYTHON_COVERAGE_FLOOR:.0f} %", coverage_report.format_worst(files))
    return note


# A compilation takes one core, and a fifth of pytest's time is spent in waiting for chains.
# What only reads sources takes what is left.
STAGES = (
    Stage("artifacts", "forge makes the committed artifacts to the last byte", run_artifacts, "shipped"),
    Stage("forge", "contract tests: unit, fuzz, invariant", run_forge, "shipped"),
    Stage("snapshots", "gas and size of the contracts", run_snapshots, "shipped"),
    Stage("defences", "one defence removed: its attack, and no other, comes through", run_defences, "shipped"),
    Stage("lint", "ruff check, ruff format", run_lint, SPARE),
    Stage("types", "mypy --strict", run_types, SPARE),
    Stage("layers", "import-linter", run_layers, SPARE),
    Stage("fmt", "forge fmt", run_solidity_format, SPARE),
    Stage("slither", "slither and forge lint: every finding is answered", run_findings, SPARE),
    Stage("contracts", "coverage of the contracts", run_contract_coverage, SPARE),
    Stage("pytest", "Python tests, on two cores", run_pytest),
    Stage("coverage", "coverage of the Python packages", run_python_coverage),
)
