"""slither over the contracts: the compiler makes syntax trees alone, and slither reads them as a build of forge's.

By itself slither would have everything compiled anew, for a minute; its detectors never look at the bytecode.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from side_environment import ensure_environment
from solidity_input import compute_settings, get_profile, get_sources

EMPTY_CODE = {"object": "", "sourceMap": ""}


class SlitherFailed(Exception):
    """slither or the compiler printed no report."""


def write_build_info(contracts: Path, directory: Path, environment: Mapping[str, str]) -> None:
    """The directory holds one build of all sources, with their syntax trees. Raises: SlitherFailed, SourceMissing."""
    profile = get_profile(contracts)
    asked = {
        "language": "Solidity",
        "sources": get_sources(contracts, profile),
        "settings": compute_settings(profile, {"*": {"*": ["abi"], "": ["ast"]}}),
    }
    output = json.loads(_call(["solc", "--standard-json"], contracts, environment, json.dumps(asked)))
    if "contracts" not in output:
        raise SlitherFailed("\n".join(error["formattedMessage"] for error in output.get("errors", [])))
    units: list[dict[str, Any]] = [unit for by_name in output["contracts"].values() for unit in by_name.values()]
    for unit in units:
        unit["evm"] = {"bytecode": EMPTY_CODE, "deployedBytecode": EMPTY_CODE}
    version = re.search(r"Version: (\d+\.\d+\.\d+)", _call(["solc", "--version"], contracts, environment))
    directory.mkdir(parents=True, exist_ok=True)
    build = {"solcVersion": version[1] if version else "", "input": asked, "output": output}
    (directory / "contracts.json").write_text(json.dumps(build))


def run_slither(contracts: Path, work: Path, environment: Mapping[str, str]) -> str:
    """slither's report as JSON. Raises: SlitherFailed, SourceMissing, EnvironmentFailed."""
    program = ensure_environment("slither") / "slither"
    build = work / "slither"
    write_build_info(contracts, build, environment)
    command = [str(program), ".", "--ignore-compile", "--foundry-build-info-directory", str(build), "--json", "-"]
    command += ["--exclude-low", "--exclude-informational", "--exclude-optimization"]
    return _call(command, contracts, environment)


def _call(command: list[str], cwd: Path, environment: Mapping[str, str], given: str = "") -> str:
    done = subprocess.run(
        command, cwd=cwd, env=dict(environment), input=given, capture_output=True, text=True, check=False, timeout=600
    )
    if not done.stdout.strip():  # slither's exit status counts its findings
        raise SlitherFailed(done.stderr.strip() or f"{Path(command[0]).name} exited {done.returncode}")
    return done.stdout
