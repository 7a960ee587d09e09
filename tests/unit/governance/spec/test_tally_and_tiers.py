"""Counting and the soundness of parameters."""

from __future__ import annotations

import dataclasses
from fractions import Fraction

import pytest

from governance.spec.ballots import cast, choice_of, count_of
from governance.spec.tally import chambers_of, compute_needed, meets, passes
from governance.spec.tiers import (
    MAX_BOUND,
    TARGETS,
    Absences,
    check_bounds,
    check_sound,
    compute_absences,
    floor_of,
    longest_life,
)
from governance.types import (
    ActionKind,
    BallotWord,
    Choice,
    Parameters,
    RosterWord,
    SeatMask,
    SeatNumber,
    Seconds,
    Support,
    Tier,
)
from refusals import refused
from spec_charter import BOUNDS, DAY, PARAMETERS, make_tier, with_parameters
from spec_world import World

ROSTER = RosterWord(0b11111 | 0b11111 << 64 + 5 | 0b11111 << 128 + 10)
ALL = SeatMask(2**15 - 1)


def with_tier(tier: int, **changes: object) -> Parameters:
    tiers = list(PARAMETERS.tiers)
    tiers[tier - 1] = dataclasses.replace(tiers[tier - 1], **changes)  # type: ignore[arg-type]
    return dataclasses.replace(PARAMETERS, tiers=tuple(tiers))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("tier", "changes", "complaint"),
    [
        (1, {"period": 0}, "voting period is 0"),
        (1, {"chambers_required": 4}, "4 of 3 chambers"),
        (1, {"chamber_den": 0}, "no number of seats"),
        (1, {"overall_num": 2, "overall_den": 2}, "no number of seats"),  # strict: more than all
        (3, {"chamber_num": 4}, "no number of seats"),
        (2, {"chamber_strict": False}, "no majority"),
        (3, {"chamber_num": 1, "chamber_den": 2}, "no majority"),
        (2, {"overall_num": 1, "overall_den": 2}, "no majority"),
        (2, {"overall_num": 1, "overall_den": 1}, "below it needs more seats"),
        (1, {"chambers_required": 0, "chamber_num": 2, "chamber_den": 3}, "below it needs more seats"),
        (2, {"chambers_required": 1}, "below it needs more chambers"),
        (2, {"period": 1}, "takes longer"),
        (3, {"timelock": 1}, "takes longer"),
    ],
)
def test_parameters_are_unsound_when_a_tier_makes_no_sense(tier: int, changes: dict[str, int], complaint: str) -> None:
    refusal = refused(check_sound(with_tier(tier, **changes), ROSTER, ALL), "R-Council-15")
    assert complaint in refusal.message


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"brake_term": 24 * DAY}, "lapse before a vote"),
        ({"pull_seats": 1}, "two seats at least"),
        ({"objection_window": 0}, "objection_window is 0"),
        ({"grace": 0}, "grace is 0"),
        ({"open_proposals": 0}, "open_proposals is 0"),
        ({"dormancy": 0}, "dormancy is 0"),
        ({"challenge_period": 0}, "challenge_period is 0"),
        ({"replacement_delay": 30 * DAY - 1}, "less time than changing seats"),
    ],
)
def test_parameters_are_unsound_when_terms_contradict(changes: dict[str, int], complaint: str) -> None:
    parameters = dataclasses.replace(PARAMETERS, **changes)  # type: ignore[arg-type]
    assert complaint in refused(check_sound(parameters, ROSTER, ALL), "R-Council-15").message


def test_parameters_are_unsound_when_the_live_seats_cannot_pass_a_tier() -> None:
    refusal = refused(check_sound(PARAMETERS, ROSTER, SeatMask(0b11111_11111)), "R-Council-15")
    assert refusal.message.startswith("tier 2: all live seats")


def test_parameters_of_the_charter_are_sound_and_within_bounds() -> None:
    assert check_sound(PARAMETERS, ROSTER, ALL) is None
    assert check_bounds(PARAMETERS, BOUNDS) is None


def test_parameter_is_refused_outside_of_its_bounds() -> None:
    low, high = with_tier(2, period=1), with_tier(2, period=31 * DAY)
    for parameters in (low, high):
        assert "tier2.period" in refused(check_bounds(parameters, BOUNDS), "R-Council-14").message


