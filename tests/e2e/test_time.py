"""A devnet through time: a warp of two weeks, an end, a second beginning; then a vote, its execution, an audit."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from governance.chain.rpc import Rpc, as_int
from member_shell import MAJORITY, Shell

pytestmark = [pytest.mark.chain, pytest.mark.slow]

TWO_WEEKS = 14 * 86_400


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    shell = Shell(tmp_path)
    yield shell
    shell.run("devnet", "down")


def read_timestamps(url: str) -> list[int]:
    """Of every block there is, from block 0."""
    with Rpc(url) as rpc:
        newest = as_int(rpc.call("eth_blockNumber"))
        blocks = rpc.batch([("eth_getBlockByNumber", [hex(number), False]) for number in range(newest + 1)])
    return [as_int(block["timestamp"]) for block in blocks]


def test_devnet_commands_refuse_what_makes_no_sense(shell: Shell) -> None:
    assert shell.run("devnet", "status").returncode == 3
    assert shell.run("devnet", "warp", "14d").returncode == 3
    assert shell.run("devnet", "warp").returncode == 2
    assert shell.run("devnet", "down").returncode == 0


@pytest.mark.timeout(600)
def test_devnet_votes_executes_and_agrees_with_its_audit_after_a_warp_and_a_restart(shell: Shell) -> None:
    up = shell.do("devnet", "up")
    assert up["config"] == str(shell.directory / "custodes.toml")
    shell.do("constraint", "new", "no-bioweapons", "--title", "No bioweapons", "--text", "Refuse.")
    propose = ("constraint", "propose", "no-bioweapons.json", "--key", "fides-institute")
    assert shell.do(*propose)["proposal"] == 1
    warped = shell.do("devnet", "warp", "14d")
    assert warped["seconds"] >= TWO_WEEKS
    shell.do("devnet", "down")
    assert shell.run("proposal", "list").returncode == 3

    again = shell.do("devnet", "up")
    assert (again["url"], again["charterHash"], again["config"]) == (up["url"], up["charterHash"], None)
    assert again["pid"] != up["pid"]
    status = shell.do("devnet", "status")
    assert status["time"] >= warped["time"]  # the newest block is the old one until the first tick
    assert status["aheadOfWall"] > TWO_WEEKS - 3_600
    # what was judged before the warp is judged by the chain's time still, and not by this machine's
    assert shell.do("proposal", "show", "1")["state"] == "defeated"

    assert shell.do(*propose)["proposal"] == 2
    assert max(vote["yes"] for vote in shell.vote(2)) == len(MAJORITY)
    code, early = shell.fail("proposal", "execute", "2", "--key", "aurora-labs")
    assert (code, early["details"]["arguments"]["actual"]) == (4, "active")
    shell.do("devnet", "warp", "--until", "2")
    executed = shell.do("proposal", "execute", "2", "--key", "aurora-labs")
    assert "LedgerAdvanced" in executed["events"]

    audit = shell.do("audit", "verify")
    assert (audit["schema"], audit["ok"]) == ("custodes.verify/1", True)
    assert audit["ledgerHead"] == shell.do("constraint", "log")["head"]
    times = [entry["time"] for entry in shell.do("audit", "log")["entries"]]
    assert times == sorted(times)
    assert times[-1] - times[0] >= TWO_WEEKS

    timestamps = read_timestamps(again["url"])
    assert all(earlier < later for earlier, later in itertools.pairwise(timestamps))
    assert timestamps[0] == int(
        json.loads((shell.directory / "custodes-devnet/chain/genesis.json").read_text())["timestamp"], 16
    )
