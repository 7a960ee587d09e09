"""The distributed key generation as one member plays it: what to do next, what to send, what to believe.

No coordinator and no messages beside the chain: `next_step` reads the board and says the one thing that this member may
do now. Everything that was committed to is stored before it is sent, so that a restart reveals the same polynomial and
opens the same envelopes.

Source: Gennaro, Jarecki, Krawczyk, Rabin 1999 (joint Feldman with hash-first commitments); DESIGN section 4.
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
from governance.crypto.errors import EnvelopeRefused, InvalidPoint, WrongDealing, WrongPossession, WrongShare
from governance.crypto.group import G1, G2, Scalar
from governance.crypto.points import g1_from_eip2537, g1_to_eip2537, g2_from_eip2537, g2_to_eip2537
from governance.crypto.possession import prove_share_possession
from governance.crypto.vss import (
    KeyShare,
    add_commitments,
    add_shares,
    compute_public_key_share,
    deal,
    hash_commitments,
    verify_dealing,
    verify_share,
)
from governance.encoding.committee import CommitteeDomain
from governance.types import Address, Epoch, Hash32, MemberIndex, Phase
from oracle.errors import UnusableKey

POINT = 256  # bytes of a point of G2


class Step(Enum):
    """The one thing that this member may do now."""

    NOTHING = "nothing"
    REGISTER = "register"
    DEAL = "deal"
    ACKNOWLEDGE = "acknowledge"
    FINALISE = "finalise"
    ABORT = "abort"


@dataclass(frozen=True)
class MemberFacts:
    """A member as the board shows it."""

    index: MemberIndex
    oracle: Address
    registered: bool
    dealt: bool
    acknowledged: bool


@dataclass(frozen=True)
class EpochFacts:
    """An epoch as the board shows it."""

    epoch: Epoch
    phase: Phase
    threshold: int
    slack: int
    phase_ends_at: int  # [Unix seconds]
    members: tuple[MemberFacts, ...]

    def member(self, oracle: Address) -> MemberFacts | None:
        return next((member for member in self.members if member.oracle.lower() == oracle.lower()), None)

    @property
    def indices(self) -> list[MemberIndex]:
        return [member.index for member in self.members]


def next_step(facts: EpochFacts, oracle: Address, now: int, patience: int) -> Step:
    """What the member at `oracle` does at chain time `now`.

    Closing an epoch that missed its deadline is anybody's right; so that not all do it at once, the member at place p
    of the list waits p times `patience` seconds more.
    """
    member = facts.member(oracle)
    if member is None:
        return Step.NOTHING
    if now > facts.phase_ends_at:
        if facts.phase not in (Phase.REGISTERING, Phase.DEALING, Phase.ACKNOWLEDGING):
            return Step.NOTHING
        if now <= facts.phase_ends_at + patience * facts.members.index(member):
            return Step.NOTHING
        acknowledged = sum(other.acknowledged for other in facts.members)
        enough = facts.phase is Phase.ACKNOWLEDGING and acknowledged >= facts.threshold + facts.slack
        return Step.FINALISE if enough else Step.ABORT
    if facts.phase is Phase.REGISTERING and not member.registered:
        return Step.REGISTER
    if facts.phase is Phase.DEALING and not member.dealt:
        return Step.DEAL
    if facts.phase is Phase.ACKNOWLEDGING and not member.acknowledged:
        return Step.ACKNOWLEDGE
    return Step.NOTHING


@dataclass(frozen=True)
class Registration:
    """What a member made before it registered: its envelope key and its dealing. Stored, then announced by hash."""

    envelope_key: EnvelopeKeyPair = field(repr=False)
    commitments: tuple[G2, ...]
    proof: G1
    shares: Mapping[MemberIndex, Scalar] = field(repr=False)
    commitments_hash: Hash32

    def to_secret(self) -> dict[str, str]:
        """For the encrypted store."""
        return {
            "envelope_key": self.envelope_key.reveal().hex(),
            "commitments": b"".join(g2_to_eip2537(point) for point in self.commitments).hex(),
            "proof": g1_to_eip2537(self.proof).hex(),
            "commitments_hash": self.commitments_hash.hex(),
            **{f"share-{member}": share.reveal().hex() for member, share in self.shares.items()},
        }

    @classmethod
    def from_secret(cls, secret: Mapping[str, str]) -> Registration:
        shares = {
            MemberIndex(int(name.removeprefix("share-"))): Scalar.from_bytes(bytes.fromhex(value))
            for name, value in secret.items()
            if name.startswith("share-")
        }
        return cls(
            EnvelopeKeyPair.from_private_bytes(bytes.fromhex(secret["envelope_key"])),
            decode_commitments(bytes.fromhex(secret["commitments"])),
            g1_from_eip2537(bytes.fromhex(secret["proof"])),
            shares,
            Hash32(bytes.fromhex(secret["commitments_hash"])),
        )


def make_registration(facts: EpochFacts, domain: CommitteeDomain, me: MemberIndex) -> Registration:
    """A fresh envelope key and a fresh dealing of a fresh secret."""
    dealing = deal(Scalar.random(), facts.threshold, facts.indices, domain, me)
    return Registration(
        EnvelopeKeyPair.generate(), dealing.commitments, dealing.proof, dealing.shares, dealing.commitments_hash
    )


def make_envelopes(
    registration: Registration,
    domain: CommitteeDomain,
    me: MemberIndex,
    transport_keys: Sequence[tuple[MemberIndex, bytes]],
) -> list[bytes]:
    """One envelope for every member in the order of the list; this member's own place is empty.

    Raises: UnusableKey, naming the member that registered a key that nothing can be encrypted to.
    """
    envelopes: list[bytes] = []
    for recipient, key in transport_keys:
        if recipient == me:
            envelopes.append(b"")
            continue
        context = EnvelopeContext(domain, me, recipient, registration.commitments_hash)
        try:
            usable = EnvelopePublicKey.from_bytes(key)
        except EnvelopeRefused as e:
            raise UnusableKey(f"member {recipient} registered a key that nothing can be encrypted to") from e
        envelopes.append(seal_share(registration.shares[recipient], usable, context))
    return envelopes


@dataclass(frozen=True)
class DealingFacts:
    """A dealing as its event shows it."""

    dealer: MemberIndex
    commitments: bytes
    proof: bytes
    envelope: bytes  # the one for this member


@dataclass(frozen=True)
class Accepted:
    """Every dealing verified: this member's share of the key, and the proof that acknowledges it."""

    share: KeyShare
    public_key_share: G2
    public_key: G2  # of the whole committee
    proof: G1


