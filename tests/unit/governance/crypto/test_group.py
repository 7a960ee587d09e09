"""The group: secrets that do not show, blinded multiplication, hashing, pairings; values of other implementations."""

from __future__ import annotations

import copy
import hashlib
import json
import pickle
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

from governance.crypto import group
from governance.crypto.errors import InvalidPoint, InvalidScalar
from governance.crypto.group import (
    G1,
    G1_GENERATOR,
    G1_IDENTITY,
    G2,
    G2_GENERATOR,
    G2_IDENTITY,
    ORDER,
    Scalar,
    combine_points,
    hash_to_g1,
    multiply,
    pairing_bytes,
    pairing_product_is_one,
)

VECTORS = Path(__file__).parents[3] / "vectors" / "bls"
SECRET = 0x1234567890ABCDEF1234567890ABCDEF


def scalar(value: int) -> Scalar:
    return Scalar.from_bytes((value % ORDER).to_bytes(32, "big"))


# ---------------------------------------------------------------------------------------------------------- scalars


@pytest.mark.parametrize(
    "data",
    [ORDER.to_bytes(32, "big"), (ORDER + 5).to_bytes(32, "big"), b"\xff" * 32, bytes(31), bytes(33), b""],
)
def test_scalar_refuses_bytes_that_are_not_canonical(data: bytes) -> None:
    with pytest.raises(InvalidScalar) as caught:
        Scalar.from_bytes(data)
    assert "below the group order" in caught.value.advice


def test_scalar_accepts_zero_and_the_largest() -> None:
    assert Scalar.from_bytes(bytes(32)).is_zero()
    assert scalar(ORDER - 1) + scalar(1) == scalar(0)


def test_scalar_refuses_too_few_bytes_for_an_unbiased_reduction() -> None:
    with pytest.raises(InvalidScalar):
        Scalar.from_wide_bytes(bytes(47))


def test_scalar_reduces_wide_bytes_as_big_endian_integers() -> None:
    data = bytes(range(1, 49))
    assert Scalar.from_wide_bytes(data) == scalar(int.from_bytes(data, "big"))


def test_scalar_random_draws_again_when_it_drew_zero() -> None:
    draws = iter([bytes(48), ORDER.to_bytes(48, "big"), bytes(47) + b"\x05"])
    assert Scalar.random(lambda _: next(draws)) == scalar(5)


def test_scalar_arithmetic_is_modulo_the_order() -> None:
    a, b = 3**150, 5**100
    assert scalar(a) - scalar(b) == scalar(a - b)
    assert scalar(a).scaled(b) == scalar(a * b)
    assert scalar(a).scaled(-1) + scalar(a) == scalar(0)
    assert scalar(1) != scalar(2)
    assert scalar(1) != 1


@dataclass
class Holder:
    secret: Scalar


@pytest.mark.parametrize("show", [repr, str, format, lambda s: f"{s!r:>40}", lambda s: repr(Holder(s)), ascii])
def test_scalar_shows_no_digit_of_its_value(show: Callable[[Scalar], str]) -> None:
    shown = show(scalar(SECRET)).lower()
    assert "hidden" in shown
    assert str(SECRET) not in shown
    assert f"{SECRET:x}" not in shown
    assert SECRET.to_bytes(16, "little").hex() not in shown


@pytest.mark.parametrize("spread", [pickle.dumps, copy.copy, copy.deepcopy, lambda s: asdict(Holder(s)), json.dumps])
def test_scalar_is_neither_pickled_nor_copied(spread: Callable[[Scalar], object]) -> None:
    with pytest.raises(TypeError) as caught:
        spread(scalar(SECRET))
    assert f"{SECRET:x}" not in str(caught.value)


def test_scalar_is_no_dictionary_key() -> None:
    with pytest.raises(TypeError):
        hash(scalar(1))


# ----------------------------------------------------------------------------------------------------------- points


@pytest.mark.parametrize("generator", [G1_GENERATOR, G2_GENERATOR])
@pytest.mark.parametrize("value", [1, 2, 5, ORDER - 1, SECRET])
def test_multiply_equals_the_unblinded_product(generator: G1 | G2, value: int) -> None:
    assert multiply(generator, scalar(value)) == combine_points([generator], [value])


def test_multiply_by_zero_is_the_identity() -> None:
    assert multiply(G1_GENERATOR, scalar(0)).is_identity()
    assert multiply(G2_GENERATOR, scalar(0)) == G2_IDENTITY


def test_multiply_never_hands_the_secret_itself_to_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    # The library takes time that depends on the scalar; watch every scalar that reaches it.
    seen: list[int] = []

    class Watched:
        def __init__(self, raw: object) -> None:
            self.raw = raw

        def __mul__(self, factor: object) -> object:
            seen.append(int(factor))  # type: ignore[call-overload]
            return self.raw * factor  # type: ignore[operator]

    for _ in range(2):
        multiply(G1(Watched(G1_GENERATOR._raw)), scalar(SECRET))  # type: ignore[arg-type]
    assert len(seen) == len(set(seen)) == 4, "two fresh parts a multiplication"
    assert SECRET not in seen
    assert all(sum(seen[i : i + 2]) % ORDER == SECRET for i in (0, 2))


