"""The ballot word of one round: four planes of 64 bits, bit i of each is seat i.

From low to high: choice low, choice high (0 none, 1 against, 2 for, 3 abstain), ballot count low, count high. One word
holds every seat's last choice and how often it voted, so that a vote costs one slot and a tally a few masks.
"""

from __future__ import annotations

from governance.types import ALL_SEATS, BallotWord, Choice, SeatMask, SeatNumber, Support

MAX_BALLOTS = 3  # a seat and round (R-Council-06); what two bits count
NO_BALLOTS = BallotWord(0)

_PLANE = 64


def choice_of(word: BallotWord, seat: SeatNumber) -> Choice:
    """What the seat's last ballot says."""
    return Choice(_bit(word, 0, seat) | _bit(word, 1, seat) << 1)


def count_of(word: BallotWord, seat: SeatNumber) -> int:
    """How many ballots the seat has cast in this round, 0 to 3."""
    return _bit(word, 2, seat) | _bit(word, 3, seat) << 1


def chosen(word: BallotWord, choice: Choice) -> SeatMask:
    """The seats whose last ballot says so."""
    low, high = word & ALL_SEATS, word >> _PLANE & ALL_SEATS
    low = low if choice & 1 else ~low
    high = high if choice & 2 else ~high
    return SeatMask(low & high & ALL_SEATS)


def voted(word: BallotWord) -> SeatMask:
    """The seats that cast any ballot."""
    return SeatMask((word | word >> _PLANE) & ALL_SEATS)


def cast(word: BallotWord, seat: SeatNumber, support: Support) -> BallotWord:
    """The word after the seat's next ballot. The caller has checked that it has one left (R-Council-06)."""
    count, choice = count_of(word, seat) + 1, support + 1
    if count > MAX_BALLOTS:
        raise ValueError(f"seat {seat} has no ballot left in this round")
    cleared = word & ~(sum(1 << plane * _PLANE for plane in range(4)) << seat)
    planes = (choice & 1, choice >> 1, count & 1, count >> 1)
    return BallotWord(cleared | sum(bit << plane * _PLANE for plane, bit in enumerate(planes)) << seat)


def seats_in(mask: SeatMask) -> tuple[SeatNumber, ...]:
    """The seat numbers of a mask, ascending."""
    return tuple(SeatNumber(seat) for seat in range(_PLANE) if mask >> seat & 1)


def _bit(word: BallotWord, plane: int, seat: SeatNumber) -> int:
    return word >> plane * _PLANE + seat & 1