@dataclass(frozen=True)
class Accused:
    """A dealing that does not verify for this member."""

    dealer: MemberIndex
    reason: str


def open_dealings(
    facts: EpochFacts,
    domain: CommitteeDomain,
    me: MemberIndex,
    registration: Registration,
    dealings: Sequence[DealingFacts],
) -> Accepted | Accused:
    """This member's key share, or the first dealer (by index) whose dealing is wrong for it.

    The contract has checked commitments and possession already; a lying RPC has not, so they are checked again.
    """
    shares: dict[MemberIndex, Scalar] = {}
    commitments: dict[MemberIndex, Sequence[G2]] = {}
    for dealing in sorted(dealings, key=lambda dealing: dealing.dealer):
        try:
            points = decode_commitments(dealing.commitments)
            verify_dealing(points, g1_from_eip2537(dealing.proof), facts.threshold, domain, dealing.dealer)
            if dealing.dealer == me:
                share = registration.shares[me]
            else:
                context = EnvelopeContext(domain, dealing.dealer, me, hash_commitments(points, domain, dealing.dealer))
                share = open_share(Envelope(dealing.envelope), registration.envelope_key, context)
            verify_share(points, facts.threshold, me, share)
        except (EnvelopeRefused, InvalidPoint, WrongDealing, WrongPossession, WrongShare) as e:
            return Accused(dealing.dealer, e.message)
        shares[dealing.dealer] = share
        commitments[dealing.dealer] = points
    secret = add_shares(shares, facts.threshold)
    aggregate = add_commitments(commitments, facts.threshold)
    public_key_share = compute_public_key_share(aggregate, facts.threshold, me)
    proof = prove_share_possession(secret, public_key_share, domain, me)
    return Accepted(KeyShare(domain.epoch, me, secret), public_key_share, aggregate[0], proof)


def decode_commitments(data: bytes) -> tuple[G2, ...]:
    """The points of a dealing's commitments.

    Raises: InvalidPoint.
    """
    return tuple(g2_from_eip2537(data[at : at + POINT]) for at in range(0, len(data), POINT))
