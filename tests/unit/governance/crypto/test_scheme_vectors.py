"""The committed vectors: our code makes them again, and a second implementation (py_ecc) agrees with each."""

from __future__ import annotations

import hashlib
import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak
from py_ecc.bls.hash_to_curve import hash_to_G1
from py_ecc.bls.point_compression import decompress_G2
from py_ecc.optimized_bls12_381 import (
    FQ,
    FQ2,
    FQ12,
    G1,
    G2,
    Z1,
    Z2,
    add,
    b,
    b2,
    eq,
    is_on_curve,
    multiply,
    neg,
    normalize,
    pairing,
)

from governance.crypto import group, ibe, possession, vss
from governance.crypto.group import ORDER, Scalar
from governance.crypto.partial import (
    IdentityKey,
    Partial,
    TransportKey,
    TransportPublicKey,
    combine,
    verify_partial,
    verify_transport_key,
)
from governance.crypto.points import g1_from_eip2537, g1_to_eip2537, g2_from_eip2537
from governance.encoding.committee import DST_IDENTITY, DST_POP_DEALER, DST_POP_SHARE, CommitteeDomain
from governance.types import ChainId, Epoch, Hash32, Identity, MemberIndex

VECTORS = Path(__file__).parents[3] / "vectors" / "bls"
SCHEME: dict[str, Any] = json.loads((VECTORS / "scheme.json").read_text(encoding="utf-8"))
DEALING, UNLOCK, WRAP = SCHEME["dealing"], SCHEME["unlock"], SCHEME["wrap"]
DOMAIN = CommitteeDomain(
    ChainId(SCHEME["domain"]["chain_id"]), SCHEME["domain"]["committee"], Epoch(SCHEME["domain"]["epoch"])
)


def raw(text: str) -> bytes:
    return bytes.fromhex(text)


# ------------------------------------------------------------------------------------------------------ our own code


@pytest.mark.parametrize("name", ["scheme", "bad_points"])
def test_vectors_are_what_their_generator_writes(name: str) -> None:
    spec = importlib.util.spec_from_file_location("generate_bls_vectors", VECTORS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    generator = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generator)
    committed = json.loads((VECTORS / f"{name.replace('_', '-')}.json").read_text(encoding="utf-8"))
    assert json.loads(json.dumps(getattr(generator, name)())) == committed


def test_vectors_verify() -> None:
    commitments = [g2_from_eip2537(raw(point)) for point in DEALING["commitments"]]
    threshold = DEALING["threshold"]
    vss.verify_dealing(commitments, g1_from_eip2537(raw(DEALING["proof"])), threshold, DOMAIN, DEALING["dealer"])
    for member, share in DEALING["shares"].items():
        vss.verify_share(commitments, threshold, MemberIndex(int(member)), Scalar.from_bytes(raw(share)))
    said = SCHEME["acknowledgement"]
    possession.verify_share_possession(
        g1_from_eip2537(raw(said["proof"])), g2_from_eip2537(raw(said["public_key_share"])), DOMAIN, said["member"]
    )
    identity = Identity(raw(UNLOCK["identity"]))
    public = TransportPublicKey(g1_from_eip2537(raw(UNLOCK["transport_key"])), raw(UNLOCK["proof"]))
    verify_transport_key(public, identity, Hash32(raw(UNLOCK["context"])))
    partials = []
    for row in UNLOCK["partials"]:
        point = g1_from_eip2537(raw(row["partial"]))
        partials.append(made := Partial(DOMAIN.epoch, MemberIndex(row["member"]), point))
        verify_partial(made, public, g2_from_eip2537(raw(row["public_key_share"])))
    transport = TransportKey(public, Scalar.from_bytes(raw(UNLOCK["transport_secret"])))
    key = combine(partials[2:], threshold, transport, identity, commitments[0])
    assert g1_to_eip2537(key.point).hex() == UNLOCK["identity_key"]
    context = ibe.WrapContext(
        commitments[0], identity, Hash32(raw(WRAP["content_root"])), Hash32(raw(WRAP["key_commitment"]))
    )
    assert context.to_hash().hex() == WRAP["context"]
    assert ibe.unwrap(ibe.WrappedKey(raw(WRAP["wrapped"])), key, context).hex() == WRAP["data_key"]


