"""The key generation at the edge: the board is proven, `oracle.dkg` says what to do, and it is done once.

A secret lies in the store before anything that rests on it leaves this process: the registration (envelope key and
polynomial) before it is announced, the key share before it is acknowledged. A crash at any point resumes from there.
"""

from __future__ import annotations

from dataclasses import dataclass

from governance.chain.view import ChainView, Heads
from governance.crypto.group import Scalar
from governance.crypto.points import g1_to_eip2537, g2_from_eip2537, g2_to_eip2537
from governance.crypto.possession import prove_share_possession
from governance.crypto.vss import KeyShare
from governance.encoding.committee import CommitteeDomain
from governance.encoding.keccak import keccak256
from governance.ledger.proven_committee import Board, ProvenCommittee
from governance.types import Address, ChainId, Epoch, MemberIndex, MemberRecord, Phase
from governance.types.events.committee import Dealt, TransportKeyRegistered
from oracle.dkg import (
    Accused,
    DealingFacts,
    EpochFacts,
    MemberFacts,
    Registration,
    Step,
    make_envelopes,
    make_registration,
    next_step,
    open_dealings,
)
from oracle.errors import UnusableKey, WrongBoard
from oracle.journal import Journal
from oracle.messages import (
    compute_dealing_hash,
    decode_log,
    encode_abort,
    encode_accuse,
    encode_acknowledge,
    encode_deal,
    encode_finalise,
    encode_register,
    event_topic,
)
from oracle.outbox import Outbox
from oracle.report import Report
from oracle.store import SecretStore

OVERTAKEN = ("UnexpectedPhase", "AlreadyDone")  # the board has moved on since its last final block
OPEN = (Phase.REGISTERING, Phase.DEALING, Phase.ACKNOWLEDGING)


@dataclass(frozen=True)
class HeldShare:
    """This oracle's key share of one epoch, and the public key that answers are verified with."""

    share: KeyShare
    verification_key: bytes  # PK_j, 256 bytes


