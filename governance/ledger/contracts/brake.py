"""Brake: a few seats stop; only many resume."""

from __future__ import annotations

from typing import ClassVar

from governance.ledger.artifacts import ContractName
from governance.ledger.codec import Call
from governance.ledger.contracts.base import Block, ContractClient
from governance.types import (
    Hash32,
    IncidentRecord,
    ModelId,
    ReportId,
    ScopeId,
    ScopeRecord,
    SeatMask,
    SeatNumber,
    StopId,
    StopRecord,
    Timestamp,
)


class BrakeClient(ContractClient):
    """Reads and calls of Brake."""

    name: ClassVar[ContractName] = "Brake"

    # --- reads

    def get_scope(self, scope: ScopeId, *, at: Block = "latest") -> ScopeRecord:
        found: ScopeRecord = self._read("getScope", scope, returns=[ScopeRecord], at=at)
        return found

    def is_stopped(self, lineage: ModelId, *, at: Block = "latest") -> bool:
        """Whether a stop stands on the lineage or on everything."""
        return bool(self._read("isStopped", lineage, returns=["bool"], at=at))

    def get_stops(self, *, at: Block = "latest") -> dict[StopId, StopRecord]:
        """Every stop there ever was, by its id."""
        count = self._read("stopCount", returns=["uint64"], at=at)
        ids = [StopId(n) for n in range(1, count + 1)]
        if not ids:
            return {}
        records = self._read_many([("getStop", [stop]) for stop in ids], returns=[StopRecord], at=at)
        return dict(zip(ids, records, strict=True))

    def get_stop(self, stop: StopId, *, at: Block = "latest") -> StopRecord:
        found: StopRecord = self._read("getStop", stop, returns=[StopRecord], at=at)
        return found

    def get_incidents(self, *, at: Block = "latest") -> dict[ReportId, IncidentRecord]:
        """Every misuse report there ever was, by its id."""
        count = self._read("incidentCount", returns=["uint64"], at=at)
        ids = [ReportId(n) for n in range(1, count + 1)]
        if not ids:
            return {}
        records = self._read_many([("getIncident", [report]) for report in ids], returns=[IncidentRecord], at=at)
        return dict(zip(ids, records, strict=True))

    def get_incident(self, report: ReportId, *, at: Block = "latest") -> IncidentRecord:
        found: IncidentRecord = self._read("getIncident", report, returns=[IncidentRecord], at=at)
        return found

    def get_pending_pulls(self, scope: ScopeId, *, at: Block = "latest") -> tuple[SeatMask, int, int]:
        """The seats whose pulls count now, how many they are, and how many chambers they span."""
        seats, count, chambers = self._read("pendingPulls", scope, returns=["uint64", "uint8", "uint8"], at=at)
        return SeatMask(seats), count, chambers

    def get_cooldown(self, scope: ScopeId, seat: SeatNumber, *, at: Block = "latest") -> Timestamp:
        return Timestamp(self._read("cooldownUntil", scope, seat, returns=["uint40"], at=at))

    # --- calls

    def pull(self, scope: ScopeId, report_hash: Hash32, severity: int, statement: str) -> Call:
        return self._call("pull", scope, report_hash, severity, statement)

    def pull_citing(self, scope: ScopeId, report: ReportId, statement: str) -> Call:
        return self._call("pullCiting", scope, report, statement)

    def report_incident(self, subject: Hash32, evidence_hash: Hash32, severity: int, statement: str) -> Call:
        return self._call("reportIncident", subject, evidence_hash, severity, statement)

    def respond(self, report: ReportId, response_hash: Hash32, statement: str) -> Call:
        return self._call("respond", report, response_hash, statement)

    def lapse(self, stop: StopId) -> Call:
        return self._call("lapse", stop)
