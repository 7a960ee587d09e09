"""What happened, as people tell it: proposals with their ballots, in order, and the names that events gave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from governance.encoding.actions import decode_action
from governance.encoding.errors import NotDecodable
from governance.ledger.client import Ledger
from governance.ledger.errors import UnknownName
from governance.ledger.events import EventRecord, get_inherited_events
from governance.ledger.names import Names
from governance.types import Action, ActionKind, Address, ProposalId, QuorumState, SeatNumber, Support, Timestamp
from governance.types.events.constraints import ConstraintsEvent
from governance.types.events.council import (
    ActionExecuted,
    ActionProposed,
    Objected,
    ProposalCanceled,
    ProposalCreated,
    ProposalExtended,
    ProposalVetoed,
    VetoCast,
    VoteCast,
)
from governance.types.events.releases import ModelRegistered

EventT = TypeVar("EventT")


@dataclass
class BallotEntry:
    """One accepted ballot. A later one of the same seat and round replaces it."""

    seat: SeatNumber
    voter: Address
    support: Support
    round: int
    count: int
    reason: str
    block: int


@dataclass
class ProposalEntry:
    """One proposal from its creation to now."""

    number: int  # in the order of creation, from 1
    id: ProposalId
    kind: ActionKind
    data: bytes  # the action, byte for byte as it was proposed
    description: str
    proposer: Address
    seat: SeatNumber
    nonce: int  # of the proposer's
    tier: int  # at creation
    created_at: Timestamp
    block: int
    ballots: list[BallotEntry] = field(default_factory=list)
    objection: Objected | None = None
    executed: ActionExecuted | None = None
    is_canceled: bool = False
    extensions: list[ProposalExtended] = field(default_factory=list)
    vetoes: list[VetoCast] = field(default_factory=list)
    vetoed: ProposalVetoed | None = None

    @property
    def action(self) -> Action | None:
        """What it would do; None if its bytes cannot be read (then it cannot be executed either)."""
        try:
            return decode_action(self.kind, self.data, strict=False)
        except NotDecodable:
            return None

    def is_extended(self, quorum: QuorumState) -> bool:
        """Whether the close of the round in progress, or last, is one that a late ballot moved."""
        return any(extended.extended_deadline == quorum.closes_at for extended in self.extensions)

    def take_ballot(self, cast: VoteCast, seat: SeatNumber, block: int) -> None:
        """The ballot belongs to the round in progress, after those of the same seat in it."""
        round_ = 1 if self.objection is None else 2
        count = 1 + sum(other.seat == seat and other.round == round_ for other in self.ballots)
        self.ballots.append(BallotEntry(seat, cast.voter, Support(cast.support), round_, count, cast.reason, block))

    def current_ballots(self, round_: int) -> dict[SeatNumber, BallotEntry]:
        """The ballot that counts of each seat, in that round."""
        return {ballot.seat: ballot for ballot in self.ballots if ballot.round == round_}


class History:
    """All events of a system, in order, and what follows from them."""

    def __init__(self, events: Sequence[EventRecord]) -> None:
        self.events = events
        self.names = Names.of(events)
        self._proposals: dict[ProposalId, ProposalEntry] = {}
        for at, record in enumerate(events):
            self._take(at, record)

    @classmethod
    def of(cls, ledger: Ledger) -> History:
        """Everything that happened until now, with the constraints and the models that predecessors left.

        Raises: RpcUnavailable, UndecodableAnswer.
        """
        inherited = get_inherited_events(ledger.rpc, ledger.deployment)
        kept = [record for record in inherited if isinstance(record.event, ConstraintsEvent | ModelRegistered)]
        return cls([*kept, *ledger.events()])

    @property
    def proposals(self) -> list[ProposalEntry]:
        """Oldest first."""
        return list(self._proposals.values())

    def get_proposal(self, proposal: ProposalId) -> ProposalEntry:
        """Raises: UnknownName."""
        found = self._proposals.get(proposal)
        if found is None:
            raise UnknownName(f"no proposal has the id {proposal:#066x}", hint="custodes proposal list shows them")
        return found

    def find_proposal(self, text: str) -> ProposalEntry:
        """By number, id, or the beginning of the id. Raises: UnknownName."""
        return self.get_proposal(self.names.find_proposal(text))

    def _take(self, at: int, record: EventRecord) -> None:
        match record.event:
            case ActionProposed() as proposed:
                created = self._beside(at, record, ProposalCreated)
                self._proposals[proposed.proposal_id] = ProposalEntry(
                    number=len(self._proposals) + 1,
                    id=proposed.proposal_id,
                    kind=proposed.kind,
                    data=created.calldatas[0] if created is not None and created.calldatas else b"",
                    description=created.description if created is not None else "",
                    proposer=created.proposer if created is not None else Address("0x" + "00" * 20),
                    seat=proposed.seat,
                    nonce=proposed.nonce,
                    tier=proposed.tier,
                    created_at=created.vote_start if created is not None else Timestamp(0),
                    block=record.block,
                )
            case VoteCast() as cast:
                self._proposals[cast.proposal_id].take_ballot(cast, self.names.voters[cast.voter], record.block)
            case ProposalExtended() as extended:
                self._proposals[extended.proposal_id].extensions.append(extended)
            case VetoCast() as veto:
                self._proposals[veto.proposal_id].vetoes.append(veto)
            case ProposalVetoed() as vetoed:
                self._proposals[vetoed.proposal_id].vetoed = vetoed
            case Objected() as objected:
                self._proposals[objected.proposal_id].objection = objected
            case ActionExecuted() as executed:
                self._proposals[executed.proposal_id].executed = executed
            case ProposalCanceled() as canceled:
                self._proposals[canceled.proposal_id].is_canceled = True

    def _beside(self, at: int, record: EventRecord, kind: type[EventT]) -> EventT | None:
        """The nearest event of that type that follows in the same transaction: OpenZeppelin's beside ours."""
        for other in self.events[at + 1 :]:
            if other.transaction != record.transaction:
                return None
            if isinstance(other.event, kind):
                return other.event
        return None
