"""The worker's own right to run, renewed block by block from what the chain is proven to say. Pure decision.

A release is permission, not a right that lasts: the worker holds a lease only as long as each look at the chain, made
within the stall limit, shows that the release is in force at the finalized block and that no RPC's latest block says
otherwise.

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


def decide_lease(finalized: ReleaseFacts, latest: Sequence[ReleaseFacts]) -> Hold | Dark:
    """Whether to go on. The first unlock waits for finality; a stop never does."""
    if finalized.releasability is not Releasability.RELEASABLE:
        return Dark("R-Worker-01", WORDS[finalized.releasability])
    if not latest:
        return Dark("R-Worker-03", "no RPC shows its latest block")
    for facts in latest:
        if facts.releasability is not Releasability.RELEASABLE:
            return Dark("R-Worker-02", f"at the latest block {WORDS[facts.releasability]}")
        if facts.identity != finalized.identity:
            return Dark("R-Worker-02", "the RPCs do not agree on what this worker may unlock")
    return Hold(min(facts.expires_at for facts in (finalized, *latest)))
