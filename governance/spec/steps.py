"""A step of the replay: what the rules emit, compared with what the chain shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import ClassVar

from governance.errors import VerificationError
from governance.spec.outcome import Result
from governance.spec.rules import Refusal
from governance.spec.state import SystemState
from governance.types import Timestamp
from governance.types.events import Event
from governance.types.events import seats as seats_events


@dataclass(frozen=True, slots=True)
class Logged:
    """An event where it stands on the chain. Logs are in the order of the chain, one transaction's together."""

    event: Event
    time: Timestamp  # of its block
    block: int = 0
    transaction: str = ""
    index: int = 0  # in its block


class Divergence(VerificationError):
    """The chain shows an event that the rules do not allow, or lacks one that they demand."""

    hint: ClassVar[str] = (
        "what the chain shows is not what the rules make of it: keep a bundle, and tell the other members"
    )


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the replay: the events that it covers, and the state after it."""

    logs: tuple[Logged, ...]
    state: SystemState


def compare(result: Result, logs: Sequence[Logged]) -> Step:
    """The step, if its events are those of the chain: the first of `logs`, which begin where the step began.

    Raises: Divergence.
    """
    if isinstance(result, Refusal):
        raise diverge(logs[0], f"the rules refuse it: {result}", rule=result.rule)
    if not result.events:
        raise diverge(logs[0], "the rules emit nothing for it")
    for position, expected in enumerate(result.events):
        if position >= len(logs):
            raise Divergence(f"the chain ends before {type(expected).__name__}, which the rules demand")
        logged = logs[position]
        if logged.event != expected:
            raise diverge(logged, _difference(expected, logged.event))
        if (logged.time, logged.transaction) != (logs[0].time, logs[0].transaction) and not _is_genesis(logs[0]):
            raise diverge(logged, "it stands in another transaction than the step that it belongs to")
    return Step(tuple(logs[: len(result.events)]), result.state)


def _difference(expected: Event, actual: Event) -> str:
    if type(expected) is not type(actual):
        return f"the rules demand {type(expected).__name__} here"
    wrong = next(
        field.name for field in fields(expected) if getattr(expected, field.name) != getattr(actual, field.name)
    )
    return f"its {wrong} is {_show(getattr(actual, wrong))}, and the rules make it {_show(getattr(expected, wrong))}"


def _show(value: object) -> str:
    text = "0x" + value.hex() if isinstance(value, bytes) else repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _is_genesis(log: Logged) -> bool:
    return isinstance(log.event, seats_events.SeatGranted)  # a step begins with it only in the constructors


def diverge(log: Logged, complaint: str, rule: str | None = None) -> Divergence:
    """What is wrong with this log, as an error that says where it stands."""
    name = type(log.event).__name__
    return Divergence(
        f"{name} in block {log.block}: {complaint}",
        rule=rule,
        details={"event": name, "block": log.block, "transaction": log.transaction},
    )
