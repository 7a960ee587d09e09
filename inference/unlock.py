"""From a release to the data key: one request with a fresh transport key, t partials, one verified identity key.

The transport key lives in this process's memory alone. If the process ends, its request can be answered but not used;
the next one waits until it has expired. What is combined is checked against the committee's key, whose hash the vote on
the model fixed, so that an RPC that lies about partials can delay, but never mislead.

Source: DESIGN section 4, points 5 to 7.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from governance.chain.view import ChainStalled
from governance.crypto.errors import InvalidPoint, WrongPartial
from governance.crypto.group import G2
from governance.crypto.ibe import WrapContext, WrappedKey, unwrap
from governance.crypto.partial import Partial, TransportKey, combine, generate_transport_key, verify_partial
from governance.crypto.points import g1_from_eip2537, g1_to_eip2537, g2_from_eip2537, g2_to_eip2537
from governance.encoding.committee import compute_public_key_hash
from governance.errors import VerificationError
from governance.ledger.client import Ledger
from governance.ledger.codec import event_topic
from governance.ledger.transactions import TransactionSigner
from governance.types import Epoch, Hash32, Identity, MemberIndex, ReleaseId, RequestId
from governance.types.events.committee import PartialPosted, UnlockRequested
from inference.errors import UnlockTimedOut
from inference.sealed import DataKey, Manifest

POLL = 0.2  # [seconds] between two looks


@dataclass(frozen=True)
class Progress:
    """Where an unlock stands, for whoever waits."""

    approvals: int
    partials: int
    threshold: int
    missing: tuple[str, ...]  # organisations whose oracles have not answered

    def __str__(self) -> str:
        if self.approvals < self.threshold:
            return f"{self.approvals} of {self.threshold} approvals"
        return f"{self.partials} of {self.threshold} partials"


@dataclass(frozen=True)
class Unlocked:
    """The data key, and how it came about."""

    data_key: DataKey
    request_id: RequestId
    seconds: float
    blocks: int  # from the request's block to the one that held the t-th partial


Report = Callable[[Progress], None]


class ChainClock:
    """The chain's time, which a wait ends by; a chain that stands still ends the wait too."""

    def __init__(self, ledger: Ledger, stall_limit: float) -> None:
        self._ledger = ledger
        self._stall_limit = stall_limit
        self._last, self._moved = 0, time.monotonic()

    def now(self) -> int:
        """The time of the latest block [Unix seconds]. Raises: ChainStalled, RpcUnavailable."""
        now = int(self._ledger.now())
        if now != self._last:
            self._last, self._moved = now, time.monotonic()
        elif time.monotonic() - self._moved > self._stall_limit:
            raise ChainStalled(f"no new block for {self._stall_limit:.0f} s while waiting for the committee")
        return now


def unlock(
    ledger: Ledger,
    signer: TransactionSigner,
    release_id: ReleaseId,
    manifest: Manifest,
    *,
    names: Callable[[bytes], str],
    stall_limit: float,
    report: Report = lambda _: None,
) -> Unlocked:
    """The data key of the sealed model, from the committee, under `release_id`.

    `names` gives an organisation's name for its id. It waits until the request expires by the chain's time.
    Units: `stall_limit` in seconds.
    Raises: ChainStalled, LedgerRefused, UnlockTimedOut, WrongIdentityKey, UnwrapFailed, VerificationError,
    RpcUnavailable.
    """
    start = time.monotonic()
    committee_key = ledger.committee.get_key()
    if compute_public_key_hash(committee_key) != manifest.committee_key_hash:
        raise VerificationError("the committee's key is not the one that this model was sealed to")
    clock = ChainClock(ledger, stall_limit)
    _await_earlier_request(ledger, clock, signer, release_id, report)
    transport = generate_transport_key()
    t1, t2 = g1_to_eip2537(transport.public.t1), g2_to_eip2537(transport.public.t2)
    receipt = ledger.send(ledger.committee.request_unlock(release_id, t1, t2), signer)
    request = receipt.find(UnlockRequested)
    partials, last_block = _collect(ledger, clock, request, receipt.block, transport, names, report)
    epoch = ledger.committee.get_epoch(request.epoch)
    public_key = g2_from_eip2537(committee_key)
    key = combine(partials, epoch.threshold, transport, request.identity, public_key)
    wrapped = WrappedKey(manifest.get_wrapped_key(request.identity).wrapped)
    context = WrapContext(public_key, request.identity, Hash32(manifest.content_root), Hash32(manifest.key_commitment))
    data_key = DataKey(unwrap(wrapped, key, context))
    return Unlocked(data_key, request.request_id, time.monotonic() - start, last_block - receipt.block)


