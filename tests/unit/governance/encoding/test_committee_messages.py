"""The committee's messages, word by word, against bytes put together by hand."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from collections.abc import Callable

import pytest

from governance.encoding import committee
from governance.encoding.committee import CommitteeDomain
from governance.encoding.errors import NotEncodable
from governance.encoding.keccak import abi_encode, keccak256
from governance.types import Address, ChainId, Epoch, Hash32, Identity, MemberIndex

ADDRESS = Address("0x5FbDB2315678afecb367f032d93F642f64180aa3")
DOMAIN = CommitteeDomain(ChainId(31337), ADDRESS, Epoch(7))
DEALER, MEMBER = MemberIndex(2), MemberIndex(65535)
POINTS = bytes(range(256)) * 3
HASH = Hash32(bytes(range(32)))


def word(value: int) -> bytes:
    return value.to_bytes(32, "big")


def head(index: int) -> bytes:
    return word(31337) + bytes(12) + bytes.fromhex(ADDRESS[2:]) + word(7) + word(index)


def test_keccak256_is_ethereums_not_sha3s() -> None:
    # the hash of nothing: the code hash of every externally owned account (Yellow Paper)
    assert keccak256(b"").hex() == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"


@pytest.mark.parametrize(
    ("types", "values"),
    [
        (["uint16"], [65536]),
        (["uint16"], [-1]),
        (["uint16"], []),
        (["uint16"], ["1"]),
        (["uint16"], [True]),
        (["bytes32"], [bytes(33)]),
        (["address"], ["0x12"]),
    ],
)
def test_abi_encode_refuses_a_value_that_does_not_fit(types: list[str], values: list[object]) -> None:
    with pytest.raises(NotEncodable) as caught:
        abi_encode(types, values)
    assert caught.value.exit_code == 2
    assert "too large" in caught.value.advice


def test_commitments_hash_is_over_the_five_words() -> None:
    expected = keccak256(head(2) + keccak256(POINTS))
    assert committee.compute_commitments_hash(DOMAIN, DEALER, POINTS) == expected


@pytest.mark.parametrize("length", [0, 1, 255, 257, 512 + 128])
def test_commitments_hash_refuses_anything_but_whole_points(length: int) -> None:
    with pytest.raises(NotEncodable):
        committee.compute_commitments_hash(DOMAIN, DEALER, bytes(length))


def test_dealer_possession_message_is_over_the_five_words() -> None:
    assert committee.compute_dealer_possession_message(DOMAIN, DEALER, HASH) == keccak256(head(2) + HASH)


def test_share_possession_message_is_over_the_five_words() -> None:
    key = POINTS[:256]
    expected = keccak256(head(65535) + keccak256(key))
    assert committee.compute_share_possession_message(DOMAIN, MEMBER, key) == expected


def test_dealt_share_info_is_label_and_six_words() -> None:
    info = committee.make_dealt_share_info(DOMAIN, DEALER, MEMBER, HASH)
    assert info == b"custodes/dealt-share/v1" + head(2) + word(65535) + HASH


def test_wrap_context_is_labelled_and_over_the_hashed_key() -> None:
    key, identity, root, commitment = POINTS[:256], Identity(b"i" * 32), Hash32(b"r" * 32), Hash32(b"c" * 32)
    label = b"custodes/wrap/v1"
    # abi.encode(string, bytes32 x 4): offset of the string, the four words, its length, its bytes
    body = word(5 * 32) + keccak256(key) + identity + root + commitment + word(len(label)) + label.ljust(32, b"\0")
    assert committee.compute_wrap_context(key, identity, root, commitment) == keccak256(body)


MESSAGES: list[Callable[[CommitteeDomain, MemberIndex], bytes]] = [
    lambda domain, index: committee.compute_commitments_hash(domain, index, POINTS),
    lambda domain, index: committee.compute_dealer_possession_message(domain, index, HASH),
    lambda domain, index: committee.compute_share_possession_message(domain, index, POINTS[:256]),
    lambda domain, index: committee.make_dealt_share_info(domain, index, MEMBER, HASH),
    lambda domain, index: committee.make_dealt_share_info(domain, DEALER, index, HASH),
]


@pytest.mark.parametrize("message", MESSAGES)
def test_messages_differ_when_chain_contract_epoch_or_index_differ(
    message: Callable[[CommitteeDomain, MemberIndex], bytes],
) -> None:
    index = MemberIndex(3)
    variants = [
        message(DOMAIN, index),
        message(dataclasses.replace(DOMAIN, chain_id=ChainId(1)), index),
        message(dataclasses.replace(DOMAIN, committee=Address("0x" + "11" * 20)), index),
        message(dataclasses.replace(DOMAIN, epoch=Epoch(8)), index),
        message(DOMAIN, MemberIndex(4)),
    ]
    assert len(set(variants)) == len(variants)


@pytest.mark.parametrize("index", [-1, 65536])
@pytest.mark.parametrize("message", MESSAGES)
def test_messages_refuse_an_index_beyond_sixteen_bits(
    message: Callable[[CommitteeDomain, MemberIndex], bytes], index: int
) -> None:
    with pytest.raises(NotEncodable):
        message(DOMAIN, MemberIndex(index))


@pytest.mark.parametrize("length", [0, 31, 33])
def test_messages_refuse_hashes_that_are_not_32_bytes(length: int) -> None:
    short = Hash32(bytes(length))
    with pytest.raises(NotEncodable):
        committee.compute_dealer_possession_message(DOMAIN, DEALER, short)
    with pytest.raises(NotEncodable):
        committee.make_dealt_share_info(DOMAIN, DEALER, MEMBER, short)
    for identity, root, commitment in ((short, HASH, HASH), (HASH, short, HASH), (HASH, HASH, short)):
        with pytest.raises(NotEncodable):
            committee.compute_wrap_context(POINTS[:256], Identity(identity), root, commitment)


@pytest.mark.parametrize("length", [0, 96, 255, 257, 512])
def test_public_key_hash_refuses_anything_but_one_point_of_g2(length: int) -> None:
    with pytest.raises(NotEncodable):
        committee.compute_public_key_hash(bytes(length))


def test_domain_separation_tags_name_their_use_and_suite() -> None:
    tags = [committee.DST_IDENTITY, committee.DST_POP_DEALER, committee.DST_POP_SHARE]
    assert tags == [
        b"CUSTODES-V1-IDENTITY_BLS12381G1_XMD:SHA-256_SSWU_RO_",
        b"CUSTODES-V1-POP-DEALER_BLS12381G1_XMD:SHA-256_SSWU_RO_",
        b"CUSTODES-V1-POP-SHARE_BLS12381G1_XMD:SHA-256_SSWU_RO_",
    ]


def test_crypto_and_encoding_import_neither_web3_nor_eth_abi() -> None:
    code = (
        "import sys, governance.crypto.ibe, governance.crypto.envelope\n"
        "print([m for m in ('web3', 'eth_abi', 'eth_account', 'torch', 'requests') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
