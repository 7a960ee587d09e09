"""What is committed runs on any machine, and names none."""

from __future__ import annotations

import re
import subprocess
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
COMMANDS = [
    ".ci/run",
    "scripts/setup",
    "scripts/test",
    "scripts/compile",
    "scripts/fetch-model",
    "scripts/prove-defences",
    "scripts/prove",
]
# Written apart, so that this file does not name them either.
REGISTRIES = re.compile(
    "|".join([r"pypi\.or" + "g", r"pythonhosted\.or" + "g", r"npmjs\.(or" + "g|com)", r"debian\.or" + "g"])
)
MACHINE_PATHS = re.compile(r"(^|[^\w.])/(wor" + "k|roo" + r"t|hom" + r"e/\w+|User" + r"s/\w+)/[\w.]")


def get_tracked_files() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    return [path for name in listed.decode().split("\0") if name and (path := ROOT / name).is_file()]


def get_lines() -> list[tuple[str, str]]:
    lines = []
    for path in get_tracked_files():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        lines += [(f"{path.relative_to(ROOT)}:{number}", line) for number, line in enumerate(text.splitlines(), 1)]
    return lines


def test_patterns_find_what_they_look_for() -> None:
    assert REGISTRIES.search("https://registry.npmjs." + "org/solc")
    assert MACHINE_PATHS.search("open('/wor" + "k/main/x')")


@pytest.mark.parametrize("pattern", [REGISTRIES, MACHINE_PATHS], ids=["registry", "machine path"])
def test_tracked_files_name_no_registry_and_no_machine(pattern: re.Pattern[str]) -> None:
    found = [f"{where}: {line.strip()[:120]}" for where, line in get_lines() if pattern.search(line)]
    assert found == []


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_are_executable_and_parse(command: str) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "--stage", command], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert listed.stdout.startswith("100755 "), f"{command} is not committed as executable"
    subprocess.run(["bash", "-n", command], cwd=ROOT, check=True)


def test_nothing_that_is_generated_or_secret_is_tracked() -> None:
    parts = {part for path in get_tracked_files() for part in path.relative_to(ROOT).parts}
    assert not parts & {".venv", "node_modules", "__pycache__", ".tools", ".cache", "custodes-demo", "out"}


def test_wheel_holds_the_three_packages_and_the_marks_of_typing(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {"governance", "oracle", "inference"}
    assert {"governance/py.typed", "oracle/py.typed", "inference/py.typed"} <= names


def test_wheel_holds_every_artifact_and_template(wheel: Path) -> None:
    wanted = {
        str(path.relative_to(ROOT))
        for folder in ("governance/ledger/artifacts", "governance/explorer/templates")
        for path in (ROOT / folder).rglob("*")
        if path.is_file()
    }
    with zipfile.ZipFile(wheel) as archive:
        assert wanted <= set(archive.namelist())
