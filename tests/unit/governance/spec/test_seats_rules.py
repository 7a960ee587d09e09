"""Who may hold a seat, and which keys speak for it."""

from __future__ import annotations

import dataclasses

import pytest

from governance.encoding.names import make_short_name
from governance.spec import keys
from governance.spec.genesis import process_genesis
from governance.spec.rules import Refusal
from governance.spec.tiers import longest_life
from governance.types import (
    ZERO_ADDRESS,
    ActionKind,
    ChamberNumber,
    ChangeSeats,
    Hash32,
    Jurisdiction,
    KeyKind,
    ProposalState,
    SeatGrant,
    SeatNumber,
    ShortName,
    Standing,
    SuspendSeat,
)
from governance.types.events.seats import KeyRotated, RotationCancelled, RotationStarted
from refusals import refused
from spec_charter import BOUNDS, CHAMBERS, DAY, GENESIS, PARAMETERS, START, STRANGER, address_of, label, make_grant
from spec_world import World

NEW_KEY = address_of("new key")


def removals(*seats: int) -> tuple[SeatNumber, ...]:
    return tuple(SeatNumber(seat) for seat in seats)


@pytest.fixture
def world() -> World:
    return World()


def try_change(world: World, removed: tuple[SeatNumber, ...] = (), grants: tuple[SeatGrant, ...] = ()) -> object:
    return world.try_propose(ActionKind.CHANGE_SEATS, ChangeSeats(removed, grants))


def regrant(**changes: object) -> SeatGrant:
    """A grant in chamber 2 that breaks no rule but the one that a test makes it break."""
    return dataclasses.replace(make_grant(20, 2), **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("grant", "rule"),
    [
        (regrant(organisation="org-3"), "R-Seats-01"),
        (regrant(affiliation=label("group", 3)), "R-Seats-02"),
        (regrant(jurisdiction=Jurisdiction(b"CA"), chamber=ChamberNumber(2)), None),
        (regrant(voting_key=address_of("voting", 3)), "R-Seats-07"),
        (regrant(recovery_key=address_of("voting", 14)), "R-Seats-07"),  # of the seat that the batch removes
        (regrant(voting_key=ZERO_ADDRESS), "R-Seats-07"),
        (regrant(voting_key=address_of("recovery", 20)), "R-Seats-07"),
        (regrant(chamber=ChamberNumber(3)), "R-Seats-15"),
        (regrant(organisation=""), "R-Seats-15"),
        (regrant(jurisdiction=Jurisdiction(bytes(2))), "R-Seats-15"),
        (regrant(affiliation=Hash32(bytes(32))), "R-Seats-15"),
        (regrant(kind=KeyKind.NONE), "R-Seats-15"),
        (regrant(kind=KeyKind.ERC1271), None),
    ],
)
def test_grant_is_refused_by_its_rule(world: World, grant: SeatGrant, rule: str | None) -> None:
    result = try_change(world, removals(14), (grant,))
    if rule is None:
        assert not isinstance(result, Refusal)
    else:
        refused(result, rule)


def test_grants_of_one_batch_cannot_share_a_key(world: World) -> None:
    first, second = make_grant(20, 1), make_grant(21, 2)
    for changes in (
        {"voting_key": first.voting_key},
        {"voting_key": first.recovery_key},
        {"recovery_key": first.voting_key},
        {"recovery_key": first.recovery_key},
    ):
        refused(try_change(world, (), (first, dataclasses.replace(second, **changes))), "R-Seats-07")  # type: ignore[arg-type]


def test_jurisdiction_is_refused_above_half_of_a_chamber(world: World) -> None:
    # chamber 2 holds BR, KE, CA, IN, FR; two more from BR are within half of 5, a third is not
    grants = tuple(make_grant(20 + index, 2, "BR") for index in range(3))
    refused(try_change(world, removals(14, 13, 12), grants), "R-Seats-05")
    assert not isinstance(try_change(world, removals(14), grants[:1]), Refusal)


def test_chamber_is_refused_below_three_and_above_half(world: World) -> None:
    refused(try_change(world, removals(0, 1, 2)), "R-Seats-03")
    many = tuple(make_grant(20 + index, 0, f"A{chr(65 + index)}") for index in range(6))
    refused(try_change(world, (), many), "R-Seats-04")


def test_batch_is_refused_when_it_is_empty_or_removes_twice(world: World) -> None:
    refused(try_change(world), "R-Seats-16")
    refused(try_change(world, removals(3, 3)), "R-Seats-13")
    refused(try_change(world, removals(40)), "R-Seats-13")
    refused(try_change(world, removals(255)), "R-Seats-13")


def test_removal_is_not_refused_for_labels_that_it_leaves_behind(world: World) -> None:
    # R-Seats-17: without seats 3 and 4, BR may hold 1 of 3; labels bind what is granted alone
    assert not isinstance(try_change(world, removals(3, 4)), Refusal)


