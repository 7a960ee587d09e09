"""A devnet by its commands: vote, warp two weeks, down, up, vote again, audit; time only ever goes forward."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from governance.chain.rpc import Rpc, as_int

pytestmark = [pytest.mark.chain, pytest.mark.slow]

VOTERS = ("aurora-labs", "borealis-ai", "cumulus-research", "fides-institute", "gauge-safety", "habeas-watch",
          "kenya-data-commons", "lok-sabha-forum")  # fmt: skip


class Member:
    """A shell in a directory: every command is a process of its own, as a person's are."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "governance.cli.main", *arguments]
        environment = {key: value for key, value in os.environ.items() if not key.startswith("COVERAGE_PROCESS")}
        return subprocess.run(
            command, cwd=self.directory, env=environment, capture_output=True, text=True, check=False, timeout=180
        )

    def json(self, *arguments: str) -> dict[str, Any]:
        done = self.run(*arguments, "--json", "--yes")
        assert done.returncode == 0, done.stdout + done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found


@pytest.fixture
def member(tmp_path: Path) -> Iterator[Member]:
    member = Member(tmp_path)
    yield member
    member.run("devnet", "down")


def test_devnet_commands_refuse_what_makes_no_sense(member: Member) -> None:
    assert member.run("devnet", "status").returncode == 3
    assert member.run("devnet", "warp", "14d").returncode == 3
    assert member.run("devnet", "warp").returncode == 2
    assert member.run("devnet", "down").returncode == 0


def test_devnet_goes_through_a_warp_and_a_restart_with_votes_on_both_sides(member: Member) -> None:
    up = member.json("devnet", "up")
    assert up["config"] == str(member.directory / "custodes.toml")
    member.json("constraint", "new", "no-bioweapons", "--title", "No bioweapons", "--text", "Refuse.")
    member.json("constraint", "propose", "no-bioweapons.json", "--key", "fides-institute")
    with ThreadPoolExecutor(4) as pool:
        votes = list(pool.map(lambda key: member.json("vote", "1", "for", "--key", key), VOTERS))
    assert sum(vote["passing"] for vote in votes) >= 1
    member.json("devnet", "warp", "--until", "1")
    member.json("proposal", "execute", "1", "--key", "aurora-labs")

    before = member.json("devnet", "warp", "14d")
    assert before["seconds"] >= 14 * 86_400
    member.json("devnet", "down")
    assert member.run("proposal", "list").returncode == 3
    again = member.json("devnet", "up")
    assert (again["url"], again["charterHash"], again["config"]) == (up["url"], up["charterHash"], None)
    status = member.json("devnet", "status")
    assert status["time"] > before["time"]
    assert status["aheadOfWall"] > 13 * 86_400

    member.json("constraint", "retire", "no-bioweapons", "--key", "fides-institute")
    assert member.json("proposal", "show", "2")["state"] == "active"
    audit = member.json("audit", "verify")
    assert audit["schema"] == "custodes.verify/1"

    with Rpc(again["url"]) as rpc:
        newest = as_int(rpc.call("eth_blockNumber"))
        blocks = rpc.batch([("eth_getBlockByNumber", [hex(number), False]) for number in range(newest + 1)])
    times = [as_int(block["timestamp"]) for block in blocks]
    assert all(earlier < later for earlier, later in itertools.pairwise(times))
