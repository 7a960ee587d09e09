"""A voter's installation: the wheel without extras, its own dependencies and nothing else, no tools on PATH."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from cli_system import CliSystem, cli_system

pytestmark = [pytest.mark.chain, pytest.mark.slow]


def compute_closure(requirements: list[str]) -> dict[str, Distribution]:
    """Every distribution that these requirements bring here, without extras that were not asked for."""
    found: dict[str, Distribution] = {}
    waiting = [Requirement(text) for text in requirements]
    while waiting:
        requirement = waiting.pop()
        extras = {"", *requirement.extras}
        if requirement.name in found and not requirement.extras:
            continue
        try:
            installed = distribution(requirement.name)
        except PackageNotFoundError:
            continue  # for another platform
        found[requirement.name] = installed
        for text in installed.requires or []:
            needed = Requirement(text)
            applies = needed.marker is None or any(needed.marker.evaluate({"extra": extra}) for extra in extras)
            if applies and needed.name not in found:
                waiting.append(needed)
    return found


def link_distribution(installed: Distribution, site_packages: Path) -> None:
    """Its files, top level by top level, as links to where they are installed now."""
    for file in installed.files or []:
        top = file.parts[0]
        target = site_packages / top
        if top != ".." and not target.exists() and not target.is_symlink():
            target.symlink_to(Path(str(installed.locate_file(top))))


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with the wheel and its dependencies. Returns its bin directory."""
    root = tmp_path_factory.mktemp("voter")
    venv.create(root, with_pip=False, symlinks=True)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    requires = [text for text in distribution("custodes").requires or [] if "extra ==" not in text]
    for installed in compute_closure(requires).values():
        link_distribution(installed, root / "lib" / version / "site-packages")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(root / "bin" / "python")]
    subprocess.run([*pip, "install", "--quiet", "--no-deps", "--no-index", str(wheel)], check=True, timeout=120)
    return root / "bin"


@pytest.fixture
def cli(tmp_path: Path) -> Iterator[CliSystem]:
    with cli_system(tmp_path) as cli:
        cli.act("constraint", "new", "no-bioweapons", "--title", "No bioweapons", "--text", "Refuse.")
        cli.act("constraint", "propose", "no-bioweapons.json", by=5)
        yield cli


def run(environment: Path, cli: CliSystem, *arguments: str) -> subprocess.CompletedProcess[str]:
    clean = {key: value for key, value in os.environ.items() if key.startswith("XDG_") or key == "HOME"}
    return subprocess.run(
        [str(environment / "custodes"), *arguments],
        cwd=cli.directory,
        env=clean | {"PATH": str(environment)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_environment_has_neither_torch_nor_node_nor_this_repository(environment: Path, tmp_path: Path) -> None:
    program = (
        "import importlib.util as u, governance, shutil;"
        "print([n for n in ('torch', 'transformers', 'safetensors', 'pytest', 'solcx') if u.find_spec(n)],"
        " governance.__file__, shutil.which('node'))"
    )
    done = subprocess.run(
        [str(environment / "python"), "-c", program],
        cwd=tmp_path, env={"PATH": str(environment)}, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    absent, where, node = done.stdout.strip().rsplit(" ", 2)
    assert (absent, node) == ("[]", "None")
    assert str(environment.parent) in where


def test_voter_lists_votes_and_signs_off_line(environment: Path, cli: CliSystem) -> None:
    assert run(environment, cli, "--help").returncode == 0
    listed = run(environment, cli, "proposal", "list", "--json")
    assert listed.returncode == 0, listed.stdout + listed.stderr
    proposal = json.loads(listed.stdout)["proposals"][0]["id"]
    voted = run(environment, cli, "vote", "1", "for", "--yes", "--json", "--key", "aurora-labs")
    assert voted.returncode == 0, voted.stdout + voted.stderr
    assert json.loads(voted.stdout)["yes"] == 1
    offline = ("--round", "1", "--count", "0", "--rpc", "http://127.0.0.1:9", "--out", "ballot.json")
    signed = run(environment, cli, "vote", proposal, "for", "--sign-only", *offline, "--yes", "--key", "gauge-safety")
    assert signed.returncode == 0, signed.stdout + signed.stderr
    sent = run(environment, cli, "ballots", "submit", "ballot.json", "--yes", "--key", "aurora-labs")
    assert sent.returncode == 0, sent.stdout + sent.stderr
    assert json.loads(run(environment, cli, "proposal", "show", "1", "--json").stdout)["yes"] == 2


def test_command_of_an_extra_names_what_is_missing(environment: Path, cli: CliSystem) -> None:
    done = run(environment, cli, "worker", "ask", "hello", "--release", "1", "--key", "aurora-labs")
    assert done.returncode == 3, done.stderr
    assert "custodes[worker]" in done.stderr
