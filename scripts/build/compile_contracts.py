"""The contracts' artifacts: what a member needs to deploy, call, decode and verify them without a compiler.

Written to governance/ledger/artifacts, committed, and compared byte for byte by CI (`--check`), because the wheel
carries them and nobody who installs it has the compiler. `--from-forge` takes what forge made of the same sources by
the same settings (after forge build) instead of compiling with py-solc-x: it has to be the same to the last byte.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from solidity_input import SourceMissing, compute_inputs

ROOT = Path(__file__).resolve().parents[2]
CONTRACTS = ROOT / "contracts"
ARTIFACTS = ROOT / "governance" / "ledger" / "artifacts"

NAMES = ("Seats", "Council", "Constraints", "Releases", "Brake", "Committee")
SHARED = "Shared"  # errors and events of libraries, types and interfaces that no contract's own ABI mentions

Json = dict[str, Any]


class CompileError(Exception):
    """The compiler refuses, or warns; the message is the compiler's."""


def run_compiler(standard_input: Json) -> Json:
    """The compiler's contracts by source and name. Raises: CompileError, for warnings too, but those of a library."""
    import solcx
    from solcx.exceptions import SolcError

    from governance.chain.tools import find_tool

    try:
        output: Json = solcx.compile_standard(standard_input, solc_binary=find_tool("solc"), allow_empty=True)
    except SolcError as e:
        raise CompileError(e.message) from e
    complaints = [error["formattedMessage"] for error in output.get("errors", []) if _is_complaint(error)]
    if complaints:
        raise CompileError("\n".join(complaints))
    contracts: Json = output.get("contracts", {})
    return contracts


def _is_complaint(error: Json) -> bool:
    where = (error.get("sourceLocation") or {}).get("file", "")
    return error["severity"] == "error" or (error["severity"] == "warning" and not where.startswith("node_modules/"))


def compile_all(contracts: Path) -> Json:
    """The ABI of every unit, and everything of the named contracts, by source and name.

    Raises: CompileError, SourceMissing.
    """
    abis, *inputs = compute_inputs(contracts, NAMES)
    units = run_compiler(abis)  # first and alone: an error in a source is said once
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for output in pool.map(run_compiler, inputs):
            for source, by_name in output.items():
                units[source] = units.get(source, {}) | by_name
    return units


def read_forge_output(out: Path) -> Json:
    """The units that forge compiled, in the form of the compiler's output. Raises: CompileError.

    From the metadata, whose hash is in the bytecode, since forge sorts an ABI, and leaves documentation out.
    """
    units: Json = {}
    for path in sorted(out.glob("*.sol/*.json")):
        forged = json.loads(path.read_bytes())
        if "rawMetadata" not in forged:
            continue
        metadata = json.loads(forged["rawMetadata"])
        ((source, name),) = metadata["settings"]["compilationTarget"].items()
        code = {
            kind: forged[kind] | {"object": forged[kind]["object"].removeprefix("0x")}
            for kind in ("bytecode", "deployedBytecode")
        } | {"methodIdentifiers": forged["methodIdentifiers"]}
        described = {key: metadata["output"][key] for key in ("abi", "userdoc", "devdoc")}
        described |= {"metadata": forged["rawMetadata"], "storageLayout": forged["storageLayout"]}
        units.setdefault(source, {})[name] = described | {"evm": code}
    if not units:
        raise CompileError(f"forge has left nothing in {out.name} (forge build)")
    return units


def compute_artifact(source: str, name: str, unit: Json) -> Json:
    """One contract's artifact: a stable subset of the compiler's output, without its numbering of syntax nodes."""
    creation, runtime = unit["evm"]["bytecode"], unit["evm"]["deployedBytecode"]
    layout = unit["storageLayout"]
    return {
        "contractName": name,
        "sourceName": source,
        "abi": unit["abi"],
        "bytecode": {"object": "0x" + creation["object"], "linkReferences": creation["linkReferences"]},
        "deployedBytecode": {
            "object": "0x" + runtime["object"],
            "linkReferences": runtime["linkReferences"],
            "immutableReferences": runtime["immutableReferences"],
        },
        "metadata": unit["metadata"],
        "methodIdentifiers": unit["evm"]["methodIdentifiers"],
        "storageLayout": {
            "storage": [_without_node_id(variable) for variable in layout["storage"]],
            "types": {
                name: type_ | {"members": [_without_node_id(member) for member in type_["members"]]}
                if "members" in type_
                else type_
                for name, type_ in (layout["types"] or {}).items()
            },
        },
        "userdoc": unit["userdoc"],
        "devdoc": unit["devdoc"],
    }


