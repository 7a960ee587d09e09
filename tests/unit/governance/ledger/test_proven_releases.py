"""What is proven from storage, against what the contract itself says: state by state, on a real chain."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from committee_player import play_key_generation
from governance.chain.headers import Header, verify_header
from governance.chain.proofs import BadProof
from governance.chain.view import Heads, NoAgreement, prove
from governance.encoding.names import release_id_of
from governance.encoding.releases import compute_identity, compute_model_id
from governance.ledger.deployment import Deployment
from governance.ledger.errors import DeploymentMismatch
from governance.ledger.proven import Contract, ProvenLedger, ReleaseFacts, judge, verify_layouts
from governance.ledger.signer import Signer
from governance.types import (
    EVERYTHING,
    ActionKind,
    ConfirmStop,
    GrantRelease,
    Hash32,
    IdentityRequest,
    Mode,
    ModelId,
    RegisterModel,
    Releasability,
    ReleaseId,
    Resume,
    RevokeRelease,
    ScopeId,
    StopStatus,
    Timestamp,
    WorkerGrant,
)
from live_system import LiveSystem, live_system

pytestmark = pytest.mark.chain

DAY = 86_400


@dataclass
class World:
    """A model that a worker may unlock, and the two ways to ask whether it may."""

    system: LiveSystem
    worker: Signer
    model: ModelId
    seal_nonce: int = 1

    @property
    def deployment(self) -> Deployment:
        return self.system.ledger.deployment

    def header(self) -> Header:
        return verify_header(self.system.anvil.rpc.block())

    def prover(self, header: Header, address: str, code_hash: bytes, slots: Any) -> Any:
        return prove(self.system.anvil.rpc, header, address, code_hash, slots)

    def register(self) -> ModelId:
        self.seal_nonce += 1
        action = RegisterModel(
            registrar=self.worker.address,
            seal_nonce=self.seal_nonce,
            parent_model=ModelId(bytes(32)),
            manifest_hash=Hash32(b"\x01" * 32),
            content_root=Hash32(b"\x02" * 32),
            key_commitment=Hash32(self.seal_nonce.to_bytes(32, "big")),
            committee_key_hash=self.system.ledger.committee.get_key_hash(),
            identities=(IdentityRequest(Mode.PLAIN, 0),),
            name="a model",
        )
        self.system.enact(ActionKind.REGISTER_MODEL, action)
        return compute_model_id(self.worker.address, self.seal_nonce)

    def grant(self, model: ModelId, *, days: int = 20) -> ReleaseId:
        action = GrantRelease(
            model_id=model,
            mode=Mode.PLAIN,
            expires_at=Timestamp(self.system.ledger.now() + days * DAY),
            workers=(WorkerGrant(self.worker.address, 0, self.system.organisations[0]),),
            scope=b"{}",
        )
        return release_id_of(self.system.enact(ActionKind.GRANT_RELEASE, action)[0])

    def pull(self, scope: ScopeId) -> None:
        for seat in (2, 7, 12):
            self.system.ledger.send(
                self.system.ledger.brake.pull(scope, Hash32(b"\x09" * 32), 3, "a test"), self.system.seats[seat]
            )

    def stops(self, status: StopStatus = StopStatus.STANDING) -> list[Any]:
        return [stop for stop, record in self.system.ledger.brake.get_stops().items() if record.status is status]

    def judge(self, release: ReleaseId, worker: str | None = None) -> Releasability:
        """What both say, which is the same."""
        who = worker or self.worker.address
        proven = ProvenLedger.of(self.deployment).release(self.prover, self.header(), release, who)
        stated = self.system.ledger.releases.get_releasability(release, who)  # type: ignore[arg-type]
        assert proven.releasability is stated
        return stated


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with live_system(tmp_path_factory.mktemp("proven")) as system:
        play_key_generation(system)
        made = World(system, Signer.random(), ModelId(bytes(32)))
        made.model = made.register()
        yield made


def test_unknown_release_is_proven_to_be_unknown(world: World) -> None:
    assert world.judge(ReleaseId(b"\x55" * 32)) is Releasability.UNKNOWN_RELEASE


def test_release_in_force_is_proven_with_its_identity(world: World) -> None:
    release = world.grant(world.model)
    assert world.judge(release) is Releasability.RELEASABLE
    facts = ProvenLedger.of(world.deployment).release(world.prover, world.header(), release, world.worker.address)
    ledger = world.system.ledger
    assert facts.identity == compute_identity(
        ledger.chain_id, world.deployment.addresses["Releases"], ledger.committee.get_key_hash(), world.model,
        Mode.PLAIN, 0,
    )  # fmt: skip
    assert facts.expires_at == ledger.releases.get_release(release).expires_at
    assert facts.block_time == world.header().timestamp


def test_stranger_is_proven_not_to_be_named(world: World) -> None:
    assert world.judge(world.grant(world.model), Signer.random().address) is Releasability.WORKER_NOT_NAMED


def test_revoked_release_is_proven_to_be_revoked(world: World) -> None:
    release = world.grant(world.model)
    world.system.enact(ActionKind.REVOKE_RELEASE, RevokeRelease(release, "a test"))
    assert world.judge(release) is Releasability.REVOKED


def test_expired_release_is_proven_to_have_expired_to_the_second(world: World) -> None:
    release = world.grant(world.model, days=1)
    ledger = world.system.ledger
    expires_at = ledger.releases.get_release(release).expires_at
    world.system.warp(expires_at - ledger.now() - 1)
    assert world.judge(release) is Releasability.RELEASABLE
    world.system.warp(1)
    assert ledger.now() == expires_at
    assert world.judge(release) is Releasability.EXPIRED


def test_stop_of_the_lineage_is_proven_and_so_is_its_end(world: World) -> None:
    model = world.register()
    release, other = world.grant(model), world.grant(world.model)
    world.pull(ScopeId(model))
    assert world.judge(release) is Releasability.STOPPED
    assert world.judge(other) is Releasability.RELEASABLE
    world.system.answer(*world.stops())
    world.system.enact(ActionKind.RESUME, Resume(tuple(world.stops())))
    assert world.judge(release) is Releasability.RELEASABLE


def test_stop_of_everything_is_proven_for_every_release(world: World) -> None:
    release = world.grant(world.model)
    world.pull(EVERYTHING)
    assert world.judge(release) is Releasability.STOPPED
    world.system.enact(ActionKind.CONFIRM_STOP, ConfirmStop(world.stops()[0]))
    assert world.judge(release) is Releasability.STOPPED
    world.system.answer(*world.stops(StopStatus.CONFIRMED))
    world.system.enact(ActionKind.RESUME, Resume(tuple(world.stops(StopStatus.CONFIRMED))))
    assert world.judge(release) is Releasability.RELEASABLE


def test_lapsed_stop_is_proven_to_bar_what_ran_before_it_for_ever(world: World) -> None:
    model = world.register()
    before = world.grant(model)
    world.pull(ScopeId(model))
    ledger = world.system.ledger
    stop = world.stops()[0]
    world.system.warp(ledger.brake.get_stop(stop).lapses_at - ledger.now() + 1)
    ledger.send(ledger.brake.lapse(stop), world.system.seats[0])
    assert world.judge(before) is Releasability.BARRED
    assert world.judge(world.grant(model)) is Releasability.RELEASABLE


def test_release_is_not_proven_by_another_contract_s_code(world: World) -> None:
    releases = Contract.of(world.deployment, "Releases")
    ledger = ProvenLedger(replace(releases, code_hash=b"\x01" * 32), Contract.of(world.deployment, "Brake"))
    with pytest.raises(BadProof):
        ledger.release(world.prover, world.header(), ReleaseId(bytes(32)), world.worker.address)


class Twisted:
    """An RPC that proves something else the first `times` times."""

    name = "twisted"

    def __init__(self, world: World, times: int) -> None:
        self._rpc, self._times = world.system.anvil.rpc, times

    def call(self, method: str, *params: Any) -> Any:
        answer = self._rpc.call(method, *params)
        if self._times:
            self._times -= 1
            answer["accountProof"].pop()
        return answer


def latest(world: World, *rpcs: Any) -> list[ReleaseFacts]:
    release = world.grant(world.model)
    heads = Heads(world.header(), tuple((rpc, world.header()) for rpc in rpcs))
    return ProvenLedger.of(world.deployment).latest_releases(heads, release, world.worker.address)


def test_wrong_proof_at_the_latest_block_is_heard_as_a_stop_and_says_why(world: World) -> None:
    facts = latest(world, Twisted(world, 9), world.system.anvil.rpc)
    assert facts[0].releasability is Releasability.UNKNOWN_RELEASE
    assert facts[0].doubt.startswith("twisted: ")
    assert facts[1].releasability is Releasability.RELEASABLE


def test_wrong_proof_at_the_latest_block_is_asked_for_once_more(world: World) -> None:
    assert latest(world, Twisted(world, 1))[0].releasability is Releasability.RELEASABLE


def test_latest_block_that_nobody_proves_is_no_fact(world: World) -> None:
    class Dead:
        name = "dead"

        def call(self, method: str, *params: Any) -> Any:
            raise NoAgreement("dead")

    with pytest.raises(NoAgreement):
        latest(world, Dead())


def test_layouts_are_verified_against_the_installed_sources(world: World) -> None:
    verify_layouts(world.system.anvil.rpc, world.deployment)
    pinned = dict(world.deployment.code_hashes)
    other = replace(world.deployment, code_hashes={**pinned, "Brake": Hash32(b"\x01" * 32)})
    with pytest.raises(DeploymentMismatch, match="Brake"):
        verify_layouts(world.system.anvil.rpc, other)
    addresses = world.deployment.addresses
    nowhere = replace(world.deployment, addresses={**addresses, "Committee": world.worker.address})
    with pytest.raises(DeploymentMismatch, match="Committee"):
        verify_layouts(world.system.anvil.rpc, nowhere)
    swapped = replace(
        world.deployment,
        addresses={**addresses, "Brake": addresses["Committee"]},
        code_hashes={**pinned, "Brake": pinned["Committee"]},
    )
    with pytest.raises(DeploymentMismatch, match="other sources"):
        verify_layouts(world.system.anvil.rpc, swapped)


ALIVE = {"status": 1, "expiresAt": 100, "lineageGeneration": 0, "globalGeneration": 0}
OPEN = {"openedAt": 5, "standing": 0, "generation": 0}
NAMED = b"\x01" * 32


@pytest.mark.parametrize(
    ("release", "own", "everything", "identity", "verdict"),
    [
        (ALIVE, OPEN, OPEN, NAMED, Releasability.RELEASABLE),
        ({**ALIVE, "status": 0}, OPEN, OPEN, NAMED, Releasability.UNKNOWN_RELEASE),
        ({**ALIVE, "status": 3}, OPEN, OPEN, NAMED, Releasability.UNKNOWN_RELEASE),
        (ALIVE, {**OPEN, "openedAt": 0}, OPEN, NAMED, Releasability.STOPPED),
        (ALIVE, OPEN, {**OPEN, "openedAt": 0}, NAMED, Releasability.STOPPED),
        (ALIVE, OPEN, {**OPEN, "generation": 1}, NAMED, Releasability.BARRED),
        (ALIVE, OPEN, OPEN, bytes(32), Releasability.WORKER_NOT_NAMED),
    ],
)
def test_judge_reads_no_zero_as_permission(
    release: dict[str, int], own: dict[str, int], everything: dict[str, int], identity: bytes, verdict: Releasability
) -> None:
    assert judge(release, own, everything, identity, 99) is verdict
