"""Partials: a member's share of an identity key, blinded for one unlock request, and verifiable by anybody.

The worker posts T = tau H(id) and proves that it knows tau. Member i answers C = x_i T. Everybody can check
e(C, g2) = e(T, PK_i); only who knows tau can take it away: t of them combine to tau s H(id). Nothing in an answer is
random, so no bad random number of a member's can give its share away.

The proof is what makes an answer safe to give. Without it T could be a multiple of another identity's H(id'), or of
what another worker posted, and the members would hand out a key that no vote released. With it an answer says no more
than x_i H(id), which the worker may have: from tau and x_i H(id) anybody can make it. Secrecy from everybody else is
one-way (computational Diffie-Hellman in G1: of T, H(id) = T / tau and C = x_i T, that of T / tau and x_i T).

Source: DESIGN section 4, points 5 to 7, which encrypts partials as vetKD does (ePrint 2023/616): blinded ones cost the
contract two pairings in place of three. Blinding: Jarecki, Kiayias, Krawczyk, Xu, ePrint 2017/363; the signature:
Boneh, Lynn, Shacham 2001; the proof: Schnorr 1991, made non-interactive with the statement and its place in the hash.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from governance.crypto.errors import (
    DuplicatePartial,
    InvalidCommittee,
    MixedEpochs,
    ThresholdNotMet,
    WrongIdentityKey,
    WrongPartial,
    WrongTransportKey,
)
from governance.crypto.group import (
    G1,
    G2,
    G2_GENERATOR,
    ORDER,
    SCALAR_BYTES,
    Randomness,
    Scalar,
    combine_points,
    hash_to_g1,
    multiply,
    pairing_product_is_one,
    system_randomness,
)
from governance.crypto.points import g1_to_eip2537
from governance.crypto.vss import KeyShare, compute_lagrange
from governance.encoding.committee import DST_IDENTITY, require_32
from governance.encoding.keccak import keccak256
from governance.types import Epoch, Hash32, Identity, MemberIndex

PROOF_BYTES = 2 * SCALAR_BYTES


@dataclass(frozen=True, slots=True)
class TransportPublicKey:
    """What an unlock request shows: T, and the proof that who asks knows its logarithm to the base H(id)."""

    point: G1
    proof: bytes  # challenge and response, 32 bytes each


@dataclass(frozen=True, slots=True)
class TransportKey:
    """The worker's key for one unlock request; made fresh for each, kept in memory, never stored."""

    public: TransportPublicKey
    secret: Scalar = field(repr=False)


@dataclass(frozen=True, slots=True)
class Partial:
    """One member's answer to one request, as it stands on the chain."""

    epoch: Epoch
    member: MemberIndex
    point: G1


@dataclass(frozen=True, slots=True)
class IdentityKey:
    """s H(id): opens what was wrapped to this identity, for ever. It has no encoding, on purpose."""

    identity: Identity
    point: G1 = field(repr=False)


def generate_transport_key(
    identity: Identity, context: Hash32, randomness: Randomness = system_randomness
) -> TransportKey:
    """A fresh transport key for one request; `context` is `compute_transport_context` of who asks whom for what."""
    base = hash_identity(identity)
    secret, nonce = Scalar.random(randomness), Scalar.random(randomness)
    point = multiply(base, secret, randomness)
    challenge = _compute_challenge(context, point, multiply(base, nonce, randomness))
    response = nonce + secret.scaled(challenge)
    proof = challenge.to_bytes(SCALAR_BYTES, "big") + response.reveal()
    return TransportKey(TransportPublicKey(point, proof), secret)


def verify_transport_key(transport: TransportPublicKey, identity: Identity, context: Hash32) -> None:
    """Who made this request knows tau with T = tau H(id), and tau is not zero.

    Raises: WrongTransportKey.
    """
    if transport.point.is_identity():
        raise WrongTransportKey("the transport key is the identity")
    if len(transport.proof) != PROOF_BYTES:
        raise WrongTransportKey(f"the proof has {len(transport.proof)} bytes, and {PROOF_BYTES} are required")
    challenge, response = (int.from_bytes(transport.proof[at : at + 32], "big") for at in (0, SCALAR_BYTES))
    if challenge >= ORDER or response >= ORDER:
        raise WrongTransportKey("the proof is not two canonical scalars")
    commitment = combine_points([hash_identity(identity), transport.point], [response, -challenge])
    if _compute_challenge(context, transport.point, commitment) != challenge:
        raise WrongTransportKey("nobody has proven to know the secret behind the transport key, for this request")


