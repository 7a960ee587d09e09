"""A system's states by the place in the chain after which each held: what its successor saw when it took over.

Source: DESIGN section 9 (the audit follows the seam).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable

from governance.spec.state import SystemState
from governance.spec.steps import Logged, Step


class Timeline:
    """The replayed history of one system."""

    def __init__(self, steps: Iterable[Step]) -> None:
        """From all steps, of which there is at least one: the constructors."""
        taken = list(steps)
        self._places = [(step.logs[-1].block, step.logs[-1].index) for step in taken]
        self._states = [step.state for step in taken]

    @property
    def last(self) -> SystemState:
        return self._states[-1]

    def __call__(self, log: Logged) -> SystemState:
        """The state right before that log of another system."""
        return self._states[max(0, bisect_left(self._places, (log.block, log.index)) - 1)]