def test_points_of_different_groups_are_never_equal() -> None:
    assert G1_IDENTITY != G2_IDENTITY
    assert len({G1_GENERATOR, G1_GENERATOR + G1_IDENTITY, G1_IDENTITY - (-G1_GENERATOR)}) == 1
    assert repr(G1_GENERATOR) == "G1(97f1d3a73197…)"


@pytest.mark.parametrize("factors", [[], [1], [1, 2, 3]])
def test_combine_points_refuses_lists_of_different_length(factors: list[int]) -> None:
    # the library would drop what is left over, and a dealing would verify against fewer commitments
    with pytest.raises(ValueError, match="2 points"):
        combine_points([G1_GENERATOR, G1_GENERATOR], factors)


def test_combine_points_refuses_nothing() -> None:
    with pytest.raises(ValueError, match="0 points"):
        combine_points([], [])  # type: ignore[type-var]


def test_combine_points_sums_public_multiples() -> None:
    three = G2_GENERATOR + G2_GENERATOR + G2_GENERATOR
    assert combine_points([three, G2_GENERATOR], [2, -5]) == G2_GENERATOR


# --------------------------------------------------------------------------------------------------- hash to curve

QUUX = b"QUUX-V01-CS02-with-BLS12381G1_XMD:SHA-256_SSWU_RO_"


@pytest.mark.parametrize(
    ("message", "x"),
    [  # RFC 9380 appendix J.9.1
        (
            b"",
            "052926add2207b76ca4fa57a8734416c8dc95e24501772c814278700eed6d1e4e8cf62d9c09db0fac349612b759e79a1",
        ),
        (
            b"abc",
            "03567bc5ef9c690c2ab2ecdf6a96ef1c139cc0b2f284dca0a9a7943388a49a3aee664ba5379a7655d3c68900be2f6903",
        ),
        (
            b"abcdef0123456789",
            "11e0b079dea29a68f0383ee94fed1b940995272407e3bb916bbf268c263ddd57a6a27200a784cbc248e84f357ce82d98",
        ),
    ],
)
def test_hash_to_g1_gives_the_points_of_rfc_9380(message: bytes, x: str) -> None:
    assert hash_to_g1(message, QUUX).to_xy()[:48].hex() == x


@pytest.mark.parametrize("length", [0, 15, 256])
def test_hash_to_g1_refuses_a_tag_of_bad_length(length: int) -> None:
    with pytest.raises(ValueError, match="16 to 255"):
        hash_to_g1(b"", b"T" * length)


def test_hash_to_g1_depends_on_the_tag() -> None:
    assert hash_to_g1(b"m", QUUX) != hash_to_g1(b"m", QUUX + b"2")


# -------------------------------------------------------------------------------------------------------- pairings

# drand quicknet (chain 52db9ba7...), round 1000: signature in G1 on sha256(round), a BLS signature of the real world
DRAND_DST = b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_"
DRAND_KEY = (
    "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d106451"
    "0d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a"
)
DRAND_SIGNATURE = "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39"


@pytest.mark.parametrize(("round_number", "verifies"), [(1000, True), (1001, False)])
def test_pairing_product_verifies_a_drand_signature_of_its_round_only(round_number: int, verifies: bool) -> None:
    message = hash_to_g1(hashlib.sha256(round_number.to_bytes(8, "big")).digest(), DRAND_DST)
    signature, key = G1.from_compressed(bytes.fromhex(DRAND_SIGNATURE)), G2.from_compressed(bytes.fromhex(DRAND_KEY))
    assert pairing_product_is_one([(-signature, G2_GENERATOR), (message, key)]) is verifies


def test_pairing_product_refuses_to_call_nothing_proven() -> None:
    with pytest.raises(ValueError, match="empty"):
        pairing_product_is_one([])


def test_pairing_product_is_bilinear() -> None:
    p, q = combine_points([G1_GENERATOR], [6]), combine_points([G2_GENERATOR], [35])
    assert pairing_product_is_one([(p, q), (combine_points([G1_GENERATOR], [-210]), G2_GENERATOR)])
    assert not pairing_product_is_one([(p, q), (combine_points([G1_GENERATOR], [-211]), G2_GENERATOR)])


def test_pairing_bytes_are_the_committed_ones() -> None:
    committed = json.loads((VECTORS / "pairing.json").read_text())
    two, three = combine_points([G1_GENERATOR], [2]), combine_points([G2_GENERATOR], [3])
    assert pairing_bytes(G1_GENERATOR, G2_GENERATOR).hex() == committed["e(g1, g2)"]
    assert pairing_bytes(two, three).hex() == committed["e(2 g1, 3 g2)"]


def test_pairing_bytes_refuse_a_library_that_serialises_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    class Changed:
        @staticmethod
        def pairing(p: object, q: object) -> str:
            return "00" * 288

    monkeypatch.setattr(group, "GT", Changed)
    with pytest.raises(InvalidPoint, match="288 bytes instead of 576"):
        pairing_bytes(G1_GENERATOR, G2_GENERATOR)
