"""Models and releases: what may be unlocked, by whom, until when."""

from __future__ import annotations

import dataclasses

import pytest

from governance.encoding.names import release_id_of
from governance.encoding.releases import compute_model_id
from governance.spec import releases
from governance.spec.releases import compute_releasability, is_releasable
from governance.spec.rules import Refusal
from governance.types import (
    ZERO_ADDRESS,
    ZERO_HASH,
    ActionKind,
    ChangeSeats,
    GrantRelease,
    IdentityRequest,
    Mode,
    ModelId,
    Releasability,
    ReleaseId,
    ReleaseStatus,
    RenewRelease,
    RevokeRelease,
    SeatNumber,
    Timestamp,
    WorkerGrant,
)
from refusals import refused
from spec_charter import DAY, DEPLOYER, PARAMETERS, STRANGER, WORKER, address_of, label, make_grant
from spec_world import World


@pytest.fixture
def world() -> World:
    world = World()
    world.form_committee()
    return world


@pytest.fixture
def model(world: World) -> ModelId:
    return world.register_model()


# --- models


@pytest.mark.parametrize(
    ("changes", "rule", "error"),
    [
        ({"seal_nonce": 1}, "R-Releases-02", "ModelExists"),
        ({"key_commitment": label("commitment", 1)}, "R-Releases-02", "ModelExists"),
        ({"parent_model": ModelId(label("nothing"))}, "R-Releases-02", "UnknownModel"),
        ({"committee_key_hash": label("another key")}, "R-Releases-03", ""),
        ({"identities": ()}, "R-Releases-04", "BadCount"),
        ({"identities": tuple(IdentityRequest(Mode.MPC, n) for n in range(1, 18))}, "R-Releases-04", "BadCount"),
        ({"identities": (IdentityRequest(Mode.PLAIN, 0),) * 2}, "R-Releases-01", ""),
        ({"identities": (IdentityRequest(Mode.NONE, 0),)}, "R-Releases-10", ""),
        ({"identities": (IdentityRequest(Mode.PLAIN, 1),)}, "R-Releases-10", ""),
        ({"identities": (IdentityRequest(Mode.MPC, 0),)}, "R-Releases-10", ""),
        ({"registrar": ZERO_ADDRESS}, "R-Releases-10", ""),
        ({"manifest_hash": ZERO_HASH}, "R-Releases-10", ""),
        ({"content_root": ZERO_HASH}, "R-Releases-10", ""),
        ({"key_commitment": ZERO_HASH}, "R-Releases-10", ""),
    ],
)
def test_registration_is_refused_by_its_rule(
    world: World, model: ModelId, changes: dict[str, object], rule: str, error: str
) -> None:
    action = dataclasses.replace(world.make_model(2), **changes)  # type: ignore[arg-type]
    refused(world.try_propose(ActionKind.REGISTER_MODEL, action), rule, error)


def test_registration_is_refused_while_no_committee_key_is_in_force() -> None:
    world = World()
    refused(world.try_propose(ActionKind.REGISTER_MODEL, world.make_model()), "R-Releases-03")


def test_identity_that_was_registered_elsewhere_is_refused(world: World) -> None:
    action = world.make_model(2)
    identity = releases.compute_identity(
        world.state.chain_id,
        world.state.system.releases,
        action.committee_key_hash,
        compute_model_id(DEPLOYER, 2),
        Mode.PLAIN,
        0,
    )
    known = dataclasses.replace(world.state.releases, identities={identity: ModelId(label("other"))})
    world.state = dataclasses.replace(world.state, releases=known)
    refused(world.try_propose(ActionKind.REGISTER_MODEL, action), "R-Releases-01")


def test_child_belongs_to_the_lineage_of_its_root(world: World, model: ModelId) -> None:
    child = world.register_model(2, model)
    grandchild = world.register_model(3, child)
    models = world.state.releases.models
    assert [models[one].lineage for one in (model, child, grandchild)] == [model] * 3
    assert [models[one].index for one in (model, child, grandchild)] == [1, 2, 3]
    assert len(world.state.brake.scopes) == 2  # everything, and the lineage


# --- releases


