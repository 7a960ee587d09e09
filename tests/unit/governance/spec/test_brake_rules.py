"""A few stop; only many resume; waiting revives nothing."""

from __future__ import annotations

import dataclasses

import pytest

from governance.encoding.names import release_id_of
from governance.spec import brake
from governance.spec.releases import compute_releasability
from governance.spec.rules import Refusal
from governance.types import (
    EVERYTHING,
    ActionKind,
    ChangeSeats,
    ConfirmStop,
    Hash32,
    ModelId,
    Releasability,
    RenewRelease,
    Resume,
    ScopeId,
    SeatNumber,
    StopId,
    StopStatus,
    SuspendSeat,
    Timestamp,
)
from refusals import refused
from spec_charter import DAY, PARAMETERS, REPORT, STRANGER, label, make_grant
from spec_world import World

ONE = StopId(1)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def governed(world: World) -> tuple[World, ModelId]:
    world.form_committee()
    return world, world.register_model()


def try_pull(world: World, seat: int, scope: ScopeId = EVERYTHING, severity: int = 3) -> object:
    return brake.process_pull(world.state, world.key(seat), scope, REPORT, severity, "", world.now)


def test_pull_is_refused_to_strangers_and_suspended_seats(world: World) -> None:
    refused(brake.process_pull(world.state, STRANGER, EVERYTHING, REPORT, 3, "", world.now), "R-Brake-01")
    world.carry(ActionKind.SUSPEND_SEAT, SuspendSeat(SeatNumber(4), label("evidence")))
    refused(try_pull(world, 4), "R-Brake-01", "NotLiveSeat")


def test_pull_is_refused_before_activation(world: World) -> None:
    world.state = dataclasses.replace(world.state, council=dataclasses.replace(world.state.council, active=False))
    refused(try_pull(world, 4), "R-Council-16")


@pytest.mark.parametrize("severity", [0, 5])
def test_pull_is_refused_without_a_proper_report(world: World, severity: int) -> None:
    refused(try_pull(world, 4, severity=severity), "R-Brake-09")
    key = world.key(4)
    refused(brake.process_pull(world.state, key, EVERYTHING, Hash32(bytes(32)), 3, "", world.now), "R-Brake-09")


def test_pull_is_refused_for_a_scope_that_is_no_lineage(governed: tuple[World, ModelId]) -> None:
    world, root = governed
    child = world.register_model(2, root)
    refused(try_pull(world, 0, ScopeId(label("nothing"))), "R-Brake-08")
    refused(try_pull(world, 0, ScopeId(child)), "R-Brake-08")  # a child has its root's scope
    assert not isinstance(try_pull(world, 0, ScopeId(root)), Refusal)


def test_k_seats_of_one_chamber_stop_nothing(world: World) -> None:
    world.pull([0, 1, 2, 3])
    assert not brake.is_stopped(world.state.brake, EVERYTHING)
    pending = brake.pending_pulls(world.state, EVERYTHING, world.now)
    assert (pending.count, pending.chambers) == (4, 1)
    world.pull([5])
    assert brake.is_stopped(world.state.brake, EVERYTHING)
    assert world.state.brake.stops[0].seats == 0b101111


def test_pulls_do_not_count_twice_nor_after_their_window(world: World) -> None:
    world.pull([0, 0, 0, 5, 5])
    assert not world.state.brake.stops
    world.wait(PARAMETERS.pull_window)
    assert brake.pending_pulls(world.state, EVERYTHING, world.now).count == 2
    world.wait(1)
    world.pull([10])
    assert not world.state.brake.stops
    assert brake.pending_pulls(world.state, EVERYTHING, world.now).count == 1


def test_pulls_do_not_count_from_a_seat_that_was_suspended_since(world: World) -> None:
    long = dataclasses.replace(PARAMETERS, pull_window=30 * DAY)  # type: ignore[arg-type]
    council = dataclasses.replace(world.state.council, versions=(long,))
    world.state = dataclasses.replace(world.state, council=council)
    world.pull([4, 5])
    world.carry(ActionKind.SUSPEND_SEAT, SuspendSeat(SeatNumber(4), label("evidence")))
    world.pull([10])
    assert not world.state.brake.stops
    world.pull([11])
    assert len(world.state.brake.stops) == 1


