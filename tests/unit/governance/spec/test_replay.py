"""A replay believes no log: every event must be what the rules emit where it stands."""

from __future__ import annotations

import dataclasses
from dataclasses import fields
from enum import IntEnum

import pytest

from governance.encoding.names import compute_constraint_id, make_jurisdiction, make_short_name
from governance.spec import brake, committee, council, disputes, dormancy, incidents, keys, releases, unlocks, voting
from governance.spec.replay import replay, replay_steps
from governance.spec.steps import Divergence, Logged
from governance.spec.voting import RelayedBallot
from governance.types import (
    EVERYTHING,
    NO_EPOCH,
    ActionKind,
    AddConstraint,
    AmendConstraint,
    ChangeSeats,
    ConfirmStop,
    Direction,
    Epoch,
    FormCommittee,
    MemberIndex,
    NameSuccessor,
    OracleMember,
    ParameterSetting,
    PinnedCode,
    Reclassify,
    RenewRelease,
    ReplaceSeat,
    ReportId,
    Resume,
    RetireConstraint,
    RevokeRelease,
    SeatNumber,
    SetParameter,
    SetParameters,
    StopId,
    SuspendSeat,
    Timestamp,
)
from governance.types.events import EVENTS
from governance.types.events.council import ActionExecuted, ProposalCreated
from governance.types.events.seats import SeatGranted
from spec_charter import DAY, GENESIS, PARAMETERS, REPORT, WORKER, address_of, label, make_grant
from spec_world import World

KEY = make_short_name("max_output_tokens")
ID = compute_constraint_id("no weapons")


def tell_everything() -> World:
    """A life in which every event happens."""
    world = World()
    settings = (ParameterSetting(KEY, Direction.MAX, 100),)
    world.carry(ActionKind.ADD_CONSTRAINT, AddConstraint("no weapons", Timestamp(0), settings, b"{}"))

    def parent():  # type: ignore[no-untyped-def]
        return world.state.constraints.constraints[ID].version

    world.carry(ActionKind.TIGHTEN_PARAMETER, SetParameter(ID, parent(), KEY, 50))
    world.carry(ActionKind.AMEND_LOOSER, AmendConstraint(ID, parent(), Timestamp(0), b"{ }"))
    escalated = world.propose(ActionKind.AMEND_TIGHTER, AmendConstraint(ID, parent(), Timestamp(0), b"[]"))
    world.take(council.process_object(world.state, world.key(9), escalated, label("counterexample"), "why", world.now))
    canceled = world.propose(ActionKind.SUSPEND_SEAT, SuspendSeat(SeatNumber(4), label("evidence")), seat=2)
    world.take(council.process_cancel(world.state, world.key(2), canceled, world.now))

    voting_life(world)
    committee_life(world)
    model = world.register_model()
    release = world.grant_release(model)
    request = world.request(release)
    for place in range(3):
        world.take(world.try_approve(request, place))
    wrong = unlocks.process_post(world.state, world.oracle(0), request, b"partial", world.now, claimed_wrong=True)
    world.take(wrong)
    for place in range(3):
        world.take(world.try_post(request, place))
    world.take(releases.process_anchor_receipts(world.state, WORKER, release, label("receipts"), 12))
    ends = world.state.releases.releases[release].expires_at
    world.carry(ActionKind.RENEW_RELEASE, RenewRelease(release, Timestamp(ends + DAY)))

    world.take(incidents.process_report(world.state, WORKER, release, label("seen"), 2, "seen", world.now))
    world.pull([0, 5])
    world.take(brake.process_pull_citing(world.state, world.key(10), EVERYTHING, ReportId(1), "that", world.now))
    world.answer()
    world.carry(ActionKind.CONFIRM_STOP, ConfirmStop(StopId(1)))
    world.carry(ActionKind.RESUME, Resume((StopId(1),)))
    world.pull([0, 5, 10])
    world.wait(PARAMETERS.brake_term)
    world.take(brake.process_lapse(world.state, StopId(2), world.now))
    world.carry(ActionKind.REVOKE_RELEASE, RevokeRelease(release, "misuse"))

    keys_life(world)
    silence_life(world)
    world.carry(ActionKind.RETIRE_CONSTRAINT, RetireConstraint(ID, parent()))
    world.carry(ActionKind.SUSPEND_SEAT, SuspendSeat(SeatNumber(4), label("evidence")))
    labels = (make_jurisdiction("SE"), label("group", 0), make_short_name("duty"), label("evidence"))
    world.carry(ActionKind.RECLASSIFY, Reclassify(SeatNumber(3), *labels))  # withheld: four builders must be live
    world.carry(ActionKind.CHANGE_SEATS, ChangeSeats((SeatNumber(14),), (make_grant(20, 2),)))
    world.carry(ActionKind.SET_PARAMETERS, SetParameters(dataclasses.replace(PARAMETERS, pull_seats=4)))
    world.carry(ActionKind.NAME_SUCCESSOR, NameSuccessor((PinnedCode(address_of("next"), label("code")),)))
    return world


