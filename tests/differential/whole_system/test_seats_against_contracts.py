"""Who sits where, told twice: random batches, labels, suspensions and silences, each taken or refused by both alike."""

from __future__ import annotations

import dataclasses
import random
from collections import Counter

import pytest

from committee_duel import Duel
from duel_ledger import ledger_of
from governance.encoding.actions import encode_action
from governance.encoding.names import make_jurisdiction, make_short_name
from governance.ledger.codec import Call
from governance.spec import council, dormancy, voting
from governance.spec.proposals import quorum_state
from governance.spec.replay import replay
from governance.spec.rules import Refusal
from governance.types import Action, ActionKind, ChangeSeats, Reclassify, ReplaceSeat, SeatNumber, Standing, SuspendSeat
from spec_charter import DAY, label
from system_walk import Walk
from walk_accounts import WALK_GENESIS, grant_of

pytestmark = pytest.mark.chain

STEPS = 160
QUIET = (4, 9, 10, 11, 12)
PLACES = ("DE", "JP", "BR", "KE", "CA", "US")


def some_action(walk: Walk) -> tuple[ActionKind, Action, int]:
    """A batch, labels, or a suspension, with the tier that it is voted at; few labels, so that many are shared."""
    dice = walk.dice
    seat = SeatNumber(dice.randrange(20))
    match dice.randrange(6):
        case 0:
            return ActionKind.SUSPEND_SEAT, SuspendSeat(seat, label("evidence")), 1
        case 1 | 2:
            affiliation = label("group", dice.randrange(18))
            place, framework = make_jurisdiction(dice.choice(PLACES)), make_short_name("rights")
            return ActionKind.RECLASSIFY, Reclassify(seat, place, affiliation, framework, label("evidence")), 4
        case _:
            return ActionKind.CHANGE_SEATS, some_batch(walk), 4


def some_batch(walk: Walk) -> ChangeSeats:
    dice = walk.dice
    present = [seat for seat in range(64) if walk.world.state.seats.present >> seat & 1]
    removals = dice.sample(present, dice.choice([0, 1, 1, 2, 3]))
    grants = []
    for _ in range(dice.choice([0, 1, 1, 2, 3])):
        walk.names += 1
        grant = grant_of(walk.names, dice.randrange(3), dice.choice(PLACES))
        if dice.random() < 0.2:
            grant = dataclasses.replace(grant, affiliation=label("group", dice.randrange(18)))
        if dice.random() < 0.1:
            grant = dataclasses.replace(grant, organisation=f"org-{dice.randrange(15)}")
        grants.append(grant)
    return ChangeSeats(tuple(map(SeatNumber, removals)), tuple(grants))


def test_resulting_sets_are_judged_alike(duel: Duel) -> None:
    walk, met = Walk(duel, random.Random(13)), Counter[str]()
    for _ in range(STEPS):
        kind, action, tier = some_action(walk)
        taken = duel.enact_or_refuse(kind, action, "Seats", tier)
        met[taken.error if isinstance(taken, Refusal) else kind.name] += 1
        if not isinstance(taken, Refusal):
            met.update(type(event).__name__ for event in taken)
        duel.wait(walk.dice.choice([1, DAY, 60 * DAY]))
    compare(duel)
    wanted = {"ChamberTooSmall", "ChamberTooLarge", "AffiliationSeated", "JurisdictionTooLarge", "OrganisationSeated",
              "WouldDeadlock", "SeatReclassified", "SeatSuspended", "SuspensionWithheld", "CHANGE_SEATS"}  # fmt: skip
    assert wanted <= set(met), met


def say(duel: Duel, by: int, function: str, seat: int) -> str:
    """What both say to a count, a challenge or an answer."""
    world, number = duel.world, SeatNumber(seat)
    key = world.key(by)
    match function:
        case "countSilence":
            result = dormancy.process_count_silence(world.state, key, number, world.now)
        case "challenge":
            result = dormancy.process_challenge(world.state, key, number, world.now)
        case _:
            result = dormancy.process_answer(world.state, key, number)
    duel.step(key, Call("Seats", function, (number,)), result)
    return result.error if isinstance(result, Refusal) else ""