@pytest.mark.parametrize(
    ("changes", "rule", "error"),
    [
        ({"model_id": ModelId(label("nothing"))}, "R-Releases-02", "UnknownModel"),
        ({"expires_at": Timestamp(1)}, "R-Releases-05", ""),
        ({"scope": b""}, "R-Releases-11", ""),
        ({"scope": bytes(PARAMETERS.document_bytes + 1)}, "R-Releases-11", ""),
        ({"workers": ()}, "R-Releases-04", "BadCount"),
        ({"workers": (WorkerGrant(WORKER, 0, ""),) * 17}, "R-Releases-04", "BadCount"),
        ({"workers": (WorkerGrant(WORKER, 0, ""),) * 2}, "R-Releases-04", "BadWorker"),
        ({"workers": (WorkerGrant(ZERO_ADDRESS, 0, ""),)}, "R-Releases-04", "BadWorker"),
        ({"workers": (WorkerGrant(WORKER, 1, ""),)}, "R-Releases-04", "BadWorker"),
        ({"mode": Mode.EVAL}, "R-Releases-04", "BadWorker"),
    ],
)
def test_release_is_refused_by_its_rule(
    world: World, model: ModelId, changes: dict[str, object], rule: str, error: str
) -> None:
    action = dataclasses.replace(world.make_release(model), **changes)  # type: ignore[arg-type]
    refused(world.try_propose(ActionKind.GRANT_RELEASE, action), rule, error)


def test_release_is_refused_now_or_beyond_the_longest_lifetime(world: World, model: ModelId) -> None:
    for lifetime, allowed in ((0, False), (1, True), (90 * DAY, True), (90 * DAY + 1, False)):
        result = world.try_propose(ActionKind.GRANT_RELEASE, world.make_release(model, lifetime))
        assert isinstance(result, Refusal) is not allowed


def test_release_that_expired_before_its_eta_is_refused_at_execution(world: World, model: ModelId) -> None:
    proposal_id = world.propose(ActionKind.GRANT_RELEASE, world.make_release(model, 14 * DAY))
    world.vote(proposal_id, range(15))
    world.pass_time_until_eta(proposal_id)
    refused(world.try_execute(proposal_id), "R-Releases-05")


def mpc(model: ModelId, now: int, *organisations: str) -> GrantRelease:
    workers = tuple(WorkerGrant(address_of("worker", at), 1 + at, name) for at, name in enumerate(organisations))
    return GrantRelease(model, Mode.MPC, Timestamp(now + DAY), workers, b"{}")


def test_mpc_parties_are_refused_when_they_depend_on_each_other(world: World, model: ModelId) -> None:
    def attempt(*organisations: str) -> object:
        return world.try_propose(ActionKind.GRANT_RELEASE, mpc(model, world.now, *organisations))

    refused(attempt("org-0", "nobody"), "R-Releases-12", "PartyWithoutSeat")
    refused(attempt("org-0", ""), "R-Releases-12", "PartyWithoutSeat")
    refused(attempt("org-0", "org-0"), "R-Releases-12", "DependentParties")
    refused(attempt("org-0", "org-8"), "R-Releases-12", "DependentParties")  # both DE
    assert not isinstance(attempt("org-0", "org-1"), Refusal)


def test_mpc_party_is_refused_to_who_was_given_another(world: World, model: ModelId) -> None:
    def granting(*organisations: str) -> GrantRelease:
        return dataclasses.replace(
            mpc(model, world.now, *organisations), expires_at=Timestamp(world.now + PARAMETERS.release_lifetime)
        )

    world.carry(ActionKind.GRANT_RELEASE, granting("org-0", "org-1"))
    for organisations in (("org-1", "org-2"), ("org-2", "org-0"), ("org-2", "org-8")):  # org-8 is in DE, as org-0 is
        refused(world.try_propose(ActionKind.GRANT_RELEASE, granting(*organisations)), "R-Releases-13", "PartyHeld")
    for organisations in (("org-0", "org-1"), ("org-8", "org-2")):
        assert not isinstance(world.try_propose(ActionKind.GRANT_RELEASE, granting(*organisations)), Refusal)


def test_workers_of_one_party_may_belong_together(world: World, model: ModelId) -> None:
    workers = tuple(WorkerGrant(address_of("worker", at), 1, "org-0") for at in range(2))
    action = dataclasses.replace(mpc(model, world.now, "org-0"), workers=workers)
    assert not isinstance(world.try_propose(ActionKind.GRANT_RELEASE, action), Refusal)


# --- what a worker may do


def test_nothing_is_releasable_but_what_was_executed_for_that_worker(world: World, model: ModelId) -> None:
    release = world.grant_release(model)
    assert compute_releasability(world.state, release, WORKER, world.now) is Releasability.RELEASABLE
    assert compute_releasability(world.state, release, STRANGER, world.now) is Releasability.WORKER_NOT_NAMED
    nothing = ReleaseId(label("nothing"))
    assert compute_releasability(world.state, nothing, WORKER, world.now) is Releasability.UNKNOWN_RELEASE
    voted = world.propose(ActionKind.GRANT_RELEASE, world.make_release(model))
    assert not is_releasable(world.state, release_id_of(voted), WORKER, world.now)


