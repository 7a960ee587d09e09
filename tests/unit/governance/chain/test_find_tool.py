"""Finding native tools: the named one, the repository's, the one on PATH, in this order; never a wrapper for anvil."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from governance.chain import tools
from governance.chain.tools import ToolMissing, find_tool

ELF = b"\x7fELF"


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No tool can be found but those that a test places."""
    monkeypatch.setattr(tools, "TOOLS_DIRECTORY", tmp_path / "tools")
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    for name in ("ANVIL", "FORGE", "CAST", "SOLC"):
        monkeypatch.delenv(f"CUSTODES_{name}", raising=False)


def place(path: Path, content: bytes = ELF, mode: int = 0o755) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(mode)
    return path


def test_find_tool_raises_with_a_hint_when_nothing_is_installed() -> None:
    with pytest.raises(ToolMissing) as caught:
        find_tool("anvil")
    assert caught.value.exit_code == 3
    assert "scripts/setup" in caught.value.advice


def test_find_tool_raises_when_the_variable_names_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    place(tmp_path / "tools" / "solc")
    monkeypatch.setenv("CUSTODES_SOLC", str(tmp_path / "absent"))
    with pytest.raises(ToolMissing, match="CUSTODES_SOLC"):
        find_tool("solc")


def test_find_tool_raises_when_the_variable_names_a_wrapper_of_anvil(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CUSTODES_ANVIL", str(place(tmp_path / "anvil", b"#!/usr/bin/env node\n")))
    with pytest.raises(ToolMissing, match="a script"):
        find_tool("anvil")


def test_find_tool_passes_over_a_file_that_cannot_be_run(tmp_path: Path) -> None:
    place(tmp_path / "tools" / "cast", mode=0o644)
    expected = place(tmp_path / "path" / "cast")
    assert find_tool("cast") == expected


def test_find_tool_passes_over_a_wrapper_of_anvil_on_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    place(tmp_path / "path" / "anvil", b"#!/usr/bin/env node\n")
    expected = place(tmp_path / "later" / "anvil")
    monkeypatch.setenv("PATH", f"{tmp_path / 'path'}:{tmp_path / 'later'}")
    assert find_tool("anvil") == expected


def test_find_tool_accepts_a_script_for_solc(tmp_path: Path) -> None:
    expected = place(tmp_path / "tools" / "solc", b"#!/usr/bin/env node\n")
    assert find_tool("solc") == expected


def test_find_tool_prefers_the_variable_then_the_repository_then_path(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    on_path = place(tmp_path / "path" / "forge")
    assert find_tool("forge") == on_path
    in_repository = place(tmp_path / "tools" / "forge")
    assert find_tool("forge") == in_repository
    named = place(tmp_path / "named" / "forge")
    monkeypatch.setenv("CUSTODES_FORGE", str(named))
    assert find_tool("forge") == named


@pytest.mark.parametrize(
    ("name", "version"), [("anvil", "1.7.1"), ("forge", "1.7.1"), ("cast", "1.7.1"), ("solc", "0.8.37")]
)
def test_find_tool_finds_the_pinned_version_in_this_repository(
    monkeypatch: pytest.MonkeyPatch, name: tools.ToolName, version: str
) -> None:
    monkeypatch.undo()
    printed = subprocess.run([find_tool(name), "--version"], capture_output=True, text=True, check=True, timeout=60)
    assert version in printed.stdout
