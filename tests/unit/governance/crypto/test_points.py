"""Encodings of points: one for each point, and none for what is no usable point."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from governance.crypto.errors import InvalidPoint
from governance.crypto.group import G1, G1_GENERATOR, G1_IDENTITY, G2, G2_GENERATOR, G2_IDENTITY, combine_points
from governance.crypto.points import g1_from_eip2537, g1_to_eip2537, g2_from_eip2537, g2_to_eip2537

BAD: list[dict[str, str]] = json.loads(
    (Path(__file__).parents[3] / "vectors" / "bls" / "bad-points.json").read_text(encoding="utf-8")
)
DECODERS: dict[tuple[str, str], Callable[[bytes], object]] = {
    ("G1", "eip2537"): g1_from_eip2537,
    ("G2", "eip2537"): g2_from_eip2537,
    ("G1", "compressed"): G1.from_compressed,
    ("G2", "compressed"): G2.from_compressed,
}
# EIP-2537, "Curve parameters": the generators
G1_HEX = (
    "0000000000000000000000000000000017f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb"
    "0000000000000000000000000000000008b3f481e3aaa0f1a09e30ed741d8ae4fcf5e095d5d00af600db18cb2c04b3edd03cc744a2888ae40caa232946c5e7e1"
)
G2_HEX = (
    "00000000000000000000000000000000024aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb8"
    "0000000000000000000000000000000013e02b6052719f607dacd3a088274f65596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e"
    "000000000000000000000000000000000ce5d527727d6e118cc9cdc6da2e351aadfd9baa8cbdd3a76d429a695160d12c923ac9cc3baca289e193548608b82801"
    "000000000000000000000000000000000606c4a02ea734cc32acd2b02bc28b99cb3e287e85a763af267492ab572e99ab3f370d275cec1da1aaa9075ff05f79be"
)


@pytest.mark.parametrize("row", BAD, ids=lambda row: f"{row['group']} {row['form']}: {row['why']}")
def test_decoding_refuses_bytes_of_no_usable_point(row: dict[str, str]) -> None:
    with pytest.raises(InvalidPoint) as caught:
        DECODERS[row["group"], row["form"]](bytes.fromhex(row["bytes"]))
    assert caught.value.advice.startswith("points are canonical")


@pytest.mark.parametrize("why", ["of order", "plus one of order", "outside the subgroup"])
def test_bad_points_of_the_vectors_are_refused_for_their_subgroup(why: str) -> None:
    # guards the vectors: these lie on the curve, and nothing but the subgroup check stands in their way
    rows = [row for row in BAD if why in row["why"] and row["form"] == "eip2537"]
    assert len(rows) >= 2
    for row in rows:
        with pytest.raises(InvalidPoint, match="subgroup"):
            DECODERS[row["group"], row["form"]](bytes.fromhex(row["bytes"]))


def test_generators_encode_as_eip_2537_gives_them() -> None:
    assert g1_to_eip2537(G1_GENERATOR).hex() == G1_HEX
    assert g2_to_eip2537(G2_GENERATOR).hex() == G2_HEX


@pytest.mark.parametrize("factor", [1, 2, 3, 12345, -1])
def test_encodings_round_trip(factor: int) -> None:
    p, q = combine_points([G1_GENERATOR], [factor]), combine_points([G2_GENERATOR], [factor])
    assert g1_from_eip2537(g1_to_eip2537(p)) == p
    assert g2_from_eip2537(g2_to_eip2537(q)) == q
    assert G1.from_compressed(p.to_compressed()) == p
    assert G2.from_compressed(q.to_compressed()) == q


def test_identity_decodes_only_where_it_is_asked_for() -> None:
    assert g1_to_eip2537(G1_IDENTITY) == bytes(128)
    assert g1_from_eip2537(bytes(128), allow_identity=True) == G1_IDENTITY
    assert g2_from_eip2537(bytes(256), allow_identity=True) == G2_IDENTITY


SHARED = Path(__file__).parents[5] / "shared" / "vectors" / "eip-2537"


def eip2537(name: str) -> list[dict[str, Any]]:
    path = SHARED / f"{name}.json"
    if not path.exists():
        pytest.skip("the vectors of EIP-2537 are not beside the project")
    rows: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return rows


@pytest.mark.parametrize(("name", "size"), [("add_G1_bls", 128), ("add_G2_bls", 256)])
def test_every_point_of_the_subgroup_in_eip_2537_decodes_to_itself(name: str, size: int) -> None:
    decoded = 0
    for row in eip2537(name):
        first, second, total = (try_decode(data, size) for data in split(row["Input"] + row["Expected"], size))
        decoded += sum(point is not None for point in (first, second, total))
        if first is not None and second is not None:
            assert total is not None
            assert first + second == total  # type: ignore[operator]
    assert decoded > 6


@pytest.mark.parametrize(("name", "size"), [("fail-msm_G1_bls", 128), ("fail-msm_G2_bls", 256)])
def test_every_failing_input_of_eip_2537_is_refused(name: str, size: int) -> None:
    for row in eip2537(name):
        pieces = split(row["Input"], size + 32) or [b""]  # a point, then its 32-byte scalar
        with pytest.raises(InvalidPoint):
            [DECODERS["G1" if size == 128 else "G2", "eip2537"](piece[:-32]) for piece in pieces]


def split(text: str, size: int) -> list[bytes]:
    data = bytes.fromhex(text)
    return [data[at : at + size] for at in range(0, len(data), size)]


def try_decode(data: bytes, size: int) -> G1 | G2 | None:
    """The point, encoded again to the same bytes, or None if it lies on the curve outside the subgroup."""
    try:
        if size == 128:
            p = g1_from_eip2537(data, allow_identity=True)
            assert g1_to_eip2537(p) == data
            return p
        q = g2_from_eip2537(data, allow_identity=True)
        assert g2_to_eip2537(q) == data
        return q
    except InvalidPoint as error:
        if "subgroup" not in str(error):  # the precompiles' additions take any point of the curve
            raise
        return None
