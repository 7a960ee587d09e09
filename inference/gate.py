"""Whether a model may be used so, now: every release of it is judged as its worker would judge it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from governance.types import Address, ModelId
from governance.types.events import Event
from governance.types.events.releases import ReleaseGranted, WorkerNamed
from inference.access import Access
from inference.constraints_in_force import read_scope_of, rebuild_constraints
from inference.enforcement import Denied, Spent, Use, judge_use
from inference.errors import UseRefused
from inference.lease import Dark, decide_lease
from inference.terms import Terms


@dataclass(frozen=True)
class Permission:
    """A release in force that permits the use."""

    terms: Terms
    max_tokens: int
    expires_at: int  # [Unix seconds]


def find_permission(
    access: Access, events: Sequence[Event], model_id: ModelId, use: Use, worker: Address | None
) -> Permission:
    """The first permission that there is. What a worker has spent of its budget is known to that worker alone.

    Raises: UseRefused, with the reason of each release; ConstraintsMismatch, VerificationError, Unavailable.
    """
    sight = access.sight
    releases = {
        event.release_id for event in events if isinstance(event, ReleaseGranted) and event.model_id == model_id
    }
    named = [event for event in events if isinstance(event, WorkerNamed) and event.release_id in releases]
    refusals: list[Denied] = []
    for event in reversed(named):  # the newest release first
        if worker is not None and event.worker != worker:
            continue
        heads, finalized, latest = sight.see_now(event.release_id, event.worker)
        lease = decide_lease(finalized, latest)
        if isinstance(lease, Dark):
            refusals.append(Denied(lease.rule, lease.reason))
            continue
        prove, block = sight.view.prove, heads.finalized
        terms = sight.terms.terms(prove, block, event.release_id, event.worker)
        constraints = rebuild_constraints(events, access.ledger.deployment, sight.terms.ledger_head(prove, block))
        now = max(heads.newest.timestamp, block.timestamp)
        verdict = judge_use(use, read_scope_of(events, terms), constraints, Spent(0, 0), now)
        if not isinstance(verdict, Denied):
            return Permission(terms, verdict.max_tokens, lease.expires_at)
        refusals.append(verdict)
    if not refusals:
        raise UseRefused("no release of this model names such a worker", rule="R-Worker-01")
    first = refusals[0]
    reasons = "; ".join(dict.fromkeys(refusal.reason for refusal in refusals))
    raise UseRefused(f"no release in force permits {use.capability}: {reasons}", rule=first.rule)
