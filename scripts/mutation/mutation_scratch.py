"""A copy of the tests beside empty contracts, whose code is put there by hand: forge then compiles nothing at all.

The tests deploy what they test from its artifact (vm.getCode), so that another mutant is another text in a JSON file.
"""

from __future__ import annotations

import json
import os
import re
import resource
import shlex
import shutil
import signal
import subprocess
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from solidity_input import get_profile

PATIENCE = 120  # [seconds of a processor] for one group of tests: a mutant that loops is noticed
PATIENCE_AT_ALL = 1800.0  # [seconds] on a machine that does other things as well
SLOWEST = "invariant"  # a room of tests that is entered last
GAS = 20_000_000_000  # of a test: a mutant that loops ends by itself, after seconds
LEFT_OUT = ("symbolic",)  # halmos's
# forge asks for the version whenever it starts; where the compiler runs on node, that takes longer than many tests.
QUICK_TO_NAME = """#!/bin/sh
if [ "$*" = --version ]; then
cat <<'END'
{version}END
else
exec {solc} "$@"
fi
"""
STUB = "// SPDX-License-Identifier: Apache-2.0\npragma solidity 0.8.37;\ncontract {name} {{}}\n"
PROFILE = """[profile.default]
src = "src"
test = "test"
out = "out"
libs = ["node_modules"]
auto_detect_remappings = false
remappings = {remappings}
solc = "{solc}"
auto_detect_solc = false
evm_version = "{evm_version}"
optimizer = false
bytecode_hash = "none"
cbor_metadata = false
offline = true
fs_permissions = []
gas_snapshot_emit = false
gas_limit = {gas}

[profile.default.fuzz]
runs = 16
seed = "0x637573746f646573"
max_test_rejects = 65536

[profile.default.invariant]
runs = 6
depth = 48
fail_on_revert = false
shrink_run_limit = 0
"""


class TestsFail(Exception):
    """The tests fail on the contracts as they are, or the scratch directory cannot be built."""


@dataclass
class Scratch:
    """One worker's directory."""

    directory: Path
    forge: Path

    @classmethod
    def make(cls, contracts: Path, directory: Path, names: Sequence[str], tools: Path) -> Scratch:
        """Built, with empty contracts of these names. Raises: TestsFail."""
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        for room in ("src", "test"):
            shutil.copytree(contracts / room, directory / room, ignore=shutil.ignore_patterns(*LEFT_OUT))
        (directory / "node_modules").symlink_to((contracts / "node_modules").resolve())
        for name in names:
            (directory / "src" / f"{name}.sol").write_text(STUB.format(name=name))
        profile = get_profile(contracts)
        settings = PROFILE.format(
            remappings=json.dumps(profile["remappings"]),
            solc=_name_compiler(directory, tools / "solc"),
            evm_version=profile["evm_version"],
            gas=GAS,
        )
        others = tomllib.loads((contracts / "foundry.toml").read_text())["profile"].keys() - {"default"}
        settings += "".join(f"\n[profile.{name}]\n" for name in sorted(others))  # inline settings name them
        (directory / "foundry.toml").write_text(settings)
        scratch = cls(directory, tools / "forge")
        status, output = scratch.call("build")
        if status != 0:
            raise TestsFail(output)
        return scratch

    def copy(self, directory: Path) -> Scratch:
        """Another worker's, built as this one is."""
        shutil.rmtree(directory, ignore_errors=True)
        shutil.copytree(self.directory, directory, symlinks=True)
        return Scratch(directory, self.forge)

    def put(self, code: Mapping[str, str]) -> None:
        """The tests deploy this creation code (hex) for those contracts."""
        for name, hexadecimal in code.items():
            path = self.directory / "out" / f"{name}.sol" / f"{name}.json"
            artifact = json.loads(path.read_bytes())
            artifact["bytecode"]["object"] = f"0x{hexadecimal}"
            path.write_text(json.dumps(artifact))

    def rooms(self) -> list[str]:
        """The directories of tests, quick ones first."""
        found = sorted(path.name for path in (self.directory / "test").iterdir() if any(path.glob("*.t.sol")))
        return [room for room in found if room != SLOWEST] + [room for room in found if room == SLOWEST]

    def find_failure(self, rooms: Sequence[str]) -> str | None:
        """The first test in these rooms that fails; None if all pass."""
        which = rooms[0] if len(rooms) == 1 else "{" + ",".join(rooms) + "}"
        return self._find_failure(["--match-path", f"test/{which}/*"])

    def find_failure_of(self, tests: Sequence[str]) -> str | None:
        """The first of these tests that fails, wherever it stands; None if all pass."""
        return self._find_failure(["--match-test", f"^({'|'.join(tests)})\\("]) if tests else None

    def find_direct_failure(self, source: str, text: str) -> str | None:
        """The first test that fails when it imports this text for the source: tests of libraries on their own."""
        path = self.directory / source
        name = Path(source).stem
        tests = [test for test in (self.directory / "test").rglob("*.sol") if f"/{name}.sol" in test.read_text()]
        if not tests:
            return None
        kept = path.read_text()
        names = {
            contract
            for test in tests
            for contract in re.findall(r"^(?:abstract )?contract (\w+)", test.read_text(), re.MULTILINE)
        }
        try:
            path.write_text(text)
            return self._find_failure(["--match-contract", f"^({'|'.join(sorted(names))})$"])
        finally:
            path.write_text(kept)

    def _find_failure(self, which: Sequence[str]) -> str | None:
        status, output = self.call("test", "-j", "1", "--fail-fast", "--no-match-test", "_costs", *which)
        if status == 0:
            return None
        failed = re.search(r"^\[FAIL[^\n]*?\] (\w+)\(|^\[FAIL[^\n]*\] (\w+)|^ (invariant_\w+)\(", output, re.MULTILINE)
        if failed is None:
            return "timeout" if status < 0 else f"forge exited {status}: {output[-200:]}"
        return failed[1] or failed[2] or failed[3]

    def call(self, *arguments: str) -> tuple[int, str]:
        """Exit status, negative after the patience has ended, and output."""
        environment = {**os.environ, "NO_COLOR": "1", "FOUNDRY_PROFILE": "default"}
        process = subprocess.Popen(
            [str(self.forge), *arguments],
            cwd=self.directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        if arguments[0] == "test":
            resource.prlimit(process.pid, resource.RLIMIT_CPU, (PATIENCE, PATIENCE))
        try:
            output, _ = process.communicate(timeout=PATIENCE_AT_ALL)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            output, _ = process.communicate()
        return process.returncode, output


def _name_compiler(directory: Path, solc: Path) -> Path:
    """That compiler, which names its version at once."""
    version = subprocess.run([str(solc), "--version"], capture_output=True, text=True, check=True).stdout
    path = directory / "solc"
    path.write_text(QUICK_TO_NAME.format(version=version, solc=shlex.quote(str(solc))))
    path.chmod(0o755)
    return path
