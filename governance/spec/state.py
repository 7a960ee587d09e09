"""The state of the six contracts, as the rules see it. Immutable: a transition makes a new one.

Records are those that the contracts' getters answer, so that an audit compares equal things. What the contracts keep
only in events (names, documents, descriptions) is kept here too, since people ask for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from governance.types import (
    EVERYTHING,
    NO_EPOCH,
    NO_SEAT,
    NO_SILENCE,
    ZERO_ADDRESS,
    ZERO_HASH,
    ActionKind,
    Address,
    Bounds,
    ChainId,
    ConstraintId,
    ConstraintParameter,
    ConstraintRecord,
    DealingRecord,
    Epoch,
    EpochRecord,
    Hash32,
    Identity,
    IncidentRecord,
    LedgerEntry,
    MemberIndex,
    MemberRecord,
    ModelId,
    ModelRecord,
    OrganisationId,
    Parameters,
    PinnedCode,
    ProposalId,
    ProposalRecord,
    ReceiptState,
    ReleaseId,
    ReleaseRecord,
    ReportId,
    RequestId,
    RequestRecord,
    RosterWord,
    ScopeId,
    ScopeRecord,
    SeatMask,
    SeatNumber,
    SeatRecord,
    ShortName,
    Standing,
    StopId,
    StopRecord,
    System,
    Timestamp,
)
from governance.types.records import RotationRecord, SilenceRecord

NOBODY = SeatMask(0)


@dataclass(frozen=True, slots=True)
class SeatsState:
    chamber_names: tuple[ShortName, ...]
    genesis_hash: Hash32
    seats: Mapping[SeatNumber, SeatRecord] = field(default_factory=dict)  # removed ones too, as the contract keeps them
    rosters: tuple[RosterWord, ...] = ()  # version i is at i - 1
    present: SeatMask = NOBODY  # suspended seats included
    live: SeatMask = NOBODY
    rotations: Mapping[SeatNumber, RotationRecord] = field(default_factory=dict)
    silences: Mapping[SeatNumber, SilenceRecord] = field(default_factory=dict)  # those of removed seats, too
    used_keys: frozenset[Address] = frozenset()
    organisations: Mapping[OrganisationId, str] = field(default_factory=dict)

    @property
    def roster_version(self) -> int:
        return len(self.rosters)

    @property
    def roster(self) -> RosterWord:
        """The chambers' masks of the current roster."""
        return self.rosters[-1]

    def get_roster(self, version: int) -> RosterWord:
        return self.rosters[version - 1]

    def get_seat(self, seat: SeatNumber) -> SeatRecord:
        return self.seats.get(seat, NO_SEAT)

    def seat_of(self, key: Address) -> tuple[SeatNumber, Standing]:
        """The seat that a key votes for, and its standing; NONE if it votes for none."""
        for number, seat in self.seats.items():
            if seat.voting_key == key and seat.standing is not Standing.NONE:
                return number, seat.standing
        return SeatNumber(0), Standing.NONE

    def seat_of_organisation(self, organisation_id: OrganisationId) -> tuple[SeatNumber, Standing]:
        for number, seat in self.seats.items():
            if seat.organisation_id == organisation_id and seat.standing is not Standing.NONE:
                return number, seat.standing
        return SeatNumber(0), Standing.NONE

    def get_silence(self, seat: SeatNumber) -> SilenceRecord:
        return self.silences.get(seat, NO_SILENCE)

    def chamber_count(self) -> int:
        return len(self.chamber_names)


@dataclass(frozen=True, slots=True)
class ProposedAction:
    """What a proposal says: the contract keeps only its hash."""

    kind: ActionKind
    data: bytes
    description: str


@dataclass(frozen=True, slots=True)
class CouncilState:
    legal_text_hash: Hash32
    charter_hash: Hash32
    parameters_hash: Hash32
    bounds: Bounds
    versions: tuple[Parameters, ...]  # version i is at i - 1
    active: bool = False
    successor: Address = ZERO_ADDRESS  # once it is named, nothing but the safe direction is open
    proposals: Mapping[ProposalId, ProposalRecord] = field(default_factory=dict)
    actions: Mapping[ProposalId, ProposedAction] = field(default_factory=dict)
    nonces: Mapping[Address, int] = field(default_factory=dict)
    slots: Mapping[SeatNumber, tuple[ProposalId, ...]] = field(default_factory=dict)  # open proposals, and closed ones

    @property
    def version(self) -> int:
        return len(self.versions)

    @property
    def parameters(self) -> Parameters:
        """The parameters in force."""
        return self.versions[-1]

    def get_parameters(self, version: int) -> Parameters:
        return self.versions[version - 1]


