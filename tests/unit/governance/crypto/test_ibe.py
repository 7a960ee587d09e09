"""Wrapped data keys: nothing but the right key in the right context opens them, and every refusal looks the same."""

from __future__ import annotations

import dataclasses
import traceback

import pytest

from governance.crypto import ibe
from governance.crypto.errors import InvalidPoint, UnwrapFailed
from governance.crypto.group import (
    G1_GENERATOR,
    G1_IDENTITY,
    G2,
    G2_GENERATOR,
    G2_IDENTITY,
    ORDER,
    Scalar,
    multiply,
    pairing_bytes,
)
from governance.crypto.ibe import DataKey, WrapContext, WrappedKey, unwrap, wrap
from governance.crypto.partial import IdentityKey, hash_identity
from governance.encoding.errors import NotEncodable
from governance.types import Hash32, Identity

SECRET = Scalar.from_wide_bytes(bytes(range(48)))
PUBLIC_KEY = multiply(G2_GENERATOR, SECRET)
IDENTITY = Identity(b"\x01" * 32)
KEY = IdentityKey(IDENTITY, multiply(hash_identity(IDENTITY), SECRET))
CONTEXT = WrapContext(PUBLIC_KEY, IDENTITY, Hash32(b"\x0a" * 32), Hash32(b"\x0b" * 32))
DATA_KEY = DataKey(bytes(range(100, 132)))
WRAPPED = wrap(DATA_KEY, CONTEXT)


def test_wrap_opens_with_the_identity_key() -> None:
    assert len(WRAPPED) == ibe.WRAPPED_BYTES == 160
    assert unwrap(WRAPPED, KEY, CONTEXT) == DATA_KEY


def test_wrap_is_different_each_time() -> None:
    again = wrap(DATA_KEY, CONTEXT)
    assert not {again[:96], again[96:128], again[128:]} & {WRAPPED[:96], WRAPPED[96:128], WRAPPED[128:]}


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_wrap_refuses_a_data_key_of_another_length(length: int) -> None:
    with pytest.raises(NotEncodable):
        wrap(DataKey(bytes(length)), CONTEXT)


def test_wrap_refuses_the_identity_as_public_key() -> None:
    # e(H(id), O) = 1: everybody could open
    with pytest.raises(InvalidPoint):
        wrap(DATA_KEY, dataclasses.replace(CONTEXT, public_key=G2_IDENTITY))


def test_wrap_draws_again_when_its_exponent_is_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    # Unreachable by chance (2^-255): U would be the identity, which no opener accepts.
    real, calls = ibe._h3, []

    def first_zero(sigma: bytes, data_key: bytes, digest: bytes) -> Scalar:
        calls.append(sigma)
        return Scalar.from_bytes(bytes(32)) if len(calls) == 1 else real(sigma, data_key, digest)

    monkeypatch.setattr(ibe, "_h3", first_zero)
    wrapped = wrap(DATA_KEY, CONTEXT)
    assert len(set(calls)) == 2
    assert unwrap(wrapped, KEY, CONTEXT) == DATA_KEY


OTHER = Hash32(b"\xee" * 32)
WRONG_CONTEXTS = {
    "public key": dataclasses.replace(CONTEXT, public_key=PUBLIC_KEY + G2_GENERATOR),
    "identity": dataclasses.replace(CONTEXT, identity=Identity(OTHER)),
    "content root": dataclasses.replace(CONTEXT, content_root=OTHER),
    "key commitment": dataclasses.replace(CONTEXT, key_commitment=OTHER),
    "short content root": dataclasses.replace(CONTEXT, content_root=Hash32(b"\x0a" * 31)),
    "long identity": dataclasses.replace(CONTEXT, identity=Identity(b"\x01" * 33)),
    "identity point": dataclasses.replace(CONTEXT, public_key=G2_IDENTITY),
}


@pytest.mark.parametrize("context", WRONG_CONTEXTS.values(), ids=WRONG_CONTEXTS.keys())
def test_unwrap_refuses_another_context(context: WrapContext) -> None:
    with pytest.raises(UnwrapFailed):
        unwrap(WRAPPED, KEY, context)


WRONG_KEYS = {
    "of another identity": multiply(hash_identity(Identity(OTHER)), SECRET),
    "of another committee": multiply(hash_identity(IDENTITY), SECRET + SECRET),
    "off by a generator": KEY.point + G1_GENERATOR,
    "negated": -KEY.point,
    "the identity": G1_IDENTITY,
    "the hashed identity": hash_identity(IDENTITY),
}


