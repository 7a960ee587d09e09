"""Set-up: what is done is found done at once; what is missing is named, with a way out."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


def run(root: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(root / "scripts" / "setup"), *arguments],
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A checkout in which nothing was ever set up."""
    for name in (
        "pyproject.toml",
        "constraints.txt",
        "scripts/setup",
        "contracts/package.json",
        "contracts/package-lock.json",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def lend_environment(bare: Path) -> None:
    """This checkout's Python and packages, seen from the bare one, with no stamp."""
    (bare / ".venv" / "bin").mkdir(parents=True)
    (bare / ".venv" / "bin" / "python").symlink_to(ROOT / ".venv" / "bin" / "python")
    (bare / ".venv" / "lib").symlink_to(ROOT / ".venv" / "lib")
    shutil.copy(ROOT / ".venv" / "pyvenv.cfg", bare / ".venv")


def test_setup_refuses_an_argument_that_it_does_not_know() -> None:
    done = run(ROOT, "--no-such-argument")
    assert done.returncode == 2
    assert "--without-model" in done.stderr


def test_setup_check_says_no_and_changes_nothing_in_a_bare_checkout(bare: Path) -> None:
    before = sorted(bare.rglob("*"))
    done = run(bare, "--check")
    assert done.returncode == 3
    assert "there is no usable .venv" in done.stderr
    assert "hint: run scripts/setup" in done.stderr
    assert sorted(bare.rglob("*")) == before


@pytest.mark.parametrize("changed", ["pyproject.toml", "constraints.txt"])
def test_setup_check_says_no_when_a_pin_has_changed_since(bare: Path, changed: str) -> None:
    lend_environment(bare)
    (bare / ".venv" / "custodes.stamp").write_text(f"of another pyproject.toml\n{bare}\n")
    with (bare / changed).open("a") as file:
        file.write("\n# changed\n")
    done = run(bare, "--check")
    assert done.returncode == 3
    assert "the Python packages are not as pinned" in done.stderr


def test_setup_check_says_no_when_the_environment_was_moved(bare: Path) -> None:
    lend_environment(bare)
    shutil.copy(ROOT / ".venv" / "custodes.stamp", bare / ".venv")
    done = run(bare, "--check")
    assert done.returncode == 3
    assert "there is no usable .venv" in done.stderr


def test_setup_check_is_quick_and_says_yes_in_this_checkout() -> None:
    started = time.monotonic()
    done = run(ROOT, "--check")
    assert done.returncode == 0, done.stderr + "\nhint: run scripts/setup before the tests"
    assert time.monotonic() - started < 10