class Ceremony:
    """This member's part in every epoch."""

    def __init__(
        self,
        *,
        me: Address,
        chain_id: ChainId,
        committee: Address,
        patience: int,
        view: ChainView,
        proven: ProvenCommittee,
        journal: Journal,
        store: SecretStore,
        outbox: Outbox,
        report: Report,
    ) -> None:
        self.me = me
        self._chain_id = chain_id
        self._committee = committee
        self._patience = patience
        self._view = view
        self._proven = proven
        self._journal = journal
        self._store = store
        self._outbox = outbox
        self._report = report
        self.board: Board | None = None  # of the latest epoch, as it was proven last
        self._seen = -1  # events of that epoch when it was proven
        self._is_clean = False  # nothing useless is left in the store
        self._given_up: set[Epoch] = set()
        self._held: dict[Epoch, HeldShare] = {}

    def act(self, heads: Heads) -> None:
        """What the finalized board asks of this member is done, or under way.

        Raises: Unavailable, BadProof, WrongBoard.
        """
        epoch = self._latest_epoch()
        if epoch is None:
            return
        board = self._prove(epoch, heads)
        facts = read_facts(board)
        mine = facts.member(self.me)
        if mine is None:
            return
        step = next_step(facts, self.me, heads.finalized.timestamp, self._patience)
        if board.term.phase not in OPEN and not self._is_clean:
            self._clean_up(heads)
            self._is_clean = True
        if step is Step.NOTHING or (epoch in self._given_up and step is Step.DEAL):
            return
        final = heads.finalized.number
        if self._outbox.is_busy(f"{step.value}/{epoch}", final) or self._outbox.is_busy(f"accuse/{epoch}", final):
            return
        try:
            verb, data = self._prepare(step, board, facts, mine.index)
        except UnusableKey as e:
            self._given_up.add(epoch)
            self._report.refused(f"deal/{epoch}", None, f"{e.message}: the epoch will miss its deadline")
            return
        self._outbox.send(f"{verb}/{epoch}", f"{verb} in epoch {epoch}", data, final, overtaken=OVERTAKEN)

    def share_of(self, epoch: Epoch) -> HeldShare | None:
        """The key share of that epoch, from memory or the store."""
        if epoch not in self._held:
            secret = self._store.get(f"share-{epoch}")
            if secret is None:
                return None
            share = KeyShare(
                epoch, MemberIndex(int(secret["index"])), Scalar.from_bytes(bytes.fromhex(secret["secret"]))
            )
            self._held[epoch] = HeldShare(share, bytes.fromhex(secret["verification_key"]))
        return self._held[epoch]

    def _prepare(self, step: Step, board: Board, facts: EpochFacts, me: MemberIndex) -> tuple[str, bytes]:
        """What is sent, and the call's bytes; secrets that rest on it are stored before. Raises: UnusableKey."""
        match step:
            case Step.REGISTER:
                return "register", self._register(facts, me)
            case Step.DEAL:
                return "deal", self._deal(board, facts, me)
            case Step.ACKNOWLEDGE:
                return self._acknowledge(board, facts, me)
            case Step.FINALISE:
                return "finalise", encode_finalise(board.epoch)
            case Step.ABORT:
                return "abort", encode_abort(board.epoch)
            case Step.NOTHING:
                raise AssertionError("nothing is not prepared")

    # ---- the steps ---------------------------------------------------------------------------------------------------

    def _register(self, facts: EpochFacts, me: MemberIndex) -> bytes:
        registration = self._registration(facts.epoch)
        if registration is None:
            registration = make_registration(facts, self._domain(facts.epoch), me)
            self._store.put(f"registration-{facts.epoch}", registration.to_secret())
        return encode_register(facts.epoch, registration.envelope_key.public.data, registration.commitments_hash)

    def _deal(self, board: Board, facts: EpochFacts, me: MemberIndex) -> bytes:
        registration = self._own(board, me)
        keys = self._transport_keys(board)
        transport_keys = [(member.index, keys[member.index]) for member in board.members]
        envelopes = make_envelopes(registration, self._domain(facts.epoch), me, transport_keys)
        commitments = b"".join(g2_to_eip2537(point) for point in registration.commitments)
        return encode_deal(facts.epoch, commitments, g1_to_eip2537(registration.proof), envelopes)

    def _acknowledge(self, board: Board, facts: EpochFacts, me: MemberIndex) -> tuple[str, bytes]:
        """The proof of the share that all dealings give this member, or the accusation of a wrong one."""
        domain = self._domain(board.epoch)
        if (held := self.share_of(board.epoch)) is not None:  # stored before a crash
            public_key_share = g2_from_eip2537(held.verification_key)
            proof = prove_share_possession(held.share.secret, public_key_share, domain, me)
            return "acknowledge", encode_acknowledge(board.epoch, g1_to_eip2537(proof))
        place = facts.indices.index(me)
        result = open_dealings(facts, domain, me, self._own(board, me), self._dealings(board, place))
        if isinstance(result, Accused):
            self._report.refused(
                f"dealing/{board.epoch}", None, f"that of member {result.dealer} is wrong: {result.reason}"
            )
            return "accuse", encode_accuse(board.epoch, result.dealer)
        if keccak256(g2_to_eip2537(result.public_key)) != board.term.key_hash:
            raise WrongBoard(f"the dealings of epoch {board.epoch} add up to another key than the contract's")
        secret = {
            "index": str(me),
            "secret": result.share.secret.reveal().hex(),
            "verification_key": g2_to_eip2537(result.public_key_share).hex(),
        }
        self._store.put(f"share-{board.epoch}", secret)
        return "acknowledge", encode_acknowledge(board.epoch, g1_to_eip2537(result.proof))

    def _clean_up(self, heads: Heads) -> None:
        """What no epoch needs any more is erased: all of one that was aborted, and what only made a key in force."""
        kept: dict[Epoch, list[str]] = {}
        for name in self._store.names():
            kept.setdefault(Epoch(int(name.rpartition("-")[2])), []).append(name)
        for epoch, names in kept.items():
            phase = self._proven.board(self._view.prove, heads.finalized, epoch).term.phase
            useless = [
                name
                for name in names
                if phase is Phase.ABORTED
                or (phase is Phase.IN_FORCE and name.startswith("registration") and f"share-{epoch}" in names)
            ]
            for name in useless:
                self._store.erase(name)
                self._held.pop(epoch, None)
                self._report.info("erased", secret=name, epoch=epoch, phase=phase.name.lower())

    # ---- what is read ------------------------------------------------------------------------------------------------

    def _latest_epoch(self) -> Epoch | None:
        started = self._journal.logs(event_topic("EpochStarted"))
        return Epoch(int.from_bytes(started[-1].topics[1], "big")) if started else None

    def _prove(self, epoch: Epoch, heads: Heads) -> Board:
        """The board at the finalized block; proven anew only when an event says that it has changed."""
        seen = self._journal.count(_subject(epoch))
        if self.board is None or self.board.epoch != epoch or self._seen != seen:
            before = self.board
            self.board = self._proven.board(self._view.prove, heads.finalized, epoch)
            self._seen = seen
            self._is_clean = False
            if before is None or (before.epoch, before.term.phase) != (epoch, self.board.term.phase):
                term = self.board.term
                self._report.info(
                    "epoch", epoch=epoch, phase=term.phase.name.lower(), threshold=term.threshold, size=term.size
                )
        return self.board

    def _transport_keys(self, board: Board) -> dict[MemberIndex, bytes]:
        """Everybody's envelope key, each compared with its hash in the proven state."""
        keys: dict[MemberIndex, bytes] = {}
        for log in self._journal.logs(event_topic("TransportKeyRegistered"), _subject(board.epoch)):
            event = decode_log(log)
            if isinstance(event, TransportKeyRegistered):
                keys[event.index] = event.transport_key
        for member in board.members:
            if keccak256(keys.get(member.index, b"")) != member.transport_key_hash:
                raise WrongBoard(f"the envelope key of member {member.index} is not the one that it registered")
        return keys

    def _dealings(self, board: Board, place: int) -> list[DealingFacts]:
        """Everybody's dealing, each compared with its hash in the proven state, with the envelope at `place`."""
        found: dict[MemberIndex, Dealt] = {}
        for log in self._journal.logs(event_topic("Dealt"), _subject(board.epoch)):
            event = decode_log(log)
            if isinstance(event, Dealt):
                found[event.dealer] = event
        dealings = []
        for member in board.members:
            dealt = found.get(member.index)
            if dealt is None or compute_dealing_hash(dealt.commitments, dealt.envelopes) != member.dealing_hash:
                raise WrongBoard(f"the dealing of member {member.index} is not the one that it posted")
            dealings.append(DealingFacts(dealt.dealer, dealt.commitments, dealt.proof, dealt.envelopes[place]))
        return dealings

    def _own(self, board: Board, me: MemberIndex) -> Registration:
        """What this member committed to, as the chain has it. Raises: WrongBoard."""
        registration = self._registration(board.epoch)
        record = _record(board, me)
        if registration is None or registration.commitments_hash != record.commitments_hash:
            raise WrongBoard(
                f"member {me} is registered in epoch {board.epoch} with a dealing that this store does not hold",
                hint="another copy of this oracle ran with the same key: restore its directory, or wait for the abort",
            )
        return registration

    def _registration(self, epoch: Epoch) -> Registration | None:
        secret = self._store.get(f"registration-{epoch}")
        return None if secret is None else Registration.from_secret(secret)

    def _domain(self, epoch: Epoch) -> CommitteeDomain:
        return CommitteeDomain(self._chain_id, self._committee, epoch)


def read_facts(board: Board) -> EpochFacts:
    """The board in the form in which the rules take it: done is what has left its hash."""
    members = tuple(
        MemberFacts(
            index=member.index,
            oracle=member.oracle,
            registered=any(member.commitments_hash),
            dealt=any(member.dealing_hash),
            acknowledged=any(member.verification_key_hash),
        )
        for member in board.members
    )
    term = board.term
    return EpochFacts(board.epoch, term.phase, term.threshold, term.slack, term.phase_ends_at, members)


def _record(board: Board, me: MemberIndex) -> MemberRecord:
    return next(member for member in board.members if member.index == me)


def _subject(epoch: Epoch) -> bytes:
    return epoch.to_bytes(32, "big")
