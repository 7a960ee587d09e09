"""Independence: what a set of seats must be, so that no one is many (R-Seats-01 to R-Seats-05).

Sizes bind every batch. Labels bind only what is granted (R-Seats-17): if a removal could be refused for diversity, one
group's breach would protect it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from governance.encoding.names import read_short_name
from governance.spec.rules import Refusal, refuse
from governance.types import (
    ChamberNumber,
    Hash32,
    Jurisdiction,
    OrganisationId,
    RosterWord,
    SeatNumber,
    ShortName,
)

MIN_CHAMBERS = 3
MAX_CHAMBERS = 4
MIN_CHAMBER_SEATS = 3


@dataclass(frozen=True, slots=True)
class Member:
    """A seat of the set that a batch would leave."""

    organisation_id: OrganisationId
    affiliation: Hash32
    jurisdiction: Jurisdiction
    seat: SeatNumber
    chamber: ChamberNumber
    granted: bool  # by this batch
    name: str


def check_chambers(names: Sequence[ShortName]) -> Refusal | None:
    """R-Seats-14: three or four chambers, each with a name of its own."""
    if (
        MIN_CHAMBERS <= len(names) <= MAX_CHAMBERS
        and all(any(name) for name in names)
        and len(set(names)) == len(names)
    ):
        return None
    readable = ", ".join(read_short_name(name) for name in names)
    message = f"there are three or four chambers with distinct names, got {len(names)}: {readable}"
    return refuse("R-Seats-14", "BadChambers", message, actual=len(names), required=(MIN_CHAMBERS, MAX_CHAMBERS))


def make_roster(members: Sequence[Member]) -> RosterWord:
    """The masks of the chambers in one word."""
    return RosterWord(sum(1 << 64 * member.chamber + member.seat for member in members))


def check_independence(members: Sequence[Member], chambers: int) -> Refusal | None:
    """None if this set of seats is independent; otherwise the first rule against it."""
    sizes = [sum(member.chamber == chamber for member in members) for chamber in range(chambers)]
    for chamber, size in enumerate(sizes):
        if size < MIN_CHAMBER_SEATS:
            message = f"chamber {chamber} would have {size} seats, and needs {MIN_CHAMBER_SEATS}"
            return refuse("R-Seats-03", "ChamberTooSmall", message, actual=size, required=MIN_CHAMBER_SEATS)
        if 2 * size > len(members):
            message = f"chamber {chamber} would hold {size} of {len(members)} seats, more than half"
            return refuse("R-Seats-04", "ChamberTooLarge", message, actual=size, required=len(members) // 2)
    for member in members:
        if member.granted and (refusal := _check_grant(member, members, sizes[member.chamber])):
            return refusal
    return None


def _check_grant(granted: Member, members: Sequence[Member], chamber_size: int) -> Refusal | None:
    compatriots = 0
    for other in members:
        if other.chamber == granted.chamber and other.jurisdiction == granted.jurisdiction:
            compatriots += 1  # itself among them
        if other.seat == granted.seat:
            continue
        if other.organisation_id == granted.organisation_id:
            message = f"{granted.name} already holds seat {other.seat}"
            return refuse("R-Seats-01", "OrganisationSeated", message, actual=other.seat)
        if other.affiliation == granted.affiliation:
            message = f"{granted.name} and {other.name} (seat {other.seat}) belong to one affiliation group"
            return refuse("R-Seats-02", "AffiliationSeated", message, actual=other.seat)
    if 2 * compatriots > chamber_size:
        jurisdiction = granted.jurisdiction.decode("ascii", "replace")
        message = f"{jurisdiction} would hold {compatriots} of {chamber_size} seats of chamber {granted.chamber}"
        return refuse("R-Seats-05", "JurisdictionTooLarge", message, actual=compatriots, required=chamber_size // 2)
    return None
