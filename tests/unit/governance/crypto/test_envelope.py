"""Envelopes: they open for one recipient in one context, and match the specification written out by hand."""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
import json
import pickle
import secrets
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from governance.crypto import envelope
from governance.crypto.envelope import (
    Envelope,
    EnvelopeContext,
    EnvelopeKeyPair,
    EnvelopePublicKey,
    open_share,
    seal_share,
)
from governance.crypto.errors import EnvelopeRefused
from governance.crypto.group import ORDER, Scalar
from governance.encoding.committee import CommitteeDomain
from governance.types import Address, ChainId, Epoch, Hash32, MemberIndex

DOMAIN = CommitteeDomain(ChainId(31337), Address("0x5FbDB2315678afecb367f032d93F642f64180aa3"), Epoch(1))
CONTEXT = EnvelopeContext(DOMAIN, MemberIndex(2), MemberIndex(5), Hash32(b"\x0c" * 32))
KEY = EnvelopeKeyPair.generate()
SHARE = Scalar.from_wide_bytes(bytes(range(48)))
SEALED = seal_share(SHARE, KEY.public, CONTEXT)
VECTOR: dict[str, str] = json.loads(
    (Path(__file__).parents[3] / "vectors" / "bls" / "envelope.json").read_text(encoding="utf-8")
)


def test_envelope_opens_for_its_recipient() -> None:
    assert len(SEALED) == envelope.ENVELOPE_BYTES == 1168
    assert len(KEY.public.data) == envelope.PUBLIC_KEY_BYTES == 1216
    assert open_share(SEALED, KEY, CONTEXT) == SHARE


WRONG_CONTEXTS = {
    "chain": dataclasses.replace(CONTEXT, domain=dataclasses.replace(DOMAIN, chain_id=ChainId(1))),
    "contract": dataclasses.replace(CONTEXT, domain=dataclasses.replace(DOMAIN, committee=Address("0x" + "11" * 20))),
    "epoch": dataclasses.replace(CONTEXT, domain=dataclasses.replace(DOMAIN, epoch=Epoch(2))),
    "dealer": dataclasses.replace(CONTEXT, dealer=MemberIndex(3)),
    "recipient": dataclasses.replace(CONTEXT, recipient=MemberIndex(4)),
    "swapped": dataclasses.replace(CONTEXT, dealer=CONTEXT.recipient, recipient=CONTEXT.dealer),
    "commitments": dataclasses.replace(CONTEXT, commitments_hash=Hash32(bytes(32))),
}


@pytest.mark.parametrize("context", WRONG_CONTEXTS.values(), ids=WRONG_CONTEXTS.keys())
def test_envelope_refused_in_another_context(context: EnvelopeContext) -> None:
    with pytest.raises(EnvelopeRefused, match=f"dealer {context.dealer} for member {context.recipient}") as caught:
        open_share(SEALED, KEY, context)
    assert "complain" in caught.value.advice


def test_envelope_refused_for_another_key() -> None:
    with pytest.raises(EnvelopeRefused):
        open_share(SEALED, EnvelopeKeyPair.generate(), CONTEXT)


@pytest.mark.parametrize("position", [0, 600, 1087, 1088, 1119, 1120, 1151, 1152, 1167])
def test_envelope_refused_with_a_flipped_bit(position: int) -> None:
    flipped = bytearray(SEALED)
    flipped[position] ^= 1
    with pytest.raises(EnvelopeRefused):
        open_share(Envelope(bytes(flipped)), KEY, CONTEXT)


@pytest.mark.parametrize("length", [0, 1, 1119, 1120, 1136, 1167])
def test_envelope_refused_when_cut(length: int) -> None:
    with pytest.raises(EnvelopeRefused):
        open_share(Envelope(SEALED[:length]), KEY, CONTEXT)


@pytest.mark.parametrize("content", [b"", bytes(31), bytes(33), ORDER.to_bytes(32, "big"), b"\xff" * 32])
def test_envelope_refused_when_it_holds_no_scalar(content: bytes) -> None:
    sealed = Envelope(envelope._SUITE.encrypt(content, KEY.public._key, CONTEXT.to_info()))
    with pytest.raises(EnvelopeRefused, match="holds no scalar"):
        open_share(sealed, KEY, CONTEXT)


def test_envelopes_of_one_share_differ() -> None:
    assert seal_share(SHARE, KEY.public, CONTEXT) != SEALED


# ------------------------------------------------------------------------------------------------------------ keys

# RFC 7748 and Bernstein's list: points of order 1, 2, 4, 8 and their non-canonical forms give an all-zero secret
LOW_ORDER = [
    bytes(32),
    b"\1" + bytes(31),
    bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
    bytes.fromhex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
    bytes.fromhex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
]


@pytest.mark.parametrize("x25519", LOW_ORDER, ids=lambda data: data.hex()[:8])
def test_public_key_refuses_an_x25519_point_of_low_order(x25519: bytes) -> None:
    with pytest.raises(EnvelopeRefused, match="cannot be used"):
        EnvelopePublicKey.from_bytes(KEY.public.data[:1184] + x25519)


