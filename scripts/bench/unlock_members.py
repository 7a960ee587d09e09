"""A key generation on the chain, played by all members in this process, for what each transaction costs.

Two dealers are accused: one answers with a share that is not on its polynomial and is disqualified, the other with the
right one, which closes the phase. The key is made without the first. What is left is what `custodes oracle run` finds
after a key generation of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from governance.crypto.envelope import EnvelopeKeyPair
from governance.crypto.group import Scalar
from governance.crypto.points import g1_to_eip2537, g2_to_eip2537
from governance.encoding.committee import CommitteeDomain
from governance.ledger.signer import Keystore, Signer
from governance.types import Epoch, MemberIndex, Phase
from oracle.config import KEY, OracleConfig
from oracle.creation import create_oracle
from oracle.dkg import (
    Accepted,
    DealerFacts,
    EpochFacts,
    MemberFacts,
    OwnDealing,
    Received,
    accept,
    make_dealing,
    make_envelopes,
)
from oracle.store import SecretStore
from unlock_chain import Chain
from unlock_crypto import any_threshold

PASSWORD = "a benchmark's password"
ACCUSER, LIAR, SLANDERED = 0, 1, 2  # places in the list


@dataclass
class Home:
    """An oracle's directory, and what opens it."""

    directory: Path
    signer: Signer = field(repr=False)

    @classmethod
    def make(cls, directory: Path) -> Home:
        directory.mkdir(mode=0o700, parents=True)
        password = directory / "password"
        password.write_text(PASSWORD + "\n")
        create_oracle(OracleConfig(directory, password_file=password), PASSWORD, insecure_devnet=True)
        return cls(directory, Keystore(directory).find(KEY).open(PASSWORD))

    def keep(self, epoch: Epoch, accepted: Accepted, qualified: int) -> None:
        """The share of that epoch lies in the oracle's store, as its own key generation would have put it there."""
        secret = {
            "index": str(accepted.share.member),
            "secret": accepted.share.secret.reveal().hex(),
            "verification_key": g2_to_eip2537(accepted.public_key_share).hex(),
            "qualified": str(qualified),
        }
        SecretStore.open(self.directory / "secrets", PASSWORD).put(f"share-{epoch}", secret)


@dataclass
class _Ceremony:
    """What all members know; they are one process, and open no envelope."""

    chain: Chain
    homes: Sequence[Home]
    epoch: Epoch
    facts: EpochFacts
    domain: CommitteeDomain
    dealings: dict[MemberIndex, OwnDealing] = field(default_factory=dict, repr=False)
    envelope_keys: dict[MemberIndex, EnvelopeKeyPair] = field(default_factory=dict, repr=False)

    @property
    def players(self) -> list[tuple[MemberIndex, Signer]]:
        return [(index, home.signer) for index, home in zip(self.facts.indices, self.homes, strict=True)]

    def register_and_deal(self) -> None:
        committee, send = self.chain.ledger.committee, self.chain.send
        for index, signer in self.players:
            made, key = make_dealing(self.facts, self.domain, index), EnvelopeKeyPair.generate()
            self.dealings[index], self.envelope_keys[index] = made, key
            send("register", committee.register(self.epoch, key.public.data, made.commitments_hash), signer)
        public = [(index, key.public.data) for index, key in self.envelope_keys.items()]
        for index, signer in self.players:
            made = self.dealings[index]
            envelopes = make_envelopes(made, self.domain, index, public)
            send("deal", committee.deal(self.epoch, made.data, g1_to_eip2537(made.proof), envelopes), signer)

    def settle(self, step: str, dealers: Sequence[MemberIndex]) -> None:
        dealt = [self.dealings[index].data for index in dealers]
        self.chain.send(step, self.chain.ledger.committee.settle(self.epoch, dealt), self.homes[ACCUSER].signer)

    def accept(self, me: MemberIndex, dealers: Sequence[MemberIndex]) -> Accepted:
        shares = {dealer: self.dealings[dealer].shares[me] for dealer in dealers}
        commitments = {dealer: self.dealings[dealer].commitments for dealer in dealers}
        return accept(self.facts, self.domain, me, Received(shares, commitments, {}), dealers)

    def acknowledge(self, step: str, places: Sequence[int], dealers: Sequence[MemberIndex]) -> dict[int, Accepted]:
        found = {}
        for place in places:
            index, signer = self.players[place]
            found[place] = self.accept(index, dealers)
            proof = g1_to_eip2537(found[place].proof)
            self.chain.send(step, self.chain.ledger.committee.acknowledge(self.epoch, proof), signer)
        return found

    def accuse(self) -> None:
        """The accuser complains of both; the first answers with a share that is not on its polynomial."""
        committee, send = self.chain.ledger.committee, self.chain.send
        (liar, lying), (honest, answering) = self.players[LIAR], self.players[SLANDERED]
        send("complain", committee.complain(self.epoch, [liar, honest]), self.homes[ACCUSER].signer)
        wrong, right = Scalar.random(), self.dealings[honest].shares[self.facts.indices[ACCUSER]]
        made = self.dealings[liar].data
        send("answer, bad share", committee.answer(self.epoch, made, [wrong.reveal()]), lying)
        made = self.dealings[honest].data
        send("answer, closing", committee.answer(self.epoch, made, [right.reveal()]), answering)
        found = [committee.get_dealing(self.epoch, place).disqualified for place in (LIAR, SLANDERED)]
        if found != [True, False]:
            raise AssertionError("a wrong share was taken, or a right one refused")


def generate_key(chain: Chain, homes: Sequence[Home], threshold: int) -> Epoch:
    """The key is in force, and each oracle's share in its store. Raises: LedgerRefused."""
    with any_threshold():
        return _generate(chain, homes, threshold)


def _generate(chain: Chain, homes: Sequence[Home], threshold: int) -> Epoch:
    epoch = chain.form([home.signer.address for home in homes], threshold)
    committee = chain.ledger.committee
    members = committee.get_members(epoch)
    facts = EpochFacts(
        epoch=epoch,
        phase=Phase.REGISTERING,
        threshold=threshold,
        slack=0,
        phase_ends_at=0,
        members=tuple(MemberFacts(member.index, member.oracle) for member in members),
        dealers=tuple(DealerFacts(member.index, member.oracle) for member in members),
        dealers_needed=threshold,
    )
    domain = CommitteeDomain(chain.ledger.chain_id, chain.ledger.deployment.addresses["Committee"], epoch)
    ceremony = _Ceremony(chain, homes, epoch, facts, domain)
    ceremony.register_and_deal()
    ceremony.settle("settle", facts.indices)
    others = [place for place in range(len(homes)) if place != ACCUSER]
    ceremony.acknowledge("acknowledge", others, facts.indices)
    ceremony.accuse()
    honest = [index for place, index in enumerate(facts.indices) if place != LIAR]
    ceremony.settle("settle again", honest)
    held = ceremony.acknowledge("acknowledge again", range(len(homes)), honest)
    if committee.get_current_epoch() != epoch:
        raise AssertionError("the key is not in force")
    qualified = committee.get_epoch(epoch).qualified
    for place, home in enumerate(homes):
        home.keep(epoch, held[place], qualified)
    return epoch
