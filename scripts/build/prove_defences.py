"""Removes each defence in a copy of the tree and requires exactly the test that its patch names to fail.

The copy, with the compiler's cache, is kept in .cache/defences: a second run compiles what a patch changes, no more.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from defences import (
    PATCHES,
    ROOT,
    Defence,
    Results,
    choose_one,
    judge_intact,
    judge_removed,
    parse_forge,
    parse_junit,
    read_defences,
)

COPIED = ("contracts", "governance", "oracle", "inference", "tests", "scripts", "pyproject.toml", "README.md")
BUILT = ("out", "cache")  # forge's, kept beside the tree as they are while every defence stands
LOOSELY = ("--unidiff-zero", "--whitespace=nowarn")  # the lines that a patch removes are enough to find its place
LIMIT = 15 * 60  # seconds for one suite


def _link(place: Path, target: Path) -> None:
    """The link is there and leads to that target, whatever tree the copy was made of before."""
    if place.is_symlink() and place.readlink() == target:
        return
    place.unlink(missing_ok=True)
    place.symlink_to(target)


class Scratch:
    """A copy of the tree in which defences are removed; the tree itself is never touched."""

    def __init__(self, place: Path) -> None:
        self.tree = place / "tree"
        self.built = place / "built"
        self._environment = os.environ | {
            "PATH": os.pathsep.join([str(ROOT / ".venv" / "bin"), str(ROOT / ".tools" / "bin"), os.environ["PATH"]]),
            "PYTHONPATH": str(self.tree),  # before the editable install, which is of the real tree
            "GIT_CEILING_DIRECTORIES": str(self.tree.parent),  # git apply must not look for a repository above
            "NO_COLOR": "1",
            "HYPOTHESIS_PROFILE": "ci",
        }

    def copy(self) -> None:
        """The copy is what is tracked or new in the tree, and nothing else but what the compiler made of it."""
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *COPIED],
            cwd=ROOT, capture_output=True, check=True,
        ).stdout  # fmt: skip
        wanted = {name for name in listed.decode().split("\0") if name and (ROOT / name).is_file()}
        for name in wanted:
            self._restore(name)
        for folder in COPIED:
            for path in (self.tree / folder).rglob("*"):
                name = str(path.relative_to(self.tree))
                generated = {"node_modules", "__pycache__", *BUILT} & set(path.relative_to(self.tree).parts)
                if path.is_file() and not generated and name not in wanted:
                    path.unlink()
        self._link_tools()

    def _restore(self, name: str) -> None:
        source, target = ROOT / name, self.tree / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.is_file() or target.read_bytes() != source.read_bytes():
            shutil.copy2(source, target)

    def _link_tools(self) -> None:
        # A directory of links, not a link to the directory: forge's cache notes where its libraries really are.
        modules = self.tree / "contracts" / "node_modules"
        modules.mkdir(exist_ok=True)
        for entry in (ROOT / "contracts" / "node_modules").iterdir():
            _link(modules / entry.name, entry)
        for name in (".tools", ".cache"):
            if (ROOT / name).exists():
                _link(self.tree / name, ROOT / name)

    def load_build(self) -> None:
        """The compiler's cache is that of the tree with every defence; the first time, what the tree itself has."""
        origin = self.built if (self.built / "cache").is_dir() else ROOT / "contracts"
        for name in BUILT:
            shutil.rmtree(self.tree / "contracts" / name, ignore_errors=True)
            if (origin / name).is_dir():
                shutil.copytree(origin / name, self.tree / "contracts" / name)

    def keep_build(self) -> None:
        for name in BUILT:
            shutil.rmtree(self.built / name, ignore_errors=True)
            shutil.copytree(self.tree / "contracts" / name, self.built / name)

    def apply(self, defence: Defence) -> list[str]:
        """The defence is gone from the copy, or a complaint says why not."""
        done = subprocess.run(
            ["git", "apply", *LOOSELY, str(defence.path)], check=False,
            cwd=self.tree, env=self._environment, capture_output=True, text=True,
        )  # fmt: skip
        return [f"the patch does not apply: {done.stderr.strip()}"] if done.returncode else []

    def undo(self, defence: Defence) -> None:
        for name in defence.files:
            self._restore(name)

    def run_suite(self, suite: str) -> tuple[Results | None, str]:
        """What the suite said in the copy, and all that was printed."""
        if suite.startswith("contracts/"):
            inside = suite.removeprefix("contracts/")
            pattern = inside if inside.endswith(".sol") else f"{inside.rstrip('/')}/**"
            printed = self._call(["forge", "test", "--json", "--match-path", pattern], self.tree / "contracts")
            return parse_forge(printed), printed
        report = self.tree.parent / "report.xml"
        report.unlink(missing_ok=True)
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--junitxml", str(report), suite]
        printed = self._call(command, self.tree)
        return (parse_junit(report.read_text()) if report.is_file() else None), printed

    def _call(self, command: Sequence[str], folder: Path) -> str:
        done = subprocess.run(
            command,
            check=False,
            cwd=folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=LIMIT,
        )
        return done.stdout


