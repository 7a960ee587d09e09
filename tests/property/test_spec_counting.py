"""Counting: what holds for every roster, every threshold and every set of ballots."""

from __future__ import annotations

import itertools
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from governance.spec.ballots import MAX_BALLOTS, cast, choice_of, chosen, count_of, seats_in, voted
from governance.spec.tally import Bar, chambers_of, compute_needed, meets, passes, tally_chambers
from governance.spec.tiers import compute_absences
from governance.types import BallotWord, Choice, RosterWord, SeatMask, SeatNumber, Seconds, Support, TierRule

seats = st.integers(0, 63).map(SeatNumber)
masks = st.integers(0, 2**64 - 1).map(SeatMask)
ballots = st.lists(st.tuples(seats, st.sampled_from(Support)), max_size=60)


@st.composite
def rosters(draw: st.DrawFn, most: int = 64) -> RosterWord:
    """Three or four chambers, none empty, that share no seat."""
    chambers = draw(st.integers(3, 4))
    members = draw(st.lists(st.integers(0, 63), min_size=chambers, max_size=most, unique=True))
    word = 0
    for position, seat in enumerate(members):
        chamber = position if position < chambers else draw(st.integers(0, chambers - 1))
        word |= 1 << 64 * chamber + seat
    return RosterWord(word)


@st.composite
def fractions(draw: st.DrawFn) -> tuple[int, int, bool]:
    den = draw(st.integers(1, 20))
    strict = draw(st.booleans())
    return draw(st.integers(0, den - strict)), den, strict


@st.composite
def rules(draw: st.DrawFn) -> TierRule:
    return TierRule(*draw(fractions()), draw(st.integers(0, 3)), *draw(fractions()), Seconds(1), Seconds(0))


def play(cast_ballots: list[tuple[SeatNumber, Support]]) -> tuple[BallotWord, dict[SeatNumber, list[Support]]]:
    """The word, and every seat's ballots as a person would note them."""
    word, notes = BallotWord(0), dict[SeatNumber, list[Support]]()
    for seat, support in cast_ballots:
        if len(notes.setdefault(seat, [])) < MAX_BALLOTS:
            notes[seat].append(support)
            word = cast(word, seat, support)
    return word, notes


@given(ballots)
def test_word_says_what_was_noted(cast_ballots: list[tuple[SeatNumber, Support]]) -> None:
    word, notes = play(cast_ballots)
    for seat in map(SeatNumber, range(64)):
        noted = notes.get(seat, [])
        assert count_of(word, seat) == len(noted)
        assert choice_of(word, seat) == (Choice(noted[-1] + 1) if noted else Choice.NONE)
    assert voted(word) == sum(1 << seat for seat in notes)
    assert sum(chosen(word, choice) for choice in Choice) == 2**64 - 1  # every seat has exactly one choice


@given(st.lists(st.tuples(seats, st.sampled_from(Support)), unique_by=lambda ballot: ballot[0]), st.randoms())
def test_batch_of_distinct_seats_is_the_same_in_any_order(cast_ballots, random) -> None:  # type: ignore[no-untyped-def]
    word, _ = play(cast_ballots)
    random.shuffle(cast_ballots)
    assert play(cast_ballots)[0] == word


@given(rosters(), rules(), ballots, masks)
def test_tally_equals_counting_by_hand(
    roster: RosterWord, rule: TierRule, cast_ballots: list[tuple[SeatNumber, Support]], live: SeatMask
) -> None:
    word, notes = play(cast_ballots)
    tallies = tally_chambers(Bar.of(rule, roster), word, live)
    assert len(tallies) == len(chambers_of(roster))
    for chamber, tally in enumerate(tallies):
        members = [seat for seat in range(64) if roster >> 64 * chamber + seat & 1]
        last = [notes[SeatNumber(seat)][-1] for seat in members if seat in notes and live >> seat & 1]
        assert tally.size == len(members)
        counts = (last.count(Support.FOR), last.count(Support.AGAINST), last.count(Support.ABSTAIN))
        assert (tally.yes, tally.no, tally.abstain) == counts
        assert tally.agrees is (tally.yes >= tally.needed) is (tally.missing == 0)


