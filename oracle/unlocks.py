"""Unlock requests at the edge: everything is proven, `oracle.policy` decides, and what it says is done once.

The event of a request only says where to look, and carries the transport key with its proof. The request, the release,
the stops and this member's own part are proven at the finalized block; the release once more at every RPC's latest
block, where the worst that any of them shows counts.
"""

from __future__ import annotations

from dataclasses import dataclass

from governance.chain.view import ChainView, Heads, Notice, ignore
from governance.crypto.errors import InvalidPoint, WrongTransportKey
from governance.crypto.partial import (
    TransportPublicKey,
    make_partial,
    verify_partial,
    verify_transport_key,
)
from governance.crypto.points import g1_from_eip2537, g1_to_eip2537, g2_from_eip2537
from governance.encoding.errors import NotEncodable
from governance.encoding.keccak import keccak256
from governance.encoding.releases import compute_transport_context, compute_transport_hash
from governance.ledger.proven import ProvenLedger
from governance.ledger.proven_committee import ProvenCommittee, UnlockFacts
from governance.types import Address, ChainId, Hash32, MemberIndex, RequestId
from governance.types.events.committee import PartialRefused, UnlockRequested
from oracle.ceremony import Ceremony, HeldShare
from oracle.journal import Journal
from oracle.messages import decode_log, encode_approve, encode_post, event_topic
from oracle.outbox import Outbox
from oracle.policy import Answer, Approve, OracleView, Refuse, RequestFacts, Wait, decide
from oracle.report import Report

VERBS = ("approve", "post")
OVERTAKEN = ("NoOpenRequest", "AlreadyDone")  # t others have answered


@dataclass
class _Open:
    """What this process remembers of a request; nothing of it is needed after a restart."""

    asked: UnlockRequested
    transport: TransportPublicKey | None = None  # once it was verified
    is_transport_checked: bool = False
    approved_at: int | None = None  # [Unix seconds] the first final block with t approvals
    waiting_for: str = ""


