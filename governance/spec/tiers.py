"""Which tier an action needs, and what every set of parameters must satisfy, whatever was voted.

Source: DESIGN section 3; contracts/src/libraries/Tiers.sol.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Literal

from governance.encoding.charter import parameter_names, parameter_words
from governance.spec.rules import Refusal, refuse
from governance.spec.tally import chambers_of, chambers_required, compute_needed, passes
from governance.types import (
    ActionKind,
    Bounds,
    Parameters,
    RosterWord,
    SeatMask,
    Seconds,
    Tier,
    TierRule,
)

ContractName = Literal["seats", "council", "constraints", "releases", "brake", "committee"]

MAX_BOUND = 2**32 - 1  # 136 years, so that no sum of a time and a few terms leaves 40 bits

# R-Council-20: every kind has one target. The floor is the tier that it needs at least.
TARGETS: dict[ActionKind, tuple[ContractName, Tier]] = {
    ActionKind.ADD_CONSTRAINT: ("constraints", Tier.TIGHTEN),
    ActionKind.TIGHTEN_PARAMETER: ("constraints", Tier.TIGHTEN),
    ActionKind.AMEND_TIGHTER: ("constraints", Tier.TIGHTEN),
    ActionKind.REVOKE_RELEASE: ("releases", Tier.TIGHTEN),
    ActionKind.CONFIRM_STOP: ("brake", Tier.TIGHTEN),
    ActionKind.SUSPEND_SEAT: ("seats", Tier.TIGHTEN),
    ActionKind.REGISTER_MODEL: ("releases", Tier.RELEASE),
    ActionKind.GRANT_RELEASE: ("releases", Tier.RELEASE),
    ActionKind.RENEW_RELEASE: ("releases", Tier.RELEASE),
    ActionKind.LOOSEN_PARAMETER: ("constraints", Tier.LOOSEN),
    ActionKind.AMEND_LOOSER: ("constraints", Tier.LOOSEN),
    ActionKind.RETIRE_CONSTRAINT: ("constraints", Tier.LOOSEN),
    ActionKind.RESUME: ("brake", Tier.LOOSEN),
    ActionKind.CHANGE_SEATS: ("seats", Tier.CONSTITUTE),
    ActionKind.FORM_COMMITTEE: ("committee", Tier.CONSTITUTE),
    ActionKind.SET_PARAMETERS: ("council", Tier.CONSTITUTE),
    ActionKind.NAME_SUCCESSOR: ("brake", Tier.CONSTITUTE),
    ActionKind.RECLASSIFY: ("seats", Tier.CONSTITUTE),
    ActionKind.REPLACE_SEAT: ("seats", Tier.CONSTITUTE),
}

URGENT = frozenset({ActionKind.REVOKE_RELEASE, ActionKind.CONFIRM_STOP})  # R-Council-10

# Kinds that provably go in the safe direction. They never wait: no late ballot extends their round (R-Council-24).
SAFE = URGENT | {ActionKind.ADD_CONSTRAINT, ActionKind.TIGHTEN_PARAMETER}


def is_extendable(kind: ActionKind) -> bool:
    """Whether a late ballot that makes it pass extends its round, so that others can answer (R-Council-24)."""
    return kind not in SAFE


def is_vetoable(kind: ActionKind, tier: int) -> bool:
    """Whether a chamber can veto it (R-Council-25): nothing of tier 1, which has to be quick."""
    return tier > Tier.TIGHTEN and kind is not ActionKind.REPLACE_SEAT


def floor_of(kind: ActionKind) -> Tier:
    """The tier that a kind of action needs at least."""
    return TARGETS[kind][1]


def for_replacement(rule: TierRule) -> TierRule:
    """R-Seats-24: what the replacement of a dormant seat needs, of the seats that are not dormant."""
    return dataclasses.replace(
        rule,
        chamber_num=1,
        chamber_den=2,
        chamber_strict=True,
        chambers_required=0,
        overall_num=4,
        overall_den=5,
        overall_strict=False,
    )


def check_bounds(parameters: Parameters, bounds: Bounds) -> Refusal | None:
    """R-Council-14: every number stands within its bounds, word by word of abi.encode."""
    words = zip(
        parameter_names(),
        parameter_words(parameters),
        parameter_words(bounds.min),
        parameter_words(bounds.max),
        strict=True,
    )
    for name, value, low, high in words:
        if high > MAX_BOUND:
            message = f"the upper bound of {name} is {high}, above {MAX_BOUND}"
            return refuse("R-Council-14", "OutOfBounds", message, actual=high, required=MAX_BOUND)
        if not low <= value <= high:
            message = f"{name} is {value}, outside of its bounds {low} to {high}"
            return refuse("R-Council-14", "OutOfBounds", message, actual=value, required=(low, high))
    return None


def check_sound(parameters: Parameters, masks: RosterWord, live: SeatMask) -> Refusal | None:
    """R-Council-15: the tiers make sense for these chambers, and the live seats can pass each of them."""
    chambers = len(chambers_of(masks))
    for tier in range(1, 5):
        rule = parameters.tier(tier)
        complaint = _complain_of_rule(rule, chambers)
        if complaint is None and not passes(rule, masks, live):
            complaint = "all live seats together cannot pass it"
        if complaint is None and tier > 1:
            complaint = _complain_of_majority(rule) or _complain_of_inversion(parameters.tier(tier - 1), rule, chambers)
        if complaint is not None:
            return _unsound(tier, complaint)
    resume = parameters.tier(Tier.LOOSEN)
    if parameters.brake_term <= resume.period + parameters.late_window + resume.timelock:
        return _unsound(3, "a stop would lapse before a vote could resume it")
    if parameters.pull_seats < 2:
        return _unsound(0, "a stop spans two chambers, so it needs two seats at least")
    for name in ("objection_window", "grace", "open_proposals", "dormancy", "challenge_period"):
        if getattr(parameters, name) == 0:
            return _unsound(0, f"{name} is 0")
    if parameters.late_window > parameters.tier(Tier.TIGHTEN).period:
        return _unsound(0, "the last part of a round begins before the shortest round does")
    if parameters.replacement_delay < parameters.tier(Tier.CONSTITUTE).timelock:
        return _unsound(4, "replacing a silent seat would take less time than changing seats")
    return None


def longest_life(highest: Parameters) -> Seconds:
    """The longest time from the creation of a proposal to its last executable second, at the highest bounds.

    A round can be extended in its last second, and an objection can come in the last second of the first round's grace
    and opens a second round. A replacement has one round.
    """
    period = max(rule.period for rule in highest.tiers) + highest.late_window
    delay = max(highest.objection_window, *(rule.timelock for rule in highest.tiers))
    return Seconds(max(2 * (period + delay + highest.grace), period + highest.replacement_delay + highest.grace))


@dataclass(frozen=True, slots=True)
class Absences:
    """How many seats may be absent while all others vote yes: whichever they are, and if they are spread well."""

    whichever: int
    at_best: int


def compute_absences(rule: TierRule, masks: RosterWord) -> Absences | None:
    """The absences that a tier tolerates; None if not even all seats together pass it."""
    sizes = [mask.bit_count() for mask in chambers_of(masks)]
    needed = [compute_needed(size, rule.chamber_num, rule.chamber_den, strict=rule.chamber_strict) for size in sizes]
    required = chambers_required(rule, len(sizes))
    whole = sum(sizes)
    spare = whole - compute_needed(whole, rule.overall_num, rule.overall_den, strict=rule.overall_strict)
    slack = [size - need for size, need in zip(sizes, needed, strict=True)]
    able = sum(room >= 0 for room in slack)
    if spare < 0 or able < required:
        return None
    # The cheapest way to break: make so many chambers fail that too few are left, each by one seat more than its slack.
    # One that needs no yes cannot be broken.
    costs = sorted(max(0, room + 1) if need else whole + 1 for room, need in zip(slack, needed, strict=True))
    breaking = sum(costs[: len(sizes) - required + 1]) - 1
    # The best case: chambers that need not agree may be absent altogether, those that need most first.
    abandoned = sorted(needed, reverse=True)[: len(sizes) - required]
    return Absences(whichever=min(spare, breaking), at_best=min(spare, sum(slack) + sum(abandoned)))


def _complain_of_rule(rule: TierRule, chambers: int) -> str | None:
    if rule.period == 0:
        return "its voting period is 0"
    if rule.chambers_required > chambers:
        return f"it asks for {rule.chambers_required} of {chambers} chambers"
    for num, den, strict in _fractions(rule):
        if den == 0 or (num >= den if strict else num > den):
            return f"no number of seats reaches {'more than ' if strict else ''}{num}/{den}"
    return None


def _complain_of_majority(rule: TierRule) -> str | None:
    for num, den, strict in _fractions(rule):
        if not (2 * num >= den if strict else 2 * num > den):
            return f"{num}/{den} is no majority"
    return None


def _complain_of_inversion(lower: TierRule, rule: TierRule, chambers: int) -> str | None:
    for (a, b, strict), (c, d, upper_strict) in zip(_fractions(lower), _fractions(rule), strict=True):
        if a * d > c * b or (a * d == c * b and strict and not upper_strict):
            return "the tier below it needs more seats"
    if chambers_required(lower, chambers) > chambers_required(rule, chambers):
        return "the tier below it needs more chambers"
    if lower.period > rule.period or lower.timelock > rule.timelock:
        return "the tier below it takes longer"
    return None


def _fractions(rule: TierRule) -> tuple[tuple[int, int, bool], tuple[int, int, bool]]:
    return (
        (rule.chamber_num, rule.chamber_den, rule.chamber_strict),
        (rule.overall_num, rule.overall_den, rule.overall_strict),
    )


def _unsound(tier: int, complaint: str) -> Refusal:
    where = f"tier {tier}: " if tier else ""
    return refuse("R-Council-15", "UnsoundParameters", f"{where}{complaint}", actual=tier)
