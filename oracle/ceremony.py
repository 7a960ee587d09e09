"""Key generation and resharing at the edge: the board is proven, `oracle.dkg` says what to do, and it is done once.

A secret lies in the store before anything that rests on it leaves this process: the envelope key and the polynomial
before they are announced, the key share before it is acknowledged. A crash at any point resumes from there. What an
epoch no longer needs is erased only after a *final* block says so: an old share when a resharing is in force.
"""

from __future__ import annotations

from dataclasses import dataclass

from governance.chain.view import ChainView, Heads
from governance.crypto.envelope import EnvelopeKeyPair
from governance.crypto.group import Scalar
from governance.crypto.points import g1_to_eip2537, g2_from_eip2537, g2_to_eip2537
from governance.crypto.possession import prove_share_possession
from governance.crypto.vss import KeyShare
from governance.encoding.committee import CommitteeDomain
from governance.encoding.keccak import keccak256
from governance.ledger.proven_committee import Board, ProvenCommittee
from governance.types import ZERO_HASH, Address, ChainId, Epoch, MemberIndex, Phase
from oracle.board import (
    find_dealing,
    find_member,
    read_commitments,
    read_dealings,
    read_facts,
    read_transport_keys,
    subject,
)
from oracle.dkg import (
    OPEN,
    Accepted,
    EpochFacts,
    OwnDealing,
    Step,
    accept,
    make_dealing,
    make_envelopes,
    next_step,
    open_dealings,
)
from oracle.errors import WrongBoard
from oracle.journal import Journal
from oracle.messages import (
    encode_acknowledge,
    encode_advance,
    encode_answer,
    encode_complain,
    encode_deal,
    encode_register,
    encode_settle,
    event_topic,
)
from oracle.outbox import Outbox
from oracle.report import Report
from oracle.store import SecretStore

OVERTAKEN = ("UnexpectedPhase", "AlreadyDone")  # the board has moved on since its last final block
ONCE_IN_FORCE = ("envelope", "dealing")  # secrets that only make a share


@dataclass(frozen=True)
class HeldShare:
    """This oracle's key share of one epoch, and the public key that answers are verified with."""

    share: KeyShare
    verification_key: bytes  # PK_j, 256 bytes