def voting_life(world: World) -> None:
    """A batch with a bad ballot, one that turns the vote in its last second, and the veto that ends it."""
    change = world.propose(ActionKind.CHANGE_SEATS, ChangeSeats((SeatNumber(14),), (make_grant(21, 2),)), seat=6)
    world.vote(change, [1, 2, 3, 5, 6, 7, 8, 10, 11, 12, 13])
    world.now = world.proposal(change).closes_at
    batch = [RelayedBallot(world.key(0), 1, 2, 0), RelayedBallot(world.key(0), 1, 1, 0, "at last")]
    world.take(voting.process_signed_ballots(world.state, change, batch, world.now))
    for seat in (5, 6, 7):
        world.take(council.process_veto(world.state, world.key(seat), change, "too late", world.now))


def committee_life(world: World) -> None:
    """One epoch with a dealer that is silent under a complaint, one that misses its deadline, one whose dealer answers
    and which comes in force without its first member, one that deals the key again, where a dealer reveals a wrong one.
    """
    members = tuple(OracleMember(GENESIS_IDS[seat], address_of("oracle", seat)) for seat in (0, 3, 6, 9, 12))
    for epoch in (Epoch(1), Epoch(2), Epoch(3), Epoch(4)):
        predecessor = Epoch(3) if epoch == 4 else NO_EPOCH
        world.carry(ActionKind.FORM_COMMITTEE, FormCommittee(3, 1, members, predecessor))
        if epoch == 2:
            advance(world, epoch)
            continue
        for place in range(5):
            world.register(epoch, place)
        for place in range(1 if predecessor else 0, 5):  # who never acknowledged has no share to deal again
            world.deal(epoch, place)
        world.settle(epoch)
        caller = world.oracle(0)
        world.take(disputes.process_complain(world.state, caller, epoch, [MemberIndex(3)], world.now))
        if epoch == 1:
            advance(world, epoch)  # nobody acknowledged, and dealer 3 is to answer
            advance(world, epoch)  # it said nothing
            advance(world, epoch)  # and nobody settled the sums without it
            continue
        for place in range(1, 5):
            world.acknowledge(epoch, place)
        share, is_wrong = label("share"), epoch == 4
        world.take(
            disputes.process_answer(
                world.state, world.oracle(2), epoch, None, [share], world.now, claimed_wrong=is_wrong
            )
        )
        if is_wrong:
            world.settle(epoch)
            for place in range(5):
                world.acknowledge(epoch, place)
        else:
            world.wait(DAY + 1)
            key = world.committee_key(epoch)
            world.take(committee.process_advance(world.state, epoch, world.now, key=key))


def advance(world: World, epoch: Epoch) -> None:
    world.wait(DAY + 1)
    world.take(committee.process_advance(world.state, epoch, world.now))


