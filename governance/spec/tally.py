"""Counting: fractions of all eligible seats, chamber by chamber and over all (R-Council-22).

Fractions are cross-multiplied, never rounded: 2/3 of 5 seats needs 4, and 3.33 is not a number of seats.
"""

from __future__ import annotations

from dataclasses import dataclass

from governance.spec.ballots import chosen
from governance.types import (
    ALL_SEATS,
    MAX_CHAMBERS,
    BallotWord,
    ChamberTally,
    Choice,
    RosterWord,
    SeatMask,
    TierRule,
)


def chambers_of(masks: RosterWord) -> tuple[SeatMask, ...]:
    """The chambers' masks. A chamber never is empty, so the first empty lane ends the list."""
    found: list[SeatMask] = []
    for chamber in range(MAX_CHAMBERS):
        mask = SeatMask(masks >> 64 * chamber & ALL_SEATS)
        if not mask:
            break
        found.append(mask)
    return tuple(found)


def meets(yes: int, size: int, num: int, den: int, *, strict: bool) -> bool:
    """Whether `yes` of `size` is more than num/den (strict), or at least it."""
    return yes * den > num * size if strict else yes * den >= num * size


def compute_needed(size: int, num: int, den: int, *, strict: bool) -> int:
    """The smallest number of yes that meets num/den of `size`."""
    return num * size // den + 1 if strict else -(-num * size // den)


def chambers_required(rule: TierRule, chambers: int) -> int:
    """How many chambers must agree."""
    return rule.chambers_required or chambers


@dataclass(frozen=True, slots=True)
class Bar:
    """What a vote is counted against: the rule, the seats of each chamber, and the chambers that need not agree."""

    rule: TierRule
    chambers: tuple[SeatMask, ...]
    exempt: frozenset[int] = frozenset()

    @classmethod
    def of(cls, rule: TierRule, masks: RosterWord) -> Bar:
        """All seats of the roster at the proposal's creation, suspended ones included (R-Seats-11)."""
        return cls(rule, chambers_of(masks))

    @property
    def size(self) -> int:
        return sum(mask.bit_count() for mask in self.chambers)

    def is_passed(self, yes: SeatMask) -> bool:
        """Whether the seats of `yes` carry it: enough chambers agree, each against its size, and so does the whole."""
        agreeing = sum(self._agrees(chamber, yes) for chamber in range(len(self.chambers)))
        all_yes = sum((mask & yes).bit_count() for mask in self.chambers)
        return agreeing >= chambers_required(self.rule, len(self.chambers)) and meets(
            all_yes, self.size, self.rule.overall_num, self.rule.overall_den, strict=self.rule.overall_strict
        )

    def needed_in(self, chamber: int) -> int:
        """The smallest number of yes with which the chamber agrees."""
        if chamber in self.exempt:
            return 0
        size, rule = self.chambers[chamber].bit_count(), self.rule
        return compute_needed(size, rule.chamber_num, rule.chamber_den, strict=rule.chamber_strict)

    def _agrees(self, chamber: int, yes: SeatMask) -> bool:
        mask = self.chambers[chamber]
        return chamber in self.exempt or _agrees(self.rule, (mask & yes).bit_count(), mask.bit_count())


def passes(rule: TierRule, masks: RosterWord, yes: SeatMask) -> bool:
    """Whether the seats of `yes` carry a tier, counted against the whole roster."""
    return Bar.of(rule, masks).is_passed(yes)


def tally_chambers(bar: Bar, word: BallotWord, live: SeatMask) -> tuple[ChamberTally, ...]:
    """Each chamber's count beside what it needs. Only the ballots of live seats are counted (R-Council-21)."""
    counts = {choice: chosen(word, choice) & live for choice in (Choice.FOR, Choice.AGAINST, Choice.ABSTAIN)}
    tallies = []
    for chamber, mask in enumerate(bar.chambers):
        yes = (mask & counts[Choice.FOR]).bit_count()
        needed = bar.needed_in(chamber)
        tallies.append(
            ChamberTally(
                size=mask.bit_count(),
                yes=yes,
                no=(mask & counts[Choice.AGAINST]).bit_count(),
                abstain=(mask & counts[Choice.ABSTAIN]).bit_count(),
                needed=needed,
                agrees=yes >= needed,
            )
        )
    return tuple(tallies)


def _agrees(rule: TierRule, yes: int, size: int) -> bool:
    return meets(yes, size, rule.chamber_num, rule.chamber_den, strict=rule.chamber_strict)