def test_chambers_are_three_or_four_with_distinct_names() -> None:
    zero = ShortName(bytes(32))
    for names in (CHAMBERS[:2], (*CHAMBERS, zero), (*CHAMBERS[:2], CHAMBERS[0]), (*CHAMBERS, *CHAMBERS)):
        refused(process_genesis(dataclasses.replace(GENESIS, chamber_names=names), START), "R-Seats-14")
    empty_fourth = dataclasses.replace(GENESIS, chamber_names=(*CHAMBERS, make_short_name("fourth")))
    refused(process_genesis(empty_fourth, START), "R-Seats-03")
    refused(process_genesis(dataclasses.replace(GENESIS, grants=()), START), "R-Seats-16")


def test_vacated_number_rests_until_no_old_proposal_can_count_it(world: World) -> None:
    world.carry(ActionKind.CHANGE_SEATS, ChangeSeats(removals(14), (make_grant(20, 2),)))
    seats = world.state.seats
    assert (seats.get_seat(SeatNumber(14)).standing, seats.get_seat(SeatNumber(15)).standing) == (
        Standing.NONE,
        Standing.LIVE,
    )
    rest = longest_life(BOUNDS.max)
    world.wait(rest)
    proposal_id = world.carry(ActionKind.CHANGE_SEATS, ChangeSeats(removals(15), (make_grant(21, 2),)))
    assert world.state.seats.get_seat(SeatNumber(14)).standing is Standing.LIVE
    assert world.state_of(proposal_id) is ProposalState.EXECUTED


def test_grant_is_refused_when_no_number_is_free(world: World) -> None:
    state = dataclasses.replace(world.state.seats, present=(1 << 64) - 1)  # type: ignore[arg-type]
    world.state = dataclasses.replace(world.state, seats=state)
    refused(try_change(world, (), (make_grant(20, 2),)), "R-Seats-06")


# --- suspension


def test_suspension_is_refused_when_the_live_seats_could_pass_no_more(world: World) -> None:
    world.carry(ActionKind.SUSPEND_SEAT, SuspendSeat(SeatNumber(4), label("evidence")))
    # tier 4 needs 4 of 5 seats of every chamber, the suspended one's place included
    refused(
        world.try_propose(ActionKind.SUSPEND_SEAT, SuspendSeat(SeatNumber(3), label("evidence"))),
        "R-Seats-12",
        "WouldDeadlock",
    )


def test_batch_is_refused_when_the_seats_that_are_left_could_pass_no_more(world: World) -> None:
    for seat in (4, 9, 14):
        world.carry(ActionKind.SUSPEND_SEAT, SuspendSeat(SeatNumber(seat), label("evidence")))
    refused(try_change(world, removals(0)), "R-Seats-12")  # 11 live of 14, and tier 4 needs 12
    assert not isinstance(try_change(world, removals(4)), Refusal)  # 12 live of 14


@pytest.mark.parametrize("seat", [4, 40])
def test_suspension_is_refused_of_a_seat_that_is_not_live(world: World, seat: int) -> None:
    world.carry(ActionKind.SUSPEND_SEAT, SuspendSeat(SeatNumber(4), label("evidence")))
    action = SuspendSeat(SeatNumber(seat), label("evidence"))
    refused(world.try_propose(ActionKind.SUSPEND_SEAT, action), "R-Seats-13")


def test_suspended_seat_keeps_its_place_and_loses_its_voice(world: World) -> None:
    world.carry(ActionKind.SUSPEND_SEAT, SuspendSeat(SeatNumber(4), label("evidence")))
    seats = world.state.seats
    assert (seats.present.bit_count(), seats.live.bit_count(), seats.roster_version) == (15, 14, 1)
    assert seats.seat_of(world.key(4)) == (4, Standing.SUSPENDED)


def test_suspended_seat_is_reinstated_under_a_new_number(world: World) -> None:
    world.carry(ActionKind.SUSPEND_SEAT, SuspendSeat(SeatNumber(4), label("evidence")))
    again = dataclasses.replace(make_grant(4, 0), voting_key=NEW_KEY, recovery_key=address_of("new recovery"))
    world.carry(ActionKind.CHANGE_SEATS, ChangeSeats(removals(4), (again,)), [0, 1, 2, 3, *range(5, 15)])
    assert world.state.seats.seat_of(NEW_KEY) == (15, Standing.LIVE)
    assert world.state.seats.live >> 4 & 1 == 0
    assert world.state.seats.seat_of(address_of("voting", 4)) == (0, Standing.NONE)


# --- keys


