"""What the members of a committee hold and make, by the project's own cryptography, and how they come to a key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from committee_duel import Duel
from governance.crypto.envelope import EnvelopeContext, EnvelopeKeyPair, EnvelopePublicKey, open_share, seal_share
from governance.crypto.group import G2, Scalar
from governance.crypto.partial import Partial, TransportPublicKey
from governance.crypto.points import g1_to_eip2537, g2_from_eip2537, g2_to_eip2537
from governance.crypto.possession import prove_share_possession
from governance.crypto.vss import Dealing, KeyShare, add_shares, compute_public_key_share, deal, verify_share
from governance.encoding.committee import CommitteeDomain
from governance.encoding.names import compute_organisation_id
from governance.encoding.releases import compute_model_id
from governance.types import ActionKind, Address, FormCommittee, Hash32, MemberIndex, OracleMember, ReleaseId
from governance.types.events.committee import Dealt, TransportKeyRegistered
from spec_charter import address_of
from transport import multiply_share

POINT = 256


@dataclass
class Oracle:
    """One member in one epoch."""

    address: Address
    index: MemberIndex
    domain: CommitteeDomain
    threshold: int
    members: Sequence[MemberIndex]
    transport: EnvelopeKeyPair = field(default_factory=EnvelopeKeyPair.generate)
    dealing: Dealing = field(init=False)
    share: Scalar = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.dealing = deal(Scalar.random(), self.threshold, self.members, self.domain, self.index)

    @property
    def committed(self) -> Hash32:
        return self.dealing.commitments_hash

    @property
    def commitments(self) -> bytes:
        return b"".join(map(g2_to_eip2537, self.dealing.commitments))

    @property
    def proof(self) -> bytes:
        return g1_to_eip2537(self.dealing.proof)

    def seal(self, keys: Mapping[MemberIndex, bytes]) -> list[bytes]:
        """An envelope for every other member, in the order of the list."""
        return [
            b""
            if member == self.index
            else seal_share(
                self.dealing.shares[member], EnvelopePublicKey.from_bytes(keys[member]), self._context(self, member)
            )
            for member in self.members
        ]

    def receive(self, dealers: Sequence[Oracle], dealt: Mapping[MemberIndex, tuple[bytes, Sequence[bytes]]]) -> None:
        """Takes the share that each dealing holds for this member, checked against its commitments."""
        shares = {self.index: self.dealing.shares[self.index]}
        place = list(self.members).index(self.index)
        for dealer in dealers:
            if dealer.index != self.index:
                commitments, envelopes = dealt[dealer.index]
                share = open_share(envelopes[place], self.transport, self._context(dealer, self.index))  # type: ignore[arg-type]
                verify_share(read_points(commitments), self.threshold, self.index, share)
                shares[dealer.index] = share
        self.share = add_shares(shares, self.threshold)

    def acknowledge(self, aggregate: bytes) -> bytes:
        """The proof that this member holds its share of the summed polynomial."""
        public = compute_public_key_share(read_points(aggregate), self.threshold, self.index)
        return g1_to_eip2537(prove_share_possession(self.share, public, self.domain, self.index))

    def answer(self, transport: TransportPublicKey) -> Partial:
        return multiply_share(KeyShare(self.domain.epoch, self.index, self.share), transport)

    def _context(self, dealer: Oracle, recipient: MemberIndex) -> EnvelopeContext:
        return EnvelopeContext(self.domain, dealer.index, recipient, dealer.dealing.commitments_hash)


def read_points(points: bytes) -> tuple[G2, ...]:
    return tuple(g2_from_eip2537(points[at : at + POINT]) for at in range(0, len(points), POINT))


def form(duel: Duel, threshold: int = 3, size: int = 5, slack: int = 1) -> list[Oracle]:
    members = tuple(OracleMember(compute_organisation_id(f"org-{at}"), address_of("oracle", at)) for at in range(size))
    duel.enact(ActionKind.FORM_COMMITTEE, FormCommittee(threshold, slack, members), "Committee")
    epoch = duel.world.state.committee.latest_epoch
    state = duel.world.state
    records = state.committee.members[epoch]
    domain = CommitteeDomain(state.chain_id, state.system.committee, epoch)
    indices = [record.index for record in records]
    return [Oracle(record.oracle, record.index, domain, threshold, indices) for record in records]


def make_key(duel: Duel, oracles: list[Oracle]) -> None:
    """Everybody reads what the others posted from events, and from nowhere else."""
    keys = {}
    for oracle in oracles:
        duel.wait()
        step = duel.register(oracle.address, oracle.domain.epoch, oracle.transport.public.data, oracle.committed)
        registered = duel.took(TransportKeyRegistered, step)
        keys[registered.index] = registered.transport_key
    dealt = {}
    for oracle in oracles:
        duel.wait()
        step = duel.deal(oracle.address, oracle.domain.epoch, oracle.commitments, oracle.proof, oracle.seal(keys))
        posted = duel.took(Dealt, step)
        dealt[posted.dealer] = (posted.commitments, posted.envelopes)
    duel.wait()
    epoch = oracles[0].domain.epoch
    duel.settle(oracles[0].address, epoch, [dealt[oracle.index][0] for oracle in oracles])
    aggregate = duel.read("aggregate", epoch, returns=["bytes"])
    for oracle in oracles:
        duel.wait()
        oracle.receive(oracles, dealt)
        duel.acknowledge(oracle.address, oracle.domain.epoch, oracle.acknowledge(aggregate))


def release(duel: Duel) -> ReleaseId:
    duel.wait()
    model = duel.world.make_model()
    duel.enact(ActionKind.REGISTER_MODEL, model, "Releases")
    duel.wait()
    grant = duel.world.make_release(compute_model_id(model.registrar, model.seal_nonce))
    proposal = duel.enact(ActionKind.GRANT_RELEASE, grant, "Releases")
    return ReleaseId(proposal.to_bytes(32, "big"))
