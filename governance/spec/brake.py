"""The brake: a few stop at once, only many resume, and waiting revives nothing.

Source: contracts/src/Brake.sol.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from governance.spec.ballots import seats_in
from governance.spec.dormancy import hear
from governance.spec.incidents import NO_REPORT, check_answered, check_citation, check_report, file_report
from governance.spec.outcome import Outcome, Result, with_entry
from governance.spec.rules import Refusal, refuse
from governance.spec.seats import mask_of
from governance.spec.state import BrakeState, Cooldown, SystemState
from governance.spec.tally import chambers_of
from governance.types import (
    EVERYTHING,
    Address,
    ConfirmStop,
    Hash32,
    ModelId,
    ProposalId,
    ReportId,
    Resume,
    ScopeId,
    ScopeRecord,
    SeatMask,
    SeatNumber,
    Standing,
    StopId,
    StopRecord,
    StopStatus,
    Tier,
    Timestamp,
)
from governance.types.events import Event
from governance.types.events.brake import (
    Pulled,
    ScopeOpened,
    StopConfirmed,
    StopLapsed,
    Stopped,
    StopResumed,
)

MIN_CHAMBERS = 2
MAX_RESUMED = 32
HOLDING = frozenset({StopStatus.STANDING, StopStatus.CONFIRMED})


@dataclass(frozen=True, slots=True)
class PendingPulls:
    """The pulls on a scope that count now."""

    seats: SeatMask
    count: int
    chambers: int


def process_pull(
    state: SystemState,
    caller: Address,
    scope: ScopeId,
    report_hash: Hash32,
    severity: int,
    statement: str,
    now: Timestamp,
) -> Result:
    """The caller's seat has pulled; if it is the k-th, spanning two chambers, the scope is stopped (R-Brake-02)."""
    refusal = _check_pull(state, scope) or check_report(report_hash, severity)
    return refusal or _pull(state, caller, scope, NO_REPORT, report_hash, severity, statement, now)


def process_pull_citing(
    state: SystemState, caller: Address, scope: ScopeId, report_id: ReportId, statement: str, now: Timestamp
) -> Result:
    """The same, for a report that is filed: its hash and severity are those of the pull."""
    if refusal := _check_pull(state, scope):
        return refusal
    report = check_citation(state.brake, scope, report_id)
    if isinstance(report, Refusal):
        return report
    return _pull(state, caller, scope, report_id, report.evidence_hash, report.severity, statement, now)


def process_lapse(state: SystemState, stop_id: StopId, now: Timestamp) -> Result:
    """The stop has lapsed, and revives nothing: what it had stopped recorded an older generation (R-Brake-07)."""
    stop = state.brake.get_stop(stop_id)
    if stop is None or stop.status is not StopStatus.STANDING:
        return _unexpected(stop_id, stop)
    if now < stop.lapses_at:
        message = f"stop {stop_id} lapses at {stop.lapses_at}, and it is {now}"
        return refuse("R-Brake-05", "TermNotOver", message, actual=now, required=stop.lapses_at)
    until = Timestamp(now + state.parameters.cooldown)
    scope = state.brake.get_scope(stop.scope)
    cooldowns = {(stop.scope, seat): Cooldown(until, stop.pulled_at) for seat in seats_in(stop.seats)}
    brake = dataclasses.replace(
        _with_status(state.brake, stop_id, StopStatus.LAPSED),
        scopes=with_entry(
            state.brake.scopes,
            stop.scope,
            dataclasses.replace(scope, standing=scope.standing - 1, generation=scope.generation + 1),
        ),
        lapses=with_entry(state.brake.lapses, stop.scope, now),
        cooldowns={**state.brake.cooldowns, **cooldowns},
    )
    return Outcome(dataclasses.replace(state, brake=brake), (StopLapsed(stop_id, stop.scope, stop.seats, until),))


def open_scope(brake: BrakeState, scope: ScopeId, now: Timestamp) -> tuple[BrakeState, Event]:
    """The scope exists, with no stop on it."""
    record = ScopeRecord(now, 0, 0, 0)
    return dataclasses.replace(brake, scopes=with_entry(brake.scopes, scope, record)), ScopeOpened(scope)