def test_pulls_on_one_lineage_do_not_count_for_another(governed: tuple[World, ModelId]) -> None:
    world, first = governed
    second = world.register_model(2)
    world.pull([0, 5], ScopeId(first))
    world.pull([10], ScopeId(second))
    assert not world.state.brake.stops
    world.pull([10], ScopeId(first))
    assert brake.is_stopped(world.state.brake, first)
    assert not brake.is_stopped(world.state.brake, second)
    assert (brake.stops_seen(world.state.brake, first), brake.stops_seen(world.state.brake, EVERYTHING)) == (1, 0)


def test_stop_never_blocks_the_council(world: World) -> None:
    world.pull([0, 5, 10])
    world.carry(ActionKind.SUSPEND_SEAT, SuspendSeat(SeatNumber(4), label("evidence")))


# --- lapse


def test_lapse_is_refused_before_the_term_and_of_what_does_not_stand(world: World) -> None:
    refused(brake.process_lapse(world.state, ONE, world.now), "R-Brake-04")
    world.pull([0, 5, 10])
    refused(brake.process_lapse(world.state, StopId(0), world.now), "R-Brake-04")
    world.wait(PARAMETERS.brake_term - 1)
    refused(brake.process_lapse(world.state, ONE, world.now), "R-Brake-05")
    world.wait(1)
    world.take(brake.process_lapse(world.state, ONE, world.now))
    refused(brake.process_lapse(world.state, ONE, world.now), "R-Brake-04")


def test_confirmed_stop_never_lapses(world: World) -> None:
    world.pull([0, 5, 10])
    world.carry(ActionKind.CONFIRM_STOP, ConfirmStop(ONE), range(8))
    assert world.now < world.proposal(next(iter(world.state.council.proposals))).closes_at  # at once
    world.wait(PARAMETERS.brake_term)
    refused(brake.process_lapse(world.state, ONE, world.now), "R-Brake-04")
    refused(world.try_propose(ActionKind.CONFIRM_STOP, ConfirmStop(ONE)), "R-Brake-04")
    assert brake.is_stopped(world.state.brake, EVERYTHING)


def test_lapse_revives_nothing_that_was_stopped(governed: tuple[World, ModelId]) -> None:
    world, model = governed
    release = world.grant_release(model)
    worker = world.make_release(model).workers[0].worker
    world.pull([0, 5, 10], ScopeId(model))
    assert compute_releasability(world.state, release, worker, world.now) is Releasability.STOPPED
    world.wait(PARAMETERS.brake_term)
    world.take(brake.process_lapse(world.state, ONE, world.now))
    assert compute_releasability(world.state, release, worker, world.now) is Releasability.BARRED
    refused(world.try_propose(ActionKind.RENEW_RELEASE, RenewRelease(release, Timestamp(world.now + 70 * DAY))),
            "R-Releases-07")  # fmt: skip
    world.wait(1)
    fresh = world.grant_release(model)
    assert compute_releasability(world.state, fresh, worker, world.now) is Releasability.RELEASABLE


def test_release_that_was_proposed_before_a_lapse_needs_tier_3(governed: tuple[World, ModelId]) -> None:
    world, model = governed
    world.pull([0, 5, 10], ScopeId(model))
    world.wait(PARAMETERS.brake_term - 10 * DAY)
    state = world.state  # the stop as if it had not been seen when the release was proposed
    world.state = dataclasses.replace(state, brake=dataclasses.replace(state.brake, scopes={
        **state.brake.scopes, ScopeId(model): dataclasses.replace(state.brake.get_scope(ScopeId(model)), standing=0)
    }))  # fmt: skip
    proposal_id = world.propose(ActionKind.GRANT_RELEASE, world.make_release(model))
    world.state = dataclasses.replace(world.state, brake=state.brake)
    assert world.proposal(proposal_id).tier == 2
    world.vote(proposal_id, range(15))
    world.wait(10 * DAY)
    world.take(brake.process_lapse(world.state, ONE, world.now))
    world.pass_time_until_eta(proposal_id)
    refused(world.try_execute(proposal_id), "R-Council-18", "TierTooLow")


