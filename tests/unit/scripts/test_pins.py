"""Every version that is installed is written down: in pyproject.toml what is asked, in constraints.txt what is got."""

from __future__ import annotations

import ast
import json
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[3]
TOOLS = ("anvil", "cast", "forge")
PIN = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)==([0-9][A-Za-z0-9.!]*)")


def get_project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def get_pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = {}
    for line in lines:
        if line and not line.startswith("#"):
            match = PIN.fullmatch(line)
            assert match, f"not an exact pin: {line!r}"
            name = canonicalize_name(match[1])
            assert name not in pins, f"{name} is pinned twice"
            pins[name] = match[2]
    return pins


def get_requirements() -> list[Requirement]:
    project = get_project()
    extras = project["project"]["optional-dependencies"].values()
    written = [*project["build-system"]["requires"], *project["project"]["dependencies"]]
    return [Requirement(text) for text in [*written, *(text for extra in extras for text in extra)]]


def walk_closure(requirements: list[Requirement]) -> Iterator[str]:
    """The names of all distributions that the requirements bring on this machine."""
    seen: set[tuple[str, str]] = set()
    waiting = [
        (canonicalize_name(requirement.name), extra)
        for requirement in requirements
        for extra in ["", *requirement.extras]
    ]
    while waiting:
        name, extra = waiting.pop()
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        yield name
        for text in metadata.requires(name) or []:
            needed = Requirement(text)
            if needed.marker is None or needed.marker.evaluate({"extra": extra}):
                waiting += [(canonicalize_name(needed.name), inner) for inner in ["", *needed.extras]]


def test_requirements_are_pinned_to_a_version_that_they_accept() -> None:
    pins = get_pins()
    for requirement in get_requirements():
        version = pins.get(canonicalize_name(requirement.name))
        assert version is not None, f"{requirement.name} is not in constraints.txt"
        assert requirement.specifier.contains(version), f"{requirement} refuses the pinned {version}"


def test_environments_of_their_own_are_pinned_exactly() -> None:
    files = sorted((ROOT / "scripts" / "build").glob("*.txt"))
    assert files
    for path in files:
        lines = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
        assert lines
        assert [line for line in lines if not PIN.fullmatch(line)] == []


def test_everything_that_the_requirements_bring_is_pinned() -> None:
    assert set(walk_closure(get_requirements())) <= get_pins().keys()


def test_installed_versions_are_the_pinned_ones() -> None:
    pins = get_pins()
    installed = {name: metadata.version(name).split("+")[0] for name in walk_closure(get_requirements())}
    assert installed == {name: pins[name] for name in installed}


def test_base_install_is_light() -> None:
    heavy = {"torch", "transformers", "safetensors", "py-solc-x", "numpy", "starlette", "uvicorn"}
    base = [Requirement(text) for text in get_project()["project"]["dependencies"]]
    assert not heavy & set(walk_closure(base))


def find_third_party(package: Path) -> set[str]:
    """The top-level names that a package's modules import and that are neither Python's nor ours."""
    found = set()
    for path in package.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module.split(".")[0])
    return found - sys.stdlib_module_names - {"governance", "oracle", "inference"}


@pytest.mark.parametrize(
    ("package", "extras"),
    [
        ("governance", ["explorer", "reviewer"]),
        ("oracle", ["oracle"]),
        ("inference", ["worker", "mpc"]),
    ],
)
def test_every_import_is_asked_for_by_name(package: str, extras: list[str]) -> None:
    project = get_project()["project"]
    asked = [*project["dependencies"], *(text for extra in extras for text in project["optional-dependencies"][extra])]
    names = {canonicalize_name(Requirement(text).name) for text in asked}
    owners = metadata.packages_distributions()
    imported = {canonicalize_name(owners[name][0]) for name in find_third_party(ROOT / package)}
    assert imported
    assert imported <= names


def test_torch_is_one_version_everywhere() -> None:
    required = next(str(r.specifier) for r in get_requirements() if r.name == "torch")
    script = (ROOT / "scripts" / "setup").read_text()
    assert required == f"=={get_pins()['torch']}"
    assert f"TORCH_VERSION={get_pins()['torch']}" in script


@pytest.mark.parametrize("section", ["dependencies", "devDependencies", "optionalDependencies"])
def test_npm_packages_are_exact_and_locked_without_an_address(section: str) -> None:
    package = json.loads((ROOT / "contracts" / "package.json").read_text())
    lock = json.loads((ROOT / "contracts" / "package-lock.json").read_text())["packages"]
    assert package[section]
    for name, version in package[section].items():
        assert lock[f"node_modules/{name}"]["version"] == version
        assert re.fullmatch(r"\d+\.\d+\.\d+", version)
    for name, entry in lock.items():
        if name:
            assert entry["integrity"].startswith("sha512-"), name
            assert "resolved" not in entry, name


def test_tools_of_setup_are_the_versions_of_the_lock() -> None:
    package = json.loads((ROOT / "contracts" / "package.json").read_text())
    script = (ROOT / "scripts" / "setup").read_text()
    foundry, solc = re.search(r"FOUNDRY_VERSION=(\S+) SOLC_VERSION=(\S+)", script).groups()  # type: ignore[union-attr]
    assert {package["optionalDependencies"][f"@foundry-rs/{name}-linux-amd64"] for name in TOOLS} == {foundry}
    assert package["devDependencies"]["solc"] == solc
