"""Artifacts: the same bytes as forge makes, and any difference from what is committed is seen."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from compile_contracts import NAMES, compare, compute_shared_abi, encode, main, write
from governance.chain.tools import find_tool

ROOT = Path(__file__).resolve().parents[3]
CONTRACT = """// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ownership} from "./libraries/Ownership.sol";

/// @notice Holds a number.
contract NAME {
    struct Pair { uint128 left; uint128 right; }

    event Set(uint256 indexed value);

    uint256 public immutable floor;
    Pair public pair;

    constructor(uint256 floor_) {
        floor = floor_;
    }

    /// @notice The pair holds the value, which is not below the floor.
    function set(uint128 value) external {
        if (value < floor) revert Ownership.TooLow(value, floor);
        pair = Pair(value, value);
        emit Set(value);
    }
}
"""
LIBRARY = """// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

library Ownership {
    error TooLow(uint256 actual, uint256 required);
    error NeverUsed(address who);
}
"""


def make_project(root: Path) -> Path:
    """A small project with this repository's settings and all six names."""
    source = root / "contracts" / "src"
    (source / "libraries").mkdir(parents=True)
    (source / "libraries" / "Ownership.sol").write_text(LIBRARY)
    for name in NAMES:
        (source / f"{name}.sol").write_text(CONTRACT.replace("NAME", name))
    shutil.copy(ROOT / "contracts" / "foundry.toml", root / "contracts")
    (root / ".tools" / "bin").mkdir(parents=True)
    (root / ".tools" / "bin" / "solc").symlink_to(find_tool("solc"))
    return root


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_project(tmp_path)


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that forge and scripts/compile have both compiled; what is written is of the latter."""
    root = make_project(tmp_path_factory.mktemp("compiled"))
    build_with_forge(root)
    assert run(root) == 0
    return root


def build_with_forge(project: Path) -> None:
    subprocess.run([find_tool("forge"), "build"], cwd=project / "contracts", check=True, capture_output=True)


def run(project: Path, *arguments: str) -> int:
    return main(["--contracts", str(project / "contracts"), "--artifacts", str(project / "artifacts"), *arguments])


def read_artifacts(directory: Path) -> dict[str, dict[str, Any]]:
    return {path.stem: json.loads(path.read_bytes()) for path in directory.glob("*.json")}


def test_artifacts_carry_what_a_client_needs(compiled: Path) -> None:
    artifacts = read_artifacts(compiled / "artifacts")
    council, shared = artifacts["Council"], artifacts["Shared"]
    assert council["bytecode"]["object"].startswith("0x60")
    assert council["storageLayout"]["storage"][0]["label"] == "pair"
    assert "astId" not in json.dumps(council["storageLayout"])
    assert "set(uint128)" in council["methodIdentifiers"]
    assert any(entry["type"] == "error" and entry["name"] == "TooLow" for entry in council["abi"])
    assert len(council["deployedBytecode"]["immutableReferences"]) == 1
    assert [entry["name"] for entry in shared["abi"]] == ["NeverUsed"]


def test_forge_makes_the_same_artifacts_to_the_last_byte(compiled: Path) -> None:
    assert run(compiled, "--check", "--from-forge") == 0


def test_check_names_the_contract_that_forge_makes_otherwise(
    compiled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(compiled, tmp_path / "project", symlinks=True)
    project = tmp_path / "project"
    for name, before, after in (
        ("Seats", '\\"runs\\":200', '\\"runs\\":1'),
        ("Brake", '"object":"0x60', '"object":"0x61'),
    ):
        forged = project / "contracts" / "out" / f"{name}.sol" / f"{name}.json"
        text = forged.read_text()
        assert before in text
        forged.write_text(text.replace(before, after, 1))
    assert run(project, "--check", "--from-forge") == 1
    said = capsys.readouterr().err
    assert "Seats.json differs in metadata" in said
    assert "Brake.json differs in bytecode" in said


def test_artifacts_of_nothing_are_refused(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(project, "--check", "--from-forge") == 1
    assert "forge has left nothing in out" in capsys.readouterr().err


def test_compare_names_each_way_to_differ_from_what_is_committed(compiled: Path, tmp_path: Path) -> None:
    artifacts = read_artifacts(compiled / "artifacts")
    write(artifacts, tmp_path)
    assert compare(artifacts, tmp_path) == []
    brake = artifacts["Brake"] | {"bytecode": {"object": "0x00", "linkReferences": {}}}
    (tmp_path / "Brake.json").write_bytes(encode(brake))
    (tmp_path / "Seats.json").write_bytes(encode(artifacts["Seats"]) + b"\n")
    (tmp_path / "Council.json").unlink()
    (tmp_path / "Orphan.json").write_text("{}")
    assert sorted(compare(artifacts, tmp_path)) == [
        "Brake.json differs in bytecode",
        "Council.json is missing",
        "Orphan.json is committed, and no contract of that name is compiled",
        "Seats.json differs in its formatting",
    ]
    assert write(artifacts, tmp_path) == ["Brake.json", "Council.json", "Orphan.json", "Seats.json"]
    assert compare(artifacts, tmp_path) == []


def test_check_fails_when_a_contract_has_no_source(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in NAMES[1:]:
        (project / "contracts" / "src" / f"{name}.sol").unlink()
    assert run(project, "--check") == 1
    printed = capsys.readouterr().err
    assert "Committee has no source" in printed
    assert "Seats.json is missing" in printed
    assert not (project / "artifacts").exists()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("emit Set(value);", "emit Unknown(value);", "Undeclared identifier"),
        ("emit Set(value);", "emit Set(value); uint256 unused = 1;", "Unused local variable"),
        ("./libraries/Ownership.sol", "./libraries/Absent.sol", "src/libraries/Absent.sol is imported"),
    ],
)
def test_compile_fails_on_an_error_a_warning_and_a_missing_import(
    project: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, said: str
) -> None:
    for name in NAMES[1:]:
        (project / "contracts" / "src" / f"{name}.sol").unlink()
    (project / "contracts" / "src" / "Seats.sol").write_text(CONTRACT.replace("NAME", "Seats").replace(old, new))
    assert run(project) == 1
    assert said in capsys.readouterr().err
    assert not (project / "artifacts").exists()


def test_shared_abi_leaves_out_what_a_contract_has_and_what_is_not_ours() -> None:
    def error(name: str) -> dict[str, object]:
        return {"type": "error", "name": name, "inputs": []}

    units = {
        "src/A.sol": {"A": {"abi": [error("Known"), error("Ours"), {"type": "function", "name": "f"}]}},
        "node_modules/B.sol": {"B": {"abi": [error("Theirs")]}},
    }
    assert compute_shared_abi(units, [{"abi": [error("Known")]}]) == [error("Ours")]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["--no-such-option"], "unknown option --no-such-option"), ([], "nothing to do")],
)
def test_packaged_compiler_refuses_what_it_does_not_understand(arguments: list[str], said: str) -> None:
    wrapper = ROOT / "contracts" / "solc-standard-json.js"
    done = subprocess.run(
        [str(wrapper), *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert said in done.stderr


def test_packaged_compiler_accepts_the_flags_of_forge_and_a_file(tmp_path: Path) -> None:
    wrapper = ROOT / "contracts" / "solc-standard-json.js"
    asked = tmp_path / "input.json"
    asked.write_text(json.dumps({"language": "Solidity", "sources": {"A.sol": {"content": LIBRARY}}, "settings": {}}))
    command = [str(wrapper), "--standard-json", "--base-path", str(tmp_path), "--allow-paths=.", str(asked)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True)
    assert "A.sol" in json.loads(done.stdout)["sources"]
