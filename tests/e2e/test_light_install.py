"""A voter's installation against a devnet: what `pip install custodes` brings, no extras, no node, no tools on PATH.

The devnet is started by the repository's own `custodes`; everything else here is done by what was installed.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from governance.chain.anvil import start_fresh
from governance.chain.genesis import Genesis
from governance.chain.rpc import Rpc, as_int
from governance.ledger.deployment import Deployment
from governance.types import Timestamp
from member_shell import Shell

pytestmark = [pytest.mark.chain, pytest.mark.slow, pytest.mark.timeout(600)]

ABSENT = ("torch", "transformers", "safetensors", "starlette", "uvicorn", "blake3", "solcx", "pytest", "setuptools")
# What a light installation cannot do.
BEYOND: dict[str, tuple[str, ...]] = {
    "ask": ("worker", "ask", "hello", "--release", "1", "--model", "x", "--key", "aurora-labs"),
    "serve": ("worker", "serve", "--release", "1", "--model", "x", "--token-file", "token", "--key", "aurora-labs"),
    "seal": ("model", "seal", "x", "y", "--registrar", "aurora-labs"),
    "inspect": ("model", "inspect", "x"),
    "verify": ("model", "verify", "x"),
    "demo": ("demo",),
}
HELP_OF_ALL = """
import contextlib, io
from governance.cli.groups import all_commands
from governance.cli.main import main
for name in sorted(all_commands()):
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        code = main([*name.split(), "--help"])
    if code != 0 or "Examples:" not in said.getvalue():
        print(name, code, said.getvalue())
print(len(all_commands()), "commands")
"""


@pytest.fixture(scope="module")
def light(wheel: Path, repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin directory of an environment that held nothing before the wheel and what it asks for."""
    root = tmp_path_factory.mktemp("light")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(root)], check=True, timeout=60)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(root / "bin" / "python")]
    pins = str(repository / "constraints.txt")
    command = [*pip, "install", "--quiet", "--constraint", pins, str(wheel)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=400)
    assert done.returncode == 0, done.stderr[-3000:]
    return root / "bin"


@dataclass(frozen=True)
class Consortium:
    """A devnet with one proposal, and a way to machines that have nothing but the light installation."""

    member: Shell
    devnet: dict[str, Any]
    proposal: str
    make_machine: Callable[[str, str], Shell]

    @property
    def online(self) -> tuple[str, ...]:
        return ("--rpc", str(self.devnet["url"]))

    def count_sent(self, url: str, key: str) -> int:
        """How many transactions of that key the chain has."""
        address = json.loads((Path(self.devnet["keystore"]) / f"{key}.json").read_text())["address"]
        with Rpc(url) as rpc:
            return as_int(rpc.call("eth_getTransactionCount", f"0x{address.removeprefix('0x')}", "latest"))


@pytest.fixture(scope="module")
def consortium(light: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Consortium]:
    root = tmp_path_factory.mktemp("consortium")
    member = Shell(root)
    devnet = member.do("devnet", "up")
    keys = Path(devnet["keystore"])

    def make_machine(name: str, key: str) -> Shell:
        """A directory with deployment.json and one key, and no setting that names a node."""
        directory = tmp_path_factory.mktemp(name)
        shutil.copy(devnet["deployment"], directory)
        (directory / "keys").mkdir()
        shutil.copy(keys / f"{key}.json", directory / "keys")
        shutil.copy(devnet["passwordFile"], directory / "password")
        (directory / "custodes.toml").write_text(
            'deployment = "deployment.json"\nkeystore = "keys"\npassword_file = "password"\n'
        )
        only = {"PATH": str(light), "HOME": str(directory), "LANG": "C.UTF-8"}
        return Shell(directory, (str(light / "custodes"),), only)

    try:
        member.do("constraint", "new", "no-bioweapons", "--title", "No bioweapons", "--text", "Refuse.")
        proposed = member.do("constraint", "propose", "no-bioweapons.json", "--key", "fides-institute")
        yield Consortium(member, devnet, proposed["id"], make_machine)
    finally:
        member.run("devnet", "down")