def test_release_is_dead_in_the_second_of_its_expiry(world: World, model: ModelId) -> None:
    release = world.grant_release(model)
    world.now = Timestamp(world.state.releases.releases[release].expires_at - 1)
    assert is_releasable(world.state, release, WORKER, world.now)
    world.wait(1)
    assert compute_releasability(world.state, release, WORKER, world.now) is Releasability.EXPIRED
    refused(
        world.try_propose(ActionKind.RENEW_RELEASE, RenewRelease(release, Timestamp(world.now + DAY))), "R-Releases-07"
    )


def test_zeroed_storage_never_reads_as_permission(world: World, model: ModelId) -> None:
    release = world.grant_release(model)
    alive = world.state.releases.releases[release]

    def judge(**changes: object) -> Releasability:
        forged = dataclasses.replace(alive, **changes)  # type: ignore[arg-type]
        state = dataclasses.replace(
            world.state, releases=dataclasses.replace(world.state.releases, releases={release: forged})
        )
        return compute_releasability(state, release, WORKER, world.now)

    assert judge() is Releasability.RELEASABLE
    assert judge(status=ReleaseStatus.NONE) is Releasability.UNKNOWN_RELEASE
    assert judge(expires_at=0) is Releasability.EXPIRED
    assert judge(lineage=ModelId(ZERO_HASH)) is Releasability.STOPPED
    assert judge(lineage=ModelId(label("unopened"))) is Releasability.STOPPED
    for brake in (dataclasses.replace(world.state.brake, scopes={}),):
        state = dataclasses.replace(world.state, brake=brake)
        assert compute_releasability(state, release, WORKER, world.now) is Releasability.STOPPED


def test_revoked_release_is_dead_for_ever(world: World, model: ModelId) -> None:
    release = world.grant_release(model)
    world.carry(ActionKind.REVOKE_RELEASE, RevokeRelease(release, "misuse"))
    assert compute_releasability(world.state, release, WORKER, world.now) is Releasability.REVOKED
    refused(world.try_propose(ActionKind.REVOKE_RELEASE, RevokeRelease(release, "")), "R-Releases-07")
    refused(
        world.try_propose(ActionKind.RENEW_RELEASE, RenewRelease(release, Timestamp(world.now + DAY))), "R-Releases-07"
    )
    nothing = ReleaseId(label("nothing"))
    refused(world.try_propose(ActionKind.REVOKE_RELEASE, RevokeRelease(nothing, "")), "R-Releases-07")
    refused(world.try_propose(ActionKind.RENEW_RELEASE, RenewRelease(nothing, Timestamp(0))), "R-Releases-07")


def test_expired_release_can_be_revoked(world: World, model: ModelId) -> None:
    release = world.grant_release(model)
    world.wait(90 * DAY)
    world.carry(ActionKind.REVOKE_RELEASE, RevokeRelease(release, "late"))
    assert world.state.releases.releases[release].status is ReleaseStatus.REVOKED


def test_renewal_is_refused_unless_it_extends(world: World, model: ModelId) -> None:
    release = world.grant_release(model)
    ends = world.state.releases.releases[release].expires_at
    for expires_at in (ends, ends - 1, world.now + 90 * DAY + 1):
        refused(
            world.try_propose(ActionKind.RENEW_RELEASE, RenewRelease(release, Timestamp(expires_at))), "R-Releases-05"
        )
    world.carry(ActionKind.RENEW_RELEASE, RenewRelease(release, Timestamp(ends + DAY)))
    assert world.state.releases.releases[release].expires_at == ends + DAY


def test_renewal_under_a_stop_needs_tier_3(world: World, model: ModelId) -> None:
    release = world.grant_release(model)
    ends = world.state.releases.releases[release].expires_at
    proposal_id = world.propose(ActionKind.RENEW_RELEASE, RenewRelease(release, Timestamp(ends + DAY)))
    world.vote(proposal_id, range(15))
    world.pass_time_until_eta(proposal_id)
    world.pull([0, 5, 10])
    refused(world.try_execute(proposal_id), "R-Council-18")


def test_receipts_are_refused_from_a_worker_that_is_not_named(world: World, model: ModelId) -> None:
    release = world.grant_release(model)
    anchor = releases.process_anchor_receipts
    refused(anchor(world.state, STRANGER, release, label("root"), 3), "R-Releases-09")
    for count in (3, 4):
        world.take(anchor(world.state, WORKER, release, label("root", count), count))
    state = world.state.releases.receipts[release, WORKER]
    assert (state.batches, state.receipts, state.last_root) == (2, 7, label("root", 4))


def test_organisation_that_lost_its_seat_is_no_party(world: World, model: ModelId) -> None:
    world.carry(ActionKind.CHANGE_SEATS, ChangeSeats((SeatNumber(14),), (make_grant(20, 2),)))
    action = mpc(model, world.now, "org-0", "org-14")
    refused(world.try_propose(ActionKind.GRANT_RELEASE, action), "R-Releases-12", "PartyWithoutSeat")
