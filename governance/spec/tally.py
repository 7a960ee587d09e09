"""Counting: fractions of all eligible seats, chamber by chamber and over all (R-Council-22).

Fractions are cross-multiplied, never rounded: 2/3 of 5 seats needs 4, and 3.33 is not a number of seats.
"""

from __future__ import annotations

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


def passes(rule: TierRule, masks: RosterWord, yes: SeatMask) -> bool:
    """Whether the seats of `yes` carry a tier: enough chambers agree, each against its size, and so does the whole.

    The sizes come from the roster at the proposal's creation, suspended seats included (R-Seats-11).
    """
    chambers = chambers_of(masks)
    agreeing = sum(_agrees(rule, (mask & yes).bit_count(), mask.bit_count()) for mask in chambers)
    size = sum(mask.bit_count() for mask in chambers)
    all_yes = sum((mask & yes).bit_count() for mask in chambers)
    return agreeing >= chambers_required(rule, len(chambers)) and meets(
        all_yes, size, rule.overall_num, rule.overall_den, strict=rule.overall_strict
    )


def tally_chambers(rule: TierRule, masks: RosterWord, word: BallotWord, live: SeatMask) -> tuple[ChamberTally, ...]:
    """Each chamber's count beside what it needs. Only the ballots of live seats are counted (R-Council-21)."""
    counts = {choice: chosen(word, choice) & live for choice in (Choice.FOR, Choice.AGAINST, Choice.ABSTAIN)}
    tallies = []
    for mask in chambers_of(masks):
        size, yes = mask.bit_count(), (mask & counts[Choice.FOR]).bit_count()
        tallies.append(
            ChamberTally(
                size=size,
                yes=yes,
                no=(mask & counts[Choice.AGAINST]).bit_count(),
                abstain=(mask & counts[Choice.ABSTAIN]).bit_count(),
                needed=compute_needed(size, rule.chamber_num, rule.chamber_den, strict=rule.chamber_strict),
                agrees=_agrees(rule, yes, size),
            )
        )
    return tuple(tallies)


def _agrees(rule: TierRule, yes: int, size: int) -> bool:
    return meets(yes, size, rule.chamber_num, rule.chamber_den, strict=rule.chamber_strict)