class Unlocks:
    """This member's part in every unlock."""

    def __init__(
        self,
        *,
        me: Address,
        chain_id: ChainId,
        bus: Address,
        patience: int,
        view: ChainView,
        ledger: ProvenLedger,
        committee: ProvenCommittee,
        ceremony: Ceremony,
        journal: Journal,
        outbox: Outbox,
        report: Report,
        notice: Notice = ignore,
    ) -> None:
        self._me = me
        self._chain_id, self._bus = chain_id, bus
        self._patience = patience
        self._view = view
        self._ledger = ledger
        self._committee = committee
        self._ceremony = ceremony
        self._journal = journal
        self._outbox = outbox
        self._report = report
        self._notice = notice
        self._open: dict[bytes, _Open] = {}
        self._read_to = -1

    @property
    def open_requests(self) -> int:
        return len(self._open)

    def act(self, heads: Heads) -> None:
        """Each open request has been decided on, in the state of these heads, once the chain was seen to move.

        Raises: Unavailable, BadProof.
        """
        self._gather(heads)
        if not heads.is_moving:
            return
        for request_id, request in list(self._open.items()):
            self._consider(RequestId(request_id), request, heads)
        self._outbox.drop_withheld()  # decided on before a crash, or long ago, and not again

    def refuse_all(self, rule: str, reason: str) -> None:
        """Every open request is refused while nothing can be decided on."""
        for request_id in self._open:
            self._report.refused(_subject(request_id), rule, reason)

    def _gather(self, heads: Heads) -> None:
        """New requests are taken up; those that end unanswered are closed. Who answered wrongly is told."""
        for log in self._journal.logs(event_topic("UnlockRequested"), after=self._read_to):
            request_id = log.topics[1]
            if not self._journal.is_closed(request_id):
                event = decode_log(log)
                if isinstance(event, UnlockRequested):
                    self._open.setdefault(request_id, _Open(event))
        for log in self._journal.logs(event_topic("PartialRefused"), after=self._read_to):
            refused = decode_log(log)
            if isinstance(refused, PartialRefused):
                reason = f"member {refused.index} ({refused.oracle}) answered with a partial that does not verify"
                self._report.refused(f"partial/{refused.index}/0x{log.topics[1].hex()}", "R-Committee-17", reason)
        self._read_to = heads.finalized.number
        for request_id, request in list(self._open.items()):
            if heads.finalized.timestamp > request.asked.expires_at:
                self._close(request_id, "expired", heads)
            elif self._ceremony.share_of(request.asked.epoch) is None:
                reason = f"the request is for epoch {request.asked.epoch}, and this oracle holds no share of it"
                self._report.refused(_subject(request_id), "R-Oracle-06", reason)
                self._close(request_id, "no share", heads)

    def _consider(self, request_id: RequestId, request: _Open, heads: Heads) -> None:
        final = heads.finalized.number
        held = self._ceremony.share_of(request.asked.epoch)
        if held is None or any(self._outbox.is_busy(f"{verb}/0x{request_id.hex()}", final) for verb in VERBS):
            return
        known = self._prove(request_id, request, held, heads)
        facts = self._read_facts(request_id, request, known, heads)
        if known.request.expires_at and (facts.answered_by_me or facts.partials >= known.term.threshold):
            self._close(request_id, "answered" if facts.answered_by_me else "answered by others", heads)
            return
        view = OracleView(
            finalized=self._ledger.release(
                self._view.prove, heads.finalized, known.request.release_id, known.request.worker
            ),
            latest=self._ledger.latest_releases(
                heads, known.request.release_id, known.request.worker, notice=self._notice
            ),
            my_epoch=request.asked.epoch if known.index == held.share.member else None,
            epoch_phase=known.term.phase,
            threshold=known.term.threshold,
            transport_ok=self._verify_transport(request, known),
            stalled=not heads.is_moving,
            latched=self._journal.latch is not None,
            patience=self._patience,
        )
        match decide(facts, view):
            case Approve():
                self._act("approve", request_id, encode_approve(request_id), final)
            case Answer():
                self._answer(request_id, request, held, final)
            case Refuse(rule, reason):
                self._report.refused(_subject(request_id), rule, reason)
            case Wait(reason):
                if reason != request.waiting_for:
                    request.waiting_for = reason
                    self._report.info("waiting", request=request_id, reason=reason)

    def _answer(self, request_id: RequestId, request: _Open, held: HeldShare, final: int) -> None:
        """The partial is made once, written down, and posted."""
        if request.transport is None:
            return  # decide() has refused it
        made, asked = self._journal.answer(request_id), request.asked
        if made is None:
            partial = make_partial(held.share, asked.identity, request.transport, self._context_of(asked))
            # A share that decayed would make this oracle a liar, on record with its address.
            verify_partial(partial, request.transport, g2_from_eip2537(held.verification_key))
            made = g1_to_eip2537(partial.point)
            self._journal.keep_answer(request_id, made, final)
        key = held.verification_key
        data = encode_post(request_id, asked.release_id, asked.worker, made, asked.transport_key, key)
        self._act("post", request_id, data, final, is_irrevocable=True)

    def _act(self, verb: str, request_id: RequestId, data: bytes, final: int, *, is_irrevocable: bool = False) -> None:
        action, what = f"{verb}/0x{request_id.hex()}", f"{verb} of request 0x{request_id.hex()[:16]}…"
        self._outbox.send(action, what, data, final, overtaken=OVERTAKEN, is_irrevocable=is_irrevocable)

    def _prove(self, request_id: RequestId, request: _Open, held: HeldShare, heads: Heads) -> UnlockFacts:
        return self._committee.unlock(
            self._view.prove,
            heads.finalized,
            request_id,
            epoch=request.asked.epoch,
            identity=request.asked.identity,
            oracle=self._me,
            key_hash=Hash32(keccak256(held.verification_key)),
        )

    def _read_facts(self, request_id: RequestId, request: _Open, known: UnlockFacts, heads: Heads) -> RequestFacts:
        proven = known.request
        approvals = proven.approvals.bit_count()
        mine = 0 if known.place is None else 1 << known.place
        now = heads.finalized.timestamp
        if approvals >= known.term.threshold > 0 and request.approved_at is None:
            request.approved_at = now
        said = request.asked
        is_as_asked = (proven.epoch, proven.identity, proven.release_id, proven.worker) == (
            said.epoch, said.identity, said.release_id, said.worker
        )  # fmt: skip
        return RequestFacts(
            request_id=request_id,
            release_id=proven.release_id,
            identity=proven.identity,
            worker=proven.worker,
            epoch=proven.epoch,
            expires_at=proven.expires_at if is_as_asked else 0,  # the event lied about it: there is no such request
            approvals=approvals,
            approved_by_me=bool(proven.approvals & mine),
            answered_by_me=bool(proven.partials & mine),
            partials=proven.partials.bit_count(),
            rank=self._rank(request_id, known.index),
            waited=0 if request.approved_at is None else now - request.approved_at,
            is_barred=known.is_barred,
        )

    def _rank(self, request_id: RequestId, me: MemberIndex | None) -> int:
        """How many approved before this member: the chain's own order, so that all oracles agree on who answers."""
        for rank, log in enumerate(self._journal.logs(event_topic("UnlockApproved"), request_id)):
            if int.from_bytes(log.topics[2], "big") == me:
                return rank
        return 0

    def _verify_transport(self, request: _Open, known: UnlockFacts) -> bool:
        """T is what the proven request pins, lies in the subgroup, and the worker knows its secret."""
        if not request.is_transport_checked and known.request.expires_at:
            request.is_transport_checked = True
            try:
                asked = request.asked
                if compute_transport_hash(asked.transport_key) == known.request.transport_hash:
                    transport = TransportPublicKey(g1_from_eip2537(asked.transport_key), asked.proof)
                    verify_transport_key(transport, asked.identity, self._context_of(asked))
                    request.transport = transport
            except (InvalidPoint, NotEncodable, WrongTransportKey) as e:
                self._report.info("bad_transport_key", request=request.asked.request_id, reason=e.message)
        return request.transport is not None

    def _context_of(self, asked: UnlockRequested) -> Hash32:
        """What the worker's proof must be bound to. That the event says what is proven, `decide` sees to."""
        return compute_transport_context(self._chain_id, self._bus, asked.release_id, asked.worker, asked.identity)

    def _close(self, request_id: bytes, reason: str, heads: Heads) -> None:
        self._journal.close_request(request_id, reason, heads.finalized.number)
        del self._open[request_id]
        self._report.info("closed", request=request_id, reason=reason)


def _subject(request_id: bytes) -> str:
    return f"request/0x{request_id.hex()}"
