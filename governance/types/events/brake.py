"""Events of Brake: pulls, stops and reports, field for field in the order of the ABI.

Source: contracts/src/interfaces/IBrake.sol.
"""

from __future__ import annotations

from dataclasses import dataclass

from governance.types.actions import PinnedCode
from governance.types.enums import StopStatus
from governance.types.names import (
    Address,
    Hash32,
    ProposalId,
    ReportId,
    ScopeId,
    SeatMask,
    SeatNumber,
    StopId,
    Timestamp,
)


@dataclass(frozen=True, slots=True)
class ScopeOpened:
    scope: ScopeId


@dataclass(frozen=True, slots=True)
class Pulled:
    scope: ScopeId
    seat: SeatNumber
    report_id: ReportId  # 0 = none was filed: the hash is all there is
    report_hash: Hash32
    severity: int
    statement: str
    seats: int  # how many live pulls now count
    chambers: int  # that they span


@dataclass(frozen=True, slots=True)
class Stopped:
    stop_id: StopId
    scope: ScopeId
    report_id: ReportId
    seats: SeatMask
    report_hash: Hash32
    severity: int
    lapses_at: Timestamp


@dataclass(frozen=True, slots=True)
class StopConfirmed:
    stop_id: StopId
    scope: ScopeId
    proposal_id: ProposalId


@dataclass(frozen=True, slots=True)
class StopResumed:
    stop_id: StopId
    scope: ScopeId
    proposal_id: ProposalId


@dataclass(frozen=True, slots=True)
class StopLapsed:
    stop_id: StopId
    scope: ScopeId
    seats: SeatMask
    cooldown_until: Timestamp


@dataclass(frozen=True, slots=True)
class StopInherited:
    stop_id: StopId
    scope: ScopeId
    report_id: ReportId  # here
    status: StopStatus  # here: confirmed, if it stood


@dataclass(frozen=True, slots=True)
class IncidentReported:
    report_id: ReportId
    scope: ScopeId
    reporter: Address
    subject: Hash32
    evidence_hash: Hash32
    severity: int
    statement: str


@dataclass(frozen=True, slots=True)
class IncidentAnswered:
    report_id: ReportId
    respondent: Address
    answers: int
    response_hash: Hash32
    statement: str


@dataclass(frozen=True, slots=True)
class SuccessorNamed:
    proposal_id: ProposalId
    successor: Address  # the first of the parts
    parts: tuple[PinnedCode, ...]


BrakeEvent = (
    ScopeOpened
    | Pulled
    | Stopped
    | StopConfirmed
    | StopResumed
    | StopLapsed
    | StopInherited
    | IncidentReported
    | IncidentAnswered
    | SuccessorNamed
)
