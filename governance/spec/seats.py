"""Seats: granting, removing and suspending, judged on the resulting set and applied in one batch.

Source: contracts/src/Seats.sol.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from governance.encoding.names import compute_organisation_id
from governance.spec.ballots import seats_in
from governance.spec.dormancy import check_dormant, end_silence
from governance.spec.independence import Member, check_independence, make_roster
from governance.spec.outcome import Outcome, with_entry, without_entry
from governance.spec.rules import Refusal, refuse
from governance.spec.state import SeatsState, SystemState
from governance.spec.tally import passes
from governance.spec.tiers import longest_life
from governance.types import (
    MAX_SEATS,
    ZERO_ADDRESS,
    Address,
    ChangeSeats,
    Hash32,
    KeyKind,
    ProposalId,
    ReplaceSeat,
    RosterWord,
    SeatGrant,
    SeatMask,
    SeatNumber,
    SeatRecord,
    Standing,
    SuspendSeat,
    Tier,
    Timestamp,
)
from governance.types.events import Event
from governance.types.events.seats import RosterChanged, RotationCancelled, SeatGranted, SeatRemoved, SeatSuspended


@dataclass(frozen=True, slots=True)
class Judged:
    """A batch that may be applied: the numbers that its grants get, and the chambers that it leaves."""

    numbers: tuple[SeatNumber, ...]
    roster: RosterWord


def check_change(state: SystemState, batch: ChangeSeats, now: Timestamp) -> Tier | Refusal:
    """The tier that the batch needs, if it may be applied now."""
    judged = judge_batch(state, batch, now)
    return judged if isinstance(judged, Refusal) else Tier.CONSTITUTE


def judge_batch(state: SystemState, batch: ChangeSeats, now: Timestamp) -> Judged | Refusal:
    """A voted batch: independent, and such that its live seats can still pass every tier."""
    rest = longest_life(state.council.bounds.max)
    judged = judge_set(state.seats, batch, now, rest=rest)
    if isinstance(judged, Refusal):
        return judged
    live = (state.seats.live & ~mask_of(batch.removals)) | mask_of(judged.numbers)
    return check_passable(state, judged.roster, SeatMask(live), None) or judged


def judge_set(seats: SeatsState, batch: ChangeSeats, now: Timestamp, *, rest: int) -> Judged | Refusal:
    """The resulting set, if it is independent. A vacated number rests for `rest` seconds [s]."""
    if not batch.removals and not batch.grants:
        return refuse("R-Seats-16", "EmptyBatch", "the batch neither removes nor grants a seat")
    numbers = _free_numbers(seats, len(batch.grants), now, rest)
    if isinstance(numbers, Refusal):
        return numbers
    staying = set(seats_in(seats.present))
    for seat in batch.removals:
        if seat not in staying:
            message = f"seat {seat} is held by nobody, or removed twice"
            return refuse("R-Seats-13", "UnexpectedStanding", message, actual=Standing.NONE, required=Standing.LIVE)
        staying.remove(seat)
    for index, grant in enumerate(batch.grants):
        if refusal := _check_grant(seats, grant, batch.grants[:index]):
            return refusal
    members = [_member(seats, seat) for seat in sorted(staying)]
    members += [_granted(grant, number) for grant, number in zip(batch.grants, numbers, strict=True)]
    return check_independence(members, seats.chamber_count()) or Judged(numbers, make_roster(members))


def check_suspension(state: SystemState, action: SuspendSeat) -> Tier | Refusal:
    """The tier that the suspension needs, if it may be carried out now."""
    standing = state.seats.get_seat(action.seat).standing
    if standing is not Standing.LIVE:
        message = f"seat {action.seat} is not live"
        return refuse("R-Seats-13", "UnexpectedStanding", message, actual=standing, required=Standing.LIVE)
    live = SeatMask(state.seats.live & ~mask_of((action.seat,)))
    return check_passable(state, state.seats.roster, live, action.seat) or Tier.TIGHTEN


def check_passable(state: SystemState, roster: RosterWord, live: SeatMask, seat: SeatNumber | None) -> Refusal | None:
    """R-Seats-12: nobody may vote the system into a state that no vote leads out of."""
    tier = find_unpassable(state, roster, live)
    if tier is None:
        return None
    cause = "after that batch" if seat is None else f"with seat {seat} suspended"
    message = f"{cause} the live seats could no longer pass tier {tier}"
    return refuse("R-Seats-12", "WouldDeadlock", message, actual=tier)


def find_unpassable(state: SystemState, roster: RosterWord, live: SeatMask) -> int | None:
    """The lowest tier that these live seats could not pass together."""
    return next((tier for tier in range(1, 5) if not passes(state.parameters.tier(tier), roster, live)), None)


def apply_batch(
    seats: SeatsState, batch: ChangeSeats, judged: Judged, now: Timestamp
) -> tuple[SeatsState, list[Event]]:
    """Removals first, then grants, then one new roster."""
    events: list[Event] = []
    for seat in batch.removals:
        seats = _remove(seats, seat, now, events)
    for number, grant in zip(judged.numbers, batch.grants, strict=True):
        seats = _grant(seats, number, grant, now, events)
    seats = dataclasses.replace(seats, rosters=(*seats.rosters, judged.roster))
    events.append(RosterChanged(seats.roster_version, seats.present, seats.live))
    return seats, events


def execute_change(state: SystemState, batch: ChangeSeats, now: Timestamp) -> Outcome | Refusal:
    judged = judge_batch(state, batch, now)
    if isinstance(judged, Refusal):
        return judged
    seats, events = apply_batch(state.seats, batch, judged, now)
    return Outcome(dataclasses.replace(state, seats=seats), tuple(events))


def check_replacement(state: SystemState, action: ReplaceSeat, now: Timestamp) -> Tier | Refusal:
    """The tier of the replacement, if the seat is dormant now and the replacement independent."""
    judged = _judge_replacement(state, action, now, now)
    return judged if isinstance(judged, Refusal) else Tier.CONSTITUTE


def execute_replacement(
    state: SystemState, action: ReplaceSeat, proposal_id: ProposalId, now: Timestamp
) -> Outcome | Refusal:
    """The replacement sits in the seat's chamber: the seat was dormant when this was proposed, and ever since."""
    proposal = state.council.proposals.get(proposal_id)
    proposed_at = Timestamp(0) if proposal is None else proposal.created_at
    judged = _judge_replacement(state, action, proposed_at, now)
    if isinstance(judged, Refusal):
        return judged
    seats, events = apply_batch(state.seats, _as_batch(action), judged, now)
    return Outcome(dataclasses.replace(state, seats=seats), tuple(events))


