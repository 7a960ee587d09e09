"""Seats that are silent: counted, challenged, dormant; and what the replacement of a dormant one is counted against.

A silence cannot be proven, so it is counted from when somebody asks for it, and whatever the seat does ends it.
Source: contracts/src/seats/Dormancy.sol.
"""

from __future__ import annotations

import dataclasses

from governance.spec.outcome import Outcome, Result, with_entry, without_entry
from governance.spec.rules import Refusal, refuse
from governance.spec.state import SeatsState, SystemState
from governance.spec.tally import Bar, chambers_of
from governance.types import Address, SeatMask, SeatNumber, SilenceRecord, Standing, TierRule, Timestamp
from governance.types.events import Event
from governance.types.events.seats import SeatChallenged, SilenceCounted, SilenceEnded

AWAKE_CHAMBERS = 2


def process_count_silence(state: SystemState, caller: Address, seat: SeatNumber, now: Timestamp) -> Result:
    """From now on the seat's silence is counted."""
    events: list[Event] = []
    heard = _hear_caller(state, caller, events)
    if isinstance(heard, Refusal):
        return heard
    state, by = heard
    if refusal := check_acting(state, seat):
        return refusal
    since = state.seats.get_silence(seat).since
    if since:
        message = f"the silence of seat {seat} is counted since {since}"
        return refuse("R-Seats-20", "SilenceCountedAlready", message, actual=since)
    events.append(SilenceCounted(seat, by, Timestamp(now + state.parameters.dormancy)))
    return Outcome(_with_silence(state, seat, SilenceRecord(now, Timestamp(0))), tuple(events))


def process_challenge(state: SystemState, caller: Address, seat: SeatNumber, now: Timestamp) -> Result:
    """The seat, silent for the dormancy, has the challenge period to do anything at all."""
    events: list[Event] = []
    heard = _hear_caller(state, caller, events)
    if isinstance(heard, Refusal):
        return heard
    state, by = heard
    if refusal := check_acting(state, seat):
        return refusal
    silence = state.seats.get_silence(seat)
    if not silence.since:
        return _not_counted(seat)
    if silence.answer_by:
        message = f"seat {seat} is challenged already, until {silence.answer_by}"
        return refuse("R-Seats-22", "ChallengedAlready", message, actual=silence.answer_by)
    challengeable_at = Timestamp(silence.since + state.parameters.dormancy)
    if now < challengeable_at:
        message = f"seat {seat} can be challenged at {challengeable_at}, and it is {now}"
        return refuse("R-Seats-22", "NotSilentEnough", message, actual=now, required=challengeable_at)
    answer_by = Timestamp(now + state.parameters.challenge_period)
    events.append(SeatChallenged(seat, by, answer_by))
    return Outcome(_with_silence(state, seat, dataclasses.replace(silence, answer_by=answer_by)), tuple(events))


def process_answer(state: SystemState, caller: Address, seat: SeatNumber) -> Result:
    """The seat has said, by either of its keys, that it is there."""
    record = state.seats.get_seat(seat)
    if caller not in (record.voting_key, record.recovery_key):
        return refuse("R-Seats-10", "NotSeatKey", f"{caller} is no key of seat {seat}", actual=caller)
    if refusal := check_acting(state, seat):
        return refusal
    if not state.seats.get_silence(seat).since:
        return _not_counted(seat)
    events: list[Event] = []
    state = hear(state, seat, events)
    return Outcome(state, tuple(events))


def hear(state: SystemState, seat: SeatNumber, events: list[Event]) -> SystemState:
    """R-Seats-20: the seat has done something, and is silent no more."""
    return dataclasses.replace(state, seats=end_silence(state.seats, seat, events))


def end_silence(seats: SeatsState, seat: SeatNumber, events: list[Event]) -> SeatsState:
    """Nobody counts that seat's silence."""
    if seat not in seats.silences:
        return seats
    events.append(SilenceEnded(seat))
    return dataclasses.replace(seats, silences=without_entry(seats.silences, seat))


def check_acting(state: SystemState, seat: SeatNumber) -> Refusal | None:
    """Whether that seat can act itself."""
    if not state.council.active:
        return refuse("R-Council-16", "NotActive", "the system is not active yet")
    standing = state.seats.get_seat(seat).standing
    if standing is not Standing.LIVE:
        message = f"seat {seat} is not live"
        return refuse("R-Seats-13", "UnexpectedStanding", message, actual=standing, required=Standing.LIVE)
    return None


def check_dormant(seats: SeatsState, seat: SeatNumber, at: Timestamp) -> Refusal | None:
    """R-Seats-23: silent through a whole challenge that was over at that time."""
    answer_by = seats.get_silence(seat).answer_by
    if answer_by and answer_by <= at:
        return None
    why = f"it may answer until {answer_by}" if answer_by else "it is not challenged"
    message = f"seat {seat} was not dormant at {at}: {why}"
    return refuse("R-Seats-23", "NotDormant", message, actual=answer_by, required=at)


def dormant_since(seats: SeatsState, time: Timestamp) -> SeatMask:
    """The seats whose challenge was over at that time, and who have done nothing since; removed ones still."""
    return SeatMask(sum(1 << seat for seat, silence in seats.silences.items() if 0 < silence.answer_by <= time))


def compute_replacement_bar(seats: SeatsState, rule: TierRule, version: int, proposed_at: Timestamp) -> Bar:
    """R-Seats-24: the chambers without those who were dormant when it was proposed, and are still."""
    whole = chambers_of(seats.get_roster(version))
    dormant = dormant_since(seats, proposed_at)
    awake = tuple(SeatMask(mask & ~dormant) for mask in whole)
    exempt = frozenset(
        chamber for chamber, mask in enumerate(whole) if 2 * awake[chamber].bit_count() < mask.bit_count()
    )
    if len(whole) - len(exempt) < AWAKE_CHAMBERS:  # what is left of one chamber must not fill all the others
        return Bar(rule, whole)
    return Bar(rule, awake, exempt)


def _hear_caller(state: SystemState, caller: Address, events: list[Event]) -> tuple[SystemState, SeatNumber] | Refusal:
    seat, standing = state.seats.seat_of(caller)
    if standing is Standing.NONE:
        return refuse("R-Seats-10", "NotSeatKey", f"{caller} is not the key of any seat", actual=caller)
    return check_acting(state, seat) or (hear(state, seat, events), seat)


def _with_silence(state: SystemState, seat: SeatNumber, silence: SilenceRecord) -> SystemState:
    seats = dataclasses.replace(state.seats, silences=with_entry(state.seats.silences, seat, silence))
    return dataclasses.replace(state, seats=seats)


def _not_counted(seat: SeatNumber) -> Refusal:
    return refuse("R-Seats-20", "SilenceNotCounted", f"nobody counts the silence of seat {seat}", actual=seat)
