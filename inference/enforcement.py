"""Whether one use of the model is permitted: the release's scope, and every constraint in force. Pure.

A scope names what is permitted, and all else is refused. Constraints only take away: the narrowest limit counts, and a
constraint that has expired, or that holds what this version cannot enforce, denies its whole scope.

Source: DESIGN sections 3 (the ratchet), 7 and 8.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from governance.constraints.document import KNOWN_PARAMETERS, ConstraintDocument
from governance.constraints.scope import ReleaseScope
from governance.types import ConstraintParameter


@dataclass(frozen=True)
class ConstraintInForce:
    """A constraint of the ledger, its document checked against the recorded hash."""

    document: ConstraintDocument
    parameters: dict[str, ConstraintParameter]
    expires_at: int  # [Unix seconds], 0 = never


@dataclass(frozen=True)
class Use:
    """What somebody asks of the model."""

    capability: str
    purpose: str | None
    audience: str | None
    input_tokens: int
    max_tokens: int | None  # of the answer; None = as many as are permitted


@dataclass(frozen=True)
class Spent:
    """What this worker has served under this release so far."""

    requests: int
    output_tokens: int


@dataclass(frozen=True)
class Permitted:
    """The use may go ahead with an answer of at most `max_tokens`."""

    max_tokens: int


@dataclass(frozen=True)
class Denied:
    """No, by a rule."""

    rule: str
    reason: str


def judge_use(
    use: Use, scope: ReleaseScope, constraints: Sequence[ConstraintInForce], spent: Spent, now: int
) -> Permitted | Denied:
    """The verdict at chain time `now`."""
    if denied := _judge_scope(use, scope, spent):
        return denied
    limit = min(scope.max_tokens, scope.budget.output_tokens - spent.output_tokens)
    for constraint in constraints:
        if not constraint.document.scope.covers(use.capability):
            continue
        verdict = _judge_constraint(use, constraint, spent, now)
        if isinstance(verdict, Denied):
            return verdict
        limit = min(limit, verdict)
    if limit <= 0:
        return Denied("R-Worker-05", "the constraints in force leave no token for an answer")
    if use.max_tokens is not None and use.max_tokens > limit:
        return Denied("R-Worker-04", f"{use.max_tokens} tokens were asked for, and {limit} are permitted")
    return Permitted(limit if use.max_tokens is None else use.max_tokens)


def _judge_scope(use: Use, scope: ReleaseScope, spent: Spent) -> Denied | None:
    if use.capability not in scope.capabilities:
        named = ", ".join(scope.capabilities)
        return Denied("R-Worker-04", f"capability {use.capability!r} is not in the release's scope ({named})")
    for what, asked, permitted in (
        ("purpose", use.purpose, scope.purposes),
        ("audience", use.audience, scope.audiences),
    ):
        if permitted and asked not in permitted:
            return Denied("R-Worker-04", f"{what} {asked or 'unstated'!r} is not in the release's scope")
    if spent.requests >= scope.budget.requests or spent.output_tokens >= scope.budget.output_tokens:
        return Denied("R-Worker-04", "the release's budget is used up")
    if use.max_tokens is not None and use.max_tokens <= 0:
        return Denied("R-Worker-04", "an answer has one token at least")
    return None


def _judge_constraint(use: Use, constraint: ConstraintInForce, spent: Spent, now: int) -> int | Denied:
    """The most output tokens that this constraint leaves, or a denial."""
    name = constraint.document.name
    if constraint.expires_at and now >= constraint.expires_at:
        return Denied("R-Worker-05", f"constraint {name} has expired, and denies until it is replaced")
    if constraint.document.rules:
        return Denied("R-Worker-06", f"constraint {name} has rules that this worker cannot evaluate")
    limit = 2**31 - 1
    for key, parameter in constraint.parameters.items():
        if KNOWN_PARAMETERS.get(key) is not parameter.direction:
            return Denied("R-Worker-06", f"constraint {name} has a limit {key!r} that this worker cannot enforce")
        if key == "max_output_tokens":
            limit = min(limit, parameter.value)
        elif key == "max_input_tokens" and use.input_tokens > parameter.value:
            return Denied("R-Worker-05", f"{use.input_tokens} tokens of input, and {name} permits {parameter.value}")
        elif key == "max_requests" and spent.requests >= parameter.value:
            return Denied("R-Worker-05", f"{name} permits {parameter.value} requests under a release")
    return limit
