"""Partials: a member's share of an identity key, encrypted to one unlock request, and verifiable by anybody.

The worker posts T1 = tau g1, T2 = tau g2. Member i answers C1 = r g1, C2 = x_i H(id) + r T1. Everybody can check
e(C2, g2) = e(C1, T2) e(H(id), PK_i); only who knows tau can take r T1 away. Secrecy is one-way (co-CDH): a partial
hides x_i H(id), it is not a general encryption.

Source: vetKD (ePrint 2023/616); DESIGN section 4, points 5 to 7.
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
    G1_GENERATOR,
    G2,
    G2_GENERATOR,
    Randomness,
    Scalar,
    combine_points,
    hash_to_g1,
    multiply,
    pairing_product_is_one,
    system_randomness,
)
from governance.crypto.vss import KeyShare, compute_lagrange
from governance.encoding.committee import DST_IDENTITY, require_32
from governance.types import Epoch, Identity, MemberIndex


@dataclass(frozen=True, slots=True)
class TransportPublicKey:
    """What an unlock request shows: the same secret times both generators."""

    t1: G1
    t2: G2


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
    c1: G1
    c2: G1


@dataclass(frozen=True, slots=True)
class IdentityKey:
    """s H(id): opens what was wrapped to this identity, for ever. It has no encoding, on purpose."""

    identity: Identity
    point: G1 = field(repr=False)


def generate_transport_key(randomness: Randomness = system_randomness) -> TransportKey:
    """A fresh transport key pair."""
    secret = Scalar.random(randomness)
    public = TransportPublicKey(multiply(G1_GENERATOR, secret, randomness), multiply(G2_GENERATOR, secret, randomness))
    return TransportKey(public, secret)


def verify_transport_key(transport: TransportPublicKey) -> None:
    """T1 and T2 share one discrete logarithm, and it is not zero: e(T1, g2) = e(g1, T2).

    With the identity as T1 the answer would be x_i H(id) in the clear; a T2 of zero cannot match any other T1.
    Raises: WrongTransportKey.
    """
    if transport.t1.is_identity():
        raise WrongTransportKey("the transport key is the identity")
    if not pairing_product_is_one([(-transport.t1, G2_GENERATOR), (G1_GENERATOR, transport.t2)]):
        raise WrongTransportKey("T1 and T2 do not hold the same secret")


def hash_identity(identity: Identity) -> G1:
    """H(id), the point whose multiple by the committee's secret is the identity key."""
    return hash_to_g1(require_32(identity), DST_IDENTITY)


def make_partial(
    share: KeyShare, identity: Identity, transport: TransportPublicKey, randomness: Randomness = system_randomness
) -> Partial:
    """The member's answer for `identity`, readable only by the holder of the transport key.

    Whether the ledger permits an answer is not known here: see the oracle's policy. Raises: WrongTransportKey.
    """
    verify_transport_key(transport)
    r = Scalar.random(randomness)
    c1 = multiply(G1_GENERATOR, r, randomness)
    c2 = multiply(hash_identity(identity), share.secret, randomness) + multiply(transport.t1, r, randomness)
    return Partial(share.epoch, share.member, c1, c2)


def verify_partial(partial: Partial, identity: Identity, transport: TransportPublicKey, public_key_share: G2) -> None:
    """`partial` holds x_i H(id) for the x_i behind `public_key_share`, encrypted to `transport`.

    Raises: WrongPartial, naming the member.
    """
    if partial.c1.is_identity():  # r = 0: the identity key share would lie open on the chain
        raise WrongPartial(
            f"the partial of member {partial.member} is not encrypted", details={"member": partial.member}
        )
    if public_key_share.is_identity() or not pairing_product_is_one(
        [
            (-partial.c2, G2_GENERATOR),
            (partial.c1, transport.t2),
            (hash_identity(identity), public_key_share),
        ]
    ):
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
    c1 = combine_points([partial.c1 for partial in chosen], factors)
    c2 = combine_points([partial.c2 for partial in chosen], factors)
    key = IdentityKey(identity, c2 - multiply(c1, transport.secret))
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
