"""What a worker believes of nodes that lie, hang or contradict each other; and that its lease ends all the same."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from governance.chain.errors import RpcUnavailable
from governance.chain.rpc import Rpc
from governance.chain.view import ChainView
from governance.errors import InvalidInput, Unavailable
from governance.types import Releasability
from inference.access import open_access
from inference.errors import DoubtfulProof, NotRegistered
from inference.lease import Dark
from inference.sight import Sight
from inference.watch import Look, Watch
from worker_world import Released, WorkerWorld, wait_for

pytestmark = pytest.mark.chain

Change = Callable[[str, Sequence[Any], Any], Any]


class Liar:
    """A real node whose answers are changed on the way."""

    def __init__(self, url: str, change: Change) -> None:
        self._rpc, self.change = Rpc(url), change

    name = "liar"

    def call(self, method: str, *params: Any) -> Any:
        return self.change(method, params, self._rpc.call(method, *params))

    def batch(self, calls: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        answers = self._rpc.batch(calls)
        return [self.change(method, params, answer) for (method, params), answer in zip(calls, answers, strict=True)]


def honest(method: str, params: Sequence[Any], answer: Any) -> Any:
    return answer


def lying_proofs(method: str, params: Sequence[Any], answer: Any) -> Any:
    if method == "eth_getProof":
        answer["accountProof"][0] = "0xf8" + answer["accountProof"][0][4:-2] + "00"
    return answer


def silent_about_proofs(method: str, params: Sequence[Any], answer: Any) -> Any:
    if method == "eth_getProof":
        raise RpcUnavailable("no answer")
    return answer


def sight_of(world: WorkerWorld, *changes: Change, stall_limit: float = 30.0) -> Sight:
    nodes = [Liar(world.system.anvil.url, change) for change in changes]
    agreement = len(nodes) // 2 + 1
    view = ChainView(nodes, agreement=agreement, stall_limit=stall_limit, monotonic=time.monotonic)
    return dataclasses.replace(world.access.sight, view=view, agreement=agreement, stall_limit=stall_limit)


@pytest.fixture(scope="module")
def released(world: WorkerWorld) -> Released:
    found = world.release()
    world.settle()
    return found


def watch(sight: Sight, released: Released, on_dark: Callable[[Dark], None] = lambda _: None) -> Watch:
    return Watch(sight, released.release_id, released.worker.address, on_dark=on_dark)


def look(made: Watch) -> Look | Dark:
    """One look, made again where the node was just making a block."""
    for _ in range(20):
        try:
            return made.look()
        except DoubtfulProof:
            time.sleep(0.05)
    return made.look()


def test_look_is_good_when_all_nodes_prove_the_release(world: WorkerWorld, released: Released) -> None:
    found = look(watch(sight_of(world, honest, honest, honest), released))
    assert isinstance(found, Look)
    assert found.ledger_head == world.system.ledger.constraints.get_head()


def test_look_asks_for_no_state_twice(world: WorkerWorld, released: Released) -> None:
    """A finalized block was a latest one before: what was proven of it then holds."""
    asked: list[tuple[str, str]] = []
    releases = world.access.ledger.deployment.addresses["Releases"].lower()

    def note(method: str, params: Sequence[Any], answer: Any) -> Any:
        if method == "eth_getProof" and params[0].lower() == releases:
            asked.append((params[2], ",".join(params[1])))
        return answer

    with world.pulse.held():
        made = watch(sight_of(world, note), released)
        blocks = []
        for _ in range(5):
            found = look(made)
            assert isinstance(found, Look)
            blocks.append(found.block.number)
            world.system.ledger.rpc.call("evm_mine")
    assert blocks == list(range(blocks[0], blocks[0] + 5))
    assert len(asked) >= 5
    assert len(set(asked)) == len(asked)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ((lying_proofs,), Unavailable),
        ((honest, honest, lying_proofs), DoubtfulProof),
        ((silent_about_proofs,), Unavailable),
    ],
)
def test_look_renews_nothing_on_a_proof_that_does_not_verify(
    world: WorkerWorld, released: Released, changes: tuple[Change, ...], error: type[Unavailable]
) -> None:
    made = watch(sight_of(world, *changes), released)
    for _ in range(3):
        with pytest.raises(error, match=r"proof|proven|proves"):
            made.look()
    assert made.last is None


def test_look_needs_no_node_that_is_silent(world: WorkerWorld, released: Released) -> None:
    assert isinstance(look(watch(sight_of(world, honest, honest, silent_about_proofs), released)), Look)


def test_stop_counts_though_another_node_lies(world: WorkerWorld) -> None:
    braked = world.release()
    world.settle()
    made = watch(sight_of(world, honest, lying_proofs, honest), braked)
    world.pull_brake(braked.model_id)
    found = look(made)
    assert isinstance(found, Dark)
    assert "a stop stands" in found.reason


def test_final_block_that_changes_is_darkness(world: WorkerWorld, released: Released) -> None:
    """The view believes a final block; the same number under another hash is a rewritten chain."""
    sight = sight_of(world, honest)
    made = watch(sight, released)
    assert isinstance(look(made), Look)
    believed = sight.view.believed
    assert believed is not None
    sight.view._believed = dataclasses.replace(believed, hash=b"\x07" * 32)
    found: Look | Dark | None = None
    deadline = time.monotonic() + 10
    while not isinstance(found, Dark) and time.monotonic() < deadline:
        found = look(made)
    assert isinstance(found, Dark)
    assert found.rule == "R-Worker-01"
    assert "cannot be believed" in found.reason


def test_watch_ends_the_lease_though_a_node_hangs_for_ever(world: WorkerWorld, released: Released) -> None:
    hangs, release_it = threading.Event(), threading.Event()

    def change(method: str, params: Sequence[Any], answer: Any) -> Any:
        if hangs.is_set():
            release_it.wait(60)
        return answer

    darkness: list[Dark] = []
    made = watch(sight_of(world, change, stall_limit=3.0), released, darkness.append)
    assert isinstance(look(made), Look)
    made.start()
    hangs.set()
    began = time.monotonic()
    wait_for(lambda: bool(darkness), what="darkness", patience=10)
    assert time.monotonic() - began < 5
    assert not made.is_fresh
    assert [dark.rule for dark in darkness] == ["R-Worker-03"]
    release_it.set()
    made.stop()
    assert len(darkness) == 1


def test_watch_that_was_stopped_says_nothing(world: WorkerWorld, released: Released) -> None:
    darkness: list[Dark] = []
    made = watch(sight_of(world, honest, stall_limit=1.5), released, darkness.append)
    assert isinstance(look(made), Look)
    made.start()
    made.stop()
    time.sleep(2)
    assert darkness == []


def test_watch_ends_the_lease_on_an_error_of_its_own(world: WorkerWorld, released: Released) -> None:
    broken = threading.Event()

    def change(method: str, params: Sequence[Any], answer: Any) -> Any:
        if broken.is_set():
            raise ZeroDivisionError
        return answer

    darkness: list[Dark] = []
    made = watch(sight_of(world, change), released, darkness.append)
    assert isinstance(look(made), Look)
    made.start()
    broken.set()
    wait_for(lambda: bool(darkness), what="darkness", patience=10)
    made.stop()
    assert darkness[0].reason == "the watch failed: ZeroDivisionError"


def test_terms_are_those_that_the_ledger_holds(world: WorkerWorld, released: Released) -> None:
    sight = sight_of(world, honest)
    heads = sight.view.refresh()
    terms = sight.terms.terms(sight.view.prove, heads.finalized, released.release_id, released.worker.address)
    assert terms.model_id == released.model_id
    assert terms.anchor == released.manifest.compute_anchor()
    assert terms.scope_hash == world.system.ledger.releases.get_release(released.release_id).scope_hash
    assert terms.committee_key_hash == world.system.ledger.committee.get_key_hash()
    facts, _ = sight.see_release(heads, released.release_id, released.worker.address)
    assert facts.releasability is Releasability.RELEASABLE


def test_anchor_of_an_unregistered_model_is_refused(world: WorkerWorld) -> None:
    manifest = world.seal().manifest
    sight = sight_of(world, honest)
    with pytest.raises(NotRegistered):
        sight.terms.anchor(sight.view.prove, sight.view.refresh().finalized, manifest)


@pytest.mark.parametrize(("urls", "agreement"), [(1, 2), (2, 1), (3, 1), (1, 0)])
def test_access_refuses_an_agreement_that_two_halves_could_reach(world: WorkerWorld, urls: int, agreement: int) -> None:
    url = world.system.anvil.url
    spellings = [url, url + "/", url.replace("127.0.0.1", "localhost")][:urls]
    with pytest.raises(InvalidInput, match="cannot be what must agree"):
        open_access(world.system.ledger.deployment, spellings, agreement)


def test_access_refuses_a_node_that_is_named_twice(world: WorkerWorld) -> None:
    with pytest.raises(InvalidInput, match="cannot be what must agree"):
        open_access(world.system.ledger.deployment, [world.system.anvil.url] * 2)


def test_access_takes_the_shortest_stall_limit(world: WorkerWorld) -> None:
    assert world.access.sight.stall_limit == 30
