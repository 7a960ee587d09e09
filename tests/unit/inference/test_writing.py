"""Tokens become text: no piece is taken back, and no stop text is ever said."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.writing import Writer


def decode(ids: Sequence[int]) -> str:
    """A tokenizer of bytes."""
    return bytes(ids).decode(errors="replace")


def write(tokens: Sequence[int], ends: Sequence[str] = ()) -> tuple[list[str], Writer]:
    pieces: list[str] = []
    writer = Writer(decode, ends, pieces.append)
    for token in tokens:
        writer.take(token)
    writer.finish()
    return pieces, writer


@given(st.binary(max_size=60) | st.text(max_size=20).map(str.encode))
def test_pieces_are_the_text_for_all_bytes(raw: bytes) -> None:
    pieces, writer = write(raw)
    assert "".join(pieces) == writer.text == decode(raw)


@given(st.text(alphabet="ab€", max_size=30), st.lists(st.text(alphabet="ab€", min_size=1, max_size=4), max_size=3))
def test_text_ends_before_the_first_stop_text(text: str, ends: list[str]) -> None:
    pieces, writer = write(text.encode(), ends)
    first = min((place for end in ends if (place := text.find(end)) >= 0), default=None)
    assert writer.is_ended == (first is not None)
    # The text is judged token by token: of two stop texts the one that is whole first counts.
    assert text.startswith(writer.text)
    assert not any(end in writer.text for end in ends)
    assert "".join(pieces) == writer.text
    if first is None:
        assert writer.text == text


def test_character_is_said_when_its_last_byte_has_come() -> None:
    pieces, _ = write("a€b".encode())
    assert pieces == ["a", "€", "b"]


@pytest.mark.parametrize(
    ("text", "pieces"), [("xEN", ["x", "EN"]), ("xEND", ["x"]), ("xENEND", ["x", "EN"]), ("END", [])]
)
def test_what_may_become_a_stop_text_is_held_back(text: str, pieces: list[str]) -> None:
    assert write(text.encode(), ["END"])[0] == pieces


def test_token_that_loses_its_space_at_the_start_keeps_it_later() -> None:
    words = ["Who", " guards", " them"]
    pieces: list[str] = []
    writer = Writer(lambda ids: "".join(words[i] for i in ids).lstrip(), (), pieces.append)
    for token in (1, 2, 0):
        writer.take(token)
    assert writer.finish() == "guards themWho"
    assert pieces == ["guards", " them", "Who"]
