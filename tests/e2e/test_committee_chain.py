"""What an oracle does when its chain or its RPC misbehaves: real processes, and an anvil that is made to."""

from __future__ import annotations

import http.server
import json
import subprocess
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from committee_player import THRESHOLD
from committee_system import Unlockable
from oracle_fleet import CUSTODES, OracleProcess, wait_until

pytestmark = [pytest.mark.chain, pytest.mark.timeout(300)]


class Relay:
    """An RPC between an oracle and its node, which a test can make lie, fail, or hang up."""

    def __init__(self, target: str) -> None:
        self.is_down = False
        relay = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if relay.is_down:
                    self.close_connection = True
                    return
                request = urllib.request.Request(target, body, {"Content-Type": "application/json"})
                with urllib.request.urlopen(request, timeout=20) as answer:
                    data = answer.read()
                self.send_response(200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *arguments: object) -> None:
                return

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)


@contextmanager
def relay(target: str) -> Iterator[Relay]:
    made = Relay(target)
    made.thread.start()
    try:
        yield made
    finally:
        made.server.shutdown()
        made.server.server_close()
        made.thread.join()


def status_of(oracle: OracleProcess) -> subprocess.CompletedProcess[str]:
    command = [*CUSTODES, "oracle", "status", "--dir", str(oracle.directory), "--json"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_oracle_whose_rpc_fails_goes_on_when_it_is_back(unlockable: Unlockable) -> None:
    committee = unlockable.committee
    oracle = committee.oracles[0]
    with relay(oracle.url) as between:
        oracle.stop()
        straight, oracle.url = oracle.url, between.url
        oracle.start()
        wait_until(
            lambda: oracle.status["running" if False else "trouble"] is None, patience=20, what="it sees the chain"
        )
        between.is_down = True
        wait_until(lambda: oracle.lines("unavailable"), patience=20, what="it misses its RPC", oracles=[oracle])
        others = committee.oracles[1:3]
        for other in others:
            other.freeze()
        asked = committee.ask(unlockable.release)
        committee.settle()
        assert len(committee.approvals(asked)) == 2
        between.is_down = False
        committee.wait_for_partials(asked, THRESHOLD)
        assert oracle.is_running
        for other in others:
            other.thaw()
        oracle.stop()
        oracle.url = straight
        oracle.start()


def test_oracle_answers_nothing_while_the_chain_stands_still(unlockable: Unlockable) -> None:
    committee = unlockable.committee
    for oracle in committee.oracles:
        oracle.stop()
        config = oracle.directory / "oracle.toml"
        config.write_text(config.read_text().replace("stall = 60.0", "stall = 2.0"))
    asked = committee.ask(unlockable.release)
    committee.settle()
    with committee.blocks_by_hand():
        for oracle in committee.oracles:
            oracle.start()
        wait_until(
            lambda: all(oracle.lines("stalled") for oracle in committee.oracles),
            patience=30,
            what="they notice the stall",
            oracles=committee.oracles,
        )
        wait_until(
            lambda: all("R-Oracle-03" in str(oracle.lines("refused")) for oracle in committee.oracles),
            patience=5,
            what="they refuse",
        )
        assert all(asked.request_id.hex() not in str(oracle.lines("sent")) for oracle in committee.oracles)
        assert committee.oracles[0].status["stalled"]
    committee.wait_for_partials(asked, THRESHOLD)


def test_oracle_on_another_chain_says_so_and_ends(unlockable: Unlockable, tmp_path: object) -> None:
    committee = unlockable.committee
    oracle = committee.oracles[0]
    oracle.stop()
    deployment = json.loads(oracle.deployment.read_text())
    other = oracle.directory / "other.json"
    other.write_text(json.dumps({**deployment, "genesisHash": "0x" + "ab" * 32}))
    command = [*CUSTODES, "oracle", "run", "--dir", str(oracle.directory), "--rpc", oracle.url]
    ended = subprocess.run([*command, "--deployment", str(other)], capture_output=True, text=True, check=False)
    assert ended.returncode == 2  # the journal belongs to the deployment that it was made for
    assert "WrongJournal" not in ended.stdout
    assert "another genesis" in ended.stderr
    oracle.start()


def test_two_processes_do_not_run_one_oracle(unlockable: Unlockable) -> None:
    oracle = unlockable.committee.oracles[1]
    command = [*CUSTODES, "oracle", "run", "--dir", str(oracle.directory), "--rpc", oracle.url]
    ended = subprocess.run(
        [*command, "--deployment", str(oracle.deployment), "--json"], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 3
    assert json.loads(ended.stdout)["error"] == "OracleBusy"


def test_status_tells_what_the_oracle_does(unlockable: Unlockable) -> None:
    oracle = unlockable.committee.oracles[2]
    told = status_of(oracle)
    assert told.returncode == 0
    shown = json.loads(told.stdout)
    assert shown["schema"] == "custodes.oracle-status/1"
    assert shown["running"] is True
    assert shown["epoch"]["phase"] == "in_force"
    assert shown["latch"] is None
    assert oracle.stop() == 0
    assert status_of(oracle).returncode == 3
    oracle.start()


def test_final_block_that_changes_latches_every_oracle_until_a_person_resets_it(unlockable: Unlockable) -> None:
    """Last in this file: the chain is rewritten here."""
    committee = unlockable.committee
    for oracle in committee.oracles:
        oracle.wait_ready()
    with committee.pulse.held():
        committee.look_around()
        rpc = committee.system.anvil.rpc
        rpc.call("anvil_rollback", 6)
        rpc.call("anvil_setBlockTimestampInterval", 2)  # other blocks than before
    for oracle in committee.oracles:
        assert oracle.process is not None
        assert oracle.process.wait(30) == 4
        assert oracle.status["latch"] is not None
        assert status_of(oracle).returncode == 4
    oracle = committee.oracles[0]
    oracle.start()
    assert oracle.process is not None
    assert oracle.process.wait(30) == 4  # a restart opens nothing
    assert "R-Oracle-05" in oracle.log.read_text()
    for oracle in committee.oracles:
        oracle.start("--reset-latch")
    asked = committee.ask(unlockable.release)
    committee.wait_for_partials(asked, THRESHOLD)
