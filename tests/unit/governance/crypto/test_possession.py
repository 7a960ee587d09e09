"""Proofs of possession: none is accepted from another key, place, time, index or use."""

from __future__ import annotations

import dataclasses

import pytest

from governance.crypto.errors import WrongPossession
from governance.crypto.group import G1_IDENTITY, G2_GENERATOR, G2_IDENTITY, Scalar, hash_to_g1, multiply
from governance.crypto.points import g2_to_eip2537
from governance.crypto.possession import (
    prove_dealer_possession,
    prove_share_possession,
    verify_dealer_possession,
    verify_share_possession,
)
from governance.encoding.committee import (
    DST_IDENTITY,
    DST_POP_DEALER,
    DST_POP_SHARE,
    CommitteeDomain,
    compute_share_possession_message,
)
from governance.types import Address, ChainId, Epoch, Hash32, MemberIndex

DOMAIN = CommitteeDomain(ChainId(31337), Address("0x" + "5f" * 20), Epoch(3))
INDEX = MemberIndex(9)
HASH = Hash32(b"\x07" * 32)
SECRET = Scalar.from_wide_bytes(bytes(range(48)))
KEY = multiply(G2_GENERATOR, SECRET)

ELSEWHERE = [
    dataclasses.replace(DOMAIN, chain_id=ChainId(1)),
    dataclasses.replace(DOMAIN, committee=Address("0x" + "11" * 20)),
    dataclasses.replace(DOMAIN, epoch=Epoch(4)),
]


def test_dealer_possession_verifies_where_it_was_made() -> None:
    verify_dealer_possession(prove_dealer_possession(SECRET, DOMAIN, INDEX, HASH), KEY, DOMAIN, INDEX, HASH)


@pytest.mark.parametrize("domain", ELSEWHERE)
def test_dealer_possession_refused_in_another_domain(domain: CommitteeDomain) -> None:
    proof = prove_dealer_possession(SECRET, DOMAIN, INDEX, HASH)
    with pytest.raises(WrongPossession, match="dealer 9") as caught:
        verify_dealer_possession(proof, KEY, domain, INDEX, HASH)
    assert "do not count it" in caught.value.advice


def test_dealer_possession_refused_for_another_dealer_commitment_or_key() -> None:
    proof = prove_dealer_possession(SECRET, DOMAIN, INDEX, HASH)
    for key, index, commitments_hash in (
        (KEY, MemberIndex(8), HASH),
        (KEY, INDEX, Hash32(bytes(32))),
        (KEY + G2_GENERATOR, INDEX, HASH),
    ):
        with pytest.raises(WrongPossession):
            verify_dealer_possession(proof, key, DOMAIN, index, commitments_hash)


def test_share_possession_verifies_where_it_was_made() -> None:
    verify_share_possession(prove_share_possession(SECRET, KEY, DOMAIN, INDEX), KEY, DOMAIN, INDEX)


@pytest.mark.parametrize("domain", ELSEWHERE)
def test_share_possession_refused_in_another_domain(domain: CommitteeDomain) -> None:
    with pytest.raises(WrongPossession, match="member 9"):
        verify_share_possession(prove_share_possession(SECRET, KEY, DOMAIN, INDEX), KEY, domain, INDEX)


def test_share_possession_refused_for_another_member_or_key() -> None:
    proof = prove_share_possession(SECRET, KEY, DOMAIN, INDEX)
    with pytest.raises(WrongPossession):
        verify_share_possession(proof, KEY, DOMAIN, MemberIndex(8))
    with pytest.raises(WrongPossession):
        verify_share_possession(proof, KEY + G2_GENERATOR, DOMAIN, INDEX)


def test_possession_refused_under_the_identity_key() -> None:
    # e(O, g2) = 1 = e(H, O): without the check the identity is a proof for everybody
    with pytest.raises(WrongPossession):
        verify_dealer_possession(G1_IDENTITY, G2_IDENTITY, DOMAIN, INDEX, HASH)
    with pytest.raises(WrongPossession):
        verify_share_possession(G1_IDENTITY, G2_IDENTITY, DOMAIN, INDEX)


@pytest.mark.parametrize(("dst", "accepted"), [(DST_POP_SHARE, True), (DST_POP_DEALER, False), (DST_IDENTITY, False)])
def test_share_possession_accepts_its_own_domain_tag_alone(dst: bytes, accepted: bool) -> None:
    # Without tags a partial on a chosen "identity" would be an acknowledgement, and the other way round.
    message = compute_share_possession_message(DOMAIN, INDEX, g2_to_eip2537(KEY))
    proof = multiply(hash_to_g1(message, dst), SECRET)
    if accepted:
        verify_share_possession(proof, KEY, DOMAIN, INDEX)
    else:
        with pytest.raises(WrongPossession):
            verify_share_possession(proof, KEY, DOMAIN, INDEX)


@pytest.mark.parametrize(("dst", "accepted"), [(DST_POP_DEALER, True), (DST_POP_SHARE, False), (DST_IDENTITY, False)])
def test_dealer_possession_accepts_its_own_domain_tag_alone(dst: bytes, accepted: bool) -> None:
    from governance.encoding.committee import compute_dealer_possession_message

    proof = multiply(hash_to_g1(compute_dealer_possession_message(DOMAIN, INDEX, HASH), dst), SECRET)
    if accepted:
        verify_dealer_possession(proof, KEY, DOMAIN, INDEX, HASH)
    else:
        with pytest.raises(WrongPossession):
            verify_dealer_possession(proof, KEY, DOMAIN, INDEX, HASH)
