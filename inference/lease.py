"""The worker's own right to run, renewed block by block from what the chain is proven to say. Pure.

A release is permission, not a right that lasts: the worker holds a lease only as long as each look at the chain shows
that the release is in force at the finalized block and that no RPC's latest block says otherwise, and only until the
stall limit has passed since a block came that was later than all before.

Source: DESIGN sections 5 (point 6) and 7.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from governance.ledger.proven import ReleaseFacts
from governance.types.enums import Releasability
from oracle.policy import WORDS


@dataclass(frozen=True)
class Hold:
    """The worker may serve until the next look."""

    expires_at: int  # of the release [Unix seconds]


@dataclass(frozen=True)
class Dark:
    """The worker must drop its weights and keys now."""

    rule: str
    reason: str
    is_early: bool = False  # every latest block shows the release in force, and the finalized one does not yet


def decide_lease(finalized: ReleaseFacts, latest: Sequence[ReleaseFacts]) -> Hold | Dark:
    """Whether to go on. What permits waits for finality; what stops never does."""
    if not latest:
        return Dark("R-Worker-03", "no RPC shows its latest block")
    for facts in latest:
        if facts.releasability is not Releasability.RELEASABLE:
            rule = "R-Worker-01" if finalized.releasability is facts.releasability else "R-Worker-02"
            return Dark(rule, f"at the latest block {WORDS[facts.releasability]}")
    if finalized.releasability is not Releasability.RELEASABLE:
        return Dark("R-Worker-01", f"at the finalized block {WORDS[finalized.releasability]}", is_early=True)
    if any(facts.identity != finalized.identity for facts in latest):
        return Dark("R-Worker-02", "the RPCs do not agree on what this worker may unlock")
    return Hold(min(facts.expires_at for facts in (finalized, *latest)))


class Lease:
    """How long the worker may run without another block. Time is the caller's monotonic clock [seconds]."""

    def __init__(self, stall_limit: float, now: float) -> None:
        """Runs until `stall_limit` from `now`."""
        self.stall_limit = stall_limit
        self._moved_at = now
        self._seen = 0

    def renew(self, block_time: int, now: float) -> None:
        """A good look showed a latest block of `block_time`. Only one later than all before renews the lease.

        An RPC that shows two old blocks by turns must not keep a model alive.
        """
        if block_time > self._seen:
            self._seen, self._moved_at = block_time, now

    def left(self, now: float) -> float:
        """The rest of it [seconds]; zero or less when it is over (R-Worker-03)."""
        return self._moved_at + self.stall_limit - now
