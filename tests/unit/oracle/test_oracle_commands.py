"""custodes oracle init, run and status as a person meets them, without a chain."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from governance.cli.main import main
from governance.ledger.deployment import Deployment
from governance.ledger.signer import Keystore
from governance.types import Address, ChainId, Hash32
from oracle.store import SecretStore

RPC = "http://127.0.0.1:9"  # nobody listens there


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def deployment(tmp_path: Path) -> Path:
    zero = Hash32(bytes(32))
    names = ("Seats", "Council", "Constraints", "Releases", "Brake", "Committee")
    addresses = {name: Address("0x" + f"{at:040x}") for at, name in enumerate(names, 1)}
    path = tmp_path / "deployment.json"
    Deployment("a test", ChainId(1), zero, 0, zero, addresses, dict.fromkeys(names, zero)).write(path)  # type: ignore[arg-type]
    return path


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:
    code = main([*words, "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_init_makes_an_oracle_that_its_password_opens(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "password").write_text("secret\n")
    words = (
        "oracle",
        "init",
        "--dir",
        "one",
        "--insecure-devnet",
        "--password-file",
        "password",
        "--rpc",
        f"{RPC},{RPC}1",
    )
    code, made = run(capsys, *words)
    assert code == 0
    assert made["schema"] == "custodes.oracle/1"
    directory = tmp_path / "one"
    assert Keystore(directory).find("key").open("secret").address == made["address"]
    SecretStore.open(directory / "secrets", "secret")
    assert f'rpc = ["{RPC}", "{RPC}1"]' in (directory / "oracle.toml").read_text()
    assert "secret" not in (directory / "oracle.toml").read_text().replace('secrets"', "")


def test_init_never_touches_another_oracle(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    run(capsys, "oracle", "init", "--dir", "one", "--insecure-devnet")
    before = {path: path.read_bytes() for path in (tmp_path / "one").rglob("*") if path.is_file()}
    code, error = run(capsys, "oracle", "init", "--dir", "one", "--insecure-devnet")
    assert (code, error["error"]) == (2, "StoreExists")
    assert {path: path.read_bytes() for path in (tmp_path / "one").rglob("*") if path.is_file()} == before


def test_init_of_a_devnet_makes_a_password_that_only_its_owner_reads(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    _, made = run(capsys, "oracle", "init", "--dir", "one", "--insecure-devnet")
    assert made["insecure"] is True
    password = tmp_path / "one" / "password"
    assert password.stat().st_mode & 0o077 == 0
    SecretStore.open(tmp_path / "one" / "secrets", password.read_text().strip())


def test_init_without_a_password_and_a_person_makes_nothing(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, error = run(capsys, "oracle", "init", "--dir", "one")
    assert (code, error["error"]) == (2, "SettingMissing")
    assert not (tmp_path / "one" / "oracle.toml").exists()


def test_init_with_a_password_file_that_is_missing_makes_nothing(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, error = run(capsys, "oracle", "init", "--dir", "one", "--password-file", "absent")
    assert (code, error["error"]) == (2, "BadArgument")
    assert not (tmp_path / "one" / "secrets").exists()


@pytest.mark.parametrize("command", ["run", "status"])
def test_directory_without_an_oracle_says_how_to_make_one(capsys: pytest.CaptureFixture[str], command: str) -> None:
    code, error = run(capsys, "oracle", command, "--dir", "absent")
    assert (code, error["error"]) == (2, "NoStore")
    assert "custodes oracle init" in error["hint"]


def test_run_without_an_rpc_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "oracle", "init", "--dir", "one", "--insecure-devnet")
    code, error = run(capsys, "oracle", "run", "--dir", "one")
    assert (code, error["error"]) == (2, "BadConfig")
    assert "no RPC" in error["message"]


def test_run_with_the_wrong_password_says_so(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, deployment: Path
) -> None:
    run(capsys, "oracle", "init", "--dir", "one", "--insecure-devnet")
    (tmp_path / "wrong").write_text("wrong\n")
    words = ("oracle", "run", "--dir", "one", "--rpc", RPC, "--deployment", str(deployment), "--password-file", "wrong")
    code, error = run(capsys, *words)
    assert (code, error["error"]) == (2, "WrongPassword")


def test_run_without_a_deployment_file_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "oracle", "init", "--dir", "one", "--insecure-devnet")
    code, error = run(capsys, "oracle", "run", "--dir", "one", "--rpc", RPC, "--deployment", "absent.json")
    assert (code, error["error"]) == (2, "BadDeployment")


def test_run_with_fewer_than_half_to_agree_is_refused(capsys: pytest.CaptureFixture[str], deployment: Path) -> None:
    run(capsys, "oracle", "init", "--dir", "one", "--insecure-devnet")
    urls = ",".join(f"{RPC}{at}" for at in range(3))
    words = ("oracle", "run", "--dir", "one", "--rpc", urls, "--deployment", str(deployment), "--agreement", "1")
    code, error = run(capsys, *words)
    assert (code, error["error"]) == (2, "BadConfig")


def test_status_of_an_oracle_that_never_ran_is_down(capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "oracle", "init", "--dir", "one", "--insecure-devnet")
    code, shown = run(capsys, "oracle", "status", "--dir", "one")
    assert code == 3
    assert shown == {"schema": "custodes.oracle-status/1", "running": False}


@pytest.mark.parametrize("content", ["{}", "not json", '{"process": {"pid": "x", "started": "y"}}'])
def test_status_that_cannot_be_read_is_none(capsys: pytest.CaptureFixture[str], tmp_path: Path, content: str) -> None:
    run(capsys, "oracle", "init", "--dir", "one", "--insecure-devnet")
    (tmp_path / "one" / "status.json").write_text(content)
    assert run(capsys, "oracle", "status", "--dir", "one")[0] == 3


def test_status_for_people_tells_all_that_matters(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    run(capsys, "oracle", "init", "--dir", "one", "--insecure-devnet")
    shown = {
        "schema": "custodes.oracle-status/1",
        "address": "0x" + "ab" * 20,
        "process": {"pid": 1, "started": "never"},
        "at": "2026-11-23T12:00:00+00:00",
        "latch": "block 7 was final",
        "trouble": "no RPC answers",
        "stalled": False,
        "finalized": {"number": 7, "hash": "0x07", "time": 1},
        "latest": {"number": 9, "hash": "0x09", "time": 3},
        "lag": 2,
        "behind": 5,
        "rpcs": [{"name": "one", "answers": True}, {"name": "two", "answers": False}],
        "epoch": {
            "number": 1, "phase": "in_force", "threshold": 3, "members": 5, "index": 2, "hasShare": True,
            "registered": 5, "dealt": 5, "acknowledged": 5,
        },
        "openRequests": 1,
        "agreement": 2,
        "balance": str(15 * 10**17),
        "pending": 1,
        "metrics": "http://127.0.0.1:9464/metrics",
        "heads": [{"name": "one", "heard": True}, {"name": "two", "heard": False}],
        "answers": [{"request": "0x" + "01" * 32, "transaction": "0x02", "state": "mined", "block": 8}],
        "refusals": [{"subject": "request/0x03", "rule": "R-Oracle-01", "reason": "a stop stands", "block": 8}],
    }  # fmt: skip
    (tmp_path / "one" / "status.json").write_text(json.dumps(shown))
    assert main(["oracle", "status", "--dir", "one"]) == 4
    told = capsys.readouterr()
    for words in (
        "does not run", "LATCHED    block 7 was final", "no RPC answers", "block 9, final 7 (lag 2), 5 to read",
        "1 of 2 answer, 2 must agree; not two", "1 of 2 sockets heard", "1.5000 ether, 1 transactions under way",
        "127.0.0.1:9464/metrics", "1 in force, 3 of 5; member 2, holds a share", "1 open", "mined in block 8",
        "[R-Oracle-01] a stop stands",
    ):  # fmt: skip
        assert words in told.out
    assert "--reset-latch" in told.err
