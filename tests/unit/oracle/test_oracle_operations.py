"""What those who run an oracle see of it: status, health, metrics, and the examples of how to run it."""

from __future__ import annotations

import configparser
import json
import os
import re
import shlex
import socket
import time
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from committee_player import form_committee
from governance.cli.main import main
from live_system import live_system
from oracle.config import OracleConfig, read_config, write_config
from oracle.errors import BadConfig, MetricsUnavailable
from oracle.health import EVERY, OLD, HealthFile, judge, read_age
from oracle.metrics import Looks, serve_metrics
from oracle_fleet import make_oracles, pulse, wait_until

EXAMPLES = Path(__file__).parents[3] / "oracle" / "examples"
WELL: dict[str, Any] = {
    "latch": None, "stalled": False, "trouble": None, "finalized": {"number": 7}, "latest": {"number": 9}, "behind": 0,
    "balance": str(25 * 10**17), "epoch": {"number": 2, "hasShare": True}, "openRequests": 3, "pending": 1,
    "rpcs": [{"name": "one:8545", "answers": True}, {"name": "two:8545", "answers": False}],
    "heads": [{"name": "one:8546", "heard": False}],
}  # fmt: skip


def read_metrics(url: str) -> dict[str, float]:
    with urlopen(url, timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))}


def test_metrics_are_the_numbers_of_the_status_on_loopback() -> None:
    looks = Looks()
    for worked in (True, True, False):
        looks.count(worked)
    with serve_metrics(0, lambda: WELL, looks) as url:
        assert url.startswith("http://127.0.0.1:")
        found = read_metrics(url)
    assert {name.removeprefix("custodes_oracle_"): value for name, value in found.items()} == {
        'looks_total{outcome="good"}': 2, 'looks_total{outcome="failed"}': 1, "latched": 0, "stalled": 0, "block": 9,
        "finalized_block": 7, "behind_blocks": 0, "balance_ether": 2.5, "epoch": 2, "has_share": 1, "open_requests": 3,
        "pending_transactions": 1, 'rpc_answers{name="one:8545"}': 1, 'rpc_answers{name="two:8545"}': 0,
        'socket_heard{name="one:8546"}': 0,
    }  # fmt: skip


def test_metrics_are_there_before_the_first_look() -> None:
    with serve_metrics(0, dict, Looks()) as url:
        assert read_metrics(url)["custodes_oracle_latched"] == 0


def test_metrics_on_a_port_that_is_taken_are_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(MetricsUnavailable, match=f"port {port}"), serve_metrics(port, dict, Looks()):
            pass


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, "ok"),
        ({"behind": 3}, "reading: 3 blocks to go"),
        ({"finalized": None}, "starting"),
        ({"trouble": "no RPC answers"}, "trouble: no RPC answers"),
        ({"trouble": "no RPC answers", "stalled": True}, "stalled: the chain stands still"),
        ({"latch": "block 7 changed", "stalled": True}, "latched: block 7 changed"),
    ],
)
def test_health_is_the_worst_that_is_wrong(change: dict[str, Any], said: str) -> None:
    assert judge(WELL | change) == said


def test_health_file_is_young_while_somebody_looks_and_says_what_it_said_last(tmp_path: Path) -> None:
    now = 0.0
    health = HealthFile(tmp_path, monotonic=lambda: now)
    assert read_age(tmp_path, now=time.time()) is None
    health.write(WELL)
    assert (tmp_path / "health").read_text() == "ok\n"
    os.utime(tmp_path / "health", (0, 0))
    health.write(WELL)
    assert (tmp_path / "health").stat().st_mtime == 0  # a look may be every 10 ms: the disk is left alone
    now += EVERY
    health.write(WELL)
    age = read_age(tmp_path, now=time.time())
    assert age is not None
    assert age < 60
    health.say("ended")
    assert (tmp_path / "health").read_text() == "ended\n"


@pytest.mark.chain
def test_running_oracle_tells_status_health_and_metrics_until_it_ends(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def status() -> tuple[int, dict[str, Any]]:
        code = main(["oracle", "status", "--dir", str(oracle.directory), "--json"])
        return code, json.loads(capsys.readouterr().out)

    with live_system(tmp_path) as system:
        system.ledger.deployment.write(tmp_path / "deployment.json")
        (oracle,) = make_oracles(tmp_path, 1, system.anvil.url, tmp_path / "deployment.json")
        others = [seat.address for seat in system.seats[1:5]]
        system.fund(oracle.address)
        epoch = form_committee(system, [oracle.address, *others])
        with pulse(system.anvil.url, 0.2):
            oracle.start("--metrics-port", "0", "--heads", system.anvil.url.replace("http", "ws"), "--poll", "1")
            oracle.wait_ready()
            wait_until(
                lambda: oracle.status["balance"] and oracle.status["heads"][0]["heard"] and oracle.status["epoch"],
                patience=30,
                what="all is told",
                oracles=[oracle],
            )
            code, told = status()
            assert code == 0
            assert (told["agreement"], told["epoch"]["number"], told["lag"]) == (1, epoch, 2)
            assert 99 * 10**18 < int(told["balance"]) <= 100 * 10**18
            assert told["silentFor"] < OLD
            found = read_metrics(told["metrics"])
            assert found["custodes_oracle_finalized_block"] > 0
            assert found['custodes_oracle_looks_total{outcome="good"}'] > 0
            assert (oracle.directory / "health").read_text() == "ok\n"
            oracle.freeze()
            os.utime(oracle.directory / "health", (0, 0))
            assert status()[0] == 3
            oracle.thaw()
            assert oracle.stop() == 0
    assert (oracle.directory / "health").read_text() == "ended\n"
    code, told = status()
    assert (code, told["running"]) == (3, False)


@pytest.mark.parametrize(
    "change", [{"heads": ("http://127.0.0.1:8545",)}, {"metrics_port": 65_536}, {"metrics_port": -1}, {"max_fee": 0.0}]
)
def test_setting_that_makes_no_sense_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    config = OracleConfig(tmp_path, rpc=("http://127.0.0.1:8545",), deployment=tmp_path / "deployment.json")
    config.check()
    with pytest.raises(BadConfig):
        config.override(**change).check()


def test_settings_of_operations_are_read_as_they_were_written(tmp_path: Path) -> None:
    config = OracleConfig(
        tmp_path, rpc=("http://one:8545",), heads=("ws://one:8546", "wss://two"), max_fee=12.5, metrics_port=0
    )
    write_config(config)
    assert read_config(tmp_path) == config


def test_examples_run_the_commands_that_there_are() -> None:
    unit = configparser.ConfigParser(interpolation=None, strict=False)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(EXAMPLES / "custodes-oracle@.service")
    compose = (EXAMPLES / "compose.yaml").read_text()
    (ran,) = re.findall(r"command: (.*)", compose)
    (checked,) = re.findall(r"test: \[CMD, (.*)\]", compose)
    for line in (unit["Service"]["ExecStart"], ran, checked.replace(", ", " ")):
        program, *words = shlex.split(line)
        assert program.endswith("custodes")
        assert main([*words, "--help"]) == 0
    assert unit["Service"]["RestartPreventExitStatus"] == "2 4"  # usage; the latch