def _await_earlier_request(
    ledger: Ledger, clock: ChainClock, signer: TransactionSigner, release_id: ReleaseId, report: Report
) -> None:
    """An open request of this worker, whose transport key is lost, has expired or was answered."""
    earlier = ledger.committee.get_last_request(release_id, signer.address)
    if not any(earlier):
        return
    while True:
        request = ledger.committee.get_request(earlier)
        epoch = ledger.committee.get_epoch(request.epoch)
        answered = request.partials.bit_count()
        if clock.now() > request.expires_at or answered >= epoch.threshold:
            return
        report(Progress(request.approvals.bit_count(), answered, epoch.threshold, ()))
        time.sleep(1.0)


def _collect(
    ledger: Ledger,
    clock: ChainClock,
    request: UnlockRequested,
    block: int,
    transport: TransportKey,
    names: Callable[[bytes], str],
    report: Report,
) -> tuple[list[Partial], int]:
    """At least t verified partials, and the block of the last of them."""
    threshold = ledger.committee.get_epoch(request.epoch).threshold
    members = ledger.committee.get_members(request.epoch)
    keys: dict[MemberIndex, G2] = {}
    seen: Progress | None = None
    while True:
        partials, last_block = _verified_partials(ledger, request, block, transport, keys)
        state = ledger.committee.get_request(request.request_id)
        answered = {partial.member for partial in partials}
        missing = tuple(sorted(names(m.organisation_id) for m in members if m.index not in answered))
        progress = Progress(state.approvals.bit_count(), len(partials), threshold, missing)
        if progress != seen:
            report(progress)
            seen = progress
        if len(partials) >= threshold:
            return partials, last_block
        if clock.now() > request.expires_at:
            raise UnlockTimedOut(
                f"{len(partials)} of {threshold} partials arrived before the request expired; "
                f"no answer from {', '.join(missing)}",
                details={"partials": len(partials), "threshold": threshold, "missing": list(missing)},
            )
        time.sleep(POLL)


def _verified_partials(
    ledger: Ledger, request: UnlockRequested, block: int, transport: TransportKey, keys: dict[MemberIndex, G2]
) -> tuple[list[Partial], int]:
    """The partials on chain that verify under their member's key; others are left out."""
    topics = ["0x" + event_topic("Committee", "PartialPosted").hex(), "0x" + request.request_id.hex()]
    found: dict[MemberIndex, Partial] = {}
    last = block
    for record in ledger.events(first=block, topics=topics):
        event = record.event
        if not isinstance(event, PartialPosted) or event.index in found:
            continue
        if event.index not in keys:
            encoded = ledger.committee.get_verification_key(request.epoch, event.index)
            keys[event.index] = g2_from_eip2537(encoded)
        try:
            partial = Partial(Epoch(request.epoch), event.index, g1_from_eip2537(event.c1), g1_from_eip2537(event.c2))
            verify_partial(partial, Identity(request.identity), transport.public, keys[event.index])
        except (InvalidPoint, WrongPartial):
            continue  # the contract would not have taken it: an RPC invented or changed it
        found[event.index] = partial
        last = max(last, record.block)
    return list(found.values()), last
