"""What an oracle tells: one line an event, for machines or for people, and every refusal once into the journal.

No secret ever is a field: what is logged is what stands on the chain, or why something was not done.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TextIO

from oracle.journal import Journal, Refusal

SHORT = 10  # characters of a hash that a person compares


class Report:
    """The voice of one oracle. `block` is the finalized block that it has in mind."""

    def __init__(
        self,
        journal: Journal,
        *,
        stream: TextIO = sys.stderr,
        is_human: bool = False,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.block = 0
        self._journal = journal
        self._stream = stream
        self._is_human = is_human
        self._clock = clock
        self._troubles: dict[tuple[object, ...], str] = {}

    def info(self, event: str, **fields: object) -> None:
        """Something that happened, or that this oracle did."""
        self._write("info", event, fields)

    def refused(self, subject: str, rule: str | None, reason: str) -> None:
        """Something that this oracle, a contract or a node did not permit; told when it is news."""
        if self._journal.keep_refusal(Refusal(subject, rule or "", reason, self.block)):
            self._write("refusal", "refused", {"subject": subject, "rule": rule, "reason": reason})

    def trouble(self, what: str, reason: str, **fields: object) -> None:
        """Something that does not work now; told when it is news. `fields` name what it is about."""
        about = (what, *fields.values())
        if self._troubles.get(about) != reason:
            self._troubles[about] = reason
            self._write("warning", what, {**fields, "reason": reason})

    def over(self, what: str, **fields: object) -> None:
        """That trouble is over."""
        if self._troubles.pop((what, *fields.values()), None) is not None:
            self._write("info", f"{what}_over", fields)

    def _write(self, level: str, event: str, fields: dict[str, object]) -> None:
        now = self._clock()
        plain = {name: "0x" + value.hex() if isinstance(value, bytes) else value for name, value in fields.items()}
        if self._is_human:
            told = " ".join(f"{name}={_show(value)}" for name, value in plain.items() if value is not None)
            mark = "" if level == "info" else f"{level}: "
            line = f"{now:%H:%M:%S} block {self.block} {mark}{event.replace('_', ' ')} {told}".rstrip()
        else:
            line = json.dumps(
                {"time": now.isoformat(timespec="milliseconds"), "level": level, "block": self.block, "event": event}
                | plain
            )
        try:
            self._stream.write(line + "\n")
            self._stream.flush()
        except (OSError, ValueError):  # a terminal that was closed is no reason to stop
            return


def _show(value: object) -> str:
    """In one line, without what moves a terminal's cursor: a node's words must not look like ours."""
    if isinstance(value, str) and value.startswith("0x") and len(value) > 44:
        value = f"{value[:SHORT]}…"
    return "".join(each if each.isprintable() else "?" for each in str(value))