@pytest.mark.parametrize("data", [b"", KEY.public.data[:-1], KEY.public.data + b"\0", KEY.public.data[:1184]])
def test_public_key_refuses_another_length(data: bytes) -> None:
    with pytest.raises(EnvelopeRefused, match="1216 bytes"):
        EnvelopePublicKey.from_bytes(data)


def test_public_key_refuses_ml_kem_coefficients_out_of_range() -> None:
    # FIPS 203 section 7.2, modulus check: 12-bit coefficients below 3329
    with pytest.raises(EnvelopeRefused, match="cannot be used"):
        EnvelopePublicKey.from_bytes(b"\xff\xff\xff" + KEY.public.data[3:])


def test_public_key_round_trips() -> None:
    again = EnvelopePublicKey.from_bytes(KEY.public.data)
    assert again == KEY.public
    assert open_share(seal_share(SHARE, again, CONTEXT), KEY, CONTEXT) == SHARE


def test_key_pair_round_trips_through_its_private_bytes() -> None:
    again = EnvelopeKeyPair.from_private_bytes(KEY.reveal())
    assert again.public == KEY.public
    assert open_share(SEALED, again, CONTEXT) == SHARE


@pytest.mark.parametrize("length", [0, 32, 64, 95, 97])
def test_key_pair_refuses_private_bytes_of_another_length(length: int) -> None:
    with pytest.raises(EnvelopeRefused) as caught:
        EnvelopeKeyPair.from_private_bytes(b"\x5a" * length)
    assert "5a5a" not in str(caught.value)


def test_key_pair_shows_nothing_and_is_not_pickled() -> None:
    shown = f"{KEY} {KEY!r} {KEY.public!r}"
    secret = KEY.reveal()
    for at in range(0, len(secret), 16):
        assert secret[at : at + 16].hex() not in shown
    with pytest.raises(TypeError):
        pickle.dumps(KEY)


def test_key_pairs_are_fresh() -> None:
    assert EnvelopeKeyPair.generate().reveal() != KEY.reveal()


# ----------------------------------------------------------------------------------- the format, by another way


def extract(salt: bytes, material: bytes) -> bytes:
    return hmac.new(salt, material, hashlib.sha256).digest()


def expand(key: bytes, info: bytes, length: int) -> bytes:
    blocks, block = b"", b""
    for counter in range(1, -(-length // 32) + 1):
        block = hmac.new(key, block + info + bytes([counter]), hashlib.sha256).digest()
        blocks += block
    return blocks[:length]


def decrypt_by_the_book(private_key: bytes, sealed: bytes, info: bytes) -> bytes:
    """RFC 9180 sections 4 and 5.1 (base mode) over X-Wing's combiner, from HMAC, ML-KEM, X25519 and AES-GCM alone."""
    mlkem, x25519 = (
        MLKEM768PrivateKey.from_seed_bytes(private_key[:64]),
        X25519PrivateKey.from_private_bytes(private_key[64:]),
    )
    shared_m = mlkem.decapsulate(sealed[:1088])
    point = sealed[1088:1120]
    shared_x = x25519.exchange(X25519PublicKey.from_public_bytes(point))
    label = bytes.fromhex("5c2e2f2f5e5c")  # X-Wing, section 5.3
    shared = hashlib.sha3_256(shared_m + shared_x + point + x25519.public_key().public_bytes_raw() + label).digest()

    suite = b"HPKE" + (0x647A).to_bytes(2, "big") + (0x0001).to_bytes(2, "big") + (0x0002).to_bytes(2, "big")

    def labeled_extract(salt: bytes, name: bytes, material: bytes) -> bytes:
        return extract(salt, b"HPKE-v1" + suite + name + material)

    def labeled_expand(key: bytes, name: bytes, context: bytes, length: int) -> bytes:
        return expand(key, length.to_bytes(2, "big") + b"HPKE-v1" + suite + name + context, length)

    context = b"\0" + labeled_extract(b"", b"psk_id_hash", b"") + labeled_extract(b"", b"info_hash", info)
    secret = labeled_extract(shared, b"secret", b"")
    key, nonce = labeled_expand(secret, b"key", context, 32), labeled_expand(secret, b"base_nonce", context, 12)
    return AESGCM(key).decrypt(nonce, sealed[1120:], b"")


def test_envelope_opens_by_the_specification_alone() -> None:
    assert decrypt_by_the_book(KEY.reveal(), SEALED, CONTEXT.to_info()) == SHARE.reveal()
    sealed = envelope._SUITE.encrypt(content := secrets.token_bytes(32), KEY.public._key, b"x")
    assert decrypt_by_the_book(KEY.reveal(), sealed, b"x") == content


def test_envelope_of_the_vector_opens_to_its_share() -> None:
    key = EnvelopeKeyPair.from_private_bytes(bytes.fromhex(VECTOR["private_key"]))
    context = dataclasses.replace(CONTEXT, commitments_hash=Hash32(bytes.fromhex(VECTOR["info"])[-32:]))
    assert key.public.data.hex() == VECTOR["public_key"]
    assert context.to_info().hex() == VECTOR["info"]
    assert open_share(Envelope(bytes.fromhex(VECTOR["envelope"])), key, context).reveal().hex() == VECTOR["share"]