def run_python(light: Path, program: str, directory: Path) -> str:
    done = subprocess.run(
        [str(light / "python"), "-c", program],
        cwd=directory, env={"PATH": str(light), "HOME": str(directory)},
        capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_wheel_holds_the_packages_with_their_data_and_nothing_else(wheel: Path, repository: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert {name.split("/")[0].split("-")[0] for name in names} == {"governance", "oracle", "inference", "custodes"}
    for pattern in ("governance/ledger/artifacts/*.json", "governance/charter/data/*.toml", "*/py.typed"):
        wanted = {str(path.relative_to(repository)) for path in repository.glob(pattern)}
        assert wanted
        assert wanted <= names


def test_environment_has_neither_torch_nor_node_nor_this_repository(light: Path, tmp_path: Path) -> None:
    program = (
        "import importlib.util, json, shutil, governance, oracle, inference;"
        f"found = [n for n in {ABSENT!r} if importlib.util.find_spec(n)];"
        "tools = [n for n in ('node', 'anvil', 'solc', 'forge') if shutil.which(n)];"
        "print(json.dumps([found, tools, [m.__file__ for m in (governance, oracle, inference)]]))"
    )
    found, tools, files = json.loads(run_python(light, program, tmp_path))
    assert (found, tools) == ([], [])
    assert all(Path(file).is_relative_to(light.parent) for file in files)


def test_every_command_shows_its_help(light: Path, tmp_path: Path) -> None:
    said = run_python(light, HELP_OF_ALL, tmp_path)
    assert re.fullmatch(r"\d\d commands\n", said), said


def test_charters_and_rules_are_read_without_a_chain(consortium: Consortium) -> None:
    machine = consortium.make_machine("reader", "oceania-union")
    assert "custodes.charter/1" in machine.run("charter", "show", "--template", "standard").stdout
    assert machine.do("charter", "check", "--template", "devnet")
    assert machine.do("explain", "R-Council-08")["rule"]


def test_voter_lists_proposals_and_votes(consortium: Consortium) -> None:
    voter = consortium.make_machine("voter", "aurora-labs")
    listed = voter.do("proposal", "list", *consortium.online)["proposals"]
    assert [(proposal["number"], proposal["state"]) for proposal in listed] == [(1, "active")]
    assert listed[0]["id"] == consortium.proposal
    voted = voter.do("vote", "1", "for", "--reason", "it is time", *consortium.online)
    assert (voted["organisation"], voted["support"]) == ("Aurora Labs", "for")
    assert consortium.count_sent(consortium.devnet["url"], "aurora-labs") == 1
    ballots = consortium.member.do("proposal", "show", "1")["ballots"]
    assert ("Aurora Labs", "for") in [(ballot["organisation"], ballot["support"]) for ballot in ballots]


def test_voter_signs_on_a_machine_without_a_chain_and_a_relayer_submits(consortium: Consortium) -> None:
    voter = consortium.make_machine("offline", "gauge-safety")
    sign = ("vote", consortium.proposal, "for", "--sign-only", "--round", "1", "--count", "0", "--out", "ballot.json")
    code, error = voter.fail("vote", "1", "for", "--sign-only")
    assert (code, error["error"]) == (2, "SettingMissing")  # it has no node to ask
    voter.do(*sign)

    relayer = consortium.make_machine("relayer", "faucet")
    (relayer.directory / "ballot.json").write_text((voter.directory / "ballot.json").read_text())
    sent = relayer.do("ballots", "submit", "ballot.json", *consortium.online)["ballots"]
    assert [(ballot["organisation"], ballot["support"]) for ballot in sent] == [("Gauge Safety", "for")]
    assert consortium.count_sent(consortium.devnet["url"], "gauge-safety") == 0
    shown = consortium.member.do("proposal", "show", "1")
    assert "Gauge Safety" in [ballot["organisation"] for ballot in shown["ballots"]]
    code, again = relayer.fail("ballots", "submit", "ballot.json", *consortium.online)
    assert (code, again["details"]["error"]) == (4, "StaleBallot")


def change_code(content: dict[str, Any]) -> None:
    content["contracts"]["Brake"]["codeHash"] = "0x" + "11" * 32


def change_charter(content: dict[str, Any]) -> None:
    content["charterHash"] = "0x" + "22" * 32


def change_genesis(content: dict[str, Any]) -> None:
    content["genesisHash"] = "0x" + "33" * 32


def change_chain(content: dict[str, Any]) -> None:
    content["chainId"] += 1


@pytest.mark.parametrize("change", [change_code, change_charter, change_genesis, change_chain])
def test_nothing_is_sent_when_the_deployment_file_says_otherwise_than_the_chain(
    consortium: Consortium, change: Callable[[dict[str, Any]], None]
) -> None:
    voter = consortium.make_machine("misled", "habeas-watch")
    path = voter.directory / "deployment.json"
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    code, error = voter.fail("vote", "1", "for", *consortium.online)
    assert (code, error["error"]) == (1, "DeploymentMismatch")
    assert consortium.count_sent(consortium.devnet["url"], "habeas-watch") == 0


def test_nothing_is_sent_when_the_node_serves_another_chain_with_the_same_id(
    consortium: Consortium, tmp_path: Path
) -> None:
    voter = consortium.make_machine("elsewhere", "habeas-watch")
    deployment = Deployment.read(Path(consortium.devnet["deployment"]))
    with start_fresh(Genesis(Timestamp(1_900_000_000), {}, deployment.chain_id), tmp_path) as other:
        for command in (("vote", "1", "for"), ("proposal", "execute", "1"), ("proposal", "list")):
            code, error = voter.fail(*command, "--rpc", other.url)
            assert (code, error["error"]) == (1, "DeploymentMismatch"), command
        assert consortium.count_sent(other.url, "habeas-watch") == 0


@pytest.mark.parametrize("command", BEYOND.values(), ids=BEYOND)
def test_command_of_an_extra_says_which_one_is_missing(consortium: Consortium, command: tuple[str, ...]) -> None:
    machine = consortium.make_machine("light", "aurora-labs")
    before = sorted(machine.directory.iterdir())
    done = machine.run(*command)
    assert done.returncode == 3, done.stdout + done.stderr
    assert "custodes[worker]" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    code, error = machine.fail(*command)
    assert (code, error["error"], error["exit"]) == (3, "ExtraMissing", 3)
    assert sorted(machine.directory.iterdir()) == before


def test_devnet_up_names_the_tool_that_is_missing(consortium: Consortium) -> None:
    code, error = consortium.make_machine("bare", "aurora-labs").fail("devnet", "up")
    assert (code, error["error"]) == (3, "ToolMissing")