def _without_node_id(variable: Json) -> Json:
    return {key: value for key, value in variable.items() if key != "astId"}


def compute_shared_abi(units: Json, contracts: list[Json]) -> list[Json]:
    """Errors and events that are declared somewhere under src and are missing in every contract's own ABI."""
    known = {_key(entry) for contract in contracts for entry in contract["abi"]}
    found: dict[str, Json] = {}
    for source, by_name in units.items():
        if not source.startswith("src/"):
            continue
        for unit in by_name.values():
            for entry in unit["abi"]:
                if entry["type"] in {"error", "event"} and _key(entry) not in known:
                    found[_key(entry)] = entry
    return [found[key] for key in sorted(found)]


def _key(entry: Json) -> str:
    inputs = ",".join(f"{parameter['type']}{parameter.get('indexed', '')}" for parameter in entry.get("inputs", []))
    return f"{entry['type']} {entry.get('name', '')}({inputs})"


def compute_artifacts(units: Json) -> tuple[dict[str, Json], list[str]]:
    """The artifacts by file stem, and the names of the contracts that have no source yet."""
    made: dict[str, Json] = {}
    for name in NAMES:
        source = f"src/{name}.sol"
        if name in units.get(source, {}):
            made[name] = compute_artifact(source, name, units[source][name])
    shared = compute_shared_abi(units, list(made.values()))
    missing = [name for name in NAMES if name not in made]
    return made | {SHARED: {"contractName": SHARED, "abi": shared}}, missing


def encode(artifact: Json) -> bytes:
    """Bytes that depend on the content alone: sorted keys, two spaces, one newline at the end."""
    return (json.dumps(artifact, sort_keys=True, indent=2, ensure_ascii=False) + "\n").encode()


def compare(artifacts: dict[str, Json], directory: Path) -> list[str]:
    """One line for each way in which the directory differs from the artifacts."""
    orphans = {path.stem for path in directory.glob("*.json")} - artifacts.keys()
    complaints = [f"{name}.json is committed, and no contract of that name is compiled" for name in sorted(orphans)]
    for name, artifact in artifacts.items():
        path = directory / f"{name}.json"
        if not path.exists():
            complaints.append(f"{name}.json is missing")
        elif path.read_bytes() != encode(artifact):
            old = json.loads(path.read_bytes())
            keys = sorted(key for key in old.keys() | artifact.keys() if old.get(key) != artifact.get(key))
            complaints.append(f"{name}.json differs in {', '.join(keys) or 'its formatting'}")
    return complaints


def write(artifacts: dict[str, Json], directory: Path) -> list[str]:
    """The directory holds these artifacts and no other; returns the names of the files that changed."""
    directory.mkdir(parents=True, exist_ok=True)
    changed = []
    for path in directory.glob("*.json"):
        if path.stem not in artifacts:
            path.unlink()
            changed.append(path.name)
    for name, artifact in artifacts.items():
        path, data = directory / f"{name}.json", encode(artifact)
        if not path.exists() or path.read_bytes() != data:
            path.write_bytes(data)
            changed.append(path.name)
    return sorted(changed)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="compile", description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the committed artifacts differ")
    parser.add_argument(
        "--from-forge", action="store_true", help="take what forge made, after forge build, instead of compiling"
    )
    parser.add_argument("--contracts", type=Path, default=CONTRACTS, help="directory with foundry.toml and src")
    parser.add_argument("--artifacts", type=Path, default=ARTIFACTS, help="directory of the artifacts")
    asked = parser.parse_args(arguments)
    try:
        units = read_forge_output(asked.contracts / "out") if asked.from_forge else compile_all(asked.contracts)
        artifacts, missing = compute_artifacts(units)
    except (CompileError, SourceMissing) as error:
        print(f"compile: error: {error}", file=sys.stderr)
        return 1
    complaints = []
    if asked.check:
        complaints += [f"{name} has no source" for name in missing]
        complaints += compare(artifacts, asked.artifacts)
    else:
        for changed in write(artifacts, asked.artifacts):
            print(f"compile: wrote {changed}")
        for name in missing:
            print(f"compile: {name} has no source yet")
    for complaint in complaints:
        print(f"compile: {complaint}", file=sys.stderr)
    if complaints:
        print("compile: hint: run scripts/compile and commit governance/ledger/artifacts", file=sys.stderr)
        return 1
    print(f"compile: {len(artifacts) - 1} contracts {'are as committed' if asked.check else 'are up to date'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
