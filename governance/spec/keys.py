"""The keys that vote for a seat: rotation by the voting key waits, rotation by the recovery key does not.

`possessed` says whether the new key signed for this rotation: who calls has verified it (R-Seats-08), since this layer
knows no signature. Source: contracts/src/Seats.sol.
"""

from __future__ import annotations

import dataclasses

from governance.spec.dormancy import check_acting, end_silence
from governance.spec.outcome import Outcome, Result, with_entry, without_entry
from governance.spec.rules import Refusal, refuse
from governance.spec.seats import check_unused, drop_rotation
from governance.spec.state import SeatsState, SystemState
from governance.types import Address, SeatNumber, Standing, Timestamp
from governance.types.events import Event
from governance.types.events.seats import KeyRotated, RecoveryKeyRotated, RotationStarted
from governance.types.records import RotationRecord


def process_start_rotation(
    state: SystemState, caller: Address, new_key: Address, now: Timestamp, *, possessed: bool = True
) -> Result:
    """A rotation of the caller's seat is pending, in the place of an earlier one; it completes after its delay."""
    seat, standing = state.seats.seat_of(caller)
    if standing is Standing.NONE:
        return _not_seat_key(None, caller)
    if refusal := check_acting(state, seat) or _check_new_key(state, new_key, possessed):
        return refusal
    events: list[Event] = []
    seats = drop_rotation(end_silence(state.seats, seat, events), seat, events)
    ready_at = Timestamp(now + state.parameters.rotation_delay)
    seats = dataclasses.replace(seats, rotations=with_entry(seats.rotations, seat, RotationRecord(new_key, ready_at)))
    events.append(RotationStarted(seat, new_key, ready_at))
    return Outcome(dataclasses.replace(state, seats=seats), tuple(events))


def process_cancel_rotation(state: SystemState, caller: Address, seat: SeatNumber, now: Timestamp) -> Result:
    """The seat has no pending rotation: its recovery key said no."""
    if caller != state.seats.get_seat(seat).recovery_key:
        return _not_seat_key(seat, caller)
    if seat not in state.seats.rotations:
        return _not_ready(seat, Timestamp(0), now)
    events: list[Event] = []
    seats = drop_rotation(end_silence(state.seats, seat, events), seat, events)
    return Outcome(dataclasses.replace(state, seats=seats), tuple(events))


def process_complete_rotation(state: SystemState, seat: SeatNumber, now: Timestamp) -> Result:
    """The seat votes with the new key. By anybody, once the rotation delay has passed."""
    rotation = state.seats.rotations.get(seat)
    if rotation is None or now < rotation.ready_at:
        return _not_ready(seat, Timestamp(0) if rotation is None else rotation.ready_at, now)
    seats = dataclasses.replace(state.seats, rotations=without_entry(state.seats.rotations, seat))
    return _rotate(dataclasses.replace(state, seats=seats), seat, rotation.new_key, by_recovery_key=False)


def process_recover_key(
    state: SystemState, caller: Address, seat: SeatNumber, new_key: Address, *, possessed: bool = True
) -> Result:
    """The seat votes with the new key at once, and a pending rotation is gone."""
    if caller != state.seats.get_seat(seat).recovery_key:
        return _not_seat_key(seat, caller)
    if refusal := check_acting(state, seat) or _check_new_key(state, new_key, possessed):
        return refusal
    events: list[Event] = []
    seats = drop_rotation(end_silence(state.seats, seat, events), seat, events)
    rotated = _rotate(dataclasses.replace(state, seats=seats), seat, new_key, by_recovery_key=True)
    return rotated if isinstance(rotated, Refusal) else Outcome(rotated.state, (*events, *rotated.events))


def process_rotate_recovery_key(
    state: SystemState, caller: Address, seat: SeatNumber, new_key: Address, *, possessed: bool = True
) -> Result:
    """Another recovery key has taken the place of the caller, at once."""
    record = state.seats.get_seat(seat)
    if caller != record.recovery_key:
        return _not_seat_key(seat, caller)
    if refusal := check_acting(state, seat) or _check_new_key(state, new_key, possessed):
        return refusal
    events: list[Event] = []
    seats = end_silence(state.seats, seat, events)
    seats = dataclasses.replace(
        seats,
        seats=with_entry(seats.seats, seat, dataclasses.replace(record, recovery_key=new_key)),
        used_keys=seats.used_keys | {new_key},
    )
    events.append(RecoveryKeyRotated(seat, caller, new_key))
    return Outcome(dataclasses.replace(state, seats=seats), tuple(events))


def _rotate(state: SystemState, seat: SeatNumber, new_key: Address, *, by_recovery_key: bool) -> Result:
    if refusal := check_unused(state.seats, new_key):  # again: two seats may have waited for one key
        return refusal
    old = state.seats.get_seat(seat)
    seats: SeatsState = dataclasses.replace(
        state.seats,
        seats=with_entry(state.seats.seats, seat, dataclasses.replace(old, voting_key=new_key)),
        used_keys=state.seats.used_keys | {new_key},
    )
    event = KeyRotated(seat, old.voting_key, new_key, by_recovery_key)
    return Outcome(dataclasses.replace(state, seats=seats), (event,))


def _check_new_key(state: SystemState, new_key: Address, possessed: bool) -> Refusal | None:
    if refusal := check_unused(state.seats, new_key):
        return refusal
    if not possessed:
        message = f"{new_key} did not sign for this rotation"
        return refuse("R-Seats-08", "PossessionNotProven", message, required=new_key)
    return None


def _not_seat_key(seat: SeatNumber | None, caller: Address) -> Refusal:
    where = "any seat" if seat is None else f"seat {seat}"
    return refuse("R-Seats-10", "NotSeatKey", f"{caller} is not the key of {where} that this needs", actual=caller)


def _not_ready(seat: SeatNumber, ready_at: Timestamp, now: Timestamp) -> Refusal:
    when = f"ready at {ready_at}, and it is {now}" if ready_at else "not pending"
    message = f"a rotation of seat {seat} is {when}"
    return refuse("R-Seats-09", "RotationNotReady", message, actual=now, required=ready_at)
