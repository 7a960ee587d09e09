"""The compiler's input says what foundry.toml says, and holds every source that is reached."""

from __future__ import annotations

from pathlib import Path

import pytest

from solidity_input import SourceMissing, compute_settings, find_imports, get_profile, get_sources, resolve_import

ROOT = Path(__file__).resolve().parents[3]
REMAPPINGS = ["@openzeppelin/contracts/=node_modules/@openzeppelin/contracts/", "@openzeppelin/=elsewhere/"]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('import "./A.sol";', ["./A.sol"]),
        ("import {A, B as C} from '../x/A.sol';", ["../x/A.sol"]),
        ('import * as A from "a/A.sol";', ["a/A.sol"]),
        ('import {\n  A,\n  B\n} from "A.sol";', ["A.sol"]),
        ('import "A.sol"; import "B.sol";\nimport "C.sol";', ["A.sol", "B.sol", "C.sol"]),
        ('import "A.sol" as A;', ["A.sol"]),
        ('// import "A.sol";', []),
        ('/* import "A.sol"; */ contract C {}', []),
        ('/** @dev see\nimport "A.sol";\n*/', []),
        ('import "http://a//b.sol";', ["http://a//b.sol"]),
        ('contract C { string s = "/*"; }\nimport "A.sol"; /* */', ["A.sol"]),
        ("contract importer {}", []),
    ],
)
def test_find_imports_sees_statements_and_not_comments(source: str, expected: list[str]) -> None:
    assert find_imports(source) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("./B.sol", "src/libraries/B.sol"),
        ("../types/T.sol", "src/types/T.sol"),
        ("../../lib/../L.sol", "L.sol"),
        ("@openzeppelin/contracts/utils/X.sol", "node_modules/@openzeppelin/contracts/utils/X.sol"),
        ("@openzeppelin/other/X.sol", "elsewhere/other/X.sol"),
        ("plain/P.sol", "plain/P.sol"),
    ],
)
def test_resolve_import_follows_the_longest_remapping_and_the_importer(path: str, expected: str) -> None:
    assert resolve_import(path, "src/libraries/A.sol", REMAPPINGS) == expected


def test_sources_raise_when_an_import_does_not_exist(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "A.sol").write_text('import "./Absent.sol";')
    with pytest.raises(SourceMissing, match=r"src/Absent\.sol"):
        get_sources(tmp_path, {"src": "src", "remappings": []})


def test_settings_are_those_of_the_design() -> None:
    settings = compute_settings(get_profile(ROOT / "contracts"), {})
    assert settings["evmVersion"] == "prague"
    assert settings["viaIR"] is True
    assert settings["optimizer"]["enabled"] is True
    assert settings["metadata"] == {"useLiteralContent": True, "bytecodeHash": "ipfs", "appendCBOR": True}
