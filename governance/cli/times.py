"""Times as people read them: when, and how long until then by the chain's clock."""

from __future__ import annotations

from datetime import datetime

from governance.charter.durations import format_duration
from governance.ledger.wording import format_time


def tell_time(at: int, now: int) -> str:
    """`2026-11-25 10:00:00 UTC (in 2d)`; `(2d ago)` when it is past. `now` is the chain's."""
    distance = f"in {format_duration(at - now)}" if at > now else f"{format_duration(now - at)} ago"
    return f"{format_time(at)} ({distance})"


def tell_local_time(at: int) -> str:
    """The same moment on this machine's clock face."""
    return datetime.fromtimestamp(at).astimezone().strftime("%a %Y-%m-%d %H:%M %Z")
