"""What the contracts keep in storage and answer from their getters, struct for struct.

The rules (`spec`) keep the same records in their state, so that an audit compares equal things.
Source: contracts/src/types and contracts/src/interfaces.
"""

from __future__ import annotations

from dataclasses import dataclass

from governance.types.enums import (
    ActionKind,
    ConstraintStatus,
    Direction,
    KeyKind,
    Mode,
    Phase,
    ProposalState,
    ReleaseStatus,
    Standing,
    StopStatus,
)
from governance.types.names import (
    NO_EPOCH,
    Address,
    BallotWord,
    ChamberNumber,
    ConstraintId,
    Epoch,
    Hash32,
    Identity,
    Jurisdiction,
    MemberIndex,
    ModelId,
    OrganisationId,
    ProposalId,
    ReleaseId,
    ReportId,
    ScopeId,
    SeatMask,
    SeatNumber,
    Seconds,
    ShortName,
    Timestamp,
)


@dataclass(frozen=True, slots=True)
class System:
    """The six contracts."""

    seats: Address
    council: Address
    constraints: Address
    releases: Address
    brake: Address
    committee: Address


# --- Seats


@dataclass(frozen=True, slots=True)
class SeatRecord:
    organisation_id: OrganisationId
    affiliation: Hash32
    framework: ShortName
    voting_key: Address
    recovery_key: Address
    jurisdiction: Jurisdiction
    chamber: ChamberNumber
    kind: KeyKind
    standing: Standing
    granted_at: Timestamp
    vacated_at: Timestamp  # removal; the number rests until every proposal that could count it is dead


@dataclass(frozen=True, slots=True)
class RotationRecord:
    new_key: Address
    ready_at: Timestamp  # 0 = none pending


@dataclass(frozen=True, slots=True)
class SilenceRecord:
    since: Timestamp  # counted from; 0 = not counted
    answer_by: Timestamp  # a challenge that lasts until then; 0 = none


# --- Council


@dataclass(frozen=True, slots=True)
class ProposalRecord:
    eligible: SeatMask  # seats at creation: the frozen denominator
    created_at: Timestamp
    closes_at: Timestamp  # of the round in progress or last, with its extension
    parameters_version: int  # frozen at creation
    roster_version: int  # frozen at creation
    kind: ActionKind
    tier: int  # effective: 3 after an escalation
    round: int  # 1, or 2 after an escalation
    proposer_seat: SeatNumber
    flags: int  # FLAG_* of contracts/src/types/Proposals.sol
    late_window: Seconds  # frozen at creation; 0 where nothing extends a round
    proposer: Address
    nonce: int
    ballots: tuple[BallotWord, BallotWord]  # one word a round
    vetoes: SeatMask


@dataclass(frozen=True, slots=True)
class SignedBallotRecord:
    """A ballot as its voter signed it off line, in a batch of one proposal's (SignedBallot of the contracts)."""

    voter: Address
    support: int
    round: int
    count: int  # ballots that the seat had cast in that round before this one
    reason: str
    signature: bytes


@dataclass(frozen=True, slots=True)
class ChamberTally:
    """A chamber's count beside what it needs."""

    size: int  # eligible seats of the chamber at creation
    yes: int  # live yes
    no: int
    abstain: int
    needed: int  # yes that this tier needs here
    agrees: bool

    @property
    def missing(self) -> int:
        """How many more yes the chamber needs."""
        return max(0, self.needed - self.yes)


@dataclass(frozen=True, slots=True)
class QuorumState:
    state: ProposalState
    tier: int
    round: int
    chambers_agreeing: int
    chambers_required: int
    size: int
    yes: int
    needed: int
    passing: bool
    closes_at: Timestamp
    eta: Timestamp
    expires_at: Timestamp
    chambers: tuple[ChamberTally, ...]

    @property
    def missing(self) -> int:
        """How many more yes are needed of all seats, whatever their chamber."""
        return max(0, self.needed - self.yes)


# --- Constraints


@dataclass(frozen=True, slots=True)
class ConstraintRecord:
    status: ConstraintStatus
    expires_at: Timestamp  # 0 = never
    version: Hash32  # the ledger head right after its last change
    document_hash: Hash32


@dataclass(frozen=True, slots=True)
class ConstraintParameter:
    direction: Direction  # fixed when it is added
    value: int


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    head: Hash32  # after this entry
    kind: ActionKind
    constraint_id: ConstraintId
    document_hash: Hash32
    parent: Hash32  # the constraint's version before, 32 zero bytes for a new one
    tier: int  # effective
    proposal_id: ProposalId
    time: Timestamp


