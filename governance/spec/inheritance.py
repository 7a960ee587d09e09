"""What a system takes over from the one that it follows: ledger, registry and every stop; all of it, or nothing.

The contract reads what was left where it was left; the rules keep a copy, so that an audit compares the two.
Source: contracts/src/constraints/LedgerStore.sol, contracts/src/brake/Inheritance.sol.
"""

from __future__ import annotations

import dataclasses

from governance.spec.brake import HOLDING, open_scope
from governance.spec.outcome import Outcome, Result, with_entry
from governance.spec.rules import Refusal, refuse
from governance.spec.state import SystemState
from governance.types import ZERO_ADDRESS, ReportId, SeatMask, StopId, StopStatus, Timestamp
from governance.types.events import Event
from governance.types.events.brake import IncidentReported, StopInherited
from governance.types.events.constraints import LedgerInherited


def check_inheritance(state: SystemState, before: SystemState | None) -> Refusal | None:
    """R-Constraints-10: there is something to take over, and the predecessor's vote has named this system."""
    if state.predecessor == ZERO_ADDRESS or any(state.constraints.head):
        message = "this system follows no other, or has taken everything over"
        return refuse("R-Constraints-10", "NothingToInherit", message, actual=state.predecessor)
    named = ZERO_ADDRESS
    if before is not None and before.system.council == state.predecessor:
        named = before.council.successor
    if named == state.system.council:
        return None
    message = f"the vote of {state.predecessor} has not named this system as its successor"
    return refuse("R-Constraints-10", "NotItsSuccessor", message, actual=named, required=state.system.council)


def process_import_stop(state: SystemState, before: SystemState | None, now: Timestamp) -> Result:
    """The predecessor's next stop is here, with its id and its report (R-Brake-17). A higher limit: one by one."""
    if refusal := check_inheritance(state, before):
        return refusal
    assert before is not None  # noqa: S101 - for the type checker; the check has refused
    if len(state.brake.stops) >= len(before.brake.stops):
        return Outcome(state)
    return _import_stop(state, before, now)


def take_over(state: SystemState, before: SystemState | None, now: Timestamp) -> Result:
    """The stops that are left, the registry and the ledger: this system goes on where the predecessor ended."""
    if refusal := check_inheritance(state, before):
        return refusal
    assert before is not None  # noqa: S101
    events: list[Event] = []
    while len(state.brake.stops) < len(before.brake.stops):
        imported = _import_stop(state, before, now)
        state, events = imported.state, [*events, *imported.events]
    ledger = before.constraints
    count = len(ledger.entries)
    constraints = dataclasses.replace(ledger, genesis_head=ledger.head, first_entry=count)  # R-Constraints-11
    releases = dataclasses.replace(state.releases, before=before.releases)  # R-Releases-14
    events.append(LedgerInherited(state.predecessor, count, ledger.head))
    return Outcome(dataclasses.replace(state, constraints=constraints, releases=releases), tuple(events))


def _import_stop(state: SystemState, before: SystemState, now: Timestamp) -> Outcome:
    brake = state.brake
    stop_id = StopId(len(brake.stops) + 1)
    stop = before.brake.stops[stop_id - 1]
    report = before.brake.incidents[stop.report_id - 1]
    report_id = ReportId(len(brake.incidents) + 1)
    stands = stop.status in HOLDING
    status = StopStatus.CONFIRMED if stands else stop.status
    # R-Brake-14: a resume here waits for an answer here.
    answers = report.answers if stands else stop.answers_before
    stop = dataclasses.replace(stop, status=status, report_id=report_id, answers_before=answers, seats=SeatMask(0))
    events: list[Event] = [
        StopInherited(stop_id, stop.scope, report_id, status),
        IncidentReported(
            report_id, report.scope, report.reporter, report.subject, report.evidence_hash, report.severity, ""
        ),
    ]
    brake = dataclasses.replace(brake, stops=(*brake.stops, stop), incidents=(*brake.incidents, report))
    if not brake.get_scope(stop.scope).opened_at:
        brake, opened = open_scope(brake, stop.scope, now)
        events.append(opened)
    scope = brake.get_scope(stop.scope)
    counted = dataclasses.replace(scope, standing=scope.standing + stands, pulled=scope.pulled + 1)
    brake = dataclasses.replace(brake, scopes=with_entry(brake.scopes, stop.scope, counted))
    return Outcome(dataclasses.replace(state, brake=brake), tuple(events))
