"""The layers hold something: an import that breaks them is found."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PACKAGES = ("governance", "oracle", "inference")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in PACKAGES:
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "artifacts"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def lint(tree: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-logo", "--no-cache"]
    environment = os.environ | {"PYTHONPATH": str(tree)}
    return subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.parametrize(
    ("file", "statement", "broken"),
    [
        ("governance/errors.py", "import oracle.policy", "inference -> oracle -> governance BROKEN"),
        ("oracle/policy.py", "import inference.sealed", "inference -> oracle -> governance BROKEN"),
        ("governance/spec/__init__.py", "import governance.ledger", "the layers inside governance BROKEN"),
        ("governance/spec/__init__.py", "import time", "have no clock BROKEN"),
        ("oracle/policy.py", "import socket", "asks nobody BROKEN"),
        ("governance/nowhere.py", "import math", "the layers inside governance BROKEN"),
    ],
)
def test_layers_break_when_a_module_reaches_where_it_must_not(
    tree: Path, file: str, statement: str, broken: str
) -> None:
    with (tree / file).open("a") as source:
        source.write(f"\n{statement}\n")
    done = lint(tree)
    assert done.returncode == 1
    assert broken in done.stdout