def check_confirm(state: SystemState, action: ConfirmStop) -> Tier | Refusal:
    """The tier that the confirmation needs, if the stop stands unconfirmed."""
    stop = state.brake.get_stop(action.stop_id)
    if stop is None or stop.status is not StopStatus.STANDING:
        return _unexpected(action.stop_id, stop)
    return Tier.TIGHTEN


def check_resume(state: SystemState, action: Resume) -> Tier | Refusal:
    """The tier that the resume needs, if each stop that it names stands and was answered."""
    if not 1 <= len(action.stop_ids) <= MAX_RESUMED:
        message = f"a resume names 1 to {MAX_RESUMED} stops, got {len(action.stop_ids)}"
        return refuse("R-Brake-06", "BadResume", message, actual=len(action.stop_ids), required=(1, MAX_RESUMED))
    for position, stop_id in enumerate(action.stop_ids):
        stop = state.brake.get_stop(stop_id)
        if stop is None or stop.status not in HOLDING or stop_id in action.stop_ids[:position]:
            return _unexpected(stop_id, stop)
        if refusal := check_answered(state.brake, stop_id, stop):
            return refusal
    return Tier.LOOSEN


def execute_confirm(state: SystemState, action: ConfirmStop, proposal_id: ProposalId) -> Outcome | Refusal:
    checked = check_confirm(state, action)
    if isinstance(checked, Refusal):
        return checked
    brake = _with_status(state.brake, action.stop_id, StopStatus.CONFIRMED)
    event = StopConfirmed(action.stop_id, brake.stops[action.stop_id - 1].scope, proposal_id)
    return Outcome(dataclasses.replace(state, brake=brake), (event,))


def execute_resume(state: SystemState, action: Resume, proposal_id: ProposalId) -> Outcome | Refusal:
    checked = check_resume(state, action)
    if isinstance(checked, Refusal):
        return checked
    brake, events = state.brake, list[Event]()
    for stop_id in action.stop_ids:
        brake = _with_status(brake, stop_id, StopStatus.RESUMED)
        scope_id = brake.stops[stop_id - 1].scope
        scope = brake.get_scope(scope_id)
        lifted = dataclasses.replace(scope, standing=scope.standing - 1)
        brake = dataclasses.replace(brake, scopes=with_entry(brake.scopes, scope_id, lifted))
        events.append(StopResumed(stop_id, scope_id, proposal_id))
    return Outcome(dataclasses.replace(state, brake=brake), tuple(events))


# --- reads


def is_stopped(brake: BrakeState, lineage: ModelId | ScopeId) -> bool:
    """Whether a stop stands on the lineage or on everything."""
    return bool(brake.get_scope(ScopeId(lineage)).standing or brake.get_scope(EVERYTHING).standing)


def stops_seen(brake: BrakeState, lineage: ModelId | ScopeId) -> int:
    """Stops ever pulled on the lineage and on everything."""
    everywhere = brake.get_scope(EVERYTHING).pulled
    return everywhere if lineage == EVERYTHING else everywhere + brake.get_scope(ScopeId(lineage)).pulled


def lapsed_at(brake: BrakeState, lineage: ModelId | ScopeId) -> Timestamp:
    """When a stop last lapsed on the lineage or on everything; 0 = never."""
    never = Timestamp(0)
    return max(brake.lapses.get(ScopeId(lineage), never), brake.lapses.get(EVERYTHING, never))


def cooldown_until(state: SystemState, scope: ScopeId, seat: SeatNumber) -> Timestamp:
    """Until when the seat may not pull there; 0 = it may. It does not bind who was granted the number since."""
    cooldown = state.brake.cooldowns.get((scope, seat))
    if cooldown is None or state.seats.get_seat(seat).granted_at > cooldown.pulled_at:
        return Timestamp(0)
    return cooldown.until


def pending_pulls(state: SystemState, scope: ScopeId, now: Timestamp) -> PendingPulls:
    """The pulls that count: since the last stop, within the window, from seats that are live and the same still."""
    seats = mask_of(
        [
            seat
            for seat, time in state.brake.pulls.get(scope, {}).items()
            if state.seats.live >> seat & 1
            and now <= time + state.parameters.pull_window
            and state.seats.get_seat(seat).granted_at <= time
        ]
    )
    chambers = sum(bool(mask & seats) for mask in chambers_of(state.seats.roster))
    return PendingPulls(seats, seats.bit_count(), chambers)


