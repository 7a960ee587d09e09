"""From a release to the data key: one request with a fresh transport key, t partials, one verified identity key.

The transport key lives in this process's memory alone. If the process ends, its request can be answered but not used;
the next one waits until it was answered or has expired. What is combined is checked against the committee's key, whose
hash the vote on the model fixed, so that an RPC that lies about partials can delay, but never mislead.

Source: DESIGN section 4, points 5 to 7.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from governance.chain.errors import RpcUnavailable
from governance.chain.rpc import as_int
from governance.crypto.errors import InvalidCommittee, InvalidPoint, WrongDealing, WrongPartial
from governance.crypto.group import G2
from governance.crypto.ibe import WrapContext, WrappedKey, unwrap
from governance.crypto.partial import Partial, TransportKey, combine, generate_transport_key, verify_partial
from governance.crypto.points import g1_from_eip2537, g1_to_eip2537, g2_from_eip2537
from governance.crypto.vss import compute_public_key_share
from governance.encoding.committee import G2_BYTES, compute_public_key_hash
from governance.encoding.releases import compute_transport_context
from governance.ledger.client import Ledger
from governance.ledger.codec import event_topic
from governance.ledger.transactions import TransactionSigner
from governance.types import Hash32, Identity, MemberIndex, MemberRecord, ReleaseId, RequestId, RequestRecord
from governance.types.events.committee import PartialPosted, UnlockRequested
from inference.errors import UnlockTimedOut, WrongCommittee
from inference.sealed import DataKey, Manifest

POLL = 0.2  # [seconds] between two looks

Report = Callable[[str], None]  # gets one line that says what is waited for


@dataclass(frozen=True)
class Answered:
    """One member's partial as it stands on the chain, verified here."""

    member: MemberIndex
    oracle: str
    block: int
    transaction: bytes
    partial: Partial = field(repr=False)


@dataclass(frozen=True)
class Unlocked:
    """The data key, and how it came about."""

    data_key: DataKey
    request_id: RequestId
    seconds: float
    blocks: int  # from the request's block to the one that held the t-th partial
    answers: tuple[Answered, ...]


@dataclass(frozen=True)
class Waiting:
    """How an unlock waits: for whom, how long, and who may end it."""

    report: Report
    check: Callable[[], None]  # called between two looks; raises to end the wait (the lease was lost)
    names: Mapping[bytes, str]  # of organisations
    patience: float | None  # [seconds]; None: until the request expires by the chain's time


def unlock(
    ledger: Ledger,
    signer: TransactionSigner,
    release_id: ReleaseId,
    identity: Identity,
    manifest: Manifest,
    waiting: Waiting,
) -> Unlocked:
    """The data key that was wrapped to `identity`, from the committee, under `release_id`.

    Raises: LedgerRefused, UnlockTimedOut, WrongCommittee, WrongIdentityKey, UnwrapFailed, RpcUnavailable, and what
    `waiting.check` raises.
    """
    start = time.monotonic()
    public_key = _get_committee_key(ledger, manifest)
    attempt = _Attempt(ledger, waiting, start)
    attempt.await_earlier_request(release_id, signer)
    bus = ledger.deployment.addresses["Committee"]
    place = compute_transport_context(ledger.deployment.chain_id, bus, release_id, signer.address, identity)
    transport = generate_transport_key(identity, place)
    waiting.report("asking the committee")
    asked = ledger.committee.request_unlock(release_id, g1_to_eip2537(transport.public.point), transport.public.proof)
    receipt = ledger.send(asked, signer)
    request = receipt.find(UnlockRequested)
    answers, threshold = attempt.collect(request, receipt.block, transport)
    key = combine([answer.partial for answer in answers], threshold, transport, identity, public_key)
    wrapped = WrappedKey(manifest.get_wrapped_key(identity).wrapped)
    context = WrapContext(public_key, identity, Hash32(manifest.content_root), Hash32(manifest.key_commitment))
    data_key = DataKey(unwrap(wrapped, key, context))
    last = max(answer.block for answer in answers)
    seconds = time.monotonic() - start
    return Unlocked(data_key, request.request_id, seconds, last - receipt.block, tuple(answers))


def _get_committee_key(ledger: Ledger, manifest: Manifest) -> G2:
    """The key that the model was sealed to. Raises: WrongCommittee."""
    encoded = ledger.committee.get_key()
    if not encoded or compute_public_key_hash(encoded) != manifest.committee_key_hash:
        raise WrongCommittee("the committee's key is not the one that this model was sealed to")
    return g2_from_eip2537(encoded)


@dataclass
class _Reader:
    """The partials to one request, each verified once."""

    ledger: Ledger
    request: UnlockRequested
    block: int
    transport: TransportKey
    threshold: int
    oracles: Mapping[MemberIndex, str]
    found: dict[MemberIndex, Answered] = field(default_factory=dict)
    _sums: tuple[G2, ...] = ()  # the t points behind every member's key

    def read(self) -> list[Answered]:
        """Those on chain that verify under their member's key; others are left out."""
        topics = ["0x" + event_topic("Committee", "PartialPosted").hex(), "0x" + self.request.request_id.hex()]
        for record in self.ledger.events(first=self.block, topics=topics):
            event = record.event
            if not isinstance(event, PartialPosted) or event.index in self.found:
                continue
            try:
                partial = self._verify(event)
            except (InvalidCommittee, InvalidPoint, WrongDealing, WrongPartial):
                # The contract would not have taken it: an RPC changed it, or the sums. They are asked again.
                self._sums = ()
                continue
            oracle = self.oracles.get(event.index, f"oracle-{event.index}")
            self.found[event.index] = Answered(event.index, oracle, record.block, record.transaction, partial)
        return list(self.found.values())

    def _verify(self, event: PartialPosted) -> Partial:
        key = compute_public_key_share(self._read_sums(), self.threshold, event.index)
        partial = Partial(self.request.epoch, event.index, g1_from_eip2537(event.partial_key))
        verify_partial(partial, self.transport.public, key)
        return partial

    def _read_sums(self) -> tuple[G2, ...]:
        """Asked once: the contract would derive each member's key anew, t multiplications for every one of t members.

        Raises: InvalidPoint.
        """
        if not self._sums:
            points = self.ledger.committee.get_aggregate(self.request.epoch)
            self._sums = tuple(g2_from_eip2537(points[at : at + G2_BYTES]) for at in range(0, len(points), G2_BYTES))
        return self._sums