def test_rotation_is_refused_to_strangers_used_keys_and_without_possession(world: World) -> None:
    start = keys.process_start_rotation
    refused(start(world.state, STRANGER, NEW_KEY, world.now), "R-Seats-10")
    refused(start(world.state, world.recovery(3), NEW_KEY, world.now), "R-Seats-10")
    refused(start(world.state, world.key(3), world.key(4), world.now), "R-Seats-07")
    refused(start(world.state, world.key(3), NEW_KEY, world.now, possessed=False), "R-Seats-08")
    recover = keys.process_recover_key
    refused(recover(world.state, world.key(3), SeatNumber(3), NEW_KEY), "R-Seats-10")
    refused(recover(world.state, world.recovery(3), SeatNumber(4), NEW_KEY), "R-Seats-10")
    refused(recover(world.state, world.recovery(3), SeatNumber(3), world.key(3)), "R-Seats-07")
    refused(recover(world.state, world.recovery(3), SeatNumber(3), NEW_KEY, possessed=False), "R-Seats-08")


def test_rotation_is_refused_before_activation_and_for_a_suspended_seat(world: World) -> None:
    inactive = dataclasses.replace(world.state, council=dataclasses.replace(world.state.council, active=False))
    refused(keys.process_start_rotation(inactive, world.key(3), NEW_KEY, world.now), "R-Council-16", "NotActive")
    key, recovery = world.key(4), world.recovery(4)
    world.carry(ActionKind.SUSPEND_SEAT, SuspendSeat(SeatNumber(4), label("evidence")))
    refused(keys.process_start_rotation(world.state, key, NEW_KEY, world.now), "R-Seats-13")
    refused(keys.process_recover_key(world.state, recovery, SeatNumber(4), NEW_KEY), "R-Seats-13")


def test_rotation_waits_for_its_delay(world: World) -> None:
    old, seat = world.key(3), SeatNumber(3)
    refused(keys.process_complete_rotation(world.state, seat, world.now), "R-Seats-09")
    world.take(keys.process_start_rotation(world.state, old, NEW_KEY, world.now))
    world.wait(PARAMETERS.rotation_delay - 1)
    refused(keys.process_complete_rotation(world.state, seat, world.now), "R-Seats-09")
    world.wait(1)
    world.take(keys.process_complete_rotation(world.state, seat, world.now))
    assert (world.key(3), world.state.seats.seat_of(old)) == (NEW_KEY, (0, Standing.NONE))
    refused(keys.process_complete_rotation(world.state, seat, world.now), "R-Seats-09")


def test_rotation_is_cancelled_by_the_recovery_key_alone(world: World) -> None:
    seat = SeatNumber(3)
    refused(keys.process_cancel_rotation(world.state, world.recovery(3), seat, world.now), "R-Seats-09")
    world.take(keys.process_start_rotation(world.state, world.key(3), NEW_KEY, world.now))
    refused(keys.process_cancel_rotation(world.state, world.key(3), seat, world.now), "R-Seats-10")
    world.take(keys.process_cancel_rotation(world.state, world.recovery(3), seat, world.now))
    world.wait(DAY * 9)
    refused(keys.process_complete_rotation(world.state, seat, world.now), "R-Seats-09")


def test_rotation_takes_the_place_of_one_that_is_pending(world: World) -> None:
    world.take(keys.process_start_rotation(world.state, world.key(3), address_of("mistyped"), world.now))
    world.wait(PARAMETERS.rotation_delay - 1)
    outcome = world.take(keys.process_start_rotation(world.state, world.key(3), NEW_KEY, world.now))
    assert [type(event) for event in outcome.events] == [RotationCancelled, RotationStarted]
    world.wait(1)
    refused(keys.process_complete_rotation(world.state, SeatNumber(3), world.now), "R-Seats-09")


def test_recovery_rotates_at_once_and_ends_a_pending_rotation(world: World) -> None:
    world.take(keys.process_start_rotation(world.state, world.key(3), address_of("thief"), world.now))
    outcome = world.take(keys.process_recover_key(world.state, world.recovery(3), SeatNumber(3), NEW_KEY))
    assert [type(event) for event in outcome.events] == [RotationCancelled, KeyRotated]
    assert world.key(3) == NEW_KEY


def test_one_new_key_cannot_serve_two_seats_that_wait_for_it(world: World) -> None:
    for seat in (3, 4):
        world.take(keys.process_start_rotation(world.state, world.key(seat), NEW_KEY, world.now))
    world.wait(PARAMETERS.rotation_delay)
    world.take(keys.process_complete_rotation(world.state, SeatNumber(3), world.now))
    refused(keys.process_complete_rotation(world.state, SeatNumber(4), world.now), "R-Seats-07")


def test_removal_and_suspension_end_a_pending_rotation(world: World) -> None:
    for seat in (4, 14):
        world.take(keys.process_start_rotation(world.state, world.key(seat), address_of("new", seat), world.now))
    world.carry(ActionKind.SUSPEND_SEAT, SuspendSeat(SeatNumber(4), label("evidence")))
    world.carry(ActionKind.CHANGE_SEATS, ChangeSeats(removals(14), (make_grant(20, 2),)))
    assert world.state.seats.rotations == {}
