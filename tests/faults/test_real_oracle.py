"""A real `custodes oracle run` whose RPC lies, whose node is stopped, whose final blocks are replaced."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fault_scene import FaultScene, fault_scene
from governance.types.events.committee import PartialPosted, UnlockApproved
from lies import cut_proof
from lying_rpc import change, hang_up, lying_rpcs
from oracle_fleet import OracleProcess, Pulse, pulse, wait_until

pytestmark = pytest.mark.chain


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultScene]:
    """A chain of this file's own: anvil forgets old states after many lives, and here a dozen blocks are replaced."""
    with fault_scene(tmp_path_factory.mktemp("scene")) as made:
        yield made


@pytest.fixture
def beat(scene: FaultScene) -> Iterator[Pulse]:
    """A block each fifth of a second, on the chain as it was when the scene was set."""
    scene.begin()
    with pulse(scene.url, 0.2) as beating:
        yield beating


@pytest.fixture
def oracle(scene: FaultScene, tmp_path: Path) -> Iterator[OracleProcess]:
    """Our oracle's directory for a process of this case alone, which ends with it."""
    directory = tmp_path / "oracle"
    shutil.copytree(scene.oracle.directory, directory)
    made = OracleProcess(directory, scene.oracle.address, scene.url, scene.oracle.deployment)
    yield made
    if made.is_running:
        made.kill()


def wait_until_done(scene: FaultScene, oracle: OracleProcess) -> None:
    wait_until(lambda: scene.count() == 2, patience=60, what="an approval and an answer", oracles=[oracle])


def assert_done_once(scene: FaultScene) -> None:
    assert scene.count() == 2
    assert {type(event) for event in scene.own_events()} == {UnlockApproved, PartialPosted}


@pytest.mark.fault(
    "RPC-118",
    "a running oracle's only RPC gives proofs without their last node, and then hangs up on everything",
    "nothing is sent, the process goes on and says why; afterwards everything is done once",
)
def test_process_goes_on_while_its_rpc_lies(scene: FaultScene, beat: Pulse, oracle: OracleProcess) -> None:
    with lying_rpcs(scene.url, 1) as (rpc,):
        rpc.lie("eth_getProof", change(cut_proof))
        oracle.url = rpc.url
        oracle.start()
        wait_until(lambda: oracle.lines("wrong"), patience=40, what="it notices the lie", oracles=[oracle])
        rpc.fail("eth_getBlockByNumber", hang_up)
        wait_until(lambda: oracle.lines("unavailable"), patience=40, what="it misses its RPC", oracles=[oracle])
        assert "the proof does not lead" in oracle.lines("wrong")[0]["reason"]
        assert scene.count() == 0
        assert oracle.is_running
        rpc.be_honest()
        wait_until_done(scene, oracle)
        assert oracle.stop() == 0
    assert_done_once(scene)


@pytest.mark.fault(
    "TIME-11",
    "the node of a running oracle is stopped (SIGSTOP) for longer than its stall limit, and goes on",
    "nothing is sent, the process goes on and says why; afterwards everything is done once",
)
def test_process_goes_on_when_its_node_does(scene: FaultScene, beat: Pulse, oracle: OracleProcess) -> None:
    config = oracle.directory / "oracle.toml"
    text = config.read_text().replace("stall = 60.0", "stall = 2.0")
    config.write_text(text.replace("timeout = 10.0", "timeout = 0.7"))
    assert "timeout = 0.7" in config.read_text()
    with beat.held():
        os.kill(scene.system.anvil.pid, signal.SIGSTOP)
        try:
            oracle.start()
            wait_until(lambda: oracle.lines("unavailable"), patience=40, what="it misses its node", oracles=[oracle])
            time.sleep(2)
        finally:
            os.kill(scene.system.anvil.pid, signal.SIGCONT)
        assert scene.count() == 0
        assert oracle.is_running
    wait_until_done(scene, oracle)
    assert oracle.stop() == 0
    assert_done_once(scene)


@pytest.mark.fault(
    "REORG-13",
    "blocks that were final are replaced, with an approval and an answer in them, under a running oracle",
    "the latch is set, exit code 4, again after a restart; `--reset-latch` reads anew, and everything is done once",
)
def test_process_latches_when_a_final_block_changes(scene: FaultScene, beat: Pulse, oracle: OracleProcess) -> None:
    rpc = scene.system.anvil.rpc
    oracle.start()
    wait_until_done(scene, oracle)
    after = int(rpc.block()["number"], 16)
    wait_until(
        lambda: (oracle.status.get("finalized") or {}).get("number", 0) >= after,
        patience=30,
        what="both are final",
        oracles=[oracle],
    )
    with beat.held():
        rpc.call("anvil_reorg", int(rpc.block()["number"], 16) - scene.block, [])
        assert scene.count() == 0
    assert oracle.process is not None
    assert oracle.process.wait(40) == 4
    assert "R-Oracle-05" in oracle.log.read_text()
    oracle.start()
    assert oracle.process.wait(40) == 4  # a restart opens nothing
    assert scene.count() == 0
    oracle.start("--reset-latch")
    wait_until_done(scene, oracle)
    assert oracle.stop() == 0
    assert_done_once(scene)
