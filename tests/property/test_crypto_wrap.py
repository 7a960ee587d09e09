"""Properties of wrapped keys and encodings: they open as made, and any change of any bit refuses."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from governance.crypto.errors import InvalidPoint, UnwrapFailed
from governance.crypto.group import G1, G1_GENERATOR, G2, G2_GENERATOR, ORDER, Scalar, combine_points, multiply
from governance.crypto.ibe import WRAPPED_BYTES, DataKey, WrapContext, WrappedKey, unwrap, wrap
from governance.crypto.partial import IdentityKey, hash_identity
from governance.crypto.points import g1_from_eip2537, g1_to_eip2537, g2_from_eip2537, g2_to_eip2537
from governance.types import Hash32, Identity

few = settings(max_examples=50, deadline=None)
blocks = st.binary(min_size=32, max_size=32)
scalars = st.integers(1, ORDER - 1).map(lambda value: Scalar.from_bytes(value.to_bytes(32, "big")))

SECRET = Scalar.from_wide_bytes(b"\x42" * 48)
PUBLIC_KEY = multiply(G2_GENERATOR, SECRET)
IDENTITY = Identity(b"\x21" * 32)
KEY = IdentityKey(IDENTITY, multiply(hash_identity(IDENTITY), SECRET))
CONTEXT = WrapContext(PUBLIC_KEY, IDENTITY, Hash32(b"\x0a" * 32), Hash32(b"\x0b" * 32))
DATA_KEY = DataKey(b"\x17" * 32)
WRAPPED = wrap(DATA_KEY, CONTEXT)


@few
@given(blocks.map(DataKey), blocks.map(Identity), blocks.map(Hash32), blocks.map(Hash32), scalars)
def test_wrap_opens_in_its_context_for_every_content(
    data_key: DataKey, identity: Identity, root: Hash32, commitment: Hash32, secret: Scalar
) -> None:
    context = WrapContext(multiply(G2_GENERATOR, secret), identity, root, commitment)
    key = IdentityKey(identity, multiply(hash_identity(identity), secret))
    assert unwrap(wrap(data_key, context), key, context) == data_key


def test_unwrap_refuses_every_single_bit_flip() -> None:
    for bit in range(8 * WRAPPED_BYTES):
        flipped = bytearray(WRAPPED)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(UnwrapFailed):
            unwrap(WrappedKey(bytes(flipped)), KEY, CONTEXT)


@few
@given(st.binary(min_size=0, max_size=200))
def test_unwrap_refuses_any_other_bytes(data: bytes) -> None:
    with pytest.raises(UnwrapFailed):
        unwrap(WrappedKey(data), KEY, CONTEXT)


@few
@given(st.binary(min_size=64, max_size=64).filter(lambda tail: tail != WRAPPED[96:]))
def test_unwrap_refuses_any_other_masks_on_a_good_point(tail: bytes) -> None:
    with pytest.raises(UnwrapFailed):
        unwrap(WrappedKey(WRAPPED[:96] + tail), KEY, CONTEXT)


@few
@given(scalars.filter(lambda s: s != SECRET))
def test_wrong_identity_key_never_opens(secret: Scalar) -> None:
    key = IdentityKey(IDENTITY, multiply(hash_identity(IDENTITY), secret))
    with pytest.raises(UnwrapFailed):
        unwrap(WRAPPED, key, CONTEXT)


@few
@given(st.integers(1, ORDER - 1))
def test_encodings_round_trip_for_every_multiple(factor: int) -> None:
    p, q = combine_points([G1_GENERATOR], [factor]), combine_points([G2_GENERATOR], [factor])
    assert g1_from_eip2537(g1_to_eip2537(p)) == p == G1.from_compressed(p.to_compressed())
    assert g2_from_eip2537(g2_to_eip2537(q)) == q == G2.from_compressed(q.to_compressed())


@few
@given(st.integers(0, 8 * 128 - 1))
def test_flipped_bit_of_an_encoded_point_is_no_point(bit: int) -> None:
    # one bit in x or y leaves the curve, one in the padding is not canonical
    data = bytearray(g1_to_eip2537(hash_identity(IDENTITY)))
    data[bit // 8] ^= 1 << bit % 8
    with pytest.raises(InvalidPoint):
        g1_from_eip2537(bytes(data))


@few
@given(st.integers(0, 8 * 256 - 1))
def test_flipped_bit_of_an_encoded_public_key_is_no_point(bit: int) -> None:
    data = bytearray(g2_to_eip2537(PUBLIC_KEY))
    data[bit // 8] ^= 1 << bit % 8
    with pytest.raises(InvalidPoint):
        g2_from_eip2537(bytes(data))
