"""Feldman's verifiable secret sharing: a dealer splits a secret, and each member can check its part against points.

A dealing commits to exactly t coefficients. One more and every share check would still pass, while t shares could no
longer be combined: the key would be lost for ever, unnoticed. So their number is checked wherever commitments are used.

Key generation: every dealer shares a fresh secret, and members add what they got (`add_shares`, `add_commitments`).
Resharing: t old members share their key shares, and new members interpolate (`combine_shares`, `combine_commitments`),
which leaves the public key as it is.

Source: Shamir 1979; Feldman 1987; Desmedt and Jajodia 1997 (redistribution).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from governance.crypto.errors import InvalidCommittee, WrongDealing, WrongShare
from governance.crypto.group import (
    G1,
    G2,
    G2_GENERATOR,
    ORDER,
    Randomness,
    Scalar,
    combine_points,
    multiply,
    system_randomness,
)
from governance.crypto.points import g2_to_eip2537
from governance.crypto.possession import prove_dealer_possession, verify_dealer_possession
from governance.encoding.committee import CommitteeDomain, compute_commitments_hash
from governance.types import Epoch, Hash32, MemberIndex

Commitments = tuple[G2, ...]  # a_0 g2, ..., a_{t-1} g2 of a polynomial a_0 + a_1 x + ...

MAX_MEMBERS = 31
MAX_INDEX = 2**16 - 1


@dataclass(frozen=True, slots=True)
class Dealing:
    """What a dealer made: `commitments` and `proof` are published, each share goes to its member in an envelope."""

    commitments: Commitments
    commitments_hash: Hash32
    proof: G1
    shares: Mapping[MemberIndex, Scalar] = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeyShare:
    """One member's secret share of the committee's key, in one epoch."""

    epoch: Epoch
    member: MemberIndex
    secret: Scalar = field(repr=False)


def check_committee(threshold: int, members: Collection[MemberIndex]) -> None:
    """The threshold and the indices make a committee in which t - 1 cannot act, and n - t may be absent.

    Raises: InvalidCommittee. Source: DESIGN section 4, point 3.
    """
    check_indices(members)
    if threshold < 2:
        raise InvalidCommittee(f"a threshold of {threshold} lets one member act alone; at least 2 is required")
    if not 2 * threshold - 1 <= len(members) <= MAX_MEMBERS:
        raise InvalidCommittee(
            f"{len(members)} members for a threshold of {threshold}; {2 * threshold - 1} to {MAX_MEMBERS} are required"
        )


def check_indices(members: Iterable[MemberIndex]) -> None:
    """The indices are distinct and in 1..65535: index 0 would be handed the secret itself.

    Raises: InvalidCommittee.
    """
    listed = list(members)
    if wrong := [index for index in listed if not 1 <= index <= MAX_INDEX]:
        raise InvalidCommittee(f"member indices are in 1..{MAX_INDEX}, got {wrong}")
    if len(set(listed)) != len(listed):
        raise InvalidCommittee(f"member indices are distinct, got {sorted(listed)}")


def deal(
    secret: Scalar,
    threshold: int,
    members: Collection[MemberIndex],
    domain: CommitteeDomain,
    dealer: MemberIndex,
    randomness: Randomness = system_randomness,
) -> Dealing:
    """Any `threshold` of the dealt shares determine `secret`; fewer say nothing about it.

    Raises: InvalidCommittee; WrongDealing, when the secret is zero.
    """
    check_committee(threshold, members)
    check_indices([dealer])
    if secret.is_zero():
        raise WrongDealing("a secret of zero cannot be dealt: its commitment is the identity")
    coefficients = [secret, *(Scalar.random(randomness) for _ in range(threshold - 1))]
    commitments = tuple(multiply(G2_GENERATOR, coefficient, randomness) for coefficient in coefficients)
    commitments_hash = hash_commitments(commitments, domain, dealer)
    return Dealing(
        commitments,
        commitments_hash,
        prove_dealer_possession(secret, domain, dealer, commitments_hash, randomness),
        {member: _evaluate(coefficients, member) for member in members},
    )


def hash_commitments(commitments: Sequence[G2], domain: CommitteeDomain, dealer: MemberIndex) -> Hash32:
    """The hash of `commitments` that the dealer posts before it reveals them."""
    return compute_commitments_hash(domain, dealer, b"".join(g2_to_eip2537(point) for point in commitments))


def verify_dealing(
    commitments: Sequence[G2], proof: G1, threshold: int, domain: CommitteeDomain, dealer: MemberIndex
) -> None:
    """The revealed commitments are well formed and the dealer knows what the first of them commits to.

    In a resharing the caller also compares `commitments[0]` with the dealer's old public key share.
    Raises: WrongDealing, WrongPossession.
    """
    check_commitments(commitments, threshold)
    verify_dealer_possession(proof, commitments[0], domain, dealer, hash_commitments(commitments, domain, dealer))


def check_commitments(commitments: Sequence[G2], threshold: int) -> None:
    """There are exactly `threshold` commitments, none of them the identity.

    Raises: WrongDealing.
    """
    if len(commitments) != threshold:
        raise WrongDealing(f"{len(commitments)} commitments, exactly {threshold} are required")
    if any(point.is_identity() for point in commitments):
        raise WrongDealing("a commitment is the identity")


def verify_share(commitments: Sequence[G2], threshold: int, member: MemberIndex, share: Scalar) -> None:
    """`share` is the value at `member` of the polynomial of degree t - 1 behind `commitments`.

    Holds for one dealer's share, and for sums and interpolations with their commitments.
    Raises: InvalidCommittee, WrongDealing, WrongShare.
    """
    if compute_public_key_share(commitments, threshold, member) != multiply(G2_GENERATOR, share):
        raise WrongShare(f"the share for member {member} does not lie on the committed polynomial")


def compute_public_key_share(commitments: Sequence[G2], threshold: int, member: MemberIndex) -> G2:
    """PK_j = x_j g2, computed from the commitments alone, without x_j.

    Raises: InvalidCommittee, WrongDealing.
    """
    check_indices([member])
    check_commitments(commitments, threshold)
    return combine_points(commitments, [pow(member, power, ORDER) for power in range(threshold)])


def compute_lagrange(members: Collection[MemberIndex]) -> dict[MemberIndex, int]:
    """The factors by which values at `members` sum to the value at zero.

    Raises: InvalidCommittee.
    """
    check_indices(members)
    factors = {}
    for i in members:
        numerator = denominator = 1
        for j in members:
            if j != i:
                numerator = numerator * j % ORDER
                denominator = denominator * (j - i) % ORDER
        factors[i] = numerator * pow(denominator, -1, ORDER) % ORDER
    return factors


def add_shares(shares: Mapping[MemberIndex, Scalar], threshold: int) -> Scalar:
    """A member's key share after key generation: the sum over the qualified dealers.

    With fewer than t dealers, fewer than t members would know the key.
    Raises: InvalidCommittee.
    """
    _require_dealers(shares, threshold)
    return _sum(shares.values())


def add_commitments(dealings: Mapping[MemberIndex, Sequence[G2]], threshold: int) -> Commitments:
    """The commitments to the sum over the qualified dealers; the first one is the committee's public key.

    Raises: InvalidCommittee, WrongDealing.
    """
    _require_dealers(dealings, threshold)
    return _weigh_commitments(dealings, dict.fromkeys(dealings, 1), threshold)


def combine_shares(shares: Mapping[MemberIndex, Scalar], threshold: int) -> Scalar:
    """The value at zero of the polynomial of degree t - 1 through exactly `threshold` shares.

    Of the dealt shares in a resharing this is the new key share. Raises: InvalidCommittee.
    """
    _require_exactly(shares, threshold)
    factors = compute_lagrange(shares.keys())
    return _sum(share.scaled(factors[member]) for member, share in shares.items())


def combine_commitments(
    dealings: Mapping[MemberIndex, Sequence[G2]], old_threshold: int, threshold: int
) -> Commitments:
    """The commitments after a resharing by exactly `old_threshold` old members; the public key stays the first one.

    Raises: InvalidCommittee, WrongDealing.
    """
    _require_exactly(dealings, old_threshold)
    return _weigh_commitments(dealings, compute_lagrange(dealings.keys()), threshold)


def _evaluate(coefficients: Sequence[Scalar], member: MemberIndex) -> Scalar:
    value = coefficients[-1]
    for coefficient in reversed(coefficients[:-1]):
        value = value.scaled(member) + coefficient
    return value


def _sum(scalars: Iterable[Scalar]) -> Scalar:
    first, *rest = scalars
    for scalar in rest:
        first = first + scalar
    return first


def _weigh_commitments(
    dealings: Mapping[MemberIndex, Sequence[G2]], factors: Mapping[MemberIndex, int], threshold: int
) -> Commitments:
    for commitments in dealings.values():
        check_commitments(commitments, threshold)
    dealers = list(dealings)
    columns = zip(*(dealings[dealer] for dealer in dealers), strict=True)
    summed = tuple(combine_points(column, [factors[dealer] for dealer in dealers]) for column in columns)
    check_commitments(summed, threshold)  # dealings that cancel each other out leave no key
    return summed


def _require_dealers(dealings: Mapping[MemberIndex, object], threshold: int) -> None:
    check_indices(dealings)
    if len(dealings) < max(threshold, 2):
        raise InvalidCommittee(f"{len(dealings)} qualified dealers, at least {max(threshold, 2)} are required")


def _require_exactly(values: Mapping[MemberIndex, object], threshold: int) -> None:
    if threshold < 2 or len(values) != threshold:
        raise InvalidCommittee(f"{len(values)} shares, exactly {max(threshold, 2)} are required")