def test_silence_is_told_alike(duel: Duel) -> None:
    """Two chambers are awake; the third, and two seats of the others, are silent, and some of them wake up again."""
    dice, world, said = random.Random(5), duel.world, Counter[str]()
    walk = Walk(duel, dice)
    for seat in (*QUIET, 13, 14):
        say(duel, 0, "countSilence", seat)
    for _ in range(40):
        said[say(duel, dice.choice([0, 5, 13, *QUIET]), "countSilence", dice.randrange(16))] += 1
        said[say(duel, dice.choice([0, 5]), "challenge", dice.choice([1, 13, *QUIET]))] += 1
        if dice.random() < 0.2:
            said[say(duel, 13, "answer", dice.choice([13, 13, 4]))] += 1
        duel.wait(dice.choice([DAY, 9 * DAY]))
    for seat in QUIET:
        say(duel, 0, "countSilence", seat)
    duel.wait(180 * DAY)
    for seat in QUIET:
        say(duel, 0, "challenge", seat)
    said[say(duel, 0, "challenge", QUIET[0])] += 1
    said[say(duel, 5, "answer", QUIET[0])] += 1
    duel.wait(30 * DAY)

    made = {}
    for place, seat in enumerate(QUIET):
        chamber = world.state.seats.get_seat(SeatNumber(seat)).chamber
        action = ReplaceSeat(SeatNumber(seat), grant_of(30 + place, chamber, ("NZ", "AU", "FI", "NO", "SE")[place]))
        data, sender = encode_action(action), world.key(place % 3)
        result = council.process_propose(world.state, sender, ActionKind.REPLACE_SEAT, data, "", world.now)
        walk.step(sender, Call("Council", "propose", (ActionKind.REPLACE_SEAT, data, "")), result)
        assert not isinstance(result, Refusal), result
        made[list(world.state.council.proposals)[-1]] = data
    awake = [seat for seat in range(15) if seat not in QUIET]
    for proposal_id in made:
        for seat in awake:
            key = world.key(seat)
            result = voting.process_ballot(world.state, key, proposal_id, 1, "", world.now)
            walk.step(key, Call("Council", "castVote", (proposal_id, 1)), result)
    said[say(duel, 9, "answer", 9)] += 1  # it wakes up after the vote
    compare(duel, proposals=True)
    world.wait(104 * DAY)
    executed = Counter[str]()
    for proposal_id, data in made.items():
        result = council.process_execute(
            world.state, world.key(0), proposal_id, ActionKind.REPLACE_SEAT, data, world.now
        )
        walk.step(world.key(0), Call("Council", "execute", (proposal_id, ActionKind.REPLACE_SEAT, data)), result)
        executed[result.error if isinstance(result, Refusal) else "done"] += 1
    assert executed == {"done": 4, "NotDormant": 1}
    compare(duel, proposals=True)
    assert replay(WALK_GENESIS, world.logs, duel.curve) == world.state
    wanted = {"", "SilenceNotCounted", "SilenceCountedAlready", "NotSilentEnough", "ChallengedAlready", "NotSeatKey"}
    assert wanted <= set(said), said


def compare(duel: Duel, *, proposals: bool = False) -> None:
    """Every record of Seats, and every quorum, is the same in both."""
    ledger, state = ledger_of(duel), duel.world.state
    numbers = [SeatNumber(seat) for seat in range(64)]
    assert ledger.seats.get_seats(numbers) == [state.seats.get_seat(seat) for seat in numbers]
    assert ledger.seats.get_silences(numbers) == [state.seats.get_silence(seat) for seat in numbers]
    assert ledger.seats.get_live_mask() == state.seats.live
    assert ledger.seats.get_roster() == (state.seats.roster_version, state.seats.present)
    for seat in numbers:
        record = state.seats.get_seat(seat)
        if record.standing is not Standing.NONE:
            assert ledger.seats.get_seat_of(record.voting_key) == (seat, record.standing)
    if proposals:
        duel.rpc.call("evm_setNextBlockTimestamp", hex(duel.world.now))
        duel.rpc.call("evm_mine")
        for proposal_id, proposal in state.council.proposals.items():
            assert ledger.council.get_quorum(proposal_id) == quorum_state(state, proposal, duel.world.now)
