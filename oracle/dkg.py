"""Key generation and resharing as one member plays them: what to do next, what to send, what to believe.

No coordinator and no messages beside the chain: `next_step` reads the board and says the one thing that this oracle may
do now. Everything that was committed to is stored before it is sent, so that a restart reveals the same polynomial,
answers with the same shares and opens the same envelopes.

Source: Gennaro, Jarecki, Krawczyk, Rabin 1999 (joint Feldman with hash-first commitments); Desmedt and Jajodia 1997
(resharing); DESIGN section 4.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from governance.crypto.envelope import (
    Envelope,
    EnvelopeContext,
    EnvelopeKeyPair,
    EnvelopePublicKey,
    open_share,
    seal_share,
)
from governance.crypto.errors import (
    EnvelopeRefused,
    InvalidPoint,
    InvalidScalar,
    WrongDealing,
    WrongPossession,
    WrongShare,
)
from governance.crypto.group import G1, G2, Scalar
from governance.crypto.points import g1_from_eip2537, g1_to_eip2537, g2_from_eip2537, g2_to_eip2537
from governance.crypto.possession import prove_share_possession
from governance.crypto.vss import (
    Commitments,
    KeyShare,
    add_commitments,
    add_shares,
    combine_commitments,
    combine_shares,
    compute_public_key_share,
    deal,
    hash_commitments,
    verify_dealing,
    verify_share,
)
from governance.encoding.committee import CommitteeDomain
from governance.types import NO_EPOCH, Address, Epoch, Hash32, MemberIndex, Phase

POINT = 256  # bytes of a point of G2
UNUSABLE = b"\0"  # the envelope of a member whose registered key nothing can be encrypted to: it opens for nobody
OPEN = frozenset(Phase(number) for number in range(Phase.REGISTERING, Phase.IN_FORCE))


class Step(Enum):
    """The one thing that this oracle may do now."""

    NOTHING = "nothing"
    REGISTER = "register"
    DEAL = "deal"
    SETTLE = "settle"
    ACKNOWLEDGE = "acknowledge"  # or complain
    ANSWER = "answer"
    ADVANCE = "advance"


@dataclass(frozen=True)
class MemberFacts:
    """A member as the board shows it."""

    index: MemberIndex
    oracle: Address
    registered: bool = False
    acknowledged: bool = False
    complained: bool = False


@dataclass(frozen=True)
class DealerFacts:
    """A dealer as the board shows it: a member that registered, or in a resharing one that holds a share."""

    index: MemberIndex
    oracle: Address
    may_deal: bool = True
    dealt: bool = False
    owes_answer: bool = False
    disqualified: bool = False


@dataclass(frozen=True)
class EpochFacts:
    """An epoch as the board shows it. Dealers in the order of their list."""

    epoch: Epoch
    phase: Phase
    threshold: int
    slack: int
    phase_ends_at: int  # [Unix seconds]
    members: tuple[MemberFacts, ...]
    dealers: tuple[DealerFacts, ...] = ()
    predecessor: Epoch = NO_EPOCH  # whose key is dealt again; 0 = a new key
    dealers_needed: int = 0
    settled: int = 0  # the dealers that the sums are made of now; bit = position in the dealers' list

    def member(self, oracle: Address) -> MemberFacts | None:
        return next((member for member in self.members if member.oracle.lower() == oracle.lower()), None)

    def dealer(self, oracle: Address) -> DealerFacts | None:
        return next((dealer for dealer in self.dealers if dealer.oracle.lower() == oracle.lower()), None)

    @property
    def indices(self) -> list[MemberIndex]:
        return [member.index for member in self.members]

    @property
    def summed(self) -> list[MemberIndex]:
        """The dealers that the sums are made of now, one that was disqualified since among them."""
        return [dealer.index for place, dealer in enumerate(self.dealers) if self.settled >> place & 1]

    @property
    def qualified(self) -> list[DealerFacts]:
        """R-Committee-25: whose dealings are summed, in the order of the dealers' list."""
        valid = [dealer for dealer in self.dealers if dealer.dealt and not dealer.disqualified]
        if not self.predecessor:
            return valid
        first = sorted(dealer.index for dealer in valid)[: self.dealers_needed]
        return [dealer for dealer in valid if dealer.index in first]


