"""Proves the contracts' invariants for all inputs at once, with halmos, and shows what each proof took.

The proofs are the functions check_* of contracts/test/symbolic; what bounds each of them is said there. halmos comes
into an environment of its own when it is first asked for.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from side_environment import EnvironmentFailed, ensure_environment

ROOT = Path(__file__).resolve().parents[2]
CONTRACTS = ROOT / "contracts"
SYMBOLIC = CONTRACTS / "test" / "symbolic"

LOOPS = 66  # every loop of a proof ends before: 64 seats are the most
SOLVER = "600s"  # for one question to the solver
LIMIT = 60 * 60  # [seconds] for all


class ProofFailed(Exception):
    """halmos did not run; the message is what it printed."""


@dataclass(frozen=True)
class Proof:
    """What became of one check."""

    contract: str
    name: str
    is_proven: bool
    paths: int
    seconds: float


def find_checks() -> set[tuple[str, str]]:
    """(contract, check) of every proof that there is."""
    found = set()
    for path in SYMBOLIC.glob("*.t.sol"):
        text = path.read_text()
        contracts = re.findall(r"^contract (\w+Proofs)\b", text, re.MULTILINE)
        found |= {(contracts[-1], check) for check in re.findall(r"function (check_\w+)\(", text)}
    return found


def parse_report(report: dict[str, Any]) -> list[Proof]:
    """The proofs in halmos' JSON report."""
    proofs = []
    for source, results in report["test_results"].items():
        contract = source.rpartition(":")[2]
        for result in results:
            total, _, _ = result["num_paths"] or (0, 0, 0)
            name, seconds = result["name"].partition("(")[0], (result["time"] or [0.0])[0]
            proofs.append(Proof(contract, name, result["exitcode"] == 0, total, seconds))
    return sorted(proofs, key=lambda proof: (proof.name, proof.contract))


def run_halmos(match: str) -> list[Proof]:
    """Every proof whose contract and name, joined by a dot, match. Raises: ProofFailed, EnvironmentFailed."""
    program = ensure_environment("halmos") / "halmos"
    path = os.pathsep.join([str(program.parent), str(ROOT / ".tools" / "bin"), os.environ["PATH"]])
    chosen = {(contract, check) for contract, check in find_checks() if re.search(match, f"{contract}.{check}")}
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [str(program), "--root", ".", "--forge-build-out", "cache/symbolic/out", "--no-status"]
        command += ["--match-contract", f"^({'|'.join(sorted({contract for contract, _ in chosen}))})$"]
        command += ["--match-test", f"^({'|'.join(sorted({check for _, check in chosen}))})\\("]
        command += ["--loop", str(LOOPS), "--solver-timeout-assertion", SOLVER, "--json-output", str(report)]
        done = subprocess.run(
            command,
            check=False,
            cwd=CONTRACTS,
            env=os.environ | {"PATH": path, "FOUNDRY_PROFILE": "symbolic", "NO_COLOR": "1"},
            capture_output=True,
            text=True,
            timeout=LIMIT,
        )
        if not report.exists():
            raise ProofFailed(done.stdout + done.stderr)
        proofs = parse_report(json.loads(report.read_text()))
    missing = chosen - {(proof.contract, proof.name) for proof in proofs}
    return [*proofs, *(Proof(contract, name, False, 0, 0.0) for contract, name in sorted(missing))]


def format_table(proofs: list[Proof]) -> str:
    """One line a proof."""
    rows = [f"{'proof':<58} {'paths':>6} {'seconds':>8}  result"]
    for proof in proofs:
        verdict = "proven" if proof.is_proven else "NOT PROVEN"
        rows.append(f"{proof.contract + '.' + proof.name:<58} {proof.paths:>6} {proof.seconds:>8.1f}  {verdict}")
    return "\n".join(rows)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="prove", description=__doc__, epilog="example: scripts/prove Ledger")
    parser.add_argument("match", nargs="?", default="", help="a regular expression; proofs whose Contract.check has it")
    parser.add_argument("--json", action="store_true", help="one object instead of a table")
    asked = parser.parse_args(arguments)
    if not any(re.search(asked.match, f"{contract}.{check}") for contract, check in find_checks()):
        print(f"prove: error: no proof matches {asked.match!r}", file=sys.stderr)
        return 2
    try:
        proofs = run_halmos(asked.match)
    except (ProofFailed, EnvironmentFailed) as e:
        print(f"prove: error: {e}", file=sys.stderr)
        return 3
    ok = all(proof.is_proven for proof in proofs)
    if asked.json:
        rows = [vars(proof) for proof in proofs]
        print(json.dumps({"schema": "custodes.proofs/1", "ok": ok, "proofs": rows}))
    else:
        print(format_table(proofs))
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
