"""`custodes ...`, killed at a named place: python dying_oracle.py MARK PLACE MOMENT NUMBER -- oracle run ...

The places are the functions by which an oracle leaves something behind: in its store, in its journal, on the chain. The
process ends by SIGKILL, its own, before or after the NUMBERth call of that function with that subject ("write deal":
the transaction that deals is written down), or in the middle of it: `torn` is just before the system call that would
finish it. Nothing of this is in the product: the functions are wrapped here, and what runs is `custodes` itself.

MARK is a file that says that the place was reached.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from governance.chain.receipts import Log
from oracle.journal import Journal, Sent
from oracle.messages import event_topic
from oracle.relay import Relay
from oracle.store import SecretStore

EVENTS = ("EpochStarted", "UnlockRequested")
FINISHES = {"put": "os.rename", "erase": "os.remove"}  # the system call without which it was not done

Subjects = Callable[..., set[str]]


def main() -> None:
    """The command has run to its end, or this process is dead."""
    mark, place, moment, number, _, *command = sys.argv[1:]
    arm(Path(mark), place, moment, int(number))
    sys.argv = ["custodes", *command]
    from governance.cli.main import main as custodes

    sys.exit(custodes())


def arm(mark: Path, place: str, moment: str, number: int) -> None:
    """The next `number`th call at that place is the last thing that this process does."""
    doing, subject = place.split()
    owner, name, subjects = PLACES[doing]
    function = getattr(owner, name)
    calls = 0
    is_inside = False

    @wraps(function)
    def deadly(self: Any, *arguments: Any, **options: Any) -> Any:
        nonlocal calls, is_inside
        if subject not in subjects(self, *arguments):
            return function(self, *arguments, **options)
        calls += 1
        if calls != number:
            return function(self, *arguments, **options)
        if moment == "before":
            die(mark, place, moment)
        is_inside = True
        result = function(self, *arguments, **options)
        die(mark, place, moment)
        return result

    def on_system_call(event: str, _: tuple[Any, ...]) -> None:
        if is_inside and event == FINISHES[doing]:
            die(mark, place, moment)

    setattr(owner, name, deadly)
    if moment == "torn":
        sys.addaudithook(on_system_call)


def die(mark: Path, place: str, moment: str) -> None:
    """This process ends here. The mark is on disk."""
    with mark.open("a") as file:
        file.write(f"{moment} {place}\n")
        file.flush()
        os.fsync(file.fileno())
    os.kill(os.getpid(), signal.SIGKILL)


def _verb(action: str) -> str:
    return action.partition("/")[0]


def _of_secret(store: SecretStore, name: str, *_: Any) -> set[str]:
    return {name.partition("-")[0]}


def _of_sent(_: object, sent: Sent) -> set[str]:
    return {_verb(sent.action)}


def _of_mark(journal: Journal, tx_hash: bytes, *_: Any) -> set[str]:
    return {_verb(sent.action) for sent in journal.sent() if sent.hash == tx_hash}


def _of_logs(_: Journal, header: object, logs: list[Log]) -> set[str]:
    return {name for name in EVENTS if any(log.topics[0] == event_topic(name) for log in logs)} | {"blocks"}


def _of_request(*_: Any) -> set[str]:
    return {"request"}


# What is done: the function that does it, and what it is done to.
PLACES: dict[str, tuple[type, str, Subjects]] = {
    "put": (SecretStore, "put", _of_secret),
    "erase": (SecretStore, "erase", _of_secret),
    "read": (Journal, "advance", _of_logs),
    "write": (Journal, "keep_sent", _of_sent),
    "send": (Relay, "broadcast", _of_sent),
    "mark": (Journal, "mark_sent", _of_mark),
    "answer": (Journal, "keep_answer", _of_request),
    "close": (Journal, "close_request", _of_request),
}

if __name__ == "__main__":
    main()