@given(st.integers(1, 64), fractions())
def test_needed_is_the_smallest_number_that_meets(size: int, fraction: tuple[int, int, bool]) -> None:
    num, den, strict = fraction
    needed = compute_needed(size, num, den, strict=strict)
    assert meets(needed, size, num, den, strict=strict)
    assert needed == 0 or not meets(needed - 1, size, num, den, strict=strict)
    ratio = Fraction(num, den) * size
    assert needed > ratio if strict else needed >= ratio


@given(rosters(), rules(), masks, seats)
def test_one_yes_more_never_hurts_and_one_less_never_helps(
    roster: RosterWord, rule: TierRule, yes: SeatMask, seat: SeatNumber
) -> None:
    with_seat, without = SeatMask(yes | 1 << seat), SeatMask(yes & ~(1 << seat))
    assert passes(rule, roster, with_seat) or not passes(rule, roster, without)


@given(rosters(), rules(), ballots, masks)
def test_abstaining_is_never_yes(
    roster: RosterWord, rule: TierRule, cast_ballots: list[tuple[SeatNumber, Support]], live: SeatMask
) -> None:
    word, _ = play([(seat, support) for seat, support in cast_ballots if support is not Support.ABSTAIN])
    abstained, _ = play(cast_ballots)
    for seat in seats_in(chosen(abstained, Choice.ABSTAIN)):
        word = cast(word, seat, Support.ABSTAIN) if count_of(word, seat) < MAX_BALLOTS else word
    before = passes(rule, roster, SeatMask(chosen(word, Choice.FOR) & live))
    silent = SeatMask(chosen(word, Choice.FOR) & live & ~chosen(word, Choice.ABSTAIN))
    assert passes(rule, roster, silent) == before


@given(rosters(), rules(), masks, masks)
def test_removal_only_ever_makes_passing_harder(
    roster: RosterWord, rule: TierRule, yes: SeatMask, removed: SeatMask
) -> None:
    # the roster of the proposal is frozen: who is gone is masked out of the yes, and stays in every size
    assert passes(rule, roster, yes) or not passes(rule, roster, SeatMask(yes & ~removed))


@given(rosters(), rules(), rules(), masks)
def test_higher_thresholds_never_pass_more(roster: RosterWord, a: TierRule, b: TierRule, yes: SeatMask) -> None:
    def bars(rule: TierRule) -> list[int]:
        sizes = [mask.bit_count() for mask in chambers_of(roster)]
        chamber = [compute_needed(s, rule.chamber_num, rule.chamber_den, strict=rule.chamber_strict) for s in sizes]
        overall = compute_needed(sum(sizes), rule.overall_num, rule.overall_den, strict=rule.overall_strict)
        return [*chamber, overall, rule.chambers_required or len(sizes)]

    if all(low <= high for low, high in zip(bars(a), bars(b), strict=True)):
        assert passes(a, roster, yes) or not passes(b, roster, yes)


@given(rosters(most=9), rules())
def test_absences_are_those_that_trying_every_set_finds(roster: RosterWord, rule: TierRule) -> None:
    everybody = seats_in(SeatMask(sum(chambers_of(roster))))

    def survives(absent: tuple[SeatNumber, ...]) -> bool:
        yes = sum(1 << seat for seat in everybody if seat not in absent)
        return passes(rule, roster, SeatMask(yes))

    found = compute_absences(rule, roster)
    if found is None:
        assert not survives(())
        return
    by_size = [[survives(absent) for absent in itertools.combinations(everybody, n)] for n in range(len(everybody) + 1)]
    assert found.whichever == max(n for n, outcomes in enumerate(by_size) if all(outcomes))
    assert found.at_best == max(n for n, outcomes in enumerate(by_size) if any(outcomes))