def next_step(facts: EpochFacts, oracle: Address, now: int, patience: int, *, waited: int = 0) -> Step:
    """What the oracle at that address does at chain time `now`, `waited` seconds after it saw the phase begin.

    To settle the sums, and to close a phase that missed its deadline, is anybody's right; so that not all do it at
    once, the member at place p of the list waits p times `patience` seconds more.
    """
    member, dealer = facts.member(oracle), facts.dealer(oracle)
    if facts.phase not in OPEN:
        return Step.NOTHING
    turn = patience * facts.members.index(member) if member is not None else None
    if now > facts.phase_ends_at:
        return Step.ADVANCE if turn is not None and now > facts.phase_ends_at + turn else Step.NOTHING
    match facts.phase:
        case Phase.REGISTERING if member is not None and not member.registered:
            return Step.REGISTER
        case Phase.DEALING if dealer is not None and dealer.may_deal and not dealer.dealt:
            return Step.DEAL
        case Phase.SETTLING if turn is not None and waited >= turn:
            return Step.SETTLE
        case Phase.ACKNOWLEDGING if _is_due(member) and member is not None and not member.complained:
            return Step.ACKNOWLEDGE
        case Phase.ANSWERING if dealer is not None and dealer.owes_answer:
            return Step.ANSWER
        case Phase.CONFIRMING if _is_due(member):
            return Step.ACKNOWLEDGE
        case _:
            return Step.NOTHING


def _is_due(member: MemberFacts | None) -> bool:
    return member is not None and member.registered and not member.acknowledged


@dataclass(frozen=True)
class OwnDealing:
    """What this oracle deals in an epoch. Stored before it is committed to, or sent."""

    commitments: Commitments
    proof: G1
    shares: Mapping[MemberIndex, Scalar] = field(repr=False)
    commitments_hash: Hash32

    @property
    def data(self) -> bytes:
        """The commitments as the contract takes them."""
        return b"".join(g2_to_eip2537(point) for point in self.commitments)

    def to_secret(self) -> dict[str, str]:
        """For the encrypted store."""
        return {
            "commitments": self.data.hex(),
            "proof": g1_to_eip2537(self.proof).hex(),
            "commitments_hash": self.commitments_hash.hex(),
            **{f"share-{member}": share.reveal().hex() for member, share in self.shares.items()},
        }

    @classmethod
    def from_secret(cls, secret: Mapping[str, str]) -> OwnDealing:
        shares = {
            MemberIndex(int(name.removeprefix("share-"))): Scalar.from_bytes(bytes.fromhex(value))
            for name, value in secret.items()
            if name.startswith("share-")
        }
        return cls(
            decode_commitments(bytes.fromhex(secret["commitments"])),
            g1_from_eip2537(bytes.fromhex(secret["proof"])),
            shares,
            Hash32(bytes.fromhex(secret["commitments_hash"])),
        )


def make_dealing(
    facts: EpochFacts, domain: CommitteeDomain, me: MemberIndex, secret: Scalar | None = None
) -> OwnDealing:
    """A dealing of a fresh secret, or in a resharing of the key share that this oracle holds."""
    dealing = deal(secret or Scalar.random(), facts.threshold, facts.indices, domain, me)
    return OwnDealing(dealing.commitments, dealing.proof, dealing.shares, dealing.commitments_hash)


def make_envelopes(
    dealing: OwnDealing,
    domain: CommitteeDomain,
    me: MemberIndex,
    transport_keys: Sequence[tuple[MemberIndex, bytes]],
) -> list[bytes]:
    """One envelope for every registered member in the order of the list; other places, and this oracle's, are empty.

    A key that nothing can be encrypted to (of low order, not on its lattice) harms its owner alone: it gets an envelope
    that opens for nobody, and what it complains of is revealed to all.
    """
    envelopes: list[bytes] = []
    for recipient, key in transport_keys:
        if recipient == me or not key:
            envelopes.append(b"")
            continue
        context = EnvelopeContext(domain, me, recipient, dealing.commitments_hash)
        try:
            envelopes.append(seal_share(dealing.shares[recipient], EnvelopePublicKey.from_bytes(key), context))
        except EnvelopeRefused:
            envelopes.append(UNUSABLE)
    return envelopes


