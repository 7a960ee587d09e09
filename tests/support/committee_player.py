"""Members of a committee that a test plays itself on a real chain: honest ones, and ones that do what none would."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace

from governance.crypto.envelope import EnvelopeKeyPair
from governance.crypto.points import g1_to_eip2537
from governance.crypto.vss import KeyShare
from governance.encoding.committee import CommitteeDomain
from governance.encoding.names import compute_organisation_id
from governance.ledger.codec import Call
from governance.ledger.proven_committee import Board
from governance.ledger.signer import Signer
from governance.types import NO_EPOCH, ActionKind, Address, Epoch, FormCommittee, MemberIndex, OracleMember
from governance.types.events.committee import Dealt, EpochStarted, ShareRevealed, TransportKeyRegistered
from live_system import LiveSystem
from oracle.board import read_facts
from oracle.dkg import DealingFacts, EpochFacts, OwnDealing, accept, make_dealing, make_envelopes, open_dealings

THRESHOLD, SIZE = 3, 5
SEATS = (0, 5, 10, 1, 6)  # organisations of several chambers and jurisdictions


def form_committee(system: LiveSystem, members: list[Address], predecessor: Epoch = NO_EPOCH) -> Epoch:
    """The quorum names the committee, 3 of 5; its key generation begins, or the resharing of the predecessor's key."""
    organisations = [compute_organisation_id(system.organisations[seat]) for seat in SEATS]
    named = tuple(OracleMember(*each) for each in zip(organisations, members, strict=True))
    _, receipt = system.enact(ActionKind.FORM_COMMITTEE, FormCommittee(THRESHOLD, 1, named, predecessor))
    return receipt.find(EpochStarted).epoch


@dataclass
class Player:
    """One member in one epoch, by the project's own key generation."""

    system: LiveSystem
    signer: Signer
    epoch: Epoch
    envelope_key: EnvelopeKeyPair = field(default_factory=EnvelopeKeyPair.generate, repr=False)
    dealing: OwnDealing = field(init=False, repr=False)
    acknowledged: KeyShare = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.dealing = make_dealing(self.facts, self.domain, self.index)

    @property
    def facts(self) -> EpochFacts:
        committee = self.system.ledger.committee
        term, members = committee.get_epoch(self.epoch), committee.get_members(self.epoch)
        dealings = tuple(committee.get_dealing(self.epoch, at) for at in range(len(members)))
        return read_facts(Board(self.epoch, term, members, members, dealings, term.threshold))

    @property
    def index(self) -> MemberIndex:
        member = self.facts.member(self.signer.address)
        assert member is not None
        return member.index

    @property
    def domain(self) -> CommitteeDomain:
        deployment = self.system.ledger.deployment
        return CommitteeDomain(deployment.chain_id, deployment.addresses["Committee"], self.epoch)

    def register(self, *, transport_key: bytes | None = None) -> None:
        key = transport_key or self.envelope_key.public.data
        self.send(self.system.ledger.committee.register(self.epoch, key, self.dealing.commitments_hash))

    def deal(
        self, *, wrong_share_for: MemberIndex | None = None, wrong_shares_for: Collection[MemberIndex] = ()
    ) -> None:
        """With another member's share in the envelopes of those that are named."""
        shares = dict(self.dealing.shares)
        for cheated in (*wrong_shares_for, *([] if wrong_share_for is None else [wrong_share_for])):
            shares[cheated] = shares[self.index]
        keys = {event.index: event.transport_key for event in self._events(TransportKeyRegistered)}
        envelopes = make_envelopes(
            replace(self.dealing, shares=shares),
            self.domain,
            self.index,
            [(each.index, keys.get(each.index, b"")) for each in self.facts.members],
        )
        proof = g1_to_eip2537(self.dealing.proof)
        self.send(self.system.ledger.committee.deal(self.epoch, self.dealing.data, proof, envelopes))

    def settle(self) -> None:
        dealt = {event.dealer: event.commitments for event in self._events(Dealt)}
        qualified = [dealt[dealer.index] for dealer in self.facts.qualified]
        self.send(self.system.ledger.committee.settle(self.epoch, qualified))

    def complain(self, *dealers: MemberIndex) -> None:
        self.send(self.system.ledger.committee.complain(self.epoch, dealers))

    def answer(self, *shares: bytes) -> None:
        self.send(self.system.ledger.committee.answer(self.epoch, self.dealing.data, shares))

    def acknowledge(self) -> None:
        facts, place = self.facts, self.facts.indices.index(self.index)
        revealed = {e.dealer: e.share for e in self._events(ShareRevealed) if e.recipient == self.index}
        dealers = facts.summed
        dealings = [
            DealingFacts(e.dealer, e.commitments, e.proof, e.envelopes[place], revealed.get(e.dealer))
            for e in self._events(Dealt)
            if e.dealer in dealers
        ]
        received = open_dealings(facts, self.domain, self.index, self.envelope_key, self.dealing, dealings)
        assert not received.wrong
        result = accept(facts, self.domain, self.index, received, dealers)
        self.send(self.system.ledger.committee.acknowledge(self.epoch, g1_to_eip2537(result.proof)))
        self.acknowledged = result.share

    def send(self, call: Call) -> None:
        self.system.ledger.send(call, self.signer)

    def _events(self, kind: type) -> list:  # type: ignore[type-arg]
        records = self.system.ledger.events()
        return [r.event for r in records if isinstance(r.event, kind) and r.event.epoch == self.epoch]


def play_key_generation(system: LiveSystem) -> list[Player]:
    """Five honest members have made a key, and it is in force."""
    signers = [Signer.random() for _ in range(SIZE)]
    system.fund(*(signer.address for signer in signers))
    epoch = form_committee(system, [signer.address for signer in signers])
    players = [Player(system, signer, epoch) for signer in signers]
    for player in players:
        player.register()
    for player in players:
        player.deal()
    players[0].settle()
    for player in players:
        player.acknowledge()
    assert system.ledger.committee.get_current_epoch() == epoch
    return players