def _check_pull(state: SystemState, scope: ScopeId) -> Refusal | None:
    if not state.council.active:
        return refuse("R-Council-16", "NotActive", "the system is not active yet")
    return _check_scope(state.brake, scope)


def _pull(
    state: SystemState,
    caller: Address,
    scope: ScopeId,
    report_id: ReportId,
    report_hash: Hash32,
    severity: int,
    statement: str,
    now: Timestamp,
) -> Result:
    seat, standing = state.seats.seat_of(caller)
    if standing is not Standing.LIVE:
        return refuse("R-Brake-01", "NotLiveSeat", f"{caller} holds no live seat", actual=caller)
    until = cooldown_until(state, scope, seat)
    if now < until:
        message = f"seat {seat} waits until {until}: its last stop there lapsed unconfirmed"
        return refuse("R-Brake-03", "CoolingDown", message, actual=now, required=until)

    events: list[Event] = []
    state = hear(state, seat, events)
    pulls = {**state.brake.pulls.get(scope, {}), seat: now}
    state = _with_pulls(state, scope, pulls)
    pending = pending_pulls(state, scope, now)
    kept = {number: pulls[number] for number in seats_in(pending.seats)}
    pulled = Pulled(scope, seat, report_id, report_hash, severity, statement, pending.count, pending.chambers)
    events.append(pulled)
    if pending.count < state.parameters.pull_seats or pending.chambers < MIN_CHAMBERS:
        return Outcome(_with_pulls(state, scope, kept), tuple(events))
    brake = state.brake
    if not report_id:  # the stop files the report of the pull that made it
        brake, filed = file_report(brake, caller, Hash32(scope), scope, report_hash, severity, statement, now)
        report_id = filed.report_id
        events.append(filed)
    lapses_at = Timestamp(now + state.parameters.brake_term)
    stop = StopRecord(
        scope=scope,
        status=StopStatus.STANDING,
        pulled_at=now,
        lapses_at=lapses_at,
        seats=pending.seats,
        report_hash=report_hash,
        severity=severity,
        report_id=report_id,
        answers_before=brake.incidents[report_id - 1].answers,
    )
    record = brake.get_scope(scope)
    stopped = dataclasses.replace(record, standing=record.standing + 1, pulled=record.pulled + 1)
    brake = dataclasses.replace(
        brake,
        stops=(*brake.stops, stop),
        scopes=with_entry(brake.scopes, scope, stopped),
        pulls=with_entry(brake.pulls, scope, {}),
    )
    events.append(Stopped(StopId(len(brake.stops)), scope, report_id, pending.seats, report_hash, severity, lapses_at))
    return Outcome(dataclasses.replace(state, brake=brake), tuple(events))


def _check_scope(brake: BrakeState, scope: ScopeId) -> Refusal | None:
    if brake.get_scope(scope).opened_at:
        return None
    return refuse("R-Brake-08", "UnknownScope", f"0x{scope.hex()} is no lineage's root model", actual=scope)


def _with_pulls(state: SystemState, scope: ScopeId, pulls: dict[SeatNumber, Timestamp]) -> SystemState:
    brake = dataclasses.replace(state.brake, pulls=with_entry(state.brake.pulls, scope, pulls))
    return dataclasses.replace(state, brake=brake)


def _with_status(brake: BrakeState, stop_id: StopId, status: StopStatus) -> BrakeState:
    changed = dataclasses.replace(brake.stops[stop_id - 1], status=status)
    return dataclasses.replace(brake, stops=(*brake.stops[: stop_id - 1], changed, *brake.stops[stop_id:]))


def _unexpected(stop_id: StopId, stop: StopRecord | None) -> Refusal:
    status = StopStatus.NONE if stop is None else stop.status
    message = f"stop {stop_id} is {status.name.lower()}"
    return refuse("R-Brake-04", "UnexpectedStop", message, actual=status, required=StopStatus.STANDING)