class _Attempt:
    """One wait for the committee, with one patience."""

    def __init__(self, ledger: Ledger, waiting: Waiting, start: float) -> None:
        self._ledger, self._waiting = ledger, waiting
        self._deadline = None if waiting.patience is None else start + waiting.patience
        self._said = ""

    def await_earlier_request(self, release_id: ReleaseId, signer: TransactionSigner) -> None:
        """An open request of this worker, whose transport key is lost, was answered or has expired."""
        committee = self._ledger.committee
        earlier = committee.get_last_request(release_id, signer.address)
        if not any(earlier):
            return
        first = committee.get_request(earlier)
        members, threshold = committee.get_members(first.epoch), committee.get_epoch(first.epoch).threshold

        def is_over() -> bool:
            request = committee.get_request(earlier)
            answered = request.partials.bit_count()
            if self._ledger.now() > request.expires_at or answered >= threshold:
                return True
            missing = self._missing(members, request.partials)
            self._say(f"an earlier request of this worker still stands: {answered} of {threshold} partials", missing)
            self._check_time(request, members, threshold, request.partials)
            return False

        self._wait(is_over)

    def collect(self, request: UnlockRequested, block: int, transport: TransportKey) -> tuple[list[Answered], int]:
        """At least t verified partials, and t."""
        committee = self._ledger.committee
        threshold = committee.get_epoch(request.epoch).threshold
        members = committee.get_members(request.epoch)
        names = {member.index: self._name(member) for member in members}
        reader = _Reader(self._ledger, request, block, transport, threshold, names)

        def are_enough() -> bool:
            found = reader.read()
            if len(found) >= threshold:
                self._say(f"{len(found)} of {threshold} partials", [])
                return True
            state = committee.get_request(request.request_id)
            answered = sum(1 << at for at, member in enumerate(members) if member.index in reader.found)
            if state.approvals.bit_count() >= threshold:
                self._say(f"{len(found)} of {threshold} partials", self._missing(members, answered))
            else:
                self._say_approvals(state, block, members, threshold)
            self._check_time(state, members, threshold, answered)
            return False

        self._wait(are_enough)
        return list(reader.found.values()), threshold

    def _wait(self, is_done: Callable[[], bool]) -> None:
        """Asked again and again; a node that does not answer for a while ends nothing, the lease does."""
        while True:
            try:
                if is_done():
                    return
            except RpcUnavailable as e:
                self._say(f"waiting for the node: {e.message}", [])
            self._waiting.check()
            time.sleep(POLL)

    def _say_approvals(self, state: RequestRecord, block: int, members: Sequence[MemberRecord], threshold: int) -> None:
        """A partial is posted only after t members have approved, and they approve what is final."""
        behind = block - as_int(self._ledger.rpc.block("finalized")["number"])
        approvals = state.approvals.bit_count()
        if behind > 0:
            self._say(f"waiting for finality, {behind} block{'s' if behind > 1 else ''}", [])
        else:
            self._say(f"{approvals} of {threshold} partials approved", self._missing(members, state.approvals))

    def _check_time(
        self, request: RequestRecord, members: Sequence[MemberRecord], threshold: int, answered: int
    ) -> None:
        """Raises: UnlockTimedOut."""
        expired = self._ledger.now() > request.expires_at
        if expired or (self._deadline is not None and time.monotonic() > self._deadline):
            raise self._time_out(request, members, threshold, answered)

    def _time_out(
        self, request: RequestRecord, members: Sequence[MemberRecord], threshold: int, answered: int
    ) -> UnlockTimedOut:
        approvals, partials = request.approvals.bit_count(), answered.bit_count()
        if approvals >= threshold:
            came, missing = f"{partials} of {threshold} partials came", self._missing(members, answered)
        else:
            came = f"{approvals} of {threshold} partials were approved, and none is posted before {threshold} are"
            missing = self._missing(members, request.approvals)
        return UnlockTimedOut(
            f"{came}; no answer from {', '.join(missing)}",
            details={"approvals": approvals, "partials": partials, "threshold": threshold, "missing": missing},
        )

    def _missing(self, members: Sequence[MemberRecord], mask: int) -> list[str]:
        return [self._name(member) for at, member in enumerate(members) if not mask >> at & 1]

    def _name(self, member: MemberRecord) -> str:
        organisation = self._waiting.names.get(bytes(member.organisation_id))
        return f"oracle-{member.index}" + (f" ({organisation})" if organisation else "")

    def _say(self, what: str, missing: list[str]) -> None:
        text = what + (f": missing {', '.join(missing)}" if missing else "")
        if text != self._said:
            self._said = text
            self._waiting.report(text)