def find_stale(defences: Sequence[Defence]) -> list[str]:
    """Complaints about patches that do not apply to the tree any more."""
    stale = []
    for defence in defences:
        command = ["git", "apply", "--check", *LOOSELY, str(defence.path)]
        done = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True)
        if done.returncode:
            stale.append(f"{defence.name}: {done.stderr.strip()}")
    return stale


def prove(defences: Sequence[Defence], scratch: Scratch) -> dict[str, list[str]]:
    """Complaints by defence; none where removing it breaks exactly the test that it names."""
    scratch.copy()
    scratch.load_build()
    intact = {suite: scratch.run_suite(suite) for suite in sorted({defence.suite for defence in defences})}
    if any(defence.is_forge for defence in defences):
        scratch.keep_build()
    complaints: dict[str, list[str]] = {}
    for defence in defences:
        started = time.monotonic()
        results, printed = intact[defence.suite]
        found = judge_intact(defence, results) or scratch.apply(defence)
        if not found:
            results, printed = scratch.run_suite(defence.suite)
            found = judge_removed(defence, results)
            scratch.undo(defence)
            if defence.is_forge:
                scratch.load_build()
        if results is None:
            found = [*found, printed[-2000:]]
        complaints[defence.name] = found
        verdict = "FAILED" if found else "ok"
        print(f"{verdict:<7}{defence.name}: {defence.fails} ({time.monotonic() - started:.0f} s)", flush=True)
        print("".join(f"       {line}\n" for line in found), end="", flush=True)
    return complaints


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="prove-defences",
        description=__doc__,
        epilog="example: scripts/prove-defences expected-parent commitment-first",
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="defences; all, if none is named")
    parser.add_argument("--ci", action="store_true", help="that all patches apply, and one quick defence by commit")
    parser.add_argument("--list", action="store_true", help="what there is, as one table")
    parser.add_argument("--json", action="store_true", help="the complaints, as one object on the last line")
    parser.add_argument("--scratch", type=Path, default=ROOT / ".cache" / "defences", metavar="DIR")
    asked = parser.parse_args(arguments)

    defences = read_defences()
    unknown = set(asked.names) - {defence.name for defence in defences}
    if unknown:
        print(
            f"prove-defences: error: {PATCHES.relative_to(ROOT)} has no {', '.join(sorted(unknown))}", file=sys.stderr
        )
        return 2
    if asked.list:
        print("\n".join(f"{defence.name:<28} {defence.rule:<18} {defence.defence}" for defence in defences))
        return 0
    stale = find_stale(defences)
    if stale:
        print("\n".join(stale), file=sys.stderr)
        return 1
    chosen = [defence for defence in defences if not asked.names or defence.name in asked.names]
    if asked.ci:
        asking = ["git", "rev-parse", "HEAD"]
        head = subprocess.run(asking, check=True, cwd=ROOT, capture_output=True, text=True).stdout.strip()
        chosen = [choose_one(chosen, head)]
    complaints = prove(chosen, Scratch(asked.scratch.absolute()))
    kept = sum(not found for found in complaints.values())
    if asked.json:
        print(json.dumps({"schema": "custodes.defences/1", "ok": kept == len(chosen), "complaints": complaints}))
    else:
        print(f"{kept} of {len(chosen)} defences are missed by exactly their test; all {len(defences)} patches apply")
    return 0 if kept == len(chosen) else 1


if __name__ == "__main__":
    sys.exit(main())