def keys_life(world: World) -> None:
    seat = SeatNumber(3)
    for name in ("cancelled", "replaced", "completed", "overtaken"):
        world.take(keys.process_start_rotation(world.state, world.key(3), address_of(name), world.now))
        if name == "cancelled":
            world.take(keys.process_cancel_rotation(world.state, world.recovery(3), seat, world.now))
        elif name == "replaced":
            world.take(keys.process_start_rotation(world.state, world.key(3), address_of("better"), world.now))
            world.take(keys.process_cancel_rotation(world.state, world.recovery(3), seat, world.now))
        elif name == "completed":
            world.wait(PARAMETERS.rotation_delay)
            world.take(keys.process_complete_rotation(world.state, seat, world.now))
        else:
            world.take(keys.process_recover_key(world.state, world.recovery(3), seat, address_of("recovered")))
    world.take(keys.process_recover_key(world.state, world.recovery(7), SeatNumber(7), address_of("lost key")))


def silence_life(world: World) -> None:
    """Seat 13 answers by all that it can do, and is replaced when it does nothing more."""
    seat = SeatNumber(13)
    world.take(dormancy.process_count_silence(world.state, world.key(0), seat, world.now))
    world.take(dormancy.process_answer(world.state, world.recovery(13), seat))
    world.take(dormancy.process_count_silence(world.state, world.key(0), seat, world.now))
    world.take(dormancy.process_count_silence(world.state, world.key(13), SeatNumber(0), world.now))
    world.take(dormancy.process_count_silence(world.state, world.key(1), seat, world.now))
    world.take(keys.process_start_rotation(world.state, world.key(13), address_of("awake"), world.now))
    world.take(dormancy.process_count_silence(world.state, world.key(0), seat, world.now))
    world.take(keys.process_start_rotation(world.state, world.key(13), address_of("wide awake"), world.now))
    world.take(keys.process_rotate_recovery_key(world.state, world.recovery(13), seat, address_of("guardian")))
    world.make_dormant([13])
    awake = [seat for seat in range(15) if seat != 13]
    world.carry(ActionKind.REPLACE_SEAT, ReplaceSeat(seat, make_grant(30, 2, "NZ")), awake)


GENESIS_IDS = {seat: World().state.seats.get_seat(SeatNumber(seat)).organisation_id for seat in (0, 3, 6, 9, 12)}
STORY = tell_everything()
FIRSTS = {type(log.event).__name__: at for at, log in reversed(list(enumerate(STORY.logs)))}

# What the rules leave to who acts: any of his values is as good.
FREE = {
    ("SilenceCounted", "by"),
    ("SeatChallenged", "by"),
    ("VoteCast", "reason"),
    ("VetoCast", "reason"),
    ("BallotSkipped", "support"),  # where something else was wrong with the ballot
    ("ActionExecuted", "executor"),
    ("Objected", "seat"),
    ("Objected", "statement"),
    ("Objected", "counterexample_hash"),
    ("Pulled", "statement"),
    ("Pulled", "report_hash"),  # of a pull that stops nothing yet
    ("Pulled", "severity"),
    ("IncidentReported", "statement"),
    ("IncidentAnswered", "statement"),
    ("IncidentAnswered", "response_hash"),
    ("ShareRevealed", "share"),  # with a curve, shares are checked too
    ("Dealt", "proof"),  # with a curve, points are checked too
    ("UnlockRequested", "proof"),
    ("PartialPosted", "partial_key"),
    ("PartialRefused", "partial_key"),
}


def test_story_tells_every_event_of_every_contract() -> None:
    told = {type(log.event).__name__ for log in STORY.logs}
    # and what only a system that follows another one tells: test_inheritance_rules
    assert told == {name for events in EVENTS.values() for name in events} - {"LedgerInherited", "StopInherited"}


def test_replay_ends_in_the_state_that_the_rules_made() -> None:
    assert replay(GENESIS, STORY.logs) == STORY.state


def test_steps_cover_every_log_once() -> None:
    steps = list(replay_steps(GENESIS, STORY.logs))
    assert [log for step in steps for log in step.logs] == STORY.logs


