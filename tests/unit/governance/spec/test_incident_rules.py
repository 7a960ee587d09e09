"""Reports say what was seen, answers what is said to it; nothing that was stopped runs before somebody answered."""

from __future__ import annotations

import pytest

from governance.spec import brake, incidents
from governance.spec.rules import Refusal
from governance.types import (
    EVERYTHING,
    ZERO_HASH,
    ActionKind,
    Address,
    Hash32,
    ModelId,
    ReleaseId,
    ReportId,
    Resume,
    ScopeId,
    SeatNumber,
    StopId,
    SuspendSeat,
)
from spec_charter import DEPLOYER, STRANGER, WORKER, label
from spec_world import World

ONE = ReportId(1)
SEEN, ANSWER = label("seen"), label("answer")
Governed = tuple[World, ModelId, ReleaseId]


@pytest.fixture
def governed() -> Governed:
    """A model, a child of it, and a release of the child."""
    world = World()
    world.form_committee()
    model = world.register_model()
    return world, model, world.grant_release(world.register_model(2, model))


def report(world: World, caller: Address, subject: bytes, evidence: Hash32 = SEEN, severity: int = 2) -> str:
    result = incidents.process_report(world.state, caller, Hash32(subject), evidence, severity, "", world.now)
    return take(world, result)


def respond(world: World, caller: Address, report_id: int = 1, answer: Hash32 = ANSWER) -> str:
    return take(world, incidents.process_respond(world.state, caller, ReportId(report_id), answer, ""))


def cite(world: World, seat: int, scope: bytes, report_id: int = 1) -> str:
    key, scope = world.key(seat), ScopeId(scope)
    return take(world, brake.process_pull_citing(world.state, key, scope, ReportId(report_id), "", world.now))


def take(world: World, result: object) -> str:
    """The rule that refused it, or nothing once it is done."""
    if isinstance(result, Refusal):
        return f"{result.rule} {result.error}"
    world.take(result)
    return ""


def test_report_is_refused_without_evidence_severity_or_subject(governed: Governed) -> None:
    world, model, _ = governed
    assert report(world, world.key(0), model, ZERO_HASH) == "R-Brake-09 BadReport"
    assert report(world, world.key(0), model, severity=0) == "R-Brake-09 BadReport"
    assert report(world, world.key(0), model, severity=5) == "R-Brake-09 BadReport"
    assert report(world, world.key(0), label("nothing")) == "R-Brake-11 UnknownSubject"


def test_report_is_refused_to_who_sits_nowhere_and_runs_nothing(governed: Governed) -> None:
    world, model, release = governed
    world.carry(ActionKind.SUSPEND_SEAT, SuspendSeat(SeatNumber(4), SEEN))
    for account in (STRANGER, world.key(4), world.recovery(0)):
        assert report(world, account, release) == "R-Brake-11 NotReporter"
    assert report(world, WORKER, model) == "R-Brake-11 NotReporter"


def test_worker_has_one_unanswered_report_at_a_time(governed: Governed) -> None:
    world, _, release = governed
    assert report(world, world.key(0), release) == ""
    assert report(world, WORKER, release) == ""
    assert report(world, WORKER, release) == "R-Brake-11 ReportPending"
    assert respond(world, world.key(9), 2) == ""
    assert report(world, WORKER, release) == ""


def test_report_stands_under_the_lineage_of_its_subject(governed: Governed) -> None:
    world, model, release = governed
    child = world.state.releases.releases[release].model_id
    for subject in (EVERYTHING, model, child, release):
        assert report(world, world.key(0), subject) == ""
    assert [made.scope for made in world.state.brake.incidents] == [EVERYTHING, model, model, model]
    assert not brake.is_stopped(world.state.brake, model)


def test_answer_is_refused_without_a_hash_or_a_concern(governed: Governed) -> None:
    world, _, release = governed
    report(world, world.key(0), release)
    assert respond(world, world.key(0), 2) == "R-Brake-12 UnknownReport"
    assert respond(world, world.key(0), answer=ZERO_HASH) == "R-Brake-13 EmptyAnswer"
    assert respond(world, STRANGER) == "R-Brake-13 NotConcerned"
    report(world, world.key(0), EVERYTHING)
    assert respond(world, WORKER, 2) == "R-Brake-13 NotConcerned"
    assert respond(world, DEPLOYER, 2) == "R-Brake-13 NotConcerned"


def test_answer_is_open_to_the_accused(governed: Governed) -> None:
    world, _, release = governed
    report(world, world.key(0), release)
    world.carry(ActionKind.SUSPEND_SEAT, SuspendSeat(SeatNumber(4), SEEN))
    for account in (world.key(4), DEPLOYER, WORKER):
        assert respond(world, account) == ""
    assert world.state.brake.incidents[0].answers == 3


def test_pull_cites_what_the_report_is_about_or_wider(governed: Governed) -> None:
    world, model, release = governed
    other = world.register_model(3)
    report(world, world.key(0), release)
    assert cite(world, 0, model, 2) == "R-Brake-12 UnknownReport"
    assert cite(world, 0, other) == "R-Brake-12 ReportElsewhere"
    assert [cite(world, seat, EVERYTHING) for seat in (0, 5)] == ["", ""]
    assert [cite(world, seat, model) for seat in (0, 5, 10)] == ["", "", ""]
    assert (world.state.brake.stops[0].report_id, len(world.state.brake.incidents)) == (ONE, 1)


def test_stop_without_a_report_files_one() -> None:
    world = World()
    world.pull([0, 5, 10])
    filed = world.state.brake.incidents[0]
    assert (filed.scope, filed.reporter) == (EVERYTHING, world.key(10))
    assert world.state.brake.stops[0].report_id == ONE


def test_resume_waits_for_an_answer_from_after_the_stop(governed: Governed) -> None:
    world, model, release = governed
    report(world, world.key(0), release)
    respond(world, WORKER)
    for seat in (0, 5, 10):
        cite(world, seat, model)
    resume = Resume((StopId(1),))
    assert take(world, world.try_propose(ActionKind.RESUME, resume)) == "R-Brake-14 Unanswered"
    respond(world, WORKER)
    world.carry(ActionKind.RESUME, resume)
    assert not brake.is_stopped(world.state.brake, model)
