"""Members of a committee that a test plays itself on a real chain: honest ones, and ones that do what none would."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from governance.crypto.points import g1_to_eip2537, g2_to_eip2537
from governance.crypto.vss import KeyShare
from governance.encoding.committee import CommitteeDomain
from governance.encoding.names import compute_organisation_id
from governance.ledger.codec import Call
from governance.ledger.signer import Signer
from governance.types import (
    ActionKind,
    Address,
    Epoch,
    FormCommittee,
    MemberIndex,
    OracleMember,
    Phase,
)
from governance.types.events.committee import Dealt, TransportKeyRegistered
from live_system import LiveSystem
from oracle.dkg import (
    Accepted,
    DealingFacts,
    EpochFacts,
    MemberFacts,
    Registration,
    make_envelopes,
    make_registration,
    open_dealings,
)

THRESHOLD, SIZE = 3, 5
SEATS = (0, 5, 10, 1, 6)  # organisations of several chambers and jurisdictions


def form_committee(system: LiveSystem, members: list[Address]) -> Epoch:
    """The quorum names the committee, 3 of 5; its key generation begins."""
    organisations = [compute_organisation_id(system.organisations[seat]) for seat in SEATS]
    named = tuple(OracleMember(*each) for each in zip(organisations, members, strict=True))
    system.enact(ActionKind.FORM_COMMITTEE, FormCommittee(THRESHOLD, 1, named))
    return system.ledger.committee.get_latest_epoch()


@dataclass
class Player:
    """One member in one epoch, by the project's own key generation."""

    system: LiveSystem
    signer: Signer
    epoch: Epoch
    registration: Registration = field(init=False, repr=False)
    acknowledged: KeyShare = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.registration = make_registration(self.facts, self.domain, self.index)

    @property
    def facts(self) -> EpochFacts:
        committee = self.system.ledger.committee
        term = committee.get_epoch(self.epoch)
        members = tuple(
            MemberFacts(each.index, each.oracle, False, False, False) for each in committee.get_members(self.epoch)
        )
        return EpochFacts(self.epoch, Phase.REGISTERING, term.threshold, term.slack, term.phase_ends_at, members)

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
        key = transport_key or self.registration.envelope_key.public.data
        self.send(self.system.ledger.committee.register(self.epoch, key, self.registration.commitments_hash))

    def deal(self, *, wrong_share_for: MemberIndex | None = None) -> None:
        """With another member's share in the envelope of `wrong_share_for`, if it is given."""
        shares = dict(self.registration.shares)
        if wrong_share_for is not None:
            shares[wrong_share_for] = shares[self.index]
        crooked = replace(self.registration, shares=shares)
        keys = {event.index: event.transport_key for event in self._events(TransportKeyRegistered)}
        envelopes = make_envelopes(
            crooked, self.domain, self.index, [(each.index, keys[each.index]) for each in self.facts.members]
        )
        commitments = b"".join(g2_to_eip2537(point) for point in self.registration.commitments)
        proof = g1_to_eip2537(self.registration.proof)
        self.send(self.system.ledger.committee.deal(self.epoch, commitments, proof, envelopes))

    def acknowledge(self) -> None:
        place = self.facts.indices.index(self.index)
        dealings = [
            DealingFacts(event.dealer, event.commitments, event.proof, event.envelopes[place])
            for event in self._events(Dealt)
        ]
        result = open_dealings(self.facts, self.domain, self.index, self.registration, dealings)
        assert isinstance(result, Accepted)
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
    for player in players:
        player.acknowledge()
    assert system.ledger.committee.get_current_epoch() == epoch
    return players