# -------------------------------------------------------------------------------------------------------------- py_ecc


def g1(text: str) -> Any:
    data = raw(text)
    point = (*(FQ(int.from_bytes(data[at : at + 64], "big")) for at in (0, 64)), FQ.one())
    assert is_on_curve(point, b)
    return point


def g2(text: str) -> Any:
    data = raw(text)
    c = [int.from_bytes(data[at : at + 64], "big") for at in range(0, 256, 64)]
    point = (FQ2(c[:2]), FQ2(c[2:]), FQ2.one())
    assert is_on_curve(point, b2)
    return point


def hashed(message: bytes, dst: bytes) -> Any:
    return hash_to_G1(message, dst, hashlib.sha256)


def serialise(value: Any) -> bytes:
    """arkworks' tower order from py_ecc's polynomial in w (w^12 - 2 w^6 + 2 = 0, so u = w^6 - 1 and v = w^2)."""
    coefficients = [int(c) for c in value.coeffs]
    out = b""
    for i in (0, 1):  # c_i of Fp12 = Fp6[w]
        for j in (0, 1, 2):  # c_j of Fp6 = Fp2[v]; w^(2 j + i) carries a - b, w^(2 j + i + 6) carries b
            k = 2 * j + i
            high = coefficients[k + 6]
            low = (coefficients[k] + high) % FQ.field_modulus
            out += low.to_bytes(48, "little") + high.to_bytes(48, "little")
    return out


def our_pairing(p: Any, q: Any) -> FQ12:
    """py_ecc's pairing to the power -3, which is arkworks'."""
    return FQ12.one() / pairing(q, p) ** 3


def test_pairing_vector_is_py_eccs_to_the_power_minus_three() -> None:
    committed = json.loads((VECTORS / "pairing.json").read_text(encoding="utf-8"))
    assert serialise(our_pairing(G1, G2)).hex() == committed["e(g1, g2)"]
    assert serialise(our_pairing(G1, G2) ** 6).hex() == committed["e(2 g1, 3 g2)"]


@pytest.mark.parametrize(
    ("secret", "message", "dst", "product"),
    [
        (DEALING["secret"], DEALING["message"], DST_POP_DEALER, DEALING["proof"]),
        (
            DEALING["shares"]["65535"],
            SCHEME["acknowledgement"]["message"],
            DST_POP_SHARE,
            SCHEME["acknowledgement"]["proof"],
        ),
        ("01".rjust(64, "0"), UNLOCK["identity"], DST_IDENTITY, UNLOCK["hashed_identity"]),
        (DEALING["secret"], UNLOCK["identity"], DST_IDENTITY, UNLOCK["identity_key"]),
    ],
)
def test_products_of_hashed_messages_agree_with_py_ecc(secret: str, message: str, dst: bytes, product: str) -> None:
    assert eq(multiply(hashed(raw(message), dst), int(secret, 16)), g1(product))


def test_commitments_and_shares_agree_with_py_ecc() -> None:
    assert eq(multiply(G2, int(DEALING["secret"], 16)), g2(DEALING["commitments"][0]))
    for member, share in DEALING["shares"].items():
        expected = Z2
        for power, point in enumerate(DEALING["commitments"]):
            expected = add(expected, multiply(g2(point), pow(int(member), power, ORDER)))
        assert eq(multiply(G2, int(share, 16)), expected)


def test_partials_agree_with_py_ecc() -> None:
    tau = int(UNLOCK["transport_secret"], 16)
    hashed_identity, transport_key = hashed(raw(UNLOCK["identity"]), DST_IDENTITY), g1(UNLOCK["transport_key"])
    assert eq(multiply(hashed_identity, tau), transport_key)
    for row in UNLOCK["partials"]:
        unblinded = multiply(g1(row["partial"]), pow(tau, -1, ORDER))
        assert eq(unblinded, multiply(hashed_identity, int(DEALING["shares"][str(row["member"])], 16)))
    row = UNLOCK["partials"][0]
    assert pairing(G2, g1(row["partial"])) == pairing(g2(row["public_key_share"]), transport_key)