class Ceremony:
    """This oracle's part in every epoch."""

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
        self._phase_seen_at = 0  # [Unix seconds] the final block in which this process first saw its phase
        self._is_clean = False  # nothing useless is left in the store
        self._held: dict[Epoch, HeldShare] = {}

    def act(self, heads: Heads) -> None:
        """What the finalized board asks of this oracle is done, or under way.

        Raises: Unavailable, BadProof, WrongBoard.
        """
        epoch = self._latest_epoch()
        if epoch is None:
            return
        board = self._prove(epoch, heads)
        facts, now = read_facts(board), heads.finalized.timestamp
        if facts.member(self.me) is None and facts.dealer(self.me) is None:
            return
        if board.term.phase not in OPEN and not self._is_clean:
            self._clean_up(heads)
            self._is_clean = True
        step = next_step(facts, self.me, now, self._patience, waited=now - self._phase_seen_at)
        final = heads.finalized.number
        # An acknowledgement may turn out to be a complaint, so that neither is made while the other is under way.
        verbs = ("acknowledge", "complain") if step is Step.ACKNOWLEDGE else (step.value,)
        if step is Step.NOTHING or any(self._outbox.is_busy(f"{verb}/{epoch}", final) for verb in verbs):
            return
        prepared = self._prepare(step, board, facts)
        if prepared is not None:
            verb, data = prepared
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

    def _prepare(self, step: Step, board: Board, facts: EpochFacts) -> tuple[str, bytes] | None:
        """What is sent, and the call's bytes; secrets that rest on it are stored before. None: nothing can be."""
        match step:
            case Step.REGISTER:
                return "register", self._register(facts)
            case Step.DEAL:
                return "deal", self._deal(board, facts)
            case Step.SETTLE:
                dealt = read_commitments(self._journal, board)
                return "settle", encode_settle(board.epoch, [dealt[dealer.index] for dealer in facts.qualified])
            case Step.ACKNOWLEDGE:
                return self._acknowledge(board, facts)
            case Step.ANSWER:
                return "answer", self._answer(board, facts)
            case Step.ADVANCE:
                return "advance", encode_advance(board.epoch)
            case Step.NOTHING:
                return None

    # ---- the steps ---------------------------------------------------------------------------------------------------

    def _register(self, facts: EpochFacts) -> bytes:
        me = _index(facts, self.me)
        commitments_hash = ZERO_HASH
        if not facts.predecessor:
            dealing = self._dealing(facts.epoch)
            if dealing is None:
                dealing = make_dealing(facts, self._domain(facts.epoch), me)
                self._store.put(f"dealing-{facts.epoch}", dealing.to_secret())
            commitments_hash = dealing.commitments_hash
        key = self._envelope_key(facts.epoch)
        if key is None:
            key = EnvelopeKeyPair.generate()
            self._store.put(f"envelope-{facts.epoch}", {"key": key.reveal().hex()})
        return encode_register(facts.epoch, key.public.data, commitments_hash)

    def _deal(self, board: Board, facts: EpochFacts) -> bytes:
        dealer = facts.dealer(self.me)
        if dealer is None:
            raise AssertionError("only a dealer deals")
        dealing = self._dealing(facts.epoch)
        if facts.predecessor:
            if dealing is None:
                held = self.share_of(facts.predecessor)
                if held is None:
                    raise WrongBoard(
                        f"member {dealer.index} is to deal its share of epoch {facts.predecessor} again, and has none",
                        hint="restore this oracle's directory; without it the others deal alone, if t of them can",
                    )
                dealing = make_dealing(facts, self._domain(facts.epoch), dealer.index, held.share.secret)
                self._store.put(f"dealing-{facts.epoch}", dealing.to_secret())
        else:
            dealing = self._own(board)
        keys = read_transport_keys(self._journal, board)
        envelopes = make_envelopes(dealing, self._domain(facts.epoch), dealer.index, keys)
        return encode_deal(facts.epoch, dealing.data, g1_to_eip2537(dealing.proof), envelopes)

    def _acknowledge(self, board: Board, facts: EpochFacts) -> tuple[str, bytes] | None:
        """The proof of the share that the dealings give this member, or the complaint about wrong ones."""
        domain, me, epoch = self._domain(board.epoch), _index(facts, self.me), board.epoch
        if (held := self._share_under(board)) is not None:  # stored before a crash
            proof = prove_share_possession(held.share.secret, g2_from_eip2537(held.verification_key), domain, me)
            return "acknowledge", encode_acknowledge(epoch, g1_to_eip2537(proof))
        key = self._envelope_key(epoch)
        if key is None:
            raise _another_copy(epoch, me)
        own = self._dealing(epoch) if facts.dealer(self.me) is not None else None
        received = open_dealings(facts, domain, me, key, own, read_dealings(self._journal, board, me))
        for dealer, reason in received.wrong.items():
            self._report.refused(f"dealing/{epoch}", None, f"that of member {dealer} is wrong: {reason}")
        if received.wrong and facts.phase is Phase.ACKNOWLEDGING:
            return "complain", encode_complain(epoch, sorted(received.wrong))
        if missing := [dealer for dealer in facts.summed if dealer not in received.shares]:
            self._report.refused(f"dealing/{epoch}", None, f"without the shares of dealers {missing} there is no share")
            return None
        result = accept(facts, domain, me, received, facts.summed)
        if keccak256(g2_to_eip2537(result.public_key)) != board.term.key_hash:
            raise WrongBoard(f"the dealings of epoch {epoch} make another key than the contract's")
        self._keep_share(board, me, result)
        return "acknowledge", encode_acknowledge(epoch, g1_to_eip2537(result.proof))

    def _answer(self, board: Board, facts: EpochFacts) -> bytes:
        """The disputed shares. The contract hears of an answer only where fewer than t complained."""
        dealing, record = self._own(board), find_dealing(board, self.me)
        recipients = [member.index for at, member in enumerate(board.members) if record.complainants >> at & 1]
        if len(recipients) >= facts.threshold:
            raise WrongBoard(
                f"epoch {board.epoch} asks for {len(recipients)} shares, which would publish what was dealt"
            )
        self._report.info("answering", epoch=board.epoch, recipients=recipients)
        return encode_answer(
            board.epoch, dealing.data, [dealing.shares[recipient].reveal() for recipient in recipients]
        )

    def _keep_share(self, board: Board, me: MemberIndex, result: Accepted) -> None:
        secret = {
            "index": str(me),
            "secret": result.share.secret.reveal().hex(),
            "verification_key": g2_to_eip2537(result.public_key_share).hex(),
            "qualified": str(board.term.qualified),
        }
        self._store.put(f"share-{board.epoch}", secret)

    def _share_under(self, board: Board) -> HeldShare | None:
        """The stored share, if it is that of the sums as they are now; one of former sums is erased."""
        name = f"share-{board.epoch}"
        secret = self._store.get(name)
        if secret is not None and int(secret["qualified"]) != board.term.qualified:
            self._store.erase(name)
            self._held.pop(board.epoch, None)
        return self.share_of(board.epoch)

    def _clean_up(self, heads: Heads) -> None:
        """What no epoch needs any more is erased: all of one that was aborted or superseded, what only made a share."""
        kept: dict[Epoch, list[str]] = {}
        for name in self._store.names():
            kept.setdefault(Epoch(int(name.rpartition("-")[2])), []).append(name)
        for epoch, names in kept.items():
            board = self._proven.board(self._view.prove, heads.finalized, epoch)
            phase = board.term.phase
            is_over = phase in (Phase.ABORTED, Phase.SUPERSEDED)
            is_made = phase is Phase.IN_FORCE and (
                f"share-{epoch}" in names or find_member(board.members, self.me) is None
            )
            for name in names:
                if is_over or (is_made and name.startswith(ONCE_IN_FORCE)):
                    self._store.erase(name)
                    self._held.pop(epoch, None)
                    self._report.info("erased", secret=name, epoch=epoch, phase=phase.name.lower())

    # ---- what is read ------------------------------------------------------------------------------------------------

    def _latest_epoch(self) -> Epoch | None:
        started = self._journal.logs(event_topic("EpochStarted"))
        return Epoch(int.from_bytes(started[-1].topics[1], "big")) if started else None

    def _prove(self, epoch: Epoch, heads: Heads) -> Board:
        """The board at the finalized block; proven anew only when an event says that it has changed."""
        seen = self._journal.count(subject(epoch))
        if self.board is None or self.board.epoch != epoch or self._seen != seen:
            before = self.board
            self.board = self._proven.board(self._view.prove, heads.finalized, epoch)
            self._seen = seen
            self._is_clean = False
            if before is None or (before.epoch, before.term.phase) != (epoch, self.board.term.phase):
                self._phase_seen_at = heads.finalized.timestamp
                term = self.board.term
                self._report.info(
                    "epoch", epoch=epoch, phase=term.phase.name.lower(), threshold=term.threshold, size=term.size
                )
        return self.board

    def _own(self, board: Board) -> OwnDealing:
        """What this dealer committed to, or dealt, as the chain has it. Raises: WrongBoard."""
        dealing, dealer = self._dealing(board.epoch), find_member(board.dealers, self.me)
        if dealer is None:
            raise AssertionError("only a dealer has a dealing")
        committed = find_dealing(board, self.me).commitments_hash
        if not any(committed):
            committed = dealer.commitments_hash
        if dealing is None or dealing.commitments_hash != committed:
            raise _another_copy(board.epoch, dealer.index)
        return dealing

    def _dealing(self, epoch: Epoch) -> OwnDealing | None:
        secret = self._store.get(f"dealing-{epoch}")
        return None if secret is None else OwnDealing.from_secret(secret)

    def _envelope_key(self, epoch: Epoch) -> EnvelopeKeyPair | None:
        secret = self._store.get(f"envelope-{epoch}")
        return None if secret is None else EnvelopeKeyPair.from_private_bytes(bytes.fromhex(secret["key"]))

    def _domain(self, epoch: Epoch) -> CommitteeDomain:
        return CommitteeDomain(self._chain_id, self._committee, epoch)


def _index(facts: EpochFacts, me: Address) -> MemberIndex:
    member = facts.member(me)
    if member is None:
        raise AssertionError("only a member registers and acknowledges")
    return member.index


def _another_copy(epoch: Epoch, me: MemberIndex) -> WrongBoard:
    return WrongBoard(
        f"member {me} is registered in epoch {epoch} with a key or a dealing that this store does not hold",
        hint="another copy of this oracle ran with the same key: restore its directory, or wait for the deadline",
    )
