"""Tokens become text while they come: only what no later token can change is said, and a stop text never is."""

from __future__ import annotations

from collections.abc import Callable, Sequence

UNFINISHED = "\ufffd"  # what the first bytes of a character decode to, until its last byte has come

Decode = Callable[[Sequence[int]], str]


class Writer:
    """The text of one answer. What was said is final: the pieces that were heard are the text, in this order."""

    def __init__(self, decode: Decode, ends: Sequence[str], hear: Callable[[str], None]) -> None:
        """`ends` are texts at which the answer ends; they are not part of it."""
        self._decode, self._ends, self._hear = decode, tuple(ends), hear
        self._ids: list[int] = []
        # Tokens are decoded in a window that begins one piece earlier: some tokenizers give a token that stands first
        # without its leading space.
        self._start, self._read, self._known = 0, 0, 0
        self._held = ""  # could still become a stop text
        self.text = ""
        self.is_ended = False  # by a stop text

    def take(self, token: int) -> None:
        """One token more."""
        if self.is_ended:
            return
        self._ids.append(token)
        window = self._decode(self._ids[self._start :])
        settled = window.rstrip(UNFINISHED)
        fresh, self._known = settled[self._known :], max(self._known, len(settled))
        if settled == window and fresh:
            self._start, self._read = self._read, len(self._ids)
            self._known = len(self._decode(self._ids[self._start : self._read]))
        self._say(fresh)

    def finish(self) -> str:
        """The whole text, all of it said."""
        if not self.is_ended:
            self._say(self._decode(self._ids[self._start :])[self._known :])
        if not self.is_ended:
            self._utter(self._held)
        self._held = ""
        return self.text

    def _say(self, piece: str) -> None:
        self._held += piece
        places = [place for end in self._ends if (place := self._held.find(end)) >= 0]
        if places:
            self._utter(self._held[: min(places)])
            self._held, self.is_ended = "", True
            return
        kept = max((_count_overlap(self._held, end) for end in self._ends), default=0)
        settled = len(self._held) - kept
        self._utter(self._held[:settled])
        self._held = self._held[settled:]

    def _utter(self, piece: str) -> None:
        if piece:
            self.text += piece
            self._hear(piece)


def _count_overlap(text: str, end: str) -> int:
    """How many of the last characters of `text` are the first ones of `end`."""
    return next((n for n in range(min(len(text), len(end) - 1), 0, -1) if text.endswith(end[:n])), 0)
