"""The way from a release to the data key: nobody waits for ever, lies are left out, and a wrong key is noticed."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from governance.chain.anvil import mine
from governance.chain.errors import RpcUnavailable
from governance.chain.rpc import Rpc
from governance.crypto.group import G1_GENERATOR
from governance.crypto.points import g1_to_eip2537
from governance.ledger.client import Ledger
from governance.ledger.contracts import CommitteeClient
from governance.ledger.contracts.base import Block
from governance.ledger.deployment import Deployment
from governance.ledger.errors import LedgerRefused
from governance.ledger.events import EventRecord
from governance.ledger.signer import Signer
from governance.types import Epoch, MemberIndex
from governance.types.events.committee import PartialPosted
from inference.errors import NoCommitteeKey, UnlockTimedOut, WrongCommittee
from inference.sealed import WrappedKey
from inference.sealing import get_committee_key
from inference.unlock import Unlocked, Waiting, unlock
from live_system import live_system
from worker_world import Released, WorkerWorld

pytestmark = pytest.mark.chain


@pytest.fixture(scope="module")
def released(world: WorkerWorld) -> Released:
    found = world.release()
    world.settle()
    return found


@pytest.fixture(autouse=True)
def _everybody_is_back(world: WorkerWorld) -> Iterator[None]:
    yield
    world.committee.alive = world.committee.willing = set(range(5))


def go(
    world: WorkerWorld, released: Released, *, ledger: Ledger | None = None, patience: float | None = 20, **options: Any
) -> tuple[Unlocked, list[str]]:
    said: list[str] = []
    names = options.pop("names", {})
    waiting = Waiting(said.append, options.pop("check", lambda: None), names, patience)
    identity = released.manifest.identity
    manifest = options.pop("manifest", released.manifest)
    found = unlock(
        ledger or world.system.ledger,
        released.worker,
        released.release_id,
        identity,
        manifest,
        waiting,  # type: ignore[arg-type]
    )
    return found, said


def test_unlock_gives_the_data_key_of_the_sealed_model(world: WorkerWorld, released: Released) -> None:
    with world.committee.answering():
        found, said = go(world, released)
    assert found.data_key.is_committed_by(released.manifest.key_commitment)
    assert len({answer.member for answer in found.answers}) >= 3
    assert found.blocks >= 4  # two to see the request as final, two to see t approvals as final
    assert said[0] == "asking the committee"
    assert said[-1] == "3 of 3 partials"


def test_unlock_with_any_three_of_five(world: WorkerWorld, released: Released) -> None:
    for alive in ({0, 1, 2}, {2, 3, 4}, {0, 2, 4}):
        world.committee.alive = alive
        with world.committee.answering():
            found, _ = go(world, released)
        assert {answer.member - 1 for answer in found.answers} == alive


def test_unlock_with_two_of_five_names_the_missing_and_then_works(world: WorkerWorld, released: Released) -> None:
    world.committee.alive = {0, 3}
    with world.committee.answering():
        with pytest.raises(UnlockTimedOut, match="2 of 3 partials were approved") as refused:
            go(world, released, patience=4)
        assert refused.value.exit_code == 3
        assert refused.value.details["missing"] == ["oracle-2", "oracle-3", "oracle-5"]
        world.committee.alive = {0, 3, 4}
        found, said = go(world, released)
    assert any(line.startswith("an earlier request of this worker still stands: ") for line in said)
    assert {answer.member for answer in found.answers} == {1, 4, 5}


def test_unlock_counts_partials_once_enough_have_approved(world: WorkerWorld, released: Released) -> None:
    world.committee.willing = {0, 3}
    with world.committee.answering():
        with pytest.raises(UnlockTimedOut, match="2 of 3 partials came; no answer from oracle-2, oracle-3, oracle-5"):
            go(world, released, patience=6)
        world.committee.willing = set(range(5))
        go(world, released)


def test_unlock_ends_when_the_lease_is_lost(world: WorkerWorld, released: Released) -> None:
    class Lost(Exception):
        """As the worker raises WorkerDark."""

    def check() -> None:
        raise Lost

    with pytest.raises(Lost):
        go(world, released, check=check)
    with world.committee.answering():
        go(world, released)


def test_unlock_ends_with_its_request(world: WorkerWorld, released: Released) -> None:
    world.committee.alive = set()
    calls = 0

    def check() -> None:
        nonlocal calls
        calls += 1
        if calls == 3:
            world.system.warp(601)  # the charter's request lifetime

    with pytest.raises(UnlockTimedOut, match="0 of 3 partials"):
        go(world, released, patience=None, check=check)


def test_unlock_is_refused_by_the_ledger_to_a_stranger(world: WorkerWorld, released: Released) -> None:
    stranger = Signer.random()
    world.system.fund(stranger.address)
    with pytest.raises(LedgerRefused) as refused:
        go(world, dataclasses.replace(released, worker=stranger))
    assert refused.value.rule == "R-Committee-13"


def test_unlock_is_refused_for_a_model_of_another_committee(world: WorkerWorld, released: Released) -> None:
    foreign = released.manifest.model_copy(update={"committee_key_hash": b"\x09" * 32})
    with pytest.raises(WrongCommittee):
        go(world, released, manifest=foreign)


def test_unlock_notices_a_wrapped_key_that_was_exchanged(world: WorkerWorld, released: Released) -> None:
    from governance.crypto.errors import UnwrapFailed

    (real,) = released.manifest.wrapped_keys
    wrapped = WrappedKey(identity=real.identity, mode="plain", party=0, wrapped=real.wrapped[:-1] + b"\x00")
    changed = released.manifest.model_copy(update={"wrapped_keys": (wrapped,)})
    with world.committee.answering(), pytest.raises(UnwrapFailed):
        go(world, released, manifest=changed)


class LyingCommittee(CommitteeClient):
    """Gives the sums of a committee wrongly three times: none, no points, and one point too few."""

    lies = 3

    def get_aggregate(self, epoch: Epoch, *, at: Block = "latest") -> bytes:
        told = super().get_aggregate(epoch, at=at)
        self.lies -= 1
        return [told[256:], b"\x01" * 768, b""][self.lies] if self.lies >= 0 else told


class LyingLedger(Ledger):
    """A node that puts invented partials before the real ones, and at times does not answer."""

    asked = 0

    def __init__(self, rpc: Rpc, deployment: Deployment) -> None:
        super().__init__(rpc, deployment)
        self.committee = LyingCommittee(rpc, deployment.addresses["Committee"])

    def events(
        self, *, first: int | None = None, last: int | None = None, topics: Sequence[Any] | None = None
    ) -> list[EventRecord]:
        self.asked += 1
        if self.asked % 3 == 2:
            raise RpcUnavailable("the node is away")
        records = super().events(first=first, last=last, topics=topics)
        return [*(lie for record in records[:1] for lie in _invent(record)), *records]


def _invent(record: EventRecord) -> list[EventRecord]:
    """One that is another point, and one of a member that cannot be."""
    event = record.event
    assert isinstance(event, PartialPosted)
    other = dataclasses.replace(event, partial_key=g1_to_eip2537(G1_GENERATOR))
    nobody = dataclasses.replace(event, index=MemberIndex(0))
    return [dataclasses.replace(record, event=lie) for lie in (other, nobody)]


def test_unlock_leaves_out_partials_that_do_not_verify(world: WorkerWorld, released: Released) -> None:
    ledger = LyingLedger(world.system.anvil.rpc, world.system.ledger.deployment)
    with world.committee.answering():
        found, said = go(world, released, ledger=ledger)
    assert found.data_key.is_committed_by(released.manifest.key_commitment)
    assert all(answer.member != 0 for answer in found.answers)
    assert isinstance(ledger.committee, LyingCommittee)
    assert ledger.committee.lies < 0
    assert "waiting for the node: the node is away" in said


# --- sealing


def test_sealing_needs_a_committee_key_that_is_final(tmp_path_factory: pytest.TempPathFactory) -> None:
    from inference.access import open_access

    with live_system(tmp_path_factory.mktemp("early")) as system:
        mine(system.anvil.rpc, 4)
        access = open_access(system.ledger.deployment, [system.anvil.url])
        with pytest.raises(NoCommitteeKey):
            get_committee_key(access)


def test_sealing_refuses_a_key_that_the_node_made_up(world: WorkerWorld) -> None:
    access = world.access

    class Forger(Ledger):
        """Gives a key of its own."""

    forger = Forger(access.ledger.rpc, access.ledger.deployment)
    own = type("Own", (), {"get_key": lambda _: bytes(256)})()
    forger.committee = own
    with pytest.raises(WrongCommittee):
        get_committee_key(dataclasses.replace(access, ledger=forger))