def _judge_replacement(
    state: SystemState, action: ReplaceSeat, dormant_at: Timestamp, now: Timestamp
) -> Judged | Refusal:
    if refusal := check_dormant(state.seats, action.seat, dormant_at):
        return refusal
    chamber = state.seats.get_seat(action.seat).chamber
    if action.replacement.chamber != chamber:
        message = f"seat {action.seat} sits in chamber {chamber}, and its replacement would not"
        return refuse("R-Seats-23", "OtherChamber", message, actual=action.replacement.chamber, required=chamber)
    return judge_batch(state, _as_batch(action), now)


def _as_batch(action: ReplaceSeat) -> ChangeSeats:
    return ChangeSeats((action.seat,), (action.replacement,))


def execute_suspension(state: SystemState, action: SuspendSeat) -> Outcome | Refusal:
    """The seat keeps its place in denominators (R-Seats-11) and loses its voice for ever (R-Seats-18)."""
    if isinstance(refusal := check_suspension(state, action), Refusal):
        return refusal
    events: list[Event] = []
    seats = suspend(state.seats, action.seat, action.evidence_hash, events)
    return Outcome(dataclasses.replace(state, seats=seats), tuple(events))


def suspend(seats: SeatsState, seat: SeatNumber, evidence_hash: Hash32, events: list[Event]) -> SeatsState:
    """The seat is suspended. Its silence ends, since it could not end it itself any more."""
    seats = drop_rotation(end_silence(seats, seat, events), seat, events)
    record = dataclasses.replace(seats.get_seat(seat), standing=Standing.SUSPENDED)
    events.append(SeatSuspended(seat, record.organisation_id, evidence_hash))
    return dataclasses.replace(
        seats, seats=with_entry(seats.seats, seat, record), live=SeatMask(seats.live & ~mask_of((seat,)))
    )


def drop_rotation(seats: SeatsState, seat: SeatNumber, events: list[Event]) -> SeatsState:
    """The seat has no pending rotation."""
    rotation = seats.rotations.get(seat)
    if rotation is None:
        return seats
    events.append(RotationCancelled(seat, rotation.new_key))
    return dataclasses.replace(seats, rotations=without_entry(seats.rotations, seat))


def mask_of(seats: Sequence[SeatNumber]) -> SeatMask:
    """The mask in which these seats are set; a number that no seat can have sets nothing."""
    mask = 0
    for seat in seats:
        mask |= 1 << seat if seat < MAX_SEATS else 0
    return SeatMask(mask)


