"""What a transition returns: the next state with the events that it emits, or a refusal.

The events are those that the contracts emit for the same step, in the same order. So a replay does not trust a log: it
lets the rules take the step and compares what they would have emitted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from governance.spec.rules import Refusal
from governance.spec.state import SystemState
from governance.types.events import Event

KeyT = TypeVar("KeyT")
ValueT = TypeVar("ValueT")


@dataclass(frozen=True, slots=True)
class Outcome:
    state: SystemState
    events: tuple[Event, ...] = ()


Result = Outcome | Refusal


def with_entry(mapping: Mapping[KeyT, ValueT], key: KeyT, value: ValueT) -> Mapping[KeyT, ValueT]:
    """A copy of the mapping in which `key` stands for `value`."""
    return {**mapping, key: value}


def without_entry(mapping: Mapping[KeyT, ValueT], key: KeyT) -> Mapping[KeyT, ValueT]:
    """A copy of the mapping without `key`."""
    return {other: value for other, value in mapping.items() if other != key}
