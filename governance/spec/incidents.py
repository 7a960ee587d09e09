"""Misuse reports and their answers: what a stop rests on, and what a resume waits for.

Source: contracts/src/brake/Incidents.sol.
"""

from __future__ import annotations

import dataclasses

from governance.spec.dormancy import hear
from governance.spec.outcome import Outcome, Result, with_entry
from governance.spec.rules import Refusal, refuse
from governance.spec.state import BrakeState, SystemState
from governance.types import (
    EVERYTHING,
    Address,
    Hash32,
    IncidentRecord,
    ModelId,
    ReleaseId,
    ReportId,
    ScopeId,
    Standing,
    StopId,
    StopRecord,
    Timestamp,
)
from governance.types.events import Event
from governance.types.events.brake import IncidentAnswered, IncidentReported

MAX_SEVERITY = 4
NO_REPORT = ReportId(0)


def process_report(
    state: SystemState,
    caller: Address,
    subject: Hash32,
    evidence_hash: Hash32,
    severity: int,
    statement: str,
    now: Timestamp,
) -> Result:
    """The report is on the record, under the lineage of its subject. It stops nothing by itself."""
    if not state.council.active:
        return refuse("R-Council-16", "NotActive", "the system is not active yet")
    if refusal := check_report(evidence_hash, severity):
        return refusal
    scope = scope_of(state, subject)
    if scope is None:
        return refuse("R-Brake-11", "UnknownSubject", f"no model or release is 0x{subject.hex()}", actual=subject)
    seat, standing = state.seats.seat_of(caller)
    by_seat = standing is Standing.LIVE
    events: list[Event] = []
    if by_seat:
        state = hear(state, seat, events)
    if not by_seat and (refusal := _check_worker(state, caller, subject)):
        return refusal
    brake, event = file_report(state.brake, caller, subject, scope, evidence_hash, severity, statement, now)
    if not by_seat:
        brake = dataclasses.replace(brake, last_reports=with_entry(brake.last_reports, caller, event.report_id))
    return Outcome(dataclasses.replace(state, brake=brake), (*events, event))


def process_respond(
    state: SystemState, caller: Address, report_id: ReportId, response_hash: Hash32, statement: str
) -> Result:
    """The report has one answer more. Nothing is replaced, and nothing is lifted by it."""
    incident = find_report(state.brake, report_id)
    if isinstance(incident, Refusal):
        return incident
    if not any(response_hash):
        return refuse("R-Brake-13", "EmptyAnswer", "an answer has a hash", actual=report_id)
    if not is_concerned(state, incident.subject, caller):
        message = f"{caller} holds no seat, and neither registered nor runs what report {report_id} is about"
        return refuse("R-Brake-13", "NotConcerned", message, actual=caller)
    events: list[Event] = []
    seat, standing = state.seats.seat_of(caller)
    if standing is Standing.LIVE:
        state = hear(state, seat, events)
    answered = dataclasses.replace(incident, answers=incident.answers + 1)
    incidents = (*state.brake.incidents[: report_id - 1], answered, *state.brake.incidents[report_id:])
    brake = dataclasses.replace(state.brake, incidents=incidents)
    event = IncidentAnswered(report_id, caller, answered.answers, response_hash, statement)
    return Outcome(dataclasses.replace(state, brake=brake), (*events, event))


def file_report(
    brake: BrakeState,
    reporter: Address,
    subject: Hash32,
    scope: ScopeId,
    evidence_hash: Hash32,
    severity: int,
    statement: str,
    now: Timestamp,
) -> tuple[BrakeState, IncidentReported]:
    """The report has the next id."""
    record = IncidentRecord(subject, scope, evidence_hash, reporter, now, severity, 0)
    report_id = ReportId(len(brake.incidents) + 1)
    event = IncidentReported(report_id, scope, reporter, subject, evidence_hash, severity, statement)
    return dataclasses.replace(brake, incidents=(*brake.incidents, record)), event


# --- checks and reads


def check_report(evidence_hash: Hash32, severity: int) -> Refusal | None:
    """R-Brake-09."""
    if any(evidence_hash) and 1 <= severity <= MAX_SEVERITY:
        return None
    message = f"a report has the hash of its evidence and a severity of 1 to {MAX_SEVERITY}, got {severity}"
    return refuse("R-Brake-09", "BadReport", message, actual=severity, required=(1, MAX_SEVERITY))


def check_citation(brake: BrakeState, scope: ScopeId, report_id: ReportId) -> IncidentRecord | Refusal:
    """The report that a pull on `scope` cites (R-Brake-12)."""
    incident = find_report(brake, report_id)
    if isinstance(incident, Refusal) or incident.scope == scope or EVERYTHING in (incident.scope, scope):
        return incident
    message = f"report {report_id} is about the lineage 0x{incident.scope.hex()}"
    return refuse("R-Brake-12", "ReportElsewhere", message, actual=incident.scope, required=scope)


def check_answered(brake: BrakeState, stop_id: StopId, stop: StopRecord) -> Refusal | None:
    """R-Brake-14: those who vote on a resume have heard both sides."""
    incident = brake.get_incident(stop.report_id)
    if incident is not None and incident.answers > stop.answers_before:
        return None
    message = f"nobody has answered report {stop.report_id} since stop {stop_id} fell"
    return refuse("R-Brake-14", "Unanswered", message, actual=stop_id, required=stop.report_id)


def find_report(brake: BrakeState, report_id: ReportId) -> IncidentRecord | Refusal:
    """The report, or that there is none."""
    incident = brake.get_incident(report_id)
    if incident is None:
        message = f"no report has the id {report_id}; there are {len(brake.incidents)}"
        return refuse("R-Brake-12", "UnknownReport", message, actual=report_id)
    return incident


def scope_of(state: SystemState, subject: Hash32) -> ScopeId | None:
    """The lineage of a model or of a release, or everything; None of an id that nothing has."""
    if state.brake.get_scope(ScopeId(subject)).opened_at:
        return ScopeId(subject)
    releases = state.releases
    found = releases.find_model(ModelId(subject)) or releases.releases.get(ReleaseId(subject))
    return None if found is None else ScopeId(found.lineage)


def is_concerned(state: SystemState, subject: Hash32, account: Address) -> bool:
    """Whether the account may answer: a seat (a suspended one too), the model's registrar, the release's worker."""
    _, standing = state.seats.seat_of(account)
    if standing is not Standing.NONE or (ReleaseId(subject), account) in state.releases.workers:
        return True
    release = state.releases.releases.get(ReleaseId(subject))
    model = state.releases.find_model(ModelId(subject) if release is None else release.model_id)
    return model is not None and model.registrar == account


def _check_worker(state: SystemState, caller: Address, subject: Hash32) -> Refusal | None:
    """R-Brake-11: a seat that floods can be suspended; a worker is held to one unanswered report."""
    if (ReleaseId(subject), caller) not in state.releases.workers:
        message = f"{caller} holds no live seat, and 0x{subject.hex()} is no release that names it"
        return refuse("R-Brake-11", "NotReporter", message, actual=caller)
    last = state.brake.last_reports.get(caller)
    incident = None if last is None else state.brake.get_incident(last)
    if incident is None or incident.answers:
        return None
    return refuse("R-Brake-11", "ReportPending", f"report {last} by {caller} is not answered yet", actual=last)
