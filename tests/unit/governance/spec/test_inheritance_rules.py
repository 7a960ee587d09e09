"""Rules of beginning where another system ended: who may, what is taken over, and that a replay follows the seam."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest

from governance.encoding.charter import compute_system
from governance.encoding.names import compute_constraint_id, make_short_name
from governance.spec import brake, council, incidents
from governance.spec.actions import compute_tier
from governance.spec.brake import process_lapse
from governance.spec.constraints import fold_head
from governance.spec.genesis import process_genesis
from governance.spec.inheritance import process_import_stop, take_over
from governance.spec.models import check_register
from governance.spec.outcome import Outcome
from governance.spec.releases import check_grant
from governance.spec.replay import replay_steps
from governance.spec.state import SystemState
from governance.spec.steps import Divergence, Logged
from governance.spec.timeline import Timeline
from governance.types import (
    EVERYTHING,
    ZERO_HASH,
    ActionKind,
    AddConstraint,
    ConfirmStop,
    ConstraintParameter,
    Direction,
    NameSuccessor,
    ParameterSetting,
    PinnedCode,
    ReportId,
    Resume,
    ScopeId,
    SetParameter,
    StopId,
    StopStatus,
    Tier,
    Timestamp,
)
from governance.types.events.brake import StopInherited
from governance.types.events.constraints import LedgerInherited
from refusals import refused
from spec_charter import DAY, DEPLOYER, GENESIS, label
from spec_world import World

KEY = make_short_name("max_output_tokens")
ID = compute_constraint_id("no weapons")
NEXT = dataclasses.replace(GENESIS, system=compute_system(DEPLOYER, 6), predecessor=GENESIS.system.council)


def begin_next(old: World) -> SystemState:
    """The next system right after its constructors."""
    outcome = process_genesis(NEXT, old.now)
    assert isinstance(outcome, Outcome)
    return outcome.state


def end(old: World) -> None:
    part = PinnedCode(NEXT.system.council, label("code"))
    old.carry(ActionKind.NAME_SUCCESSOR, NameSuccessor((part,)))


def follow(old: World) -> World:
    """The next system, which took the old one over a day later."""
    return World(genesis=NEXT, now=Timestamp(old.now + DAY), before=old)


@pytest.fixture
def old() -> World:
    """A limit of 40, a model with a stop that stands and one that was resumed, and a stop on everything."""
    world = World()
    settings = (ParameterSetting(KEY, Direction.MAX, 100),)
    world.carry(ActionKind.ADD_CONSTRAINT, AddConstraint("no weapons", Timestamp(0), settings, b"{}"))
    tightened = SetParameter(ID, world.state.constraints.constraints[ID].version, KEY, 40)
    world.carry(ActionKind.TIGHTEN_PARAMETER, tightened)
    world.form_committee()
    model = world.register_model(1)
    world.pull([0, 1, 5], ScopeId(model))
    world.answer()
    world.carry(ActionKind.RESUME, Resume((StopId(1),)))
    world.pull([0, 1, 5], ScopeId(model))
    world.pull([0, 1, 5], EVERYTHING)
    return world


# --- refusals


def test_activate_is_refused_until_the_predecessor_names_it(old: World) -> None:
    state = begin_next(old)
    refused(council.process_activate(state, old.now, old.state), "R-Constraints-10", "NotItsSuccessor")
    refused(council.process_activate(state, old.now, None), "R-Constraints-10", "NotItsSuccessor")
    refused(process_import_stop(state, old.state, old.now), "R-Constraints-10", "NotItsSuccessor")
    end(old)
    other = dataclasses.replace(old.state, system=compute_system(DEPLOYER, 12))
    refused(council.process_activate(state, old.now, other), "R-Constraints-10", "NotItsSuccessor")
    third = dataclasses.replace(state, system=compute_system(DEPLOYER, 12))
    refused(council.process_activate(third, old.now, old.state), "R-Constraints-10", "NotItsSuccessor")


def test_nothing_is_proposed_before_the_take_over(old: World) -> None:
    end(old)
    state = begin_next(old)
    action = AddConstraint("early", Timestamp(0), (), b"{}")
    assert not any(state.constraints.head)
    for seat in (0, 7):
        proposed = council.process_propose(state, old.key(seat), ActionKind.ADD_CONSTRAINT, b"", "early", old.now)
        refused(proposed, "R-Council-16", "NotActive")
    pulled = brake.process_pull(state, old.key(0), EVERYTHING, label("report"), 3, "early", old.now)
    refused(pulled, "R-Council-16", "NotActive")
    assert action.name not in state.constraints.names.values()


def test_take_over_is_refused_where_there_is_nothing_left(old: World) -> None:
    refused(take_over(old.state, None, old.now), "R-Constraints-10", "NothingToInherit")
    end(old)
    world = follow(old)
    refused(take_over(world.state, old.state, world.now), "R-Constraints-10", "NothingToInherit")
    refused(process_import_stop(world.state, old.state, world.now), "R-Constraints-10", "NothingToInherit")


# --- what is taken over


def test_constraints_go_on_from_the_same_head(old: World) -> None:
    end(old)
    world = follow(old)
    before, ledger = old.state.constraints, world.state.constraints
    assert (ledger.genesis_head, ledger.head, ledger.first_entry) == (before.head, before.head, 2)
    assert ledger.constraints == before.constraints
    assert ledger.parameters[ID, KEY] == ConstraintParameter(Direction.MAX, 40)
    parent = ledger.constraints[ID].version
    world.carry(ActionKind.TIGHTEN_PARAMETER, SetParameter(ID, parent, KEY, 30))
    ledger = world.state.constraints
    assert fold_head(before.head, ledger.entries[2:], 2) == ledger.head
    assert fold_head(before.genesis_head, ledger.entries) == ledger.head
    loosened = SetParameter(ID, ledger.constraints[ID].version, KEY, 99)
    assert compute_tier(world.state, ActionKind.LOOSEN_PARAMETER, loosened, world.now) is Tier.LOOSEN


def test_models_are_known_and_not_released(old: World) -> None:
    end(old)
    known = next(iter(old.state.releases.models))
    world = follow(old)
    world.answer()
    world.carry(ActionKind.RESUME, Resume((StopId(3),)))  # while everything is stopped no committee is formed, here too
    world.form_committee()
    refused(check_register(world.state, world.make_model(1)), "R-Releases-02", "ModelExists")
    again = dataclasses.replace(world.make_model(9), key_commitment=world.make_model(1).key_commitment)
    refused(check_register(world.state, again), "R-Releases-02", "ModelExists")
    release = check_grant(world.state, world.make_release(known), world.now)
    refused(release, "R-Releases-02", "UnknownModel")
    sealed_again = world.register_model(2, known)
    assert world.state.releases.models[sealed_again].lineage == known
    assert world.state.brake.get_scope(ScopeId(known)).standing == 1


def test_stops_stand_until_a_resume_here(old: World) -> None:
    model = next(iter(old.state.releases.models))
    end(old)
    old.pull([2, 3, 6], ScopeId(model))
    world = follow(old)
    stops = world.state.brake.stops
    assert [stop.status for stop in stops] == [StopStatus.RESUMED, *(StopStatus.CONFIRMED,) * 3]
    assert {stop.seats for stop in stops} == {0}
    assert [stop.report_id for stop in stops] == [1, 2, 3, 4]
    assert world.state.brake.get_scope(ScopeId(model)).standing == 2
    refused(process_lapse(world.state, StopId(2), Timestamp(world.now + 999 * DAY)), "R-Brake-04", "UnexpectedStop")
    refused(brake.check_confirm(world.state, ConfirmStop(StopId(2))), "R-Brake-04", "UnexpectedStop")
    refused(brake.check_resume(world.state, Resume((StopId(2),))), "R-Brake-14", "Unanswered")
    answered = incidents.process_respond(world.state, world.key(14), ReportId(2), label("answer"), "")
    assert isinstance(answered, Outcome)
    assert brake.check_resume(answered.state, Resume((StopId(2),))) is Tier.LOOSEN


# --- the seam


def replayed(old: World, logs: list[Logged]) -> SystemState:
    timeline = Timeline(replay_steps(GENESIS, old.logs))
    assert timeline.last == old.state
    return Timeline(replay_steps(NEXT, logs, None, timeline)).last


def on_one_chain(old: World, world: World) -> list[Logged]:
    """The next system's logs in blocks after the old one's."""
    return [dataclasses.replace(log, block=log.block + old.logs[-1].block) for log in world.logs]


def test_replay_follows_the_seam(old: World) -> None:
    end(old)
    world = follow(old)
    assert replayed(old, on_one_chain(old, world)) == world.state


def test_replay_takes_the_stops_of_the_moment(old: World) -> None:
    """What falls over there after the take-over is not a stop here."""
    end(old)
    world = follow(old)
    logs, blocks = on_one_chain(old, world), len(world.logs)
    old.transactions += blocks
    old.pull([2, 3, 6], EVERYTHING)
    assert replayed(old, logs) == world.state
    assert len(old.state.brake.stops) == len(world.state.brake.stops) + 1


def test_replay_follows_stops_that_came_one_by_one(old: World) -> None:
    """Before the activation, by anybody; in the end it is as if the activation had taken all of them over."""
    end(old)
    now = Timestamp(old.now + DAY)
    outcomes = [process_genesis(NEXT, now)]
    for step in (process_import_stop, process_import_stop, process_import_stop, process_import_stop):
        assert isinstance(outcomes[-1], Outcome)
        outcomes.append(step(outcomes[-1].state, old.state, now))
    left = outcomes.pop()
    assert isinstance(left, Outcome)
    assert left.events == ()
    outcomes.append(council.process_activate(left.state, now, old.state))
    logs = [
        Logged(event, now, old.logs[-1].block + at, hex(at))
        for at, outcome in enumerate(outcomes, 1)
        if isinstance(outcome, Outcome)
        for event in outcome.events
    ]
    assert replayed(old, logs) == follow(old).state


FORGED: list[tuple[type, Callable[[object], dict[str, object]]]] = [
    (StopInherited, lambda event: {"status": StopStatus.LAPSED}),
    (StopInherited, lambda event: {"scope": ScopeId(label("elsewhere"))}),
    (StopInherited, lambda event: {"stop_id": StopId(7)}),
    (LedgerInherited, lambda event: {"head": ZERO_HASH}),
    (LedgerInherited, lambda event: {"entries": 0}),
    (LedgerInherited, lambda event: {"predecessor": GENESIS.system.seats}),
]


@pytest.mark.parametrize(("kind", "change"), FORGED)
def test_replay_diverges_when_the_seam_is_forged(
    old: World, kind: type, change: Callable[[object], dict[str, object]]
) -> None:
    end(old)
    logs = on_one_chain(old, follow(old))
    at = next(at for at, log in enumerate(logs) if isinstance(log.event, kind))
    event = dataclasses.replace(logs[at].event, **change(logs[at].event))  # type: ignore[arg-type]
    with pytest.raises(Divergence, match=kind.__name__):
        replayed(old, [*logs[:at], dataclasses.replace(logs[at], event=event), *logs[at + 1 :]])


def test_replay_diverges_when_a_stop_is_left_out(old: World) -> None:
    end(old)
    logs = on_one_chain(old, follow(old))
    at = next(at for at, log in enumerate(logs) if isinstance(log.event, StopInherited) and log.event.stop_id == 2)
    with pytest.raises(Divergence, match="StopInherited"):
        replayed(old, [*logs[:at], *logs[at + 2 :]])


def test_replay_diverges_without_the_predecessor(old: World) -> None:
    end(old)
    logs = on_one_chain(old, follow(old))
    with pytest.raises(Divergence, match="R-Constraints-10"):
        list(replay_steps(NEXT, logs))
