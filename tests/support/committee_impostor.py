"""A member of a committee that a test plays itself, with a real oracle's account: it does what no honest one does."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from committee_system import CommitteeSystem
from governance.crypto.points import g1_to_eip2537, g2_to_eip2537
from governance.encoding.committee import CommitteeDomain
from governance.types import Epoch, Hash32, MemberIndex, Phase
from governance.types.events.committee import TransportKeyRegistered
from oracle.dkg import EpochFacts, MemberFacts, Registration, make_envelopes, make_registration
from oracle_fleet import OracleProcess


@dataclass
class Impostor:
    """The member whose oracle does not run."""

    committee: CommitteeSystem
    oracle: OracleProcess
    epoch: Epoch
    registration: Registration = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.registration = make_registration(self.facts, self.domain, self.index)

    @property
    def facts(self) -> EpochFacts:
        ledger = self.committee.system.ledger
        term, members = ledger.committee.get_epoch(self.epoch), ledger.committee.get_members(self.epoch)
        listed = tuple(MemberFacts(each.index, each.oracle, False, False, False) for each in members)
        return EpochFacts(self.epoch, Phase.REGISTERING, term.threshold, term.slack, term.phase_ends_at, listed)

    @property
    def index(self) -> MemberIndex:
        member = self.facts.member(self.oracle.address)
        assert member is not None
        return member.index

    @property
    def domain(self) -> CommitteeDomain:
        deployment = self.committee.system.ledger.deployment
        return CommitteeDomain(deployment.chain_id, deployment.addresses["Committee"], self.epoch)

    def register(self, *, transport_key: bytes | None = None) -> None:
        key = transport_key or self.registration.envelope_key.public.data
        self._send(self._calls.register(self.epoch, key, self.registration.commitments_hash))

    def deal(self, *, wrong_share_for: MemberIndex | None = None) -> None:
        """With the share of another member in the envelope of `wrong_share_for`, if it is given."""
        shares = dict(self.registration.shares)
        if wrong_share_for is not None:
            shares[wrong_share_for] = shares[self.index]
        crooked = replace(self.registration, shares=shares)
        keys = {
            record.event.index: record.event.transport_key
            for record in self.committee.system.ledger.events()
            if isinstance(record.event, TransportKeyRegistered) and record.event.epoch == self.epoch
        }
        envelopes = make_envelopes(
            crooked, self.domain, self.index, [(each.index, keys[each.index]) for each in self.facts.members]
        )
        commitments = b"".join(g2_to_eip2537(point) for point in self.registration.commitments)
        self._send(self._calls.deal(self.epoch, commitments, g1_to_eip2537(self.registration.proof), envelopes))

    @property
    def commitments_hash(self) -> Hash32:
        return self.registration.commitments_hash

    @property
    def _calls(self):  # type: ignore[no-untyped-def]
        return self.committee.system.ledger.committee

    def _send(self, call) -> None:  # type: ignore[no-untyped-def]
        self.committee.system.ledger.send(call, self.oracle.signer())
