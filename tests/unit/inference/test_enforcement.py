"""What a worker may serve: the scope names what is permitted, and constraints only take away."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from governance.constraints.document import ConstraintDocument, ConstraintScope
from governance.constraints.scope import Budget, ReleaseScope
from governance.types import ConstraintParameter, Direction
from inference.enforcement import ConstraintInForce, Denied, Permitted, Spent, Use, judge_use

NOW = 1_900_000_000
SCOPE = ReleaseScope(
    capabilities=("chat", "code"),
    purposes=("research",),
    audiences=("staff",),
    max_tokens=100,
    budget=Budget(requests=10, output_tokens=500),
)
USE = Use("chat", "research", "staff", input_tokens=20, max_tokens=50)
NOTHING = Spent(0, 0)


def limit(
    key: str = "max_output_tokens", value: int = 30, direction: Direction = Direction.MAX, **document: Any
) -> ConstraintInForce:
    text = ConstraintDocument(name="limit", title="limit", text="limit", **document)
    return ConstraintInForce(text, {key: ConstraintParameter(direction, value)}, 0)


def judge(use: Use = USE, *constraints: ConstraintInForce, spent: Spent = NOTHING, scope: ReleaseScope = SCOPE) -> str:
    """The rule that denies, or what is permitted."""
    verdict = judge_use(use, scope, constraints, spent, NOW)
    return verdict.rule if isinstance(verdict, Denied) else f"permitted {verdict.max_tokens}"


@pytest.mark.parametrize(
    "change",
    [
        {"capability": "agent"},
        {"capability": ""},
        {"purpose": "marketing"},
        {"purpose": None},
        {"audience": "public"},
        {"audience": None},
        {"max_tokens": 101},
        {"max_tokens": 0},
        {"max_tokens": -1},
    ],
)
def test_use_is_refused_outside_the_scope(change: dict[str, Any]) -> None:
    assert judge(replace(USE, **change)) == "R-Worker-04"


@pytest.mark.parametrize("spent", [Spent(10, 0), Spent(0, 500), Spent(11, 600)])
def test_use_is_refused_when_the_budget_is_used_up(spent: Spent) -> None:
    assert judge(spent=spent) == "R-Worker-04"


def test_use_is_refused_beyond_what_is_left_of_the_budget() -> None:
    assert judge(spent=Spent(3, 451)) == "R-Worker-04"
    assert judge(replace(USE, max_tokens=None), spent=Spent(3, 451)) == "permitted 49"


def test_use_is_permitted_up_to_the_scope() -> None:
    assert judge(replace(USE, max_tokens=100)) == "permitted 100"
    assert judge(replace(USE, max_tokens=None)) == "permitted 100"


def test_scope_without_purposes_asks_for_none() -> None:
    scope = SCOPE.model_copy(update={"purposes": (), "audiences": ()})
    assert judge(replace(USE, purpose=None, audience="anybody"), scope=scope) == "permitted 50"


def test_constraint_takes_away_and_the_narrowest_counts() -> None:
    wide, narrow = limit(value=80), limit(value=30)
    assert judge(replace(USE, max_tokens=None), wide, narrow) == "permitted 30"
    assert judge(USE, narrow) == "R-Worker-04"


def test_constraint_never_gives() -> None:
    assert judge(replace(USE, max_tokens=None), limit(value=10_000)) == "permitted 100"
    assert judge(replace(USE, capability="agent"), limit(value=10_000)) == "R-Worker-04"


def test_constraint_that_leaves_no_token_denies() -> None:
    assert judge(replace(USE, max_tokens=None), limit(value=0)) == "R-Worker-05"


def test_constraint_limits_input_and_requests() -> None:
    assert judge(USE, limit("max_input_tokens", 19)) == "R-Worker-05"
    assert judge(USE, limit("max_input_tokens", 20)) == "permitted 50"
    assert judge(USE, limit("max_requests", 3), spent=Spent(3, 0)) == "R-Worker-05"
    assert judge(USE, limit("max_requests", 3), spent=Spent(2, 0)) == "permitted 50"


def test_constraint_that_has_expired_denies_its_scope_alone() -> None:
    expired = replace(limit(scope=ConstraintScope(capabilities=("code",))), expires_at=NOW)
    assert judge(replace(USE, capability="code"), expired) == "R-Worker-05"
    assert judge(USE, expired) == "permitted 50"
    assert judge(replace(USE, capability="code"), replace(expired, expires_at=NOW + 1)) == "R-Worker-04"  # its limit


@pytest.mark.parametrize(
    "constraint",
    [
        limit(rules=("request.hazard != 'violence'",)),
        limit("max_temperature_ppm", 1),
        limit("max_output_tokens", 30, Direction.MIN),
        limit("0x" + "ff" * 32, 1),
    ],
)
def test_constraint_that_cannot_be_enforced_denies(constraint: ConstraintInForce) -> None:
    assert judge(replace(USE, max_tokens=None), constraint) == "R-Worker-06"


def test_verdict_says_how_many_tokens() -> None:
    assert judge_use(USE, SCOPE, [], NOTHING, NOW) == Permitted(50)
