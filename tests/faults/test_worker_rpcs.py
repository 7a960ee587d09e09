"""RPCs that lie to a worker: to its watch of the release, and on its way to the data key."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from catalogue import fault_case
from fault_scene import FaultScene
from governance.chain.rpc import Rpc
from governance.errors import CustodesError, Unavailable
from governance.ledger.client import Ledger
from inference.watch import Watch
from lies import about, cut_proof, frozen, rehash
from lying_rpc import Lie, LyingRpc, change, hang_up, lying_rpcs, say
from test_rpc_failures import RESULTS
from worker_watch import watching
from worker_world import wait_for

pytestmark = pytest.mark.chain

BLOCK, PROOF = "eth_getBlockByNumber", "eth_getProof"
HOLDS = "it holds its lease by the others"
STALL = 60.0  # [seconds] longer than any case here


@pytest.fixture
def rpcs(scene: FaultScene) -> Iterator[list[LyingRpc]]:
    scene.begin()
    with lying_rpcs(scene.url, 3) as made:
        yield made


def wait_for_a_new_look(scene: FaultScene, watch: Watch) -> None:
    before = watch.last
    scene.mine()
    wait_for(lambda: watch.last != before, what="a look at the new block", patience=30)


@pytest.mark.fault(
    "RPC-101",
    "a worker's only RPC tells nonsense at `eth_getBlockByNumber` and `eth_getProof`, and hangs up",
    "nothing is renewed while it does, and no error of its own ends the watch; afterwards the lease goes on",
)
def test_worker_is_told_nonsense(scene: FaultScene, rpcs: list[LyingRpc]) -> None:
    with watching(scene, [rpc.url for rpc in rpcs[:1]], STALL) as (watch, darkness):
        last = watch.last
        for method in (BLOCK, PROOF):
            for lie, _ in RESULTS.values():
                rpcs[0].told = 0
                rpcs[0].lie(method, lie)
                scene.mine()
                watch._sight.view._rpcs[0]._until = 0.0  # type: ignore[attr-defined]  # it does not rest
                with pytest.raises(Unavailable):
                    watch.look()
                assert rpcs[0].told
                rpcs[0].be_honest()
        rpcs[0].fail(PROOF, hang_up)
        scene.mine()
        wait_for(lambda: "no RPC answers with a proof" in watch._trouble, what="trouble", patience=40)
        assert watch.last == last
        rpcs[0].be_honest()
        wait_for_a_new_look(scene, watch)
        assert darkness == []


@pytest.mark.parametrize(
    ("method", "lie"),
    [
        fault_case(
            "RPC-102",
            "the first of a worker's three RPCs says nothing that is JSON",
            HOLDS,
            BLOCK,
            None,
        ),
        fault_case(
            "RPC-103",
            "the first of a worker's three RPCs gives no proofs",
            HOLDS,
            PROOF,
            None,
        ),
        fault_case(
            "RPC-104",
            "the first of a worker's three RPCs gives headers that hash to something else",
            HOLDS,
            BLOCK,
            about("latest", how=lambda block: {**block, "stateRoot": "0x" + "11" * 32}),
        ),
    ],
)
def test_worker_holds_its_lease_without_one_of_three(
    scene: FaultScene, rpcs: list[LyingRpc], method: str, lie: Lie | None
) -> None:
    with watching(scene, [rpc.url for rpc in rpcs], STALL) as (watch, darkness):
        if lie is None:
            rpcs[0].fail(method, say(b"<html>"))
        else:
            rpcs[0].lie(method, lie)
        wait_for_a_new_look(scene, watch)
        assert rpcs[0].told
        assert darkness == []


@pytest.mark.parametrize(
    ("method", "lie"),
    [
        fault_case(
            "RPC-105",
            "the first of a worker's three RPCs gives proofs without their last node",
            "nothing is renewed while it does (the safe direction); afterwards the lease goes on",
            PROOF,
            change(cut_proof),
        ),
        fault_case(
            "RPC-106",
            "the first of a worker's three RPCs shows a latest block of another state, with its right hash",
            "nothing is renewed while it does (the safe direction); afterwards the lease goes on",
            BLOCK,
            about("latest", how=lambda block: rehash(block, stateRoot="0x" + "11" * 32)),
        ),
    ],
)
def test_worker_renews_nothing_on_a_doubt(scene: FaultScene, rpcs: list[LyingRpc], method: str, lie: Lie) -> None:
    with watching(scene, [rpc.url for rpc in rpcs], STALL) as (watch, darkness):
        last = watch.last
        rpcs[0].lie(method, lie)
        scene.mine()
        wait_for(lambda: "not proven" in watch._trouble, what="doubt", patience=20)
        assert watch.last == last
        rpcs[0].be_honest()
        wait_for_a_new_look(scene, watch)
        assert darkness == []


@pytest.mark.fault(
    "RPC-107",
    "the first of a worker's three RPCs hides a stop: it shows the blocks before it, and proves them",
    "the worker goes dark by what the others show (R-Worker-02)",
)
def test_worker_goes_dark_though_one_rpc_hides_the_stop(scene: FaultScene, rpcs: list[LyingRpc]) -> None:
    with watching(scene, [rpc.url for rpc in rpcs], STALL) as (_, darkness):
        rpcs[0].lie(BLOCK, frozen(scene.system.anvil.rpc, "latest", "finalized"))
        scene.pull()
        wait_for(lambda: bool(darkness), what="darkness", patience=20)
        assert darkness[0].rule == "R-Worker-02"
        assert "a stop stands" in darkness[0].reason


READS: dict[str, Callable[[Ledger], Any]] = {
    "eth_chainId": lambda ledger: ledger.verify(),
    "eth_getCode": lambda ledger: ledger.deployment.verify_sources(ledger.rpc),
    "eth_call": lambda ledger: ledger.committee.get_key(),
    "eth_getLogs": lambda ledger: ledger.events(),
    "eth_blockNumber": lambda ledger: ledger.events(),
    BLOCK: lambda ledger: ledger.now(),
}
HARMLESS = {"eth_getLogs": ("[]",)}  # that nothing has happened can be true: what counts is verified elsewhere


@pytest.mark.parametrize(
    ("method", "read"),
    [
        fault_case(
            f"RPC-{number}",
            f"a client's only RPC tells nonsense at `{method}`",
            "an error with a hint, whatever it says; never a crash",
            method,
            read,
        )
        for number, (method, read) in enumerate(READS.items(), 111)
    ],
)
def test_nonsense_is_an_error_and_never_a_crash(
    scene: FaultScene, rpcs: list[LyingRpc], method: str, read: Callable[[Ledger], Any]
) -> None:
    for name, (lie, _) in RESULTS.items():
        if name in HARMLESS.get(method, ()):
            continue
        with Rpc(rpcs[0].url) as rpc:
            rpcs[0].lie(method, lie)
            with pytest.raises(CustodesError):
                read(Ledger(rpc, scene.system.ledger.deployment))


@pytest.mark.fault(
    "RPC-117",
    "a client's only RPC takes a transaction and names another one's hash",
    "the client waits for its own, by the hash that it computed",
)
def test_hash_of_a_transaction_is_computed_and_not_asked_for(scene: FaultScene, rpcs: list[LyingRpc]) -> None:
    with Rpc(rpcs[0].url) as rpc:
        rpcs[0].lie("eth_sendRawTransaction", lambda parameters, ask: (ask(), "0x" + "22" * 32)[1])
        ledger = Ledger(rpc, scene.system.ledger.deployment)
        call = scene.players[0].system.ledger.committee.approve(scene.asked)
        receipt = ledger.send(call, scene.players[0].signer, patience=20)
        assert receipt.transaction != bytes.fromhex("22" * 32)
        assert [type(record.event).__name__ for record in receipt.events] == ["UnlockApproved"]
