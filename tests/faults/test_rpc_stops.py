"""A stop that an RPC hides or invents, and answers without an end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from catalogue import fault_case
from fault_scene import FaultScene
from governance.chain import rpc as rpc_module
from governance.chain.transport import WHOLE
from lies import about, frozen
from lying_rpc import LyingRpc, Manner, drip, drip_headers, flood, lying_rpcs

pytestmark = pytest.mark.chain

BLOCK, PROOF = "eth_getBlockByNumber", "eth_getProof"


@pytest.fixture
def rpcs(scene: FaultScene) -> Iterator[list[LyingRpc]]:
    with lying_rpcs(scene.url, 3) as made:
        yield made


@pytest.mark.fault(
    "RPC-91",
    "the first of three RPCs hides a stop: it shows the blocks before it, and proves them",
    "the two others show it: nothing is sent, and the stop is the reason in the log",
)
def test_stop_that_one_rpc_hides(scene: FaultScene, rpcs: list[LyingRpc]) -> None:
    life = scene.live(rpcs)
    life.look()  # from now on it would act
    rpcs[0].lie(BLOCK, frozen(scene.system.anvil.rpc, "latest", "finalized"))
    scene.pull()
    life.look(blocks=0)
    assert rpcs[0].told
    (refused, *_) = life.lines("refused")
    assert (refused["rule"], refused["reason"]) == ("R-Oracle-02", "at the latest block a stop stands")
    rpcs[0].be_honest()
    life.look(4)
    assert scene.count() == 0


@pytest.mark.fault(
    "RPC-92",
    "the first of three RPCs invents a stop: it shows a block of a branch that is gone, with right proofs",
    "the safe direction: nothing is sent while it does; afterwards everything is done once",
)
def test_stop_that_one_rpc_invents(scene: FaultScene, rpcs: list[LyingRpc]) -> None:
    kept: dict[str, Any] = {}

    def record(parameters: Sequence[Any], ask: Callable[[], Any]) -> Any:
        kept[str(parameters)] = ask()
        return kept[str(parameters)]

    before = scene.live(rpcs[:1])
    before.look()
    scene.pull()
    rpcs[0].lie(PROOF, record)
    before.look(blocks=0)
    branch = scene.system.anvil.rpc.block()
    before.close()

    life = scene.live(rpcs)  # the chain is as before the stop
    rpcs[0].lie(BLOCK, about("latest", how=lambda block: branch))
    rpcs[0].lie(
        PROOF, lambda parameters, ask: kept.get(str(parameters)) if parameters[2] == branch["number"] else ask()
    )
    life.look(3)
    assert scene.count() == 0
    assert ("R-Oracle-02", "at the latest block a stop stands") in {
        (line["rule"], line["reason"]) for line in life.lines("refused")
    }
    rpcs[0].be_honest()
    life.assert_recovers()


@pytest.mark.fault(
    "RPC-93",
    "a stop comes after the look at the latest blocks; the first of three RPCs says that the answer would be taken",
    "every RPC is asked before an answer leaves, and one refusal suffices: nothing is sent",
)
def test_stop_that_comes_between_the_look_and_the_answer(scene: FaultScene, rpcs: list[LyingRpc]) -> None:
    life = scene.live(rpcs)
    life.look()

    def say_yes_and_stop(parameters: Sequence[Any], ask: Callable[[], Any]) -> Any:
        if not scene.system.ledger.brake.get_stops():
            estimate = ask()
            scene.pull()
            return estimate
        return "0x100000"

    rpcs[0].lie("eth_estimateGas", say_yes_and_stop)
    life.look()
    assert rpcs[0].told
    assert all(event["action"].startswith("approve/") for event in life.lines("sent"))
    (refused,) = (line for line in life.lines("refused") if line["subject"].startswith("post/"))
    assert refused["rule"] == "R-Committee-13"  # the release does not let that worker unlock
    rpcs[0].be_honest()
    life.look(4)
    assert scene.own_events() == []


@pytest.mark.parametrize(
    ("manner", "reason"),
    [
        fault_case(
            "RPC-94",
            "the only RPC answers byte by byte, for ever",
            f"cut off after {WHOLE} time-outs; nothing is sent; afterwards everything is done once",
            drip,
            "did not answer in time",
        ),
        fault_case(
            "RPC-95",
            "the only RPC sends headers byte by byte, for ever",
            f"cut off after {WHOLE} time-outs; nothing is sent; afterwards everything is done once",
            drip_headers,
            "did not answer within",
        ),
        fault_case(
            "RPC-96",
            "the only RPC sends more than anybody can hold",
            "cut off at a limit; nothing is sent; afterwards everything is done once",
            flood,
            "sent more than",
        ),
    ],
)
def test_answer_without_an_end(
    scene: FaultScene, rpcs: list[LyingRpc], manner: Manner, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rpc_module, "MAX_ANSWER", 8 << 20)
    life = scene.live(rpcs[:1])
    life.timeout = 0.25 if manner is not flood else 10.0
    life.restart()
    rpcs[0].fail(BLOCK, manner)
    began = time.monotonic()
    assert not life.look()
    assert time.monotonic() - began < 20
    assert reason in life.said.getvalue()
    assert scene.count() == 0
    rpcs[0].be_honest()
    life.timeout = 10.0
    life.restart()
    life.assert_recovers()
