"""Whether this oracle approves or answers an unlock request: one pure function, decided before anything is signed.

A partial is irrevocable as soon as it is broadcast: a reverted transaction decrypts as well as an accepted one. So the
contract's checks come too late to protect a share, and every one of them is made here first, on state that was proven
at a finalized block, and once more against the worst that any RPC shows at its latest block.

Source: DESIGN sections 4 (points 5 and 6) and 5.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from governance.ledger.proven import ReleaseFacts
from governance.types import Phase, Releasability


@dataclass(frozen=True)
class RequestFacts:
    """An unlock request as it was proven at the finalized block."""

    request_id: bytes
    release_id: bytes
    identity: bytes
    worker: str
    epoch: int
    expires_at: int  # [Unix seconds], 0 = no such request
    approvals: int  # how many members approved
    approved_by_me: bool
    answered_by_me: bool
    partials: int
    rank: int = 0  # how many others approved before this member did
    waited: int = 0  # [seconds] of chain time since t approvals were final
    is_barred: bool = False  # a stop fell between the first partial for the identity and the t-th


@dataclass(frozen=True)
class OracleView:
    """Everything the decision depends on; time is the blocks'."""

    finalized: ReleaseFacts
    latest: Sequence[ReleaseFacts]  # one for each RPC that answers
    my_epoch: int | None  # the epoch of the share that this oracle holds
    epoch_phase: Phase
    threshold: int
    transport_ok: bool  # T hashes to what the request pins, lies in the subgroup, and its secret is proven to be known
    stalled: bool
    latched: bool
    patience: int = 0  # [seconds] of chain time that each member of too high a rank leaves to those before it


@dataclass(frozen=True)
class Approve:
    """Post an approval."""


@dataclass(frozen=True)
class Answer:
    """Make the partial and post it."""


@dataclass(frozen=True)
class Wait:
    """Nothing to do now, and why; it is asked again at the next block."""

    reason: str


@dataclass(frozen=True)
class Refuse:
    """No, by a rule."""

    rule: str
    reason: str


Decision = Approve | Answer | Wait | Refuse

WORDS = {
    Releasability.UNKNOWN_RELEASE: "no such release was executed",
    Releasability.EXPIRED: "the release has expired",
    Releasability.REVOKED: "the release was revoked",
    Releasability.STOPPED: "a stop stands",
    Releasability.BARRED: "a stop lapsed after this release: it never runs again",
    Releasability.WORKER_NOT_NAMED: "the release does not name this worker",
}


def decide(request: RequestFacts, view: OracleView) -> Decision:
    """What this oracle does about `request` now. Order matters: reasons never to answer come first."""
    if view.latched:
        return Refuse("R-Oracle-05", "a final block changed: nothing is answered until a person resets the latch")
    if view.stalled:
        return Refuse("R-Oracle-03", "the chain stands still, which counts as a stop")
    if request.expires_at == 0:
        return Wait("the request is not final yet")  # R-Oracle-01
    newest = max([view.finalized.block_time, *(facts.block_time for facts in view.latest)])
    if newest > request.expires_at:
        return Refuse("R-Oracle-06", "the request has expired")
    if view.my_epoch is None or request.epoch != view.my_epoch or view.epoch_phase is not Phase.IN_FORCE:
        return Refuse("R-Oracle-06", f"the request is for epoch {request.epoch}, and this oracle holds no share of it")
    if not view.transport_ok:
        return Refuse("R-Oracle-06", "nobody has proven, for this request, to know the secret behind its transport key")
    if refusal := _releasable(request, view):
        return refusal
    if request.is_barred:
        return Refuse("R-Committee-18", "a stop fell between the first partial for this identity and the last")
    return _next_step(request, view)


def _releasable(request: RequestFacts, view: OracleView) -> Refuse | None:
    if view.finalized.releasability is not Releasability.RELEASABLE:
        return Refuse("R-Oracle-01", WORDS[view.finalized.releasability])
    if not any(request.identity) or view.finalized.identity != request.identity:
        return Refuse("R-Oracle-06", "the release gives this worker another identity than the request names")
    if not view.latest:
        return Refuse("R-Oracle-02", "no RPC shows its latest block")
    for facts in view.latest:  # any one that shows a stop suffices
        if facts.releasability is not Releasability.RELEASABLE:
            return Refuse("R-Oracle-02", facts.doubt or f"at the latest block {WORDS[facts.releasability]}")
    return None


def _next_step(request: RequestFacts, view: OracleView) -> Decision:
    if request.answered_by_me:
        return Wait("answered")
    if request.partials >= view.threshold:
        return Wait("enough others have answered")
    if not request.approved_by_me:
        return Approve()
    if request.approvals < view.threshold:  # R-Oracle-04: an answer before t approvals are final could be pooled
        return Wait(f"{request.approvals} of {view.threshold} approvals are final")
    behind = request.rank + 1 - view.threshold
    if behind > 0 and request.waited < behind * view.patience:  # an answer too many is one more that nobody can undo
        return Wait(f"the {view.threshold} that approved first answer first")
    return Answer()