# --- Releases


@dataclass(frozen=True, slots=True)
class ModelRecord:
    lineage: ModelId  # the lineage's root model
    parent_model: ModelId
    manifest_hash: Hash32
    content_root: Hash32
    key_commitment: Hash32
    committee_key_hash: Hash32
    registrar: Address
    seal_nonce: int
    index: int  # 1, 2, ...; 0 = unknown
    registered_at: Timestamp


@dataclass(frozen=True, slots=True)
class ReleaseRecord:
    status: ReleaseStatus
    mode: Mode
    expires_at: Timestamp
    executed_at: Timestamp
    lineage_generation: int  # of the brake's scopes at execution
    global_generation: int
    lineage: ModelId
    model_id: ModelId
    scope_hash: Hash32


@dataclass(frozen=True, slots=True)
class ReceiptState:
    """What a worker has anchored under a release."""

    batches: int
    receipts: int
    last_root: Hash32


# --- Brake


@dataclass(frozen=True, slots=True)
class ScopeRecord:
    opened_at: Timestamp  # 0 = no such scope: not permission
    standing: int  # stops that stand
    generation: int  # lapses so far: what ran before a lapse never runs again
    pulled: int  # stops ever


@dataclass(frozen=True, slots=True)
class StopRecord:
    scope: ScopeId
    status: StopStatus
    pulled_at: Timestamp
    lapses_at: Timestamp
    seats: SeatMask  # who pulled it
    report_hash: Hash32
    severity: int
    report_id: ReportId  # the report that it cites
    answers_before: int  # to that report when the stop fell: a resume waits for one more


@dataclass(frozen=True, slots=True)
class IncidentRecord:
    """A misuse report: what was seen, by whom, and how often it was answered."""

    subject: Hash32  # 32 zero bytes for everything, else the id of a model or of a release
    scope: ScopeId  # the subject's lineage
    evidence_hash: Hash32
    reporter: Address
    reported_at: Timestamp  # 0 = no such report
    severity: int  # 1 to 4
    answers: int


# --- Committee


@dataclass(frozen=True, slots=True)
class EpochRecord:
    phase: Phase
    threshold: int  # t
    slack: int
    size: int  # n
    registered: int
    dealt: int
    acknowledged: int
    started_at: Timestamp
    phase_ends_at: Timestamp
    key_hash: Hash32  # keccak256 of the committee key, zero until the dealings are summed
    predecessor: Epoch = NO_EPOCH  # whose key is dealt again; 0 = a new key
    qualified: int = 0  # the dealers that the sums are made of; bit = position in the dealers' list
    complained: int = 0  # members that complained
    accused: int = 0  # dealers that owe an answer


@dataclass(frozen=True, slots=True)
class MemberRecord:
    oracle: Address
    index: MemberIndex
    organisation_id: OrganisationId
    transport_key_hash: Hash32
    commitments_hash: Hash32  # zero in a resharing
    verification_key_hash: Hash32
    complained: bool = False


@dataclass(frozen=True, slots=True)
class DealingRecord:
    """What a dealer has done in an epoch."""

    commitments_hash: Hash32
    dealing_hash: Hash32  # zero until dealt
    complainants: int = 0  # bit = position in the epoch's member list
    answered: bool = False
    disqualified: bool = False


@dataclass(frozen=True, slots=True)
class RequestRecord:
    release_id: ReleaseId
    identity: Identity
    transport_hash: Hash32  # keccak256(T)
    worker: Address
    epoch: Epoch
    expires_at: Timestamp  # 0 = no such request
    approvals: int  # bit = position in the epoch's member list
    partials: int


NO_SILENCE = SilenceRecord(Timestamp(0), Timestamp(0))

NO_SEAT = SeatRecord(
    organisation_id=OrganisationId(bytes(32)),
    affiliation=Hash32(bytes(32)),
    framework=ShortName(bytes(32)),
    voting_key=Address("0x" + "00" * 20),
    recovery_key=Address("0x" + "00" * 20),
    jurisdiction=Jurisdiction(bytes(2)),
    chamber=ChamberNumber(0),
    kind=KeyKind.NONE,
    standing=Standing.NONE,
    granted_at=Timestamp(0),
    vacated_at=Timestamp(0),
)
