"""The worker's eye on the chain: one thread looks, another keeps time, and either can end the lease, once.

What the looker sees ends the lease at once when it is a stop, or a final block that changed. That nobody answers, or
with a proof that does not verify, is not yet a loss: nothing is renewed on it, and the keeper ends the lease when the
stall limit has passed without a good look at a new block. The keeper asks nobody, so an RPC that lets the looker hang
for ever cannot keep a model alive. A lost lease is never regained.

Source: DESIGN sections 5 and 7.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from governance.chain.headers import Header
from governance.chain.view import FinalityViolation, Heads
from governance.errors import Unavailable, VerificationError
from governance.types import Address, Hash32, ReleaseId
from inference.errors import DoubtfulProof
from inference.lease import Dark, Hold, Lease, decide_lease
from inference.sight import Sight

LOOK_EVERY = 0.25  # [seconds]
Monotonic = Callable[[], float]


@dataclass(frozen=True)
class Look:
    """What a good look showed."""

    block: Header  # finalized
    newest: Header
    ledger_head: Hash32  # of the constraints, at `block`
    expires_at: int  # of the release [Unix seconds]


class Watch:
    """One release of one worker, looked at until it is lost."""

    def __init__(
        self,
        sight: Sight,
        release_id: ReleaseId,
        worker: Address,
        *,
        on_dark: Callable[[Dark], None],
        monotonic: Monotonic = time.monotonic,
    ) -> None:
        """`on_dark` is called once at most, from a thread of the watch."""
        self._sight, self._release_id, self._worker = sight, release_id, worker
        self._on_dark, self._monotonic = on_dark, monotonic
        self._lease = Lease(sight.stall_limit, monotonic())
        self._last: tuple[tuple[bytes, ...], Look] | None = None  # with the hashes of the heads that it was made at
        self._trouble = ""
        self._end, self._lost = threading.Event(), threading.Lock()
        self._threads = [
            threading.Thread(target=run, name=f"custodes-{run.__name__.strip('_')}", daemon=True)
            for run in (self._look_on, self._keep_time)
        ]

    @property
    def last(self) -> Look | None:
        return None if self._last is None else self._last[1]

    @property
    def is_fresh(self) -> bool:
        """R-Worker-03: whether a new block came within the stall limit."""
        return self._lease.left(self._monotonic()) > 0

    def look(self) -> Look | Dark:
        """One look now. The first is made by whoever starts the watch, all others by its own thread.

        Raises: Unavailable, if nobody answers, or not with a proof that verifies. A final block that changed is a Dark.
        """
        try:
            heads = self._sight.view.refresh()
            hashes = (heads.finalized.hash, *(header.hash for _, header in heads.latest))
            if self._last is not None and self._last[0] == hashes:
                return self._last[1]  # the same state was proven before
            found = self._prove(heads)
        except FinalityViolation as e:
            return Dark("R-Worker-01", f"the chain cannot be believed: {e.message}")
        except VerificationError as e:
            raise DoubtfulProof(e.message) from e
        if isinstance(found, Look):
            self._last = hashes, found
            times = sorted((header.timestamp for _, header in heads.latest), reverse=True)
            self._lease.renew(times[min(self._sight.agreement, len(times)) - 1], self._monotonic())
        return found

    def start(self) -> None:
        """The threads watch on, from a first look that was good."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """The watch has ended, and `on_dark` will not be called any more."""
        with self._lost:
            self._end.set()
        for thread in self._threads:
            if thread.is_alive() and thread is not threading.current_thread():
                thread.join(timeout=1.0)  # a looker that hangs on an RPC has no say any more

    def _prove(self, heads: Heads) -> Look | Dark:
        sight = self._sight
        decision = decide_lease(*sight.see_release(heads, self._release_id, self._worker))
        if isinstance(decision, Hold):
            head = sight.terms.ledger_head(sight.view.prove, heads.finalized)
            return Look(heads.finalized, heads.newest, head, decision.expires_at)
        return decision

    def _look_on(self) -> None:
        while not self._end.wait(LOOK_EVERY):
            try:
                found = self.look()
            except Unavailable as e:
                self._trouble = f" ({e.message})"
                continue
            except Exception as e:  # noqa: BLE001 - an error of our own must not leave a model running unwatched
                self._lose(Dark("R-Worker-01", f"the watch failed: {type(e).__name__}"))
                return
            self._trouble = ""
            if isinstance(found, Dark):
                self._lose(found)
                return

    def _keep_time(self) -> None:
        while (left := self._lease.left(self._monotonic())) > 0:
            if self._end.wait(min(left, LOOK_EVERY)):
                return
        limit = self._sight.stall_limit
        self._lose(Dark("R-Worker-03", f"no new block came within {limit:.0f} s{self._trouble}"))

    def _lose(self, dark: Dark) -> None:
        with self._lost:
            if self._end.is_set():
                return
            self._end.set()
            self._on_dark(dark)