def test_cooldown_binds_the_seats_whose_stop_lapsed_on_that_scope(governed: tuple[World, ModelId]) -> None:
    world, model = governed
    world.pull([0, 5, 10], ScopeId(model))
    world.wait(PARAMETERS.brake_term)
    world.take(brake.process_lapse(world.state, ONE, world.now))
    refused(try_pull(world, 5, ScopeId(model)), "R-Brake-03")
    for seat, scope in ((5, EVERYTHING), (6, ScopeId(model))):
        assert not isinstance(try_pull(world, seat, scope), Refusal)
    world.wait(PARAMETERS.cooldown)
    assert not isinstance(try_pull(world, 5, ScopeId(model)), Refusal)


def test_cooldown_does_not_bind_who_was_granted_the_number_since(world: World) -> None:
    world.pull([14, 5, 1])
    world.wait(PARAMETERS.brake_term)
    long = dataclasses.replace(PARAMETERS, cooldown=390 * DAY)  # type: ignore[arg-type]
    world.state = dataclasses.replace(world.state, council=dataclasses.replace(world.state.council, versions=(long,)))
    world.take(brake.process_lapse(world.state, ONE, world.now))
    world.carry(ActionKind.CHANGE_SEATS, ChangeSeats((SeatNumber(14),), (make_grant(20, 2),)))
    world.wait(300 * DAY)
    world.carry(ActionKind.CHANGE_SEATS, ChangeSeats((SeatNumber(15),), (make_grant(21, 2),)))
    assert world.state.seats.get_seat(SeatNumber(14)).granted_at == world.now
    assert brake.cooldown_until(world.state, EVERYTHING, SeatNumber(14)) == 0
    assert brake.cooldown_until(world.state, EVERYTHING, SeatNumber(5)) > world.now


# --- resume


@pytest.mark.parametrize("stop_ids", [(), tuple(range(1, 34))])
def test_resume_is_refused_of_none_and_of_too_many(world: World, stop_ids: tuple[int, ...]) -> None:
    action = Resume(tuple(StopId(stop_id) for stop_id in stop_ids))
    refused(world.try_propose(ActionKind.RESUME, action), "R-Brake-06")


@pytest.mark.parametrize("stop_ids", [(1, 1), (2,), (0,), (1, 2)])
def test_resume_is_refused_of_what_does_not_stand(world: World, stop_ids: tuple[int, ...]) -> None:
    world.pull([0, 5, 10])
    world.answer()
    action = Resume(tuple(StopId(stop_id) for stop_id in stop_ids))
    refused(world.try_propose(ActionKind.RESUME, action), "R-Brake-04")


def test_resume_lifts_exactly_the_stops_that_it_names(governed: tuple[World, ModelId]) -> None:
    world, model = governed
    release = world.grant_release(model)
    worker = world.make_release(model).workers[0].worker
    world.pull([0, 5, 10], ScopeId(model))
    refused(world.try_propose(ActionKind.RESUME, Resume((ONE,))), "R-Brake-14", "Unanswered")
    world.answer()
    proposal_id = world.propose(ActionKind.RESUME, Resume((ONE,)))
    world.vote(proposal_id, range(15))
    world.pull([1, 6, 11], ScopeId(model))
    world.pass_time_until_eta(proposal_id)
    world.take(world.try_execute(proposal_id))
    assert [stop.status for stop in world.state.brake.stops] == [StopStatus.RESUMED, StopStatus.STANDING]
    assert compute_releasability(world.state, release, worker, world.now) is Releasability.STOPPED
    world.carry(ActionKind.CONFIRM_STOP, ConfirmStop(StopId(2)))
    world.answer()
    world.carry(ActionKind.RESUME, Resume((StopId(2),)))
    assert compute_releasability(world.state, release, worker, world.now) is Releasability.RELEASABLE


def test_release_under_a_stop_needs_tier_3_though_queued_before(governed: tuple[World, ModelId]) -> None:
    world, model = governed
    proposal_id = world.propose(ActionKind.GRANT_RELEASE, world.make_release(model))
    world.vote(proposal_id, range(15))
    world.pass_time_until_eta(proposal_id)
    world.pull([0, 5, 10])
    refused(world.try_execute(proposal_id), "R-Council-18")
    covered = world.propose(ActionKind.GRANT_RELEASE, world.make_release(model))
    assert world.proposal(covered).tier == 3
    world.vote(covered, range(15))
    world.pass_time_until_eta(covered)
    world.take(world.try_execute(covered))
    worker = world.make_release(model).workers[0].worker
    assert compute_releasability(world.state, release_id_of(covered), worker, world.now) is Releasability.STOPPED