@pytest.mark.parametrize("point", WRONG_KEYS.values(), ids=WRONG_KEYS.keys())
def test_unwrap_refuses_another_key(point: object) -> None:
    with pytest.raises(UnwrapFailed):
        unwrap(WRAPPED, dataclasses.replace(KEY, point=point), CONTEXT)  # type: ignore[arg-type]


def bad_u() -> dict[str, bytes]:
    infinity = b"\xc0" + bytes(95)
    return {
        "identity": infinity,
        "identity with a stray bit": infinity[:-1] + b"\1",
        "zeros": bytes(96),
        "another point": (G2.from_compressed(WRAPPED[:96]) + G2_GENERATOR).to_compressed(),
        "the negated point": (-G2.from_compressed(WRAPPED[:96])).to_compressed(),
    }


@pytest.mark.parametrize("u", bad_u().values(), ids=bad_u().keys())
def test_unwrap_refuses_another_u(u: bytes) -> None:
    with pytest.raises(UnwrapFailed):
        unwrap(WrappedKey(u + WRAPPED[96:]), KEY, CONTEXT)


def test_unwrap_refuses_u_that_does_not_follow_from_its_content() -> None:
    # A careless opener would accept any (U, V, W) made with a self-chosen r: the check U = H3(sigma, m) g2 stops it.
    r, sigma = Scalar.random(), bytes(range(32))
    u, digest = multiply(G2_GENERATOR, r).to_compressed(), CONTEXT.to_hash()
    gt = pairing_bytes(multiply(hash_identity(IDENTITY), r), PUBLIC_KEY)
    forged = u + ibe._xor(sigma, ibe._h2(gt, u, digest)) + ibe._xor(DATA_KEY, ibe._h4(sigma, digest))
    with pytest.raises(UnwrapFailed):
        unwrap(WrappedKey(forged), KEY, CONTEXT)


def test_unwrap_refuses_parts_of_two_wrapped_keys() -> None:
    other = wrap(DATA_KEY, CONTEXT)
    for mixed in (
        WRAPPED[:96] + other[96:],
        WRAPPED[:128] + other[128:],
        WRAPPED[:96] + other[96:128] + WRAPPED[128:],
    ):
        with pytest.raises(UnwrapFailed):
            unwrap(WrappedKey(mixed), KEY, CONTEXT)


@pytest.mark.parametrize("length", [0, 1, 95, 96, 128, 159, 161, 320])
def test_unwrap_refuses_another_length(length: int) -> None:
    with pytest.raises(UnwrapFailed):
        unwrap(WrappedKey((WRAPPED * 2)[:length]), KEY, CONTEXT)


def test_unwrap_failures_cannot_be_told_apart() -> None:
    said = set()
    attempts: list[tuple[bytes, IdentityKey, WrapContext]] = [
        (bytes(160), KEY, CONTEXT),
        (b"", KEY, CONTEXT),
        (b"\xc0" + bytes(95) + WRAPPED[96:], KEY, CONTEXT),
        (WRAPPED[:-1] + bytes([WRAPPED[-1] ^ 1]), KEY, CONTEXT),
        (WRAPPED, dataclasses.replace(KEY, point=G1_GENERATOR), CONTEXT),
        *((WRAPPED, KEY, context) for context in WRONG_CONTEXTS.values()),
    ]
    for wrapped, key, context in attempts:
        with pytest.raises(UnwrapFailed) as caught:
            unwrap(WrappedKey(wrapped), key, context)
        said.add(repr(caught.value.to_json()))
        assert caught.value.__suppress_context__ or caught.value.__context__ is None
        printed = "".join(traceback.format_exception(caught.value))
        assert "InvalidPoint" not in printed
        assert DATA_KEY.hex() not in printed
    assert len(said) == 1


def test_exponent_hash_is_reduced_from_48_bytes() -> None:
    # 32 bytes modulo the order would be biased towards small exponents
    seen = ibe._hash(ibe.H3_LABEL, b"s" * 32, DATA_KEY, bytes(32), length=48)
    expected = int.from_bytes(seen, "big") % ORDER
    assert ibe._h3(b"s" * 32, DATA_KEY, bytes(32)).reveal() == expected.to_bytes(32, "big")


def test_hashes_are_separate_and_framed() -> None:
    parts = (b"a" * 32, b"b" * 32)
    labels = [ibe.H2_LABEL, ibe.H3_LABEL, ibe.H4_LABEL]
    outputs = {ibe._hash(label, *parts, length=32) for label in labels}
    moved = ibe._hash(ibe.H2_LABEL, b"a" * 31, b"a" + b"b" * 32, length=32)
    assert len(outputs | {moved}) == 4
