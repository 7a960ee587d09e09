"""How much is asked of one node at once, and how soon it is asked again.

Providers limit ranges, batches and rates, each in its own words. Nothing is read from the words: what was refused is
asked for in halves, and a range that has worked for a while is doubled again. Only what a single block asks for and is
refused is a failure. A node that is overloaded is left alone for ever longer, with jitter, so that those whom it turned
away together do not come back together.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from governance.chain.errors import RpcError, RpcOverloaded

STEADY = 8  # answers in a row before more is asked for
WAITS = (0.5, 15.0)  # [seconds] first and longest
PATIENCE = 60.0  # [seconds] of waiting in vain and between, for a command that somebody waits for
NO_SUCH_METHOD = -32601

T = TypeVar("T")


class Pace:
    """How much one node takes at once: halved when it refuses, doubled again while it answers."""

    def __init__(self, most: int) -> None:
        self.most = self.size = most
        self._good = 0

    def shrink(self, refused: int, least: int = 1) -> None:
        """So much was too much."""
        self.size, self._good = max(1, min(refused, max(refused // 2, least))), 0

    def grow(self) -> None:
        """An answer came."""
        self._good += 1
        if self._good >= STEADY:
            self.size, self._good = min(2 * self.size, self.most), 0

    def ask(
        self,
        start: int,
        end: int,
        ask: Callable[[int, int], T],
        *,
        wait: Callable[[RpcOverloaded], None] | None = None,
    ) -> Iterator[tuple[int, int, T]]:
        """What `ask(a, b)` gives for a..b, with its bounds, piece by piece from `start` to before `end`.

        `wait` returns after a pause, or raises what it was given; without it whoever asks waits, and begins again.
        Raises: RpcError (a single one is refused), RpcOverloaded, RpcUnavailable.
        """
        while start < end:
            stop = min(start + self.size, end)
            try:
                answer = ask(start, stop)
            except RpcOverloaded as e:
                # Pieces that are ever smaller would be ever more requests, which are what it has too many of.
                self.shrink(stop - start, self.most // 8 if e.wants_fewer else 1)
                if wait is None:
                    raise
                wait(e)
                continue
            except RpcError as e:
                if stop - start == 1 or e.code == NO_SUCH_METHOD:
                    raise
                self.shrink(stop - start)
                continue
            self.grow()
            yield start, stop, answer
            start = stop


class Backoff:
    """Pauses that double, each shortened by chance by up to a half. Units: seconds."""

    def __init__(self, first: float, longest: float, *, draw: Callable[[], float] = random.random) -> None:
        self._first, self._longest, self._draw = first, longest, draw
        self._pause = 0.0

    def next(self, at_least: float = 0.0) -> float:
        """The next pause; not shorter than what the other side asked for, unless that is longer than the longest."""
        self._pause = min(max(2 * self._pause, self._first), self._longest)
        return min(max(self._pause * (1 + self._draw()) / 2, at_least), self._longest)

    def reset(self) -> None:
        """It works again."""
        self._pause = 0.0


class Patience:
    """Waits for a node that is overloaded, as long as a person would."""

    def __init__(self, *, sleep: Callable[[float], object] = time.sleep) -> None:
        self._sleep, self._left, self._backoff = sleep, PATIENCE, Backoff(*WAITS)

    def __call__(self, error: RpcOverloaded) -> None:
        """A pause has passed. Raises: RpcOverloaded, when there were too many of them."""
        pause = self._backoff.next(error.retry_after)
        self._left -= pause + error.took
        if self._left < 0:
            raise error
        self._sleep(pause)
