"""The compiler's standard-JSON input, derived from contracts/foundry.toml and from the sources alone.

forge derives its own from the same file. Where the two agree on every setting that the metadata records (and source
names are among them), the bytecode is the same to the last byte of its metadata hash.

Source: Solidity documentation, "Compiler Input and Output JSON Description".
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

OUTPUTS = [
    "abi",
    "devdoc",
    "evm.bytecode.linkReferences",
    "evm.bytecode.object",
    "evm.deployedBytecode.immutableReferences",
    "evm.deployedBytecode.linkReferences",
    "evm.deployedBytecode.object",
    "evm.methodIdentifiers",
    "metadata",
    "storageLayout",
    "userdoc",
]
COMMENT_OR_STRING = re.compile(r"""//[^\n]*|/\*.*?\*/|("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')""", re.DOTALL)
IMPORT = re.compile(r"""(?<![\w$])import\b[^;"']*["']([^"']+)["'][^;]*;""")


class SourceMissing(Exception):
    """An import names a file that is not there."""


def get_profile(contracts: Path) -> dict[str, Any]:
    """The default profile of foundry.toml."""
    profile = tomllib.loads((contracts / "foundry.toml").read_text())["profile"]["default"]
    assert isinstance(profile, dict)
    return profile


def compute_settings(profile: dict[str, Any], selection: dict[str, dict[str, list[str]]]) -> dict[str, Any]:
    """The `settings` of the standard JSON that forge derives from the same profile; a selection changes no byte."""
    return {
        "remappings": sorted(profile["remappings"]),
        "optimizer": {"enabled": profile["optimizer"], "runs": profile["optimizer_runs"]},
        "metadata": {
            "useLiteralContent": profile["use_literal_content"],
            "bytecodeHash": profile["bytecode_hash"],
            "appendCBOR": profile["cbor_metadata"],
        },
        "evmVersion": profile["evm_version"],
        "viaIR": profile["via_ir"],
        "libraries": {},
        "outputSelection": selection,
    }


def find_imports(source: str) -> list[str]:
    """The paths that a source imports, as they are written; what stands in comments is not an import."""
    code = COMMENT_OR_STRING.sub(lambda match: match.group(1) or " ", source)
    return IMPORT.findall(code)


def resolve_import(path: str, importer: str, remappings: list[str]) -> str:
    """The source-unit name that the compiler gives to an import. Source: Solidity, "Import Path Resolution"."""
    if path.startswith(("./", "../")):
        parts: list[str] = list(PurePosixPath(importer).parent.parts)
        for part in PurePosixPath(path).parts:
            if part == "..":
                parts.pop()
            elif part != ".":
                parts.append(part)
        return "/".join(parts)
    fitting = [entry.split("=", 1) for entry in remappings if path.startswith(entry.split("=", 1)[0])]
    if not fitting:
        return path
    prefix, target = max(fitting, key=lambda pair: len(pair[0]))
    return target + path[len(prefix) :]


def _walk(contracts: Path, remappings: list[str], waiting: list[str]) -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        try:
            content = (contracts / name).read_text()
        except FileNotFoundError as e:
            raise SourceMissing(f"{name} is imported and does not exist (npm packages: scripts/setup)") from e
        yield name, content
        waiting.extend(resolve_import(path, name, remappings) for path in find_imports(content))


def get_sources(contracts: Path, profile: dict[str, Any]) -> dict[str, dict[str, str]]:
    """All files under src with everything that they import, by source-unit name, in order of name.

    Raises: SourceMissing.
    """
    roots = [path.relative_to(contracts).as_posix() for path in sorted((contracts / profile["src"]).rglob("*.sol"))]
    return {name: {"content": text} for name, text in sorted(_walk(contracts, profile["remappings"], roots))}


def compute_inputs(contracts: Path, names: Sequence[str]) -> list[dict[str, Any]]:
    """Standard-JSON inputs over the same sources: one for the ABI of everything, one for all of each named contract.

    Apart, because the compiler uses one core and most of its time on code. A name without a source has no input.
    Raises: SourceMissing.
    """
    profile = get_profile(contracts)
    sources = get_sources(contracts, profile)
    named = [(f"{profile['src']}/{name}.sol", name) for name in names]
    selections: list[dict[str, dict[str, list[str]]]] = [{"*": {"*": ["abi"]}}]
    selections += [{source: {name: OUTPUTS}} for source, name in named if source in sources]
    return [
        {"language": "Solidity", "sources": sources, "settings": compute_settings(profile, selection)}
        for selection in selections
    ]