@pytest.mark.parametrize("name", sorted(FIRSTS.keys() - {"BallotSkipped", "PartialRefused"}))  # which changed nothing
def test_replay_diverges_or_ends_elsewhere_when_an_event_is_missing(name: str) -> None:
    at = FIRSTS[name]
    try:
        unnoticed = replay(GENESIS, [*STORY.logs[:at], *STORY.logs[at + 1 :]]) == STORY.state
    except Divergence:
        unnoticed = False
    assert not unnoticed


def forged(value: object) -> object:
    """Another value of the same kind."""
    match value:
        case bool():
            return not value
        case IntEnum():
            return type(value)(value - 1) if value else type(value)(1)
        case int():
            return value + 1
        case str():
            return address_of("forged") if value.startswith("0x") else value + "!"
        case bytes():
            return bytes([value[0] ^ 1]) + value[1:] if value else b"\x01"
        case tuple():
            return (*value, *value)
        case _:
            return dataclasses.replace(value, pull_seats=9)  # type: ignore[type-var]


@pytest.mark.parametrize(
    ("name", "field"),
    [(name, field.name) for name, at in sorted(FIRSTS.items()) for field in fields(STORY.logs[at].event)],
)
def test_replay_notices_what_is_forged_in_an_event(name: str, field: str) -> None:
    at = FIRSTS[name]
    event = STORY.logs[at].event
    other = dataclasses.replace(event, **{field: forged(getattr(event, field))})  # type: ignore[arg-type]
    logs = [*STORY.logs[:at], dataclasses.replace(STORY.logs[at], event=other), *STORY.logs[at + 1 :]]
    try:
        unnoticed = replay(GENESIS, logs) == STORY.state
    except Divergence:
        unnoticed = False
    assert unnoticed is ((name, field) in FREE)


def test_replay_diverges_when_an_execution_comes_before_its_eta() -> None:
    at = next(at for at, log in enumerate(STORY.logs) if isinstance(log.event, ActionExecuted))
    early = Timestamp(STORY.logs[at].time - 1)
    logs = [
        dataclasses.replace(log, time=early) if log.transaction == STORY.logs[at].transaction else log
        for log in STORY.logs
    ]
    with pytest.raises(Divergence, match="R-Council-05") as caught:
        replay(GENESIS, logs)
    assert caught.value.rule == "R-Council-05"


def test_replay_diverges_when_one_step_is_spread_over_two_transactions() -> None:
    at = next(at for at, log in enumerate(STORY.logs) if isinstance(log.event, ProposalCreated))
    logs = [*STORY.logs[:at], dataclasses.replace(STORY.logs[at], transaction="0xff"), *STORY.logs[at + 1 :]]
    with pytest.raises(Divergence, match="another transaction"):
        replay(GENESIS, logs)


def test_replay_diverges_without_events() -> None:
    with pytest.raises(Divergence):
        replay(GENESIS, [])


def test_replay_diverges_on_an_event_that_begins_no_step() -> None:
    stray = Logged(next(log.event for log in STORY.logs if isinstance(log.event, SeatGranted)), STORY.now, 99, "0x99")
    with pytest.raises(Divergence, match="no step begins with SeatGranted"):
        replay(GENESIS, [*STORY.logs, stray])


def test_replay_diverges_for_another_charter() -> None:
    other = dataclasses.replace(GENESIS, legal_text_hash=label("other text"))
    with pytest.raises(Divergence, match="charter_hash"):
        replay(other, STORY.logs)


def test_activation_twice_is_no_step() -> None:
    activated = next(log for log in STORY.logs if type(log.event).__name__ == "Activated")
    with pytest.raises(Divergence, match="emit nothing"):
        replay(GENESIS, [*STORY.logs, activated])


def test_pulls_need_their_statement_and_report() -> None:
    world = World()
    world.take(brake.process_pull(world.state, world.key(0), EVERYTHING, REPORT, 3, "what was seen", world.now))
    assert replay(GENESIS, world.logs) == world.state
