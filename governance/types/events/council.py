"""Events of Council: proposals, ballots, execution, field for field in the order of the ABI.

Source: contracts/src/interfaces/ICouncil.sol.
"""

from __future__ import annotations

from dataclasses import dataclass

from governance.types.enums import ActionKind
from governance.types.names import Address, Hash32, ProposalId, SeatNumber, Timestamp
from governance.types.parameters import Parameters


@dataclass(frozen=True, slots=True)
class ProposalCreated:
    """OpenZeppelin's; the action's bytes are `calldatas[0]`."""

    proposal_id: ProposalId
    proposer: Address
    targets: tuple[Address, ...]
    values: tuple[int, ...]
    signatures: tuple[str, ...]
    calldatas: tuple[bytes, ...]
    vote_start: Timestamp
    vote_end: Timestamp
    description: str


@dataclass(frozen=True, slots=True)
class VoteCast:
    """OpenZeppelin's."""

    voter: Address
    proposal_id: ProposalId
    support: int
    weight: int
    reason: str


@dataclass(frozen=True, slots=True)
class ProposalExecuted:
    """OpenZeppelin's."""

    proposal_id: ProposalId


@dataclass(frozen=True, slots=True)
class ProposalCanceled:
    """OpenZeppelin's."""

    proposal_id: ProposalId


@dataclass(frozen=True, slots=True)
class ActionProposed:
    proposal_id: ProposalId
    kind: ActionKind
    seat: SeatNumber
    tier: int
    nonce: int
    parameters_version: int
    roster_version: int
    closes_at: Timestamp
    eta: Timestamp


@dataclass(frozen=True, slots=True)
class BallotSkipped:
    """A ballot of a batch that did not count; `reason` is the custom error that it would have met alone."""

    proposal_id: ProposalId
    voter: Address
    support: int
    round: int
    count: int
    reason: bytes


@dataclass(frozen=True, slots=True)
class ProposalExtended:
    """OpenZeppelin's (GovernorPreventLateQuorum)."""

    proposal_id: ProposalId
    extended_deadline: Timestamp


@dataclass(frozen=True, slots=True)
class VetoCast:
    proposal_id: ProposalId
    seat: SeatNumber
    chamber: int
    vetoes: int  # of live seats of that chamber, this one included
    needed: int
    reason: str


@dataclass(frozen=True, slots=True)
class ProposalVetoed:
    proposal_id: ProposalId
    chamber: int


@dataclass(frozen=True, slots=True)
class Objected:
    proposal_id: ProposalId
    seat: SeatNumber
    counterexample_hash: Hash32
    statement: str
    closes_at: Timestamp
    eta: Timestamp


@dataclass(frozen=True, slots=True)
class ActionExecuted:
    proposal_id: ProposalId
    kind: ActionKind
    tier: int
    executor: Address


@dataclass(frozen=True, slots=True)
class Activated:
    charter_hash: Hash32


@dataclass(frozen=True, slots=True)
class ParametersSet:
    version: int
    proposal_id: ProposalId
    parameters: Parameters


CouncilEvent = (
    ProposalCreated
    | VoteCast
    | ProposalExecuted
    | ProposalCanceled
    | ActionProposed
    | BallotSkipped
    | ProposalExtended
    | VetoCast
    | ProposalVetoed
    | Objected
    | ActionExecuted
    | Activated
    | ParametersSet
)
