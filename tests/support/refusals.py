"""What a rule says no with."""

from __future__ import annotations

from governance.spec.rules import Refusal


def refused(result: object, rule: str, error: str = "") -> Refusal:
    """The result is a refusal by that rule, and where an error is named, with that one."""
    assert isinstance(result, Refusal), result
    assert (result.rule, result.error) == (rule, error or result.error), result
    return result
