"""Silent seats: counted, challenged, replaced by those who are awake; and labels that a vote gives."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest

from governance.encoding.names import make_jurisdiction, make_short_name
from governance.spec import brake, council, dormancy, keys, voting
from governance.spec.outcome import Result
from governance.spec.proposals import quorum_state
from governance.spec.replay import replay
from governance.spec.rules import Refusal
from governance.spec.state import SystemState
from governance.spec.steps import Divergence
from governance.spec.voting import RelayedBallot
from governance.types import (
    EVERYTHING,
    NO_SILENCE,
    ActionKind,
    AddConstraint,
    ChamberNumber,
    Hash32,
    ProposalId,
    ProposalState,
    Reclassify,
    ReplaceSeat,
    SeatNumber,
    Standing,
    SuspendSeat,
    Timestamp,
)
from governance.types.events.seats import SeatReclassified, SeatSuspended, SilenceEnded, SuspensionWithheld
from refusals import refused
from spec_charter import DAY, GENESIS, REPORT, STRANGER, address_of, label, make_grant
from spec_world import World

QUIET = SeatNumber(13)
NEXT = address_of("next key")


@pytest.fixture
def world() -> World:
    return World()


def count(world: World, seat: int = QUIET, by: int = 0) -> Result:
    return dormancy.process_count_silence(world.state, world.key(by), SeatNumber(seat), world.now)


def challenge(world: World, seat: int = QUIET, by: int = 0) -> Result:
    return dormancy.process_challenge(world.state, world.key(by), SeatNumber(seat), world.now)


def replacement(seat: int = QUIET, chamber: int = 2) -> ReplaceSeat:
    return ReplaceSeat(SeatNumber(seat), make_grant(20, chamber, "NZ"))


def reclassify(seat: int, jurisdiction: str, affiliation: Hash32) -> Reclassify:
    evidence = label("evidence")
    return Reclassify(SeatNumber(seat), make_jurisdiction(jurisdiction), affiliation, make_short_name("duty"), evidence)


# --- counting and challenging


def test_silence_is_counted_by_live_seats_alone(world: World) -> None:
    refused(dormancy.process_count_silence(world.state, STRANGER, QUIET, world.now), "R-Seats-10", "NotSeatKey")
    refused(count(world, seat=40), "R-Seats-13", "UnexpectedStanding")
    world.carry(ActionKind.SUSPEND_SEAT, SuspendSeat(SeatNumber(3), label("evidence")))
    refused(count(world, by=3), "R-Seats-13", "UnexpectedStanding")
    refused(count(world, seat=3), "R-Seats-13", "UnexpectedStanding")
    world.take(count(world))
    refused(count(world, by=1), "R-Seats-20", "SilenceCountedAlready")


def test_challenge_waits_for_the_dormancy_and_comes_once(world: World) -> None:
    refused(challenge(world), "R-Seats-20", "SilenceNotCounted")
    world.take(count(world))
    world.wait(180 * DAY - 1)
    refused(challenge(world), "R-Seats-22", "NotSilentEnough")
    world.wait(1)
    world.take(challenge(world))
    refused(challenge(world, by=1), "R-Seats-22", "ChallengedAlready")


def test_answer_is_the_seats_alone(world: World) -> None:
    answer = dormancy.process_answer
    refused(answer(world.state, world.key(QUIET), QUIET), "R-Seats-20", "SilenceNotCounted")
    world.take(count(world))
    refused(answer(world.state, world.key(0), QUIET), "R-Seats-10", "NotSeatKey")
    for key in (world.key(QUIET), world.recovery(QUIET)):
        outcome = answer(world.state, key, QUIET)
        assert not isinstance(outcome, Refusal)
        assert outcome.events == (SilenceEnded(QUIET),)


def _add(state: SystemState, key: object, now: Timestamp) -> Result:
    from governance.encoding.actions import encode_action

    data = encode_action(AddConstraint("quiet", Timestamp(0), (), b"{}"))
    return council.process_propose(state, key, ActionKind.ADD_CONSTRAINT, data, "", now)  # type: ignore[arg-type]


ACTS: dict[str, Callable[[World, ProposalId], Result]] = {
    "ballot": lambda w, p: voting.process_ballot(w.state, w.key(QUIET), p, 0, "", w.now),
    "signed ballot": lambda w, p: voting.process_signed_ballot(w.state, p, RelayedBallot(w.key(QUIET), 1, 1, 0), w.now),
    "proposal": lambda w, p: _add(w.state, w.key(QUIET), w.now),
    "pull": lambda w, p: brake.process_pull(w.state, w.key(QUIET), EVERYTHING, REPORT, 2, "", w.now),
    "count": lambda w, p: count(w, seat=0, by=QUIET),
    "rotation": lambda w, p: keys.process_start_rotation(w.state, w.key(QUIET), NEXT, w.now),
    "recovery": lambda w, p: keys.process_recover_key(w.state, w.recovery(QUIET), QUIET, NEXT),
    "recovery key": lambda w, p: keys.process_rotate_recovery_key(w.state, w.recovery(QUIET), QUIET, NEXT),
}


@pytest.mark.parametrize("act", ACTS)
def test_silence_ends_with_whatever_the_seat_does(world: World, act: str) -> None:
    world.take(count(world))
    world.wait(180 * DAY)
    world.take(challenge(world))
    proposal_id = world.propose(ActionKind.ADD_CONSTRAINT, AddConstraint("x", Timestamp(0), (), b"{}"))
    outcome = world.take(ACTS[act](world, proposal_id))
    assert outcome.events[0] == SilenceEnded(QUIET)
    assert world.state.seats.get_silence(QUIET) == NO_SILENCE
    assert replay(GENESIS, world.logs) == world.state


def test_replay_refuses_a_silence_that_nobody_broke(world: World) -> None:
    from governance.spec.steps import Logged

    world.take(count(world))
    vote = world.propose(ActionKind.ADD_CONSTRAINT, AddConstraint("x", Timestamp(0), (), b"{}"))
    world.vote(vote, [1])
    ballot = world.logs[-1]
    forged = [*world.logs[:-1], Logged(SilenceEnded(QUIET), ballot.time, ballot.block, ballot.transaction)]
    # the seat may have answered: the event is one that the rules allow, and the next one stands in its transaction
    assert replay(GENESIS, forged).seats.get_silence(QUIET) == NO_SILENCE
    with pytest.raises(Divergence, match="nobody counts the silence"):
        replay(GENESIS, [*forged, dataclasses.replace(forged[-1], transaction="0xother")])


def test_silence_ends_with_a_suspension_and_stays_with_a_removal(world: World) -> None:
    world.make_dormant([12, 13])
    world.carry(ActionKind.SUSPEND_SEAT, SuspendSeat(SeatNumber(12), label("evidence")), range(12))
    assert world.state.seats.get_silence(SeatNumber(12)) == NO_SILENCE
    world.carry(ActionKind.REPLACE_SEAT, replacement(), [*range(12), 14])
    assert world.state.seats.get_silence(QUIET) != NO_SILENCE


# --- replacing


def test_replacement_is_refused_unless_the_seat_is_dormant(world: World) -> None:
    refused(world.try_propose(ActionKind.REPLACE_SEAT, replacement()), "R-Seats-23", "NotDormant")
    world.make_dormant([QUIET])
    other = world.try_propose(ActionKind.REPLACE_SEAT, replacement(chamber=1))
    assert refused(other, "R-Seats-23", "OtherChamber").required == ChamberNumber(2)
    world.wait(-1)
    early = refused(world.try_propose(ActionKind.REPLACE_SEAT, replacement()), "R-Seats-23", "NotDormant")
    assert early.actual == world.now + 1
    world.wait(1)
    proposal_id = world.propose(ActionKind.REPLACE_SEAT, replacement())
    world.vote(proposal_id, [*range(12), 14])
    world.wait(14 * DAY + 90 * DAY)
    assert world.state_of(proposal_id) is ProposalState.SUCCEEDED
    world.take(dormancy.process_answer(world.state, world.recovery(QUIET), QUIET))
    refused(world.try_execute(proposal_id), "R-Seats-23", "NotDormant")


def test_replacement_is_counted_against_those_who_are_awake(world: World) -> None:
    world.make_dormant([10, 11, 12, 13, 14])
    proposal_id = world.propose(ActionKind.REPLACE_SEAT, replacement())
    world.vote(proposal_id, [0, 1, 2, 3, 5, 6, 7])
    quorum = quorum_state(world.state, world.proposal(proposal_id), world.now)
    assert (quorum.size, quorum.needed, quorum.yes, quorum.passing) == (10, 8, 7, False)
    assert [(chamber.size, chamber.needed) for chamber in quorum.chambers] == [(5, 3), (5, 3), (0, 0)]
    world.vote(proposal_id, [8])
    assert quorum_state(world.state, world.proposal(proposal_id), world.now).passing
    world.take(dormancy.process_answer(world.state, world.key(14), SeatNumber(14)))
    awoken = quorum_state(world.state, world.proposal(proposal_id), world.now)
    assert (awoken.size, awoken.needed, awoken.passing) == (11, 9, False)


def test_replacement_leaves_nobody_out_when_one_chamber_alone_is_awake(world: World) -> None:
    world.make_dormant([5, 6, 7, 10, 11, 12, 13])
    proposal_id = world.propose(ActionKind.REPLACE_SEAT, replacement())
    quorum = quorum_state(world.state, world.proposal(proposal_id), world.now)
    assert (quorum.size, quorum.needed) == (15, 12)


# --- labels


def test_reclassification_suspends_the_later_of_a_group(world: World) -> None:
    world.carry(ActionKind.RECLASSIFY, reclassify(2, "SE", label("group", 7)))
    assert world.state.seats.get_seat(SeatNumber(7)).standing is Standing.SUSPENDED
    record = world.state.seats.get_seat(SeatNumber(2))
    assert (record.standing, record.jurisdiction, record.affiliation) == (Standing.LIVE, b"SE", label("group", 7))
    assert replay(GENESIS, world.logs) == world.state


def test_reclassification_withholds_what_would_deadlock(world: World) -> None:
    world.carry(ActionKind.SUSPEND_SEAT, SuspendSeat(SeatNumber(3), label("evidence")))
    proposal_id = world.carry(ActionKind.RECLASSIFY, reclassify(4, "SE", label("group", 0)))
    assert world.proposal(proposal_id).tier == 4
    events = [log.event for log in world.logs[-4:]]
    assert SuspensionWithheld(SeatNumber(4), 3) in events
    assert not any(isinstance(event, SeatSuspended) for event in events)
    assert any(isinstance(event, SeatReclassified) for event in events)
    assert world.state.seats.get_seat(SeatNumber(4)).standing is Standing.LIVE


def test_reclassification_of_nobody_is_refused(world: World) -> None:
    result = world.try_propose(ActionKind.RECLASSIFY, reclassify(40, "SE", label("group")))
    refused(result, "R-Seats-13", "UnexpectedStanding")
