"""Events by fixed offsets: where each value of an event lies is worked out once, from the ABI.

Solidity writes an event in one way: each indexed value a topic, then the heads, then the tails in the order of their
heads, without gaps, every unused bit zero. A log of exactly this form is read here with one unpacking and one mask over
all heads. Every other log, whatever is odd about it, is left to `codec`, which looks at each value by itself: this is a
shortcut, and a test holds that it takes nothing that the long way refuses or reads otherwise.

Source: Solidity ABI specification (events; strict encoding).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Sequence
from enum import IntEnum
from functools import lru_cache
from operator import itemgetter
from typing import Any, NamedTuple

from governance.encoding.names import make_address
from governance.types import Address
from governance.types.events import Event

WORD = 32
ALL = (1 << 256) - 1
KNOWN_ADDRESSES = 1 << 14  # whose checksums are kept: an address costs a hash, and few of them ever act

_SIZED = re.compile(r"(u?int|bytes)(\d+)")
_ZEROS = bytes(WORD)


class Odd(Exception):
    """The log is not written as Solidity writes it: no failure, but no case for the shortcut."""


class _Word(NamedTuple):
    """How a word is unpacked, which of its bits are never set, and what makes the value of it."""

    layout: str
    unused: int
    make: Callable[[Any], Any] | None = None


class _Tail(NamedTuple):
    """A value of any length: bytes or text (`item` is None), or an array of words."""

    item: _Word | None
    make: Callable[[Any], Any] | None = None


class EventLayout:
    """Where the values of one event lie."""

    def __init__(self, event: type[Event], kinds: Sequence[tuple[str, bool, Any]]) -> None:
        """`kinds`: of each field the ABI type, whether it is indexed, and its schema. Raises: Odd, for other events."""
        order = sorted(range(len(kinds)), key=lambda at: not kinds[at][1])  # stable: indexed ones first
        self._event = event
        self._topics = 1 + sum(indexed for _, indexed, _ in kinds)
        self._tails: list[tuple[int, _Tail]] = []
        self._makers: list[tuple[int, Callable[[Any], Any]]] = []
        layout, unused = ">", 0
        for place, at in enumerate(order):
            kind, indexed, schema = kinds[at]
            if _is_word(kind):
                word = _find_word(kind, schema)
                if word.make is not None:
                    self._makers.append((place, word.make))
            elif indexed:
                raise Odd(f"an indexed {kind} is a hash")
            else:
                word = _OFFSET
                self._tails.append((place, _find_tail(kind)))
            layout += word.layout
            unused = unused << 256 | word.unused
        self._head = struct.Struct(layout)
        self._unused = unused
        self._base = WORD * (self._topics - 1)  # where the data begin, and offsets count from
        places = [order.index(at) for at in range(len(kinds))]
        self._pick = itemgetter(*places) if places != sorted(places) else None

    def read_hex(self, topics: Sequence[str], data: str) -> Event | None:
        """The event of a log as JSON-RPC gives it; None if this is no case for the shortcut."""
        if len(topics) != self._topics or data[:2] != "0x":
            return None
        digits = ""
        for topic in topics[1:]:
            if len(topic) != 66 or topic[:2] != "0x":
                return None
            digits += topic[2:]
        digits += data[2:]
        try:
            words = bytes.fromhex(digits)
        except ValueError:
            return None
        return self.read(words) if 2 * len(words) == len(digits) else None  # fromhex passes over blanks

    def read_words(self, topics: Sequence[bytes], data: bytes) -> Event | None:
        """The event of a log of bytes; None if this is no case for the shortcut."""
        if len(topics) != self._topics or any(len(topic) != WORD for topic in topics):
            return None
        return self.read(b"".join((*topics[1:], data)))

    def read(self, words: bytes) -> Event | None:
        """The event whose indexed words and data these are."""
        size = self._head.size
        if len(words) < size or int.from_bytes(words[:size], "big") & self._unused:
            return None
        values: Sequence[Any] = self._head.unpack_from(words)
        try:
            if self._makers or self._tails:
                values = made = list(values)
                for place, make in self._makers:
                    made[place] = make(made[place])
                end = size
                for place, tail in self._tails:
                    if made[place] != end - self._base:
                        return None
                    made[place], end = _read_tail(tail, words, end)
                if end != len(words):
                    return None
            elif len(words) != size:
                return None
        except (Odd, KeyError):
            return None
        event: Callable[..., Event] = self._event
        return event(*values) if self._pick is None else event(*self._pick(values))


def _read_tail(tail: _Tail, words: bytes, at: int) -> tuple[Any, int]:
    """The value whose length stands at `at`, and where the next one begins. Raises: Odd."""
    length = int.from_bytes(words[at : at + WORD], "big")
    start = at + WORD
    if tail.item is None:
        end = start + length
        padded = end + -length % WORD
        if padded > len(words) or words[end:padded] != _ZEROS[: padded - end]:
            raise Odd
        value: Any = words[start:end]
        return (value if tail.make is None else tail.make(value)), padded
    end = start + WORD * length
    if end > len(words):
        raise Odd
    word, unpacker = tail.item, struct.Struct(">" + tail.item.layout)
    values = []
    for place in range(start, end, WORD):
        if int.from_bytes(words[place : place + WORD], "big") & word.unused:
            raise Odd
        (found,) = unpacker.unpack_from(words, place)
        values.append(found if word.make is None else word.make(found))
    return tuple(values), end


def _is_word(kind: str) -> bool:
    return kind in ("address", "bool") or _SIZED.fullmatch(kind) is not None


def _find_tail(kind: str) -> _Tail:
    if kind == "bytes":
        return _Tail(None)
    if kind == "string":
        return _Tail(None, lambda data: data.decode("utf-8", "surrogateescape"))
    if kind.endswith("[]") and _is_word(kind[:-2]):
        return _Tail(_find_word(kind[:-2], None))
    raise Odd(f"{kind} is read the long way")


def _find_word(kind: str, schema: Any) -> _Word:
    if isinstance(schema, type) and issubclass(schema, IntEnum):
        return _Word("31xB", ALL ^ 0xFF, {int(member): member for member in schema}.__getitem__)
    if kind == "address":
        return _Word("12x20s", ALL ^ (1 << 160) - 1, _make_address)
    if kind == "bool":
        return _Word("31xB", ALL ^ 1, bool)
    match = _SIZED.fullmatch(kind)
    if match is None:
        raise Odd(f"{kind} is no word")
    size = int(match[2])
    if match[1] == "bytes":
        return _Word(f"{size}s{WORD - size}x" if size < WORD else "32s", (1 << 8 * (WORD - size)) - 1)
    if match[1] == "int":
        return _Word("32s", 0, lambda word: _read_signed(word, size))
    unused = ALL ^ (1 << size) - 1
    for bits, layout in ((8, "31xB"), (16, "30xH"), (32, "28xI"), (64, "24xQ")):
        if size <= bits:
            return _Word(layout, unused)
    return _Word("32s", unused, int.from_bytes)


def _read_signed(word: bytes, size: int) -> int:
    value = int.from_bytes(word, "big", signed=True)
    if not -(1 << size - 1) <= value < 1 << size - 1:
        raise Odd
    return value


@lru_cache(KNOWN_ADDRESSES)
def _make_address(data: bytes) -> Address:
    return make_address(data)


_OFFSET = _Word("24xQ", ALL ^ (1 << 64) - 1)