def test_proof_of_a_transport_key_agrees_with_py_ecc() -> None:
    """The check, written again from the description in oracle/README.md, with other libraries."""
    values = (
        "custodes/transport/v1", DOMAIN.chain_id, DOMAIN.committee, raw(UNLOCK["release"]), UNLOCK["worker"],
        raw(UNLOCK["identity"]),
    )  # fmt: skip
    place = keccak(encode(["string", "uint256", "address", "bytes32", "address", "bytes32"], values))
    assert place.hex() == UNLOCK["context"]
    challenge, response = (int(UNLOCK["proof"][at : at + 64], 16) for at in (0, 64))
    hashed_identity, transport_key = hashed(raw(UNLOCK["identity"]), DST_IDENTITY), g1(UNLOCK["transport_key"])
    nonce_point = normalize(add(multiply(hashed_identity, response), neg(multiply(transport_key, challenge))))
    written = b"".join(int(coordinate).to_bytes(64, "big") for coordinate in nonce_point)
    assert int.from_bytes(keccak(place + raw(UNLOCK["transport_key"]) + written), "big") >> 2 == challenge


def test_lagrange_in_the_exponent_agrees_with_py_ecc() -> None:
    factors = vss.compute_lagrange([MemberIndex(i) for i in (2, 4, 65535)])
    hashed_identity, total = hashed(raw(UNLOCK["identity"]), DST_IDENTITY), Z1
    for member, factor in factors.items():
        share = int(DEALING["shares"].get(str(member)), 16)
        total = add(total, multiply(hashed_identity, factor * share % ORDER))
    assert eq(total, g1(UNLOCK["identity_key"]))


def shake(label: bytes, *parts: bytes, length: int) -> bytes:
    framed = b"".join(len(part).to_bytes(8, "big") + part for part in (label, *parts))
    return hashlib.shake_256(framed).digest(length)


def test_wrapped_key_opens_by_py_ecc_alone() -> None:
    u, v, w = raw(WRAP["wrapped"])[:96], raw(WRAP["wrapped"])[96:128], raw(WRAP["wrapped"])[128:]
    context = raw(WRAP["context"])
    point = decompress_G2((int.from_bytes(u[:48], "big"), int.from_bytes(u[48:], "big")))  # type: ignore[arg-type]
    gt = serialise(our_pairing(g1(UNLOCK["identity_key"]), point))
    mask = shake(b"custodes/wrap/v1/H2", gt, u, context, length=32)
    sigma = bytes(x ^ y for x, y in zip(v, mask, strict=True))
    mask = shake(b"custodes/wrap/v1/H4", sigma, context, length=32)
    data_key = bytes(x ^ y for x, y in zip(w, mask, strict=True))
    assert data_key.hex() == WRAP["data_key"]
    r = int.from_bytes(shake(b"custodes/wrap/v1/H3", sigma, data_key, context, length=48), "big") % ORDER
    assert eq(multiply(G2, r), point)


def test_pairing_bytes_agree_with_py_ecc_on_a_hashed_point() -> None:
    hashed_identity = group.hash_to_g1(raw(UNLOCK["identity"]), DST_IDENTITY)
    ours = group.pairing_bytes(hashed_identity, g2_from_eip2537(raw(DEALING["commitments"][0])))
    theirs = our_pairing(g1(UNLOCK["hashed_identity"]), g2(DEALING["commitments"][0]))
    assert ours == serialise(theirs)


def test_identity_key_of_the_vector_is_the_one_that_opens() -> None:
    # guards the vector file: another key must not open it
    context = ibe.WrapContext(
        g2_from_eip2537(raw(DEALING["commitments"][0])),
        Identity(raw(UNLOCK["identity"])),
        Hash32(raw(WRAP["content_root"])),
        Hash32(raw(WRAP["key_commitment"])),
    )
    wrong = IdentityKey(context.identity, g1_from_eip2537(raw(UNLOCK["hashed_identity"])))
    with pytest.raises(ibe.UnwrapFailed):
        ibe.unwrap(ibe.WrappedKey(raw(WRAP["wrapped"])), wrong, context)
