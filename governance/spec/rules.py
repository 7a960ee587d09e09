"""Rules and refusals: what a rule is, where all of them are found, and how one says no.

Every rule has an id, is written once (in `governance.spec.law`), and is quoted by the check that enforces it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import ClassVar

from governance.errors import InvalidInput


class Enforcer(Enum):
    """Who keeps a rule: the contracts against everybody, an oracle for its share, a worker for its weights."""

    CONTRACT = "contract"
    ORACLE = "oracle"
    WORKER = "worker"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: its id, its sentence, who keeps it, and the contracts' errors that quote it."""

    id: str
    sentence: str
    enforcer: Enforcer
    errors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """What was asked is against a rule. `error` is the contract's error, where a contract says so."""

    rule: str
    message: str
    error: str = ""
    actual: object = None
    required: object = None

    def __str__(self) -> str:
        return f"{self.rule}: {self.message}"


class UnknownRule(InvalidInput):
    """No rule has that id."""

    hint: ClassVar[str] = "rules are named as R-Council-07; custodes explain lists them"


PARTS = ("Seats", "Council", "Constraints", "Releases", "Brake", "Committee", "Oracle", "Worker")

_RULES: dict[str, Rule] = {}


def rule(rule_id: str, sentence: str, *, errors: Iterable[str] = (), enforcer: Enforcer = Enforcer.CONTRACT) -> Rule:
    """The rule, now part of the law. Each id is given once."""
    if rule_id in _RULES:
        raise ValueError(f"{rule_id} is written twice")
    _RULES[rule_id] = Rule(rule_id, sentence, enforcer, tuple(errors))
    return _RULES[rule_id]


def get_rule(rule_id: str) -> Rule:
    """The rule with that id, whatever the case of its letters.

    Raises: UnknownRule.
    """
    for known, found in all_rules().items():
        if known.lower() == rule_id.lower():
            return found
    raise UnknownRule(f"no rule is called {rule_id!r}")


def get_rules_of_error(error: str) -> tuple[Rule, ...]:
    """The rules that a contract's error of that name quotes; several contracts may use one name."""
    return tuple(found for found in all_rules().values() if error in found.errors)


def all_rules() -> dict[str, Rule]:
    """Every rule by its id: the contracts' first, then those of oracles and workers."""
    return dict(sorted(_law().items(), key=lambda item: (PARTS.index(item[0].split("-")[1]), item[0])))


def refuse(rule_id: str, error: str, message: str, *, actual: object = None, required: object = None) -> Refusal:
    """A refusal by a rule of the law, under the name of the contract's error."""
    found = _law()[rule_id]
    if error not in found.errors:
        raise ValueError(f"{rule_id} has no error {error}")
    return Refusal(rule_id, message, error, actual, required)


def _law() -> dict[str, Rule]:
    import governance.spec.law  # noqa: F401  writes the law, which imports this module

    return _RULES
