"""Clocks that jump and chains that stall: what an oracle and a worker believe of time."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from catalogue import fault_case
from fault_scene import FaultScene
from governance.types.events.committee import UnlockApproved
from worker_watch import watching
from worker_world import wait_for

pytestmark = pytest.mark.chain

DAY = 86_400


@contextmanager
def frozen_chain(scene: FaultScene) -> Iterator[None]:
    """The node's process stands still: it accepts connections, and answers nothing."""
    os.kill(scene.system.anvil.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(scene.system.anvil.pid, signal.SIGCONT)


@pytest.mark.fault(
    "TIME-01",
    "the chain's time jumps a day ahead while an approval and an answer are due",
    "both requests have expired by the chain's time: nothing is sent; a new request is approved",
)
def test_chain_whose_time_jumps_ahead(scene: FaultScene) -> None:
    life = scene.live()
    life.look()
    scene.system.warp(DAY)
    life.look()
    assert scene.count() == 0
    assert {line["reason"] for line in life.lines("refused")} >= {"the request has expired"}
    life.look(3)
    assert [line["reason"] for line in life.lines("closed")] == ["expired", "expired"]
    assert scene.count() == 0
    asked, _ = scene.ask(scene.spare)
    life.look(4)
    assert [type(event) for event in scene.own_events()] == [UnlockApproved]
    assert scene.own_events()[0].request_id == asked.request_id


@pytest.mark.parametrize(
    "seconds",
    [
        fault_case(
            "TIME-02", "the host's clock jumps ten years ahead", "it is not asked: everything is done once", 3.2e8
        ),
        fault_case("TIME-03", "the host's clock jumps back to 1970", "it is not asked: everything is done once", -1e12),
    ],
)
def test_clock_of_the_host_that_jumps(scene: FaultScene, monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    life = scene.live()
    life.look()
    real = time.time
    monkeypatch.setattr(time, "time", lambda: max(0.0, real() + seconds))
    life.assert_recovers()


@pytest.mark.fault(
    "TIME-04",
    "the machine sleeps for a day, and its chain with it (the monotonic clock jumps, no block has come)",
    "it counts as a stop: refused until a block comes; then everything is done once",
)
def test_machine_that_slept(scene: FaultScene) -> None:
    life = scene.live()
    life.look(seconds=1)
    life.clock.now += DAY
    assert not life.node.look()
    assert "no new block for 86400 s" in life.lines("stalled")[0]["reason"]
    assert scene.count() == 0
    life.assert_recovers()


@pytest.mark.fault(
    "TIME-05",
    "no block comes for longer than the stall limit, with two requests open; then blocks come again",
    "it counts as a stop: both are refused (R-Oracle-03); then everything is done once",
)
def test_chain_that_stands_still(scene: FaultScene) -> None:
    life = scene.live()
    life.look()
    with_open = life.node.unlocks.open_requests
    life.clock.now += 61
    assert not life.node.look()
    refused = life.lines("refused")
    assert len(refused) == with_open == 2
    assert {line["rule"] for line in refused} == {"R-Oracle-03"}
    assert scene.count() == 0
    life.assert_recovers()
    assert life.lines("stalled_over")


@pytest.mark.fault(
    "TIME-06",
    "the node's process is stopped (SIGSTOP) for longer than the stall limit, and goes on",
    "requests time out, nothing is sent; then everything is done once",
)
def test_node_that_is_stopped(scene: FaultScene) -> None:
    life = scene.live()
    life.look()
    life.timeout = 0.3
    life.restart()
    with frozen_chain(scene):
        for _ in range(3):
            life.clock.now += 30
            assert not life.node.look()
    assert "did not answer within 0.3 s" in life.lines("unavailable")[0]["reason"]
    assert scene.count() == 0
    life.timeout = 10.0
    life.restart()
    life.assert_recovers()


# ---- a worker's watch ------------------------------------------------------------------------------------------------


@pytest.mark.fault(
    "TIME-07",
    "the node of a worker is stopped (SIGSTOP) for longer than the stall limit",
    "the worker goes dark by itself, by R-Worker-03, and stays dark when the node goes on",
)
def test_worker_whose_node_is_stopped(scene: FaultScene) -> None:
    scene.begin()
    with watching(scene, [scene.url], 1.5) as (watch, darkness):
        with frozen_chain(scene):
            began = time.monotonic()
            wait_for(lambda: bool(darkness), what="darkness", patience=20)
            assert time.monotonic() - began < 10
        scene.mine(2)
        assert [dark.rule for dark in darkness] == ["R-Worker-03"]
        assert not watch.is_fresh


@pytest.mark.fault(
    "TIME-08",
    "no block comes for a worker, though its node answers, for longer than the stall limit",
    "the worker goes dark by R-Worker-03",
)
def test_worker_whose_chain_stands_still(scene: FaultScene) -> None:
    scene.begin()
    with watching(scene, [scene.url], 1.5) as (_, darkness):
        wait_for(lambda: bool(darkness), what="darkness", patience=20)
        assert [dark.rule for dark in darkness] == ["R-Worker-03"]


@pytest.mark.fault(
    "TIME-09",
    "the node of a worker is stopped for less than the stall limit, twice",
    "the worker holds its lease as soon as a block has come",
)
def test_worker_whose_node_hesitates(scene: FaultScene) -> None:
    scene.begin()
    with watching(scene, [scene.url], 30.0) as (watch, darkness):
        for _ in range(2):
            with frozen_chain(scene):
                time.sleep(0.3)
            before = watch.last
            scene.mine()
            wait_for(lambda before=before: watch.last != before, what="a look at the new block", patience=20)  # type: ignore[misc]
        assert darkness == []
        assert watch.is_fresh


@pytest.mark.fault(
    "TIME-10",
    "the chain's time jumps beyond a release while a worker runs under it",
    "the worker goes dark at once, by the latest block's time",
)
def test_worker_whose_chain_jumps_beyond_its_release(scene: FaultScene) -> None:
    scene.begin()
    with watching(scene, [scene.url], 30.0) as (_, darkness):
        scene.system.warp(21 * DAY)
        wait_for(lambda: bool(darkness), what="darkness", patience=20)
        assert "the release has expired" in darkness[0].reason
