"""Proofs of possession: a BLS signature, under a key of G2, on a message that names that key and where it is used.

Without them a dealer could choose its constant term as a difference from the others' (a rogue key), and a member could
acknowledge a share that it does not hold.

Source: Ristenpart and Yilek 2007 (rogue keys); draft-irtf-cfrg-bls-signature section 3.3.
"""

from __future__ import annotations

from governance.crypto.errors import WrongPossession
from governance.crypto.group import (
    G1,
    G2,
    G2_GENERATOR,
    Randomness,
    Scalar,
    hash_to_g1,
    multiply,
    pairing_product_is_one,
    system_randomness,
)
from governance.crypto.points import g2_to_eip2537
from governance.encoding.committee import (
    DST_POP_DEALER,
    DST_POP_SHARE,
    CommitteeDomain,
    compute_dealer_possession_message,
    compute_share_possession_message,
)
from governance.types import Hash32, MemberIndex


def prove_dealer_possession(
    constant: Scalar,
    domain: CommitteeDomain,
    dealer: MemberIndex,
    commitments_hash: Hash32,
    randomness: Randomness = system_randomness,
) -> G1:
    """A proof that the dealer knows the constant term a_0 behind its first commitment D_0 = a_0 g2."""
    message = compute_dealer_possession_message(domain, dealer, commitments_hash)
    return multiply(hash_to_g1(message, DST_POP_DEALER), constant, randomness)


def verify_dealer_possession(
    proof: G1, commitment: G2, domain: CommitteeDomain, dealer: MemberIndex, commitments_hash: Hash32
) -> None:
    """The dealer knows a_0 of D_0 = `commitment`, and said so for these commitments, here and in this epoch.

    Raises: WrongPossession.
    """
    message = compute_dealer_possession_message(domain, dealer, commitments_hash)
    _verify(proof, commitment, hash_to_g1(message, DST_POP_DEALER), f"dealer {dealer}")


def prove_share_possession(
    share: Scalar,
    public_key_share: G2,
    domain: CommitteeDomain,
    member: MemberIndex,
    randomness: Randomness = system_randomness,
) -> G1:
    """A member's acknowledgement that it holds the secret x_j of `public_key_share` in this epoch."""
    message = compute_share_possession_message(domain, member, g2_to_eip2537(public_key_share))
    return multiply(hash_to_g1(message, DST_POP_SHARE), share, randomness)


def verify_share_possession(proof: G1, public_key_share: G2, domain: CommitteeDomain, member: MemberIndex) -> None:
    """The member holds the secret x_j of `public_key_share`, and said so here and in this epoch.

    Raises: WrongPossession.
    """
    message = compute_share_possession_message(domain, member, g2_to_eip2537(public_key_share))
    _verify(proof, public_key_share, hash_to_g1(message, DST_POP_SHARE), f"member {member}")


def _verify(proof: G1, public_key: G2, hashed: G1, who: str) -> None:
    # Under the identity as key, the identity is a proof for everybody.
    if public_key.is_identity() or not pairing_product_is_one([(-proof, G2_GENERATOR), (hashed, public_key)]):
        raise WrongPossession(f"the proof of possession of {who} does not verify")