@dataclass(frozen=True)
class DealingFacts:
    """A dealing as its event shows it, with what its dealer answered to this member's complaint."""

    dealer: MemberIndex
    commitments: bytes
    proof: bytes
    envelope: bytes  # the one for this member
    revealed: bytes | None = None  # 32 bytes, big-endian


@dataclass(frozen=True)
class Received:
    """The verified shares of this member, and the dealers whose share for it is wrong, with the reason."""

    shares: Mapping[MemberIndex, Scalar] = field(repr=False)
    commitments: Mapping[MemberIndex, Sequence[G2]] = field(repr=False)
    wrong: Mapping[MemberIndex, str]


@dataclass(frozen=True)
class Accepted:
    """This member's share of the key, and the proof that acknowledges it."""

    share: KeyShare
    public_key_share: G2
    public_key: G2  # of the whole committee
    proof: G1


def open_dealings(
    facts: EpochFacts,
    domain: CommitteeDomain,
    me: MemberIndex,
    envelope_key: EnvelopeKeyPair,
    own: OwnDealing | None,
    dealings: Sequence[DealingFacts],
) -> Received:
    """What every dealing holds for this member. A share that its dealer revealed is taken if it lies on the polynomial.

    The contract has checked commitments and possession already; a lying RPC has not, so they are checked again.
    """
    shares: dict[MemberIndex, Scalar] = {}
    commitments: dict[MemberIndex, Sequence[G2]] = {}
    wrong: dict[MemberIndex, str] = {}
    for dealing in sorted(dealings, key=lambda dealing: dealing.dealer):
        try:
            points = decode_commitments(dealing.commitments)
            verify_dealing(points, g1_from_eip2537(dealing.proof), facts.threshold, domain, dealing.dealer)
            commitments[dealing.dealer] = points
            shares[dealing.dealer] = _open_one(facts, domain, me, envelope_key, own, dealing, points)
        except (EnvelopeRefused, InvalidPoint, InvalidScalar, WrongDealing, WrongPossession, WrongShare) as e:
            wrong[dealing.dealer] = e.message
    return Received(shares, commitments, wrong)


def accept(
    facts: EpochFacts, domain: CommitteeDomain, me: MemberIndex, received: Received, dealers: Sequence[MemberIndex]
) -> Accepted:
    """The key share that these dealers' shares make: their sum, or in a resharing their interpolation.

    Each of them has a share in `received`. Raises: InvalidCommittee, WrongDealing.
    """
    shares = {dealer: received.shares[dealer] for dealer in dealers}
    commitments = {dealer: received.commitments[dealer] for dealer in dealers}
    if facts.predecessor:
        secret = combine_shares(shares, facts.dealers_needed)
        aggregate = combine_commitments(commitments, facts.dealers_needed, facts.threshold)
    else:
        secret = add_shares(shares, facts.threshold)
        aggregate = add_commitments(commitments, facts.threshold)
    public_key_share = compute_public_key_share(aggregate, facts.threshold, me)
    proof = prove_share_possession(secret, public_key_share, domain, me)
    return Accepted(KeyShare(domain.epoch, me, secret), public_key_share, aggregate[0], proof)


def _open_one(
    facts: EpochFacts,
    domain: CommitteeDomain,
    me: MemberIndex,
    envelope_key: EnvelopeKeyPair,
    own: OwnDealing | None,
    dealing: DealingFacts,
    points: Sequence[G2],
) -> Scalar:
    if dealing.dealer == me:
        if own is None:
            raise WrongShare("this oracle's own dealing is not in its store")
        share = own.shares[me]
    elif dealing.revealed is not None:
        share = Scalar.from_bytes(dealing.revealed)
    else:
        context = EnvelopeContext(domain, dealing.dealer, me, hash_commitments(points, domain, dealing.dealer))
        share = open_share(Envelope(dealing.envelope), envelope_key, context)
    verify_share(points, facts.threshold, me, share)
    return share


def decode_commitments(data: bytes) -> tuple[G2, ...]:
    """The points of a dealing's commitments.

    Raises: InvalidPoint.
    """
    return tuple(g2_from_eip2537(data[at : at + POINT]) for at in range(0, len(data), POINT))