def test_bound_is_refused_above_32_bits() -> None:
    bounds = dataclasses.replace(BOUNDS, max=dataclasses.replace(BOUNDS.max, grace=Seconds(MAX_BOUND + 1)))
    assert "upper bound of grace" in refused(check_bounds(PARAMETERS, bounds), "R-Council-14").message


def test_charter_is_refused_when_its_parameters_are_unsound() -> None:
    with pytest.raises(AssertionError, match="R-Council-15"):
        World(with_parameters(brake_term=1))


@pytest.mark.parametrize("tier", [0, 5])
def test_tier_that_does_not_vote_has_no_rule(tier: int) -> None:
    with pytest.raises(ValueError, match="1 to 4"):
        PARAMETERS.tier(tier)


def test_kinds_stand_in_the_order_of_their_tiers() -> None:
    # the contract compares numbers: a kind that is appended must not fall below its floor
    floors = [floor_of(kind) for kind in ActionKind if kind is not ActionKind.NONE]
    assert floors == sorted(floors)
    assert set(TARGETS) == set(ActionKind) - {ActionKind.NONE}


@pytest.mark.parametrize(("size", "needed"), [(3, 2), (4, 3), (5, 4), (6, 4), (15, 10)])
def test_two_thirds_are_never_rounded_down(size: int, needed: int) -> None:
    assert compute_needed(size, 2, 3, strict=False) == needed
    assert Fraction(needed, size) >= Fraction(2, 3) > Fraction(needed - 1, size)


@pytest.mark.parametrize(("yes", "strict", "expected"), [(2, False, True), (2, True, False), (3, True, True)])
def test_half_is_met_exactly_unless_strict(yes: int, strict: bool, expected: bool) -> None:
    assert meets(yes, 4, 1, 2, strict=strict) is expected


def test_overall_majority_does_not_replace_a_chamber() -> None:
    tier3 = PARAMETERS.tier(3)
    assert not passes(tier3, ROSTER, SeatMask(0b00111_11111_11111))  # 13 of 15, one chamber 3 of 5
    assert passes(tier3, ROSTER, SeatMask(0b01111_01111_01111))
    assert not passes(PARAMETERS.tier(4), ROSTER, SeatMask(0b01111_01111_00111))


def test_roster_ends_at_the_first_empty_chamber() -> None:
    assert [mask.bit_count() for mask in chambers_of(ROSTER)] == [5, 5, 5]
    assert chambers_of(RosterWord(0)) == ()


def test_tier_4_of_fifteen_seats_tolerates_three_absent_if_they_are_spread() -> None:
    assert compute_absences(PARAMETERS.tier(4), ROSTER) == Absences(whichever=1, at_best=3)
    assert compute_absences(PARAMETERS.tier(1), ROSTER) == Absences(whichever=7, at_best=7)


def test_tier_that_nobody_can_pass_tolerates_nothing() -> None:
    assert compute_absences(make_tier((1, 1, True), 0, (1, 2, True), 1, 0), ROSTER) is None
    assert compute_absences(make_tier((1, 2, True), 0, (1, 1, True), 1, 0), ROSTER) is None


def test_longest_life_counts_two_rounds() -> None:
    assert longest_life(BOUNDS.max) == 2 * (30 + 3 + 60 + 60) * DAY


def test_fourth_ballot_of_a_round_does_not_fit() -> None:
    word, seat = BallotWord(0), SeatNumber(63)
    for count, support in enumerate((Support.FOR, Support.AGAINST, Support.ABSTAIN), start=1):
        word = cast(word, seat, support)
        assert (choice_of(word, seat), count_of(word, seat)) == (Choice(support + 1), count)
    with pytest.raises(ValueError, match="no ballot left"):
        cast(word, seat, Support.FOR)


def test_tiers_are_numbered_as_in_the_design() -> None:
    assert [tier.value for tier in (Tier.BRAKE, Tier.TIGHTEN, Tier.RELEASE, Tier.LOOSEN, Tier.CONSTITUTE)] == [
        0,
        1,
        2,
        3,
        4,
    ]