@dataclass(frozen=True, slots=True)
class ConstraintsState:
    genesis_head: Hash32
    head: Hash32
    entries: tuple[LedgerEntry, ...] = ()  # those of predecessors, too
    first_entry: int = 0  # the number of the first own one: what genesis_head is before
    constraints: Mapping[ConstraintId, ConstraintRecord] = field(default_factory=dict)
    parameters: Mapping[tuple[ConstraintId, ShortName], ConstraintParameter] = field(default_factory=dict)
    names: Mapping[ConstraintId, str] = field(default_factory=dict)
    documents: Mapping[ConstraintId, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReleasesState:
    models: Mapping[ModelId, ModelRecord] = field(default_factory=dict)
    names: Mapping[ModelId, str] = field(default_factory=dict)
    identities: Mapping[Identity, ModelId] = field(default_factory=dict)
    sealed: Mapping[Hash32, ModelId] = field(default_factory=dict)  # key commitment -> model
    releases: Mapping[ReleaseId, ReleaseRecord] = field(default_factory=dict)
    scopes: Mapping[ReleaseId, bytes] = field(default_factory=dict)
    workers: Mapping[tuple[ReleaseId, Address], Identity] = field(default_factory=dict)
    receipts: Mapping[tuple[ReleaseId, Address], ReceiptState] = field(default_factory=dict)
    parties: Mapping[tuple[ModelId, Hash32], int] = field(default_factory=dict)  # by affiliation, by jurisdiction
    before: ReleasesState | None = None  # the predecessor's registry, as it was left

    def find_model(self, model_id: ModelId) -> ModelRecord | None:
        """The model, registered here or with a predecessor (R-Releases-14)."""
        if model_id in self.models or self.before is None:
            return self.models.get(model_id)
        return self.before.find_model(model_id)

    def find_sealed(self, key_commitment: Hash32) -> ModelId | None:
        """The model that was sealed with that data key, here or with a predecessor (R-Releases-14)."""
        if key_commitment in self.sealed or self.before is None:
            return self.sealed.get(key_commitment)
        return self.before.find_sealed(key_commitment)


@dataclass(frozen=True, slots=True)
class Cooldown:
    until: Timestamp
    pulled_at: Timestamp  # of the stop that lapsed: it binds the organisation that held the seat number then


@dataclass(frozen=True, slots=True)
class BrakeState:
    scopes: Mapping[ScopeId, ScopeRecord] = field(default_factory=dict)
    stops: tuple[StopRecord, ...] = ()  # stop i is at i - 1
    pulls: Mapping[ScopeId, Mapping[SeatNumber, Timestamp]] = field(default_factory=dict)  # since the last stop
    lapses: Mapping[ScopeId, Timestamp] = field(default_factory=dict)  # the last one
    cooldowns: Mapping[tuple[ScopeId, SeatNumber], Cooldown] = field(default_factory=dict)
    incidents: tuple[IncidentRecord, ...] = ()  # report i is at i - 1
    last_reports: Mapping[Address, ReportId] = field(default_factory=dict)  # of workers alone
    successor_parts: tuple[PinnedCode, ...] = ()  # with the code that was voted for

    def get_scope(self, scope: ScopeId) -> ScopeRecord:
        return self.scopes.get(scope, ScopeRecord(Timestamp(0), 0, 0, 0))

    def get_stop(self, stop_id: StopId) -> StopRecord | None:
        return self.stops[stop_id - 1] if 0 < stop_id <= len(self.stops) else None

    def get_incident(self, report_id: ReportId) -> IncidentRecord | None:
        return self.incidents[report_id - 1] if 0 < report_id <= len(self.incidents) else None


@dataclass(frozen=True, slots=True)
class Answered:
    """Who ever answered for an identity in an epoch, over all its requests: partials of several requests pool."""

    lineage: ModelId
    members: int = 0  # bit = position in the epoch's list
    stops_seen: int = 0  # at the first partial


@dataclass(frozen=True, slots=True)
class CommitteeState:
    current_epoch: Epoch = NO_EPOCH  # in force; 0 = none
    latest_epoch: Epoch = NO_EPOCH
    epochs: Mapping[Epoch, EpochRecord] = field(default_factory=dict)
    members: Mapping[Epoch, tuple[MemberRecord, ...]] = field(default_factory=dict)
    indices: Mapping[Address, MemberIndex] = field(default_factory=dict)  # permanent
    dealings: Mapping[Epoch, tuple[DealingRecord, ...]] = field(default_factory=dict)  # in the dealers' order
    commitments: Mapping[tuple[Epoch, int], bytes] = field(default_factory=dict)  # as dealt, by position
    aggregates: Mapping[Epoch, bytes] = field(default_factory=dict)  # absent where nobody computes with points
    verification_keys: Mapping[tuple[Epoch, MemberIndex], bytes] = field(default_factory=dict)
    requests: Mapping[RequestId, RequestRecord] = field(default_factory=dict)
    last_requests: Mapping[tuple[ReleaseId, Address], RequestId] = field(default_factory=dict)
    transport_keys: Mapping[RequestId, bytes] = field(default_factory=dict)
    answered: Mapping[tuple[Epoch, Identity], Answered] = field(default_factory=dict)

    @property
    def key_hash(self) -> Hash32:
        """keccak256 of the committee key in force; zeros if none."""
        return self.epochs[self.current_epoch].key_hash if self.current_epoch else ZERO_HASH


@dataclass(frozen=True, slots=True)
class SystemState:
    """All six contracts at one point of one chain."""

    chain_id: ChainId
    system: System
    seats: SeatsState
    council: CouncilState
    constraints: ConstraintsState
    releases: ReleasesState
    brake: BrakeState
    committee: CommitteeState
    predecessor: Address = ZERO_ADDRESS  # the Council of the system that this one follows

    @property
    def parameters(self) -> Parameters:
        """The parameters in force."""
        return self.council.parameters

    def is_everything_stopped(self) -> bool:
        """Whether a stop stands on everything; a scope that was never opened is no permission."""
        scope = self.brake.get_scope(EVERYTHING)
        return scope.opened_at == 0 or scope.standing != 0