def _compute_challenge(context: Hash32, point: G1, commitment: G1) -> int:
    """254 bits of a hash: uniform, and below the order. The context names the identity, and so the base."""
    encoded = require_32(context) + g1_to_eip2537(point) + g1_to_eip2537(commitment)
    return int.from_bytes(keccak256(encoded), "big") >> 2


def hash_identity(identity: Identity) -> G1:
    """H(id), the point whose multiple by the committee's secret is the identity key."""
    return hash_to_g1(require_32(identity), DST_IDENTITY)


def make_partial(
    share: KeyShare,
    identity: Identity,
    transport: TransportPublicKey,
    context: Hash32,
    randomness: Randomness = system_randomness,
) -> Partial:
    """The member's answer for `identity`, of use only to the holder of the transport key. The same each time.

    Whether the ledger permits an answer is not known here: see the oracle's policy. `randomness` hides the share from
    who measures time, and does not enter the answer. Raises: WrongTransportKey.
    """
    verify_transport_key(transport, identity, context)
    return Partial(share.epoch, share.member, multiply(transport.point, share.secret, randomness))


def verify_partial(partial: Partial, transport: TransportPublicKey, public_key_share: G2) -> None:
    """`partial` is x_i T for the x_i behind `public_key_share`: e(C, g2) = e(T, PK_i).

    Raises: WrongPartial, naming the member.
    """
    is_nothing = transport.point.is_identity() or public_key_share.is_identity()
    if is_nothing or not pairing_product_is_one([(-partial.point, G2_GENERATOR), (transport.point, public_key_share)]):
        raise WrongPartial(
            f"the partial of member {partial.member} does not verify under its public key share",
            details={"member": partial.member},
        )


def combine(
    partials: Sequence[Partial], threshold: int, transport: TransportKey, identity: Identity, public_key: G2
) -> IdentityKey:
    """The identity key, from any `threshold` partials of one epoch; surplus ones are left out.

    Verify each partial first (`verify_partial`): a wrong one among them makes the result wrong, which is noticed here,
    but no longer says whose it was.
    Raises: ThresholdNotMet, DuplicatePartial, MixedEpochs, InvalidCommittee, WrongIdentityKey.
    Source: Shamir 1979, Lagrange at x = 0, in the exponent.
    """
    if threshold < 2:
        raise InvalidCommittee(f"a threshold of {threshold} lets one member act alone; at least 2 is required")
    members = [partial.member for partial in partials]
    if repeated := sorted({member for member in members if members.count(member) > 1}):
        raise DuplicatePartial(f"members {repeated} appear more than once", details={"members": repeated})
    if len(epochs := {partial.epoch for partial in partials}) > 1:
        raise MixedEpochs(f"partials of epochs {sorted(epochs)} cannot be combined", details={"epochs": sorted(epochs)})
    if len(partials) < threshold:
        raise ThresholdNotMet(
            f"{len(partials)} of {threshold} partials", details={"have": sorted(members), "threshold": threshold}
        )
    chosen = sorted(partials, key=lambda partial: partial.member)[:threshold]
    factors = list(compute_lagrange([partial.member for partial in chosen]).values())
    blinded = combine_points([partial.point for partial in chosen], factors)
    key = IdentityKey(identity, multiply(blinded, transport.secret.inverted()))
    verify_identity_key(key, public_key)
    return key


def verify_identity_key(key: IdentityKey, public_key: G2) -> None:
    """`key` is the committee's secret times H(id): e(K, g2) = e(H(id), PK).

    Raises: WrongIdentityKey.
    """
    if public_key.is_identity() or not pairing_product_is_one(
        [(-key.point, G2_GENERATOR), (hash_identity(key.identity), public_key)]
    ):
        raise WrongIdentityKey("the combined key does not verify under the committee's public key")
