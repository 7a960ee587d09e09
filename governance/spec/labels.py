"""What a seat is said to be: jurisdiction, affiliation, framework. Labels are claims that a vote makes.

Later judgements (grants, committees, the parties of a release) read the new labels; what stands, stands.
Source: contracts/src/seats/Labels.sol.
"""

from __future__ import annotations

import dataclasses

from governance.spec.ballots import seats_in
from governance.spec.outcome import Outcome, with_entry
from governance.spec.rules import Refusal, refuse
from governance.spec.seats import find_unpassable, mask_of, suspend
from governance.spec.state import SystemState
from governance.spec.tally import chambers_of
from governance.types import Reclassify, SeatMask, SeatNumber, SeatRecord, Standing, Tier
from governance.types.events import Event
from governance.types.events.seats import SeatReclassified, SuspensionWithheld


def check_labels(state: SystemState, action: Reclassify) -> Tier | Refusal:
    """The tier that the reclassification needs. It is never refused for what it reveals (R-Seats-19)."""
    standing = state.seats.get_seat(action.seat).standing
    if standing is Standing.NONE:
        message = f"nobody holds seat {action.seat}"
        return refuse("R-Seats-13", "UnexpectedStanding", message, actual=standing, required=Standing.LIVE)
    if not any(action.jurisdiction) or not any(action.affiliation):
        message = f"seat {action.seat} would have no jurisdiction, or no affiliation"
        return refuse("R-Seats-15", "MalformedLabels", message, actual=action.seat)
    return Tier.CONSTITUTE


def execute_labels(state: SystemState, action: Reclassify) -> Outcome | Refusal:
    """The seat has those labels, and no more live seats share them than independence allows, or than can be spared."""
    if isinstance(refusal := check_labels(state, action), Refusal):
        return refusal
    record = dataclasses.replace(
        state.seats.get_seat(action.seat),
        jurisdiction=action.jurisdiction,
        affiliation=action.affiliation,
        framework=action.framework,
    )
    seats = dataclasses.replace(state.seats, seats=with_entry(state.seats.seats, action.seat, record))
    state = dataclasses.replace(state, seats=seats)
    labels = (action.jurisdiction, action.affiliation, action.framework, action.evidence_hash)
    events: list[Event] = [SeatReclassified(action.seat, record.organisation_id, *labels)]
    if record.standing is Standing.LIVE:
        state = _heal(state, record, action, events, by_jurisdiction=False)
        state = _heal(state, record, action, events, by_jurisdiction=True)
    return Outcome(state, tuple(events))


def _heal(
    state: SystemState, record: SeatRecord, action: Reclassify, events: list[Event], *, by_jurisdiction: bool
) -> SystemState:
    """Of those that share the label the earliest stay; each of the others is suspended, if it can be spared."""
    chamber = chambers_of(state.seats.roster)[record.chamber]
    allowed = chamber.bit_count() // 2 if by_jurisdiction else 1
    kin = [
        seat
        for seat in map(SeatNumber, seats_in(state.seats.live))
        if _is_kin(state.seats.get_seat(seat), record, by_jurisdiction=by_jurisdiction)
    ]
    latest_first = sorted(kin, key=lambda seat: (state.seats.get_seat(seat).granted_at, seat), reverse=True)
    for seat in latest_first[: max(0, len(kin) - allowed)]:
        live = SeatMask(state.seats.live & ~mask_of((seat,)))
        tier = find_unpassable(state, state.seats.roster, live)
        if tier is None:
            seats = suspend(state.seats, seat, action.evidence_hash, events)
            state = dataclasses.replace(state, seats=seats)
        else:
            events.append(SuspensionWithheld(seat, tier))
    return state


def _is_kin(other: SeatRecord, record: SeatRecord, *, by_jurisdiction: bool) -> bool:
    if by_jurisdiction:
        return (other.chamber, other.jurisdiction) == (record.chamber, record.jurisdiction)
    return other.affiliation == record.affiliation
