"""Lengths of time as people write them: 20s, 90m, 36h, 7d, 2w, 1y, or several after each other (1d12h)."""

from __future__ import annotations

import re

from governance.errors import InvalidInput
from governance.types import Seconds

UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800, "y": 31_536_000}
_PART = re.compile(r"(\d{1,10})([smhdwy])")


def parse_duration(text: str) -> Seconds:
    """The seconds that `text` means. Raises: InvalidInput."""
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise InvalidInput(f"{text!r} is no length of time", hint="such as 20s, 90m, 36h, 7d or 1d12h")
    return Seconds(sum(int(number) * UNITS[unit] for number, unit in parts))


def format_duration(seconds: int) -> str:
    """The same length in the two largest units that are not zero: 1d12h; 0s."""
    rest, parts = seconds, []
    for unit in ("d", "h", "m", "s"):
        count, rest = divmod(rest, UNITS[unit])
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts[:2]) or "0s"
