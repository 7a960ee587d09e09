"""Names for the chain's numbers, gathered from events, and numbers for people's names.

A proposal's id is a hash; people call it by its number in the order of creation. What is signed is always the hash.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TypeVar

from governance.ledger.errors import UnknownName
from governance.ledger.events import EventRecord
from governance.types import (
    EVERYTHING,
    Address,
    ConstraintId,
    Hash32,
    ModelId,
    OrganisationId,
    ProposalId,
    ReleaseId,
    ReportId,
    ScopeId,
    SeatNumber,
    StopId,
)
from governance.types.events.brake import IncidentReported, StopInherited, Stopped
from governance.types.events.constraints import ConstraintAdded
from governance.types.events.council import ActionProposed
from governance.types.events.releases import ModelRegistered, WorkerNamed
from governance.types.events.seats import KeyRotated, SeatGranted, SeatRemoved

KeyT = TypeVar("KeyT")
ID = re.compile(r"0x[0-9a-fA-F]{8,64}")  # eight digits tell apart what one consortium ever makes


@dataclass
class Names:
    """Everything that has a name, as of the last event."""

    organisations: dict[OrganisationId, str] = field(default_factory=dict)
    seats: dict[SeatNumber, str] = field(default_factory=dict)  # the organisation that holds it, or held it last
    voters: dict[Address, SeatNumber] = field(default_factory=dict)  # every voting key there ever was
    vacant: set[SeatNumber] = field(default_factory=set)
    models: dict[ModelId, str] = field(default_factory=dict)
    lineages: dict[ModelId, ModelId] = field(default_factory=dict)
    constraints: dict[ConstraintId, str] = field(default_factory=dict)
    workers: dict[Address, str] = field(default_factory=dict)  # the organisation that runs it, as it was named
    stops: dict[StopId, Stopped | StopInherited] = field(default_factory=dict)
    reports: dict[ReportId, IncidentReported] = field(default_factory=dict)
    proposals: list[ProposalId] = field(default_factory=list)  # number n is at n - 1

    @classmethod
    def of(cls, events: Iterable[EventRecord]) -> Names:
        """The names that these events gave."""
        names = cls()
        for record in events:
            names._take(record)
        return names

    def _take(self, record: EventRecord) -> None:
        match record.event:
            case SeatGranted() as granted:
                self.organisations[granted.organisation_id] = granted.organisation
                self.seats[granted.seat] = granted.organisation
                self.voters[granted.voting_key] = granted.seat
                self.vacant.discard(granted.seat)
            case SeatRemoved() as removed:
                self.vacant.add(removed.seat)
            case KeyRotated() as rotated:
                self.voters[rotated.new_key] = rotated.seat
            case ModelRegistered() as registered:
                self.models[registered.model_id] = registered.name
                self.lineages[registered.model_id] = registered.lineage
            case ConstraintAdded() as added:
                self.constraints[added.constraint_id] = added.name
            case WorkerNamed() as named:
                self.workers[named.worker] = named.organisation
            case Stopped() | StopInherited() as stopped:
                self.stops[stopped.stop_id] = stopped
            case IncidentReported() as reported:
                self.reports[reported.report_id] = reported
            case ActionProposed() as proposed:
                self.proposals.append(proposed.proposal_id)

    # --- numbers to names

    def of_proposal(self, proposal: ProposalId) -> str:
        """`7 (0x3fa2b1c9…)`."""
        try:
            return f"{self.proposals.index(proposal) + 1} ({short(proposal.to_bytes(32, 'big'))})"
        except ValueError:
            return short(proposal.to_bytes(32, "big"))

    def of_seat(self, seat: SeatNumber) -> str:
        return self.seats.get(seat, f"seat {seat}")

    def of_model(self, model: ModelId) -> str:
        return self.models.get(model, short(model))

    def of_constraint(self, constraint: ConstraintId) -> str:
        return self.constraints.get(constraint, short(constraint))

    def of_scope(self, scope: ScopeId) -> str:
        return "everything" if scope == EVERYTHING else f"the lineage of {self.of_model(ModelId(scope))}"

    def of_subject(self, subject: Hash32) -> str:
        """What a report is about: `everything`, `SmolLM2`, or `release 4 (0x3fa2b1c9…)`."""
        if not any(subject):
            return "everything"
        if ModelId(subject) in self.models:
            return self.of_model(ModelId(subject))
        return f"release {self.of_proposal(ProposalId(int.from_bytes(subject, 'big')))}"

    def of_account(self, address: Address) -> str:
        """The seat or worker that this account speaks for, else the address."""
        if address in self.voters:
            return self.of_seat(self.voters[address])
        return self.workers.get(address, address)

    # --- names to numbers

    def find_proposal(self, text: str) -> ProposalId:
        """By its number, its id, or the beginning of its id. Raises: UnknownName."""
        if text.isdecimal() and len(text) < 10:
            number = int(text)
            if 1 <= number <= len(self.proposals):
                return self.proposals[number - 1]
            raise UnknownName(
                f"there is no proposal {number}: the last one is {len(self.proposals)}",
                hint="custodes proposal list shows them",
            )
        by_id = {proposal.to_bytes(32, "big"): proposal for proposal in self.proposals}
        if text.isdecimal():
            text = f"0x{int(text):064x}" if int(text) < 2**256 else text
        return by_id[_find(text, {}, by_id, "proposal")]

    def find_seat(self, text: str) -> SeatNumber:
        """By its number or its organisation. Raises: UnknownName."""
        if text.isdecimal() and SeatNumber(int(text)) in self.seats:
            return SeatNumber(int(text))
        holders = {name: seat for seat, name in self.seats.items() if seat not in self.vacant}
        found = _find(text, {name: [name] for name in holders}, {}, "organisation with a seat")
        return holders[found]

    def find_organisation(self, text: str) -> OrganisationId:
        """By its name or id. Raises: UnknownName."""
        return _find(text, _grouped(self.organisations), self.organisations, "organisation")

    def find_model(self, text: str) -> ModelId:
        """By its name or id. Raises: UnknownName."""
        return _find(text, _grouped(self.models), self.models, "model")

    def find_constraint(self, text: str) -> ConstraintId:
        """By its name or id. Raises: UnknownName."""
        return _find(text, _grouped(self.constraints), self.constraints, "constraint")

    def find_release(self, text: str) -> ReleaseId:
        """By the number or id of the proposal that granted it. Raises: UnknownName."""
        return ReleaseId(self.find_proposal(text).to_bytes(32, "big"))

    def find_scope(self, text: str) -> ScopeId:
        """`everything`, or a model: its whole lineage. Raises: UnknownName."""
        if text == "everything":
            return EVERYTHING
        return ScopeId(self.lineages[self.find_model(text)])

    def find_subject(self, text: str) -> Hash32:
        """`everything`, a model, or `release:N` with the number or id of its proposal. Raises: UnknownName."""
        if text == "everything":
            return Hash32(EVERYTHING)
        kind, separator, name = text.partition(":")
        if separator and kind == "release":
            return Hash32(self.find_release(name))
        return Hash32(self.find_model(text))


def short(value: bytes) -> str:
    """Enough of an id to tell it apart."""
    return f"0x{value.hex()[:8]}…"


def _grouped(names: Mapping[KeyT, str]) -> dict[str, list[KeyT]]:
    grouped: dict[str, list[KeyT]] = {}
    for key, name in names.items():
        grouped.setdefault(name, []).append(key)
    return grouped


def _find(text: str, by_name: Mapping[str, Sequence[KeyT]], by_id: Mapping[KeyT, object], kind: str) -> KeyT:
    """The one thing of that name, or whose id begins so. Raises: UnknownName."""
    named = by_name.get(text) or next((ids for name, ids in by_name.items() if slug(name) == slug(text)), [])
    if len(named) == 1:
        return named[0]
    if len(named) > 1:
        ids = ", ".join(short(i) for i in named if isinstance(i, bytes))
        raise UnknownName(f"{len(named)} are called {text!r}: {ids}", hint="name it by its id")
    if ID.fullmatch(text):
        wanted = text[2:].lower()
        found = [i for i in by_id if isinstance(i, bytes) and i.hex().startswith(wanted)]
        if len(found) == 1:
            return found[0]
        raise UnknownName(f"{len(found) or 'no'} {kind}{'s' if len(found) > 1 else ''} begin with {text}")
    close = get_close_matches(text, list(by_name), 3, 0.5)
    raise UnknownName(f"no {kind} is called {text!r}", hint=f"did you mean {', '.join(close)}?" if close else None)


def slug(name: str) -> str:
    """A name as it stands in file names: small letters and digits, dashes between."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
