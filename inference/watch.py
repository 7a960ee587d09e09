"""The worker's eye on the chain: a thread that renews the lease at each look, and says when it is lost.

A look that fails because nobody answers is not yet a loss: the lease holds until the stall limit has passed since the
last good look, by the monotonic clock. A look that succeeds and shows a stop, or a chain that contradicts itself, ends
the lease at once. It is never regained: a worker that went dark unlocks again, or not at all.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from governance.chain.headers import Header
from governance.chain.view import ChainView
from governance.errors import CustodesError, Unavailable
from governance.ledger.proven import ProvenLedger
from governance.types import Address, Hash32, ReleaseId
from inference.lease import Dark, Hold, decide_lease

LOOK_EVERY = 0.25  # [seconds]


@dataclass(frozen=True)
class Look:
    """What a good look showed."""

    block: Header  # finalized
    newest: Header
    ledger_head: Hash32
    expires_at: int  # of the release [Unix seconds]


class Watch:
    """One release of one worker, looked at until it is lost."""

    def __init__(
        self,
        view: ChainView,
        proven: ProvenLedger,
        release_id: ReleaseId,
        worker: Address,
        *,
        stall_limit: float,
        on_dark: Callable[[Dark], None],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Units: `stall_limit` in seconds. `on_dark` is called once, from the watch's thread."""
        self._view, self._proven = view, proven
        self._release_id, self._worker = release_id, worker
        self._stall_limit = stall_limit
        self._on_dark = on_dark
        self._monotonic = monotonic
        self._good_at = monotonic()
        self._look: Look | None = None
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="custodes-watch", daemon=True)

    @property
    def last(self) -> Look | None:
        return self._look

    def look(self) -> Look | Dark:
        """One look now.

        Raises: Unavailable, if nobody answers; everything else that is wrong with the chain is a Dark.
        """
        try:
            heads = self._view.refresh()
            finalized = self._proven.release(self._view.prove, heads.finalized, self._release_id, self._worker)
            latest = self._proven.latest_releases(heads, self._release_id, self._worker)
            ledger_head = self._proven.ledger_head(self._view.prove, heads.finalized)
        except Unavailable:
            raise
        except CustodesError as e:
            return Dark("R-Worker-03", f"{e.name}: {e.message}")
        match decide_lease(finalized, latest):
            case Hold(expires_at):
                self._look = Look(heads.finalized, heads.newest, ledger_head, expires_at)
                self._good_at = self._monotonic()
                return self._look
            case dark:
                return dark

    def start(self) -> None:
        """The thread looks on, from a first look that was good."""
        self._good_at = self._monotonic()
        self._thread.start()

    def stop(self) -> None:
        """The thread has ended, and `on_dark` will not be called any more."""
        self._end.set()
        if self._thread.is_alive() and threading.current_thread() is not self._thread:
            self._thread.join()

    def _run(self) -> None:
        while not self._end.wait(LOOK_EVERY):
            dark = self._look_once()
            if dark is not None:
                if not self._end.is_set():
                    self._on_dark(dark)
                return

    def _look_once(self) -> Dark | None:
        try:
            found = self.look()
        except Unavailable as e:
            silent = self._monotonic() - self._good_at
            if silent <= self._stall_limit:
                return None
            return Dark("R-Worker-03", f"no good look at the chain for {silent:.0f} s: {e.message}")
        except Exception as e:  # noqa: BLE001 - an error of our own must not leave a model running unwatched
            return Dark("R-Worker-03", f"the watch failed: {type(e).__name__}")
        return found if isinstance(found, Dark) else None