def _free_numbers(seats: SeatsState, count: int, now: Timestamp, rest: int) -> tuple[SeatNumber, ...] | Refusal:
    """R-Seats-06: the lowest numbers that nobody holds and no living proposal can count."""
    free = [
        SeatNumber(number)
        for number in range(MAX_SEATS)
        if not seats.present >> number & 1
        and not ((vacated := seats.get_seat(SeatNumber(number)).vacated_at) and now <= vacated + rest)
    ]
    if len(free) < count:
        message = f"{count} seat numbers are needed, and {len(free)} are free: removed ones rest for {rest} s"
        return refuse("R-Seats-06", "NoFreeSeat", message, actual=len(free), required=count)
    return tuple(free[:count])


def _check_grant(seats: SeatsState, grant: SeatGrant, before: Sequence[SeatGrant]) -> Refusal | None:
    labels = bool(grant.organisation) and any(grant.jurisdiction) and any(grant.affiliation)
    if grant.chamber >= seats.chamber_count() or not labels or grant.kind is KeyKind.NONE:
        message = f"the grant to {grant.organisation!r} lacks a chamber, a label, or a supported kind of key"
        return refuse("R-Seats-15", "MalformedGrant", message, actual=grant.organisation)
    taken = {key for other in before for key in (other.voting_key, other.recovery_key)}
    for key in (grant.voting_key, grant.recovery_key):
        if refusal := check_unused(seats, key):
            return refusal
    if grant.voting_key == grant.recovery_key or grant.voting_key in taken:
        return _key_used(grant.voting_key)
    return _key_used(grant.recovery_key) if grant.recovery_key in taken else None


def check_unused(seats: SeatsState, key: Address) -> Refusal | None:
    """R-Seats-07: what a key signed can never speak for another seat."""
    return _key_used(key) if key == ZERO_ADDRESS or key in seats.used_keys else None


def _key_used(key: Address) -> Refusal:
    return refuse("R-Seats-07", "KeyUsed", f"the key {key} is zero, or belonged to a seat before", actual=key)


def _member(seats: SeatsState, number: SeatNumber) -> Member:
    seat = seats.get_seat(number)
    name = seats.organisations.get(seat.organisation_id, f"seat {number}")
    return Member(seat.organisation_id, seat.affiliation, seat.jurisdiction, number, seat.chamber, False, name)


def _granted(grant: SeatGrant, number: SeatNumber) -> Member:
    identifier = compute_organisation_id(grant.organisation)
    return Member(identifier, grant.affiliation, grant.jurisdiction, number, grant.chamber, True, grant.organisation)


def _grant(seats: SeatsState, number: SeatNumber, grant: SeatGrant, now: Timestamp, events: list[Event]) -> SeatsState:
    identifier = compute_organisation_id(grant.organisation)
    record = SeatRecord(
        organisation_id=identifier,
        affiliation=grant.affiliation,
        framework=grant.framework,
        voting_key=grant.voting_key,
        recovery_key=grant.recovery_key,
        jurisdiction=grant.jurisdiction,
        chamber=grant.chamber,
        kind=grant.kind,
        standing=Standing.LIVE,
        granted_at=now,
        vacated_at=Timestamp(0),
    )
    events.append(
        SeatGranted(
            number,
            identifier,
            grant.chamber,
            grant.organisation,
            grant.jurisdiction,
            grant.affiliation,
            grant.framework,
            grant.kind,
            grant.voting_key,
            grant.recovery_key,
            grant.evidence_hash,
        )
    )
    return dataclasses.replace(
        seats,
        seats=with_entry(seats.seats, number, record),
        present=SeatMask(seats.present | 1 << number),
        live=SeatMask(seats.live | 1 << number),
        used_keys=seats.used_keys | {grant.voting_key, grant.recovery_key},
        organisations=with_entry(seats.organisations, identifier, grant.organisation),
        silences=without_entry(seats.silences, number),  # of who held the number before
    )


def _remove(seats: SeatsState, number: SeatNumber, now: Timestamp, events: list[Event]) -> SeatsState:
    seats = drop_rotation(seats, number, events)
    record = dataclasses.replace(seats.get_seat(number), standing=Standing.NONE, vacated_at=now)
    events.append(SeatRemoved(number, record.organisation_id))
    return dataclasses.replace(
        seats,
        seats=with_entry(seats.seats, number, record),
        present=SeatMask(seats.present & ~(1 << number)),
        live=SeatMask(seats.live & ~(1 << number)),
    )
