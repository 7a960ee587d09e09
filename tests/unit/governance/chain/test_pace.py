"""How much is asked at once, and how soon again: halves after a refusal, doubles while it works, pauses with an end."""

from __future__ import annotations

import pytest

from governance.chain.errors import RpcError, RpcOverloaded
from governance.chain.pace import NO_SUCH_METHOD, PATIENCE, STEADY, WAITS, Backoff, Pace, Patience


def refuse_above(limit: int, asked: list[tuple[int, int]]) -> object:
    def ask(start: int, stop: int) -> list[int]:
        asked.append((start, stop))
        if stop - start > limit:
            raise RpcError("range too large", code=-32005)
        return list(range(start, stop))

    return ask


def test_range_that_is_refused_is_asked_for_in_halves_and_nothing_is_left_out_or_read_twice() -> None:
    asked: list[tuple[int, int]] = []
    pace = Pace(1000)
    found = [each for _, _, piece in pace.ask(7, 3000, refuse_above(70, asked)) for each in piece]  # type: ignore[arg-type]
    assert found == list(range(7, 3000))
    refused = [stop - start for start, stop in asked if stop - start > 70]
    assert refused[:4] == [1000, 500, 250, 125]
    assert set(refused[4:]) == {124}  # asked again only after a while of answers
    assert len(refused[4:]) <= 2993 // (62 * STEADY) + 1


def test_range_grows_back_to_the_most_while_it_works() -> None:
    pace = Pace(64)
    pace.shrink(2)
    assert pace.size == 1
    sizes = [stop - start for start, stop, _ in pace.ask(0, 1000, lambda start, stop: None)]
    assert sizes[: STEADY + 1] == [1] * STEADY + [2]
    assert pace.size == 64


def test_single_one_that_is_refused_is_a_failure_and_so_is_a_method_that_is_not_there() -> None:
    asked: list[tuple[int, int]] = []
    with pytest.raises(RpcError, match="too large"):
        list(Pace(8).ask(0, 100, refuse_above(0, asked)))  # type: ignore[arg-type]
    assert asked == [(0, 8), (0, 4), (0, 2), (0, 1)]

    def lack(start: int, stop: int) -> None:
        asked.append((start, stop))
        raise RpcError("no such method", code=NO_SUCH_METHOD)

    with pytest.raises(RpcError, match="no such method"):
        list(Pace(8).ask(0, 100, lack))
    assert len(asked) == 5


def test_overload_halves_the_range_and_is_waited_for_or_raised() -> None:
    overloads = [RpcOverloaded("not now", retry_after=2.0), RpcOverloaded("not now")]

    def ask(start: int, stop: int) -> int:
        if overloads:
            raise overloads.pop(0)
        return stop - start

    pace, waited = Pace(64), []
    with pytest.raises(RpcOverloaded):
        list(pace.ask(0, 64, ask))
    assert pace.size == 32  # whoever comes again later asks for less
    assert [size for _, _, size in pace.ask(0, 64, ask, wait=waited.append)] == [16] * 4
    assert len(waited) == 1


def test_node_that_wants_fewer_requests_is_not_sent_ever_more_of_them() -> None:
    pace = Pace(64)

    def ask(start: int, stop: int) -> None:
        raise RpcOverloaded("slow down", wants_fewer=True)

    for _ in range(6):
        with pytest.raises(RpcOverloaded):
            list(pace.ask(0, 64, ask))
    assert pace.size == 8
    with pytest.raises(RpcOverloaded):
        list(pace.ask(0, 3, ask))
    assert pace.size == 3


def test_pauses_double_up_to_the_longest_and_chance_only_shortens_them() -> None:
    longest = Backoff(0.25, 10.0, draw=lambda: 1.0)
    assert [longest.next() for _ in range(7)] == [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 10.0]
    shortest = Backoff(0.25, 10.0, draw=lambda: 0.0)
    assert [shortest.next() for _ in range(7)] == [0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 5.0]
    shortest.reset()
    assert shortest.next() == 0.125
    assert shortest.next(at_least=3.0) == 3.0
    assert shortest.next(at_least=86_400.0) == 10.0  # a node cannot send us to sleep for a day
    drawn = {Backoff(1.0, 10.0).next() for _ in range(20)}
    assert len(drawn) > 1
    assert all(0.5 <= pause <= 1.0 for pause in drawn)


def test_patience_ends() -> None:
    slept: list[float] = []
    patience = Patience(sleep=slept.append)

    def wait_for_ever() -> None:
        while True:
            patience(RpcOverloaded("not now"))

    with pytest.raises(RpcOverloaded, match="not now"):
        wait_for_ever()
    assert WAITS[1] < sum(slept) <= PATIENCE


def test_patience_ends_sooner_where_each_answer_is_waited_for_in_vain() -> None:
    slept: list[float] = []
    patience = Patience(sleep=slept.append)
    patience(RpcOverloaded("did not answer within 30 s", took=30.0))
    with pytest.raises(RpcOverloaded):
        patience(RpcOverloaded("did not answer within 30 s", took=30.0))
    assert len(slept) == 1
