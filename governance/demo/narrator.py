"""What a person sees of the demo: one line for each step, with its time; dots are for terminals alone."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from governance.demo.runner import Refusal

WIDTH = 78


@dataclass
class Narrator:
    """Tells the story on stderr, or keeps quiet."""

    quiet: bool = False
    _start: float = field(default_factory=time.monotonic)

    def chapter(self, title: str) -> None:
        """A new part of the story."""
        self._say("")
        self._say(f"\x1b[1m{title}\x1b[0m" if sys.stderr.isatty() else title)

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        """Something that takes a while; the line gets its seconds when it is done."""
        start = time.monotonic()
        if sys.stderr.isatty() and not self.quiet:
            sys.stderr.write(f"  … {what}\r")
            sys.stderr.flush()
        yield
        took = f"{time.monotonic() - start:.1f} s"
        self._say(f"  ✓ {what.ljust(WIDTH - 6 - len(took))} {took}")

    def tell(self, text: str) -> None:
        """Something to know."""
        self._say(f"    {text}")

    def refused(self, refusal: Refusal) -> None:
        """A no, and who said it."""
        self._say(f"  ✗ refused by {refusal.refused_by}: {refusal.message}")

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return time.monotonic() - self._start

    def _say(self, text: str) -> None:
        if not self.quiet:
            sys.stderr.write(text + "\n")
            sys.stderr.flush()
