"""Writes the vectors beside it, deterministically; run it only when a format changes on purpose, and read the diff.

Bad points come from py_ecc, an implementation of its own, so that they are real points of small order and not junk.

    python tests/vectors/bls/generate.py
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

from py_ecc.bls.point_compression import modular_squareroot_in_FQ2
from py_ecc.optimized_bls12_381 import FQ, FQ2, add, b, b2, is_inf, normalize
from py_ecc.optimized_bls12_381 import G1 as PY_G1
from py_ecc.optimized_bls12_381 import G2 as PY_G2
from py_ecc.optimized_bls12_381 import multiply as py_multiply

from governance.crypto import group, ibe, partial, points, possession, vss
from governance.crypto.envelope import EnvelopeContext, EnvelopeKeyPair, seal_share
from governance.encoding.committee import (
    CommitteeDomain,
    compute_dealer_possession_message,
    compute_share_possession_message,
)
from governance.encoding.keccak import keccak256
from governance.encoding.releases import compute_transport_context
from governance.types import Address, ChainId, Epoch, Hash32, Identity, MemberIndex, ReleaseId

HERE = Path(__file__).parent
FIELD = 0x1A0111EA397FE69A4B1BA7B6434BACD764774B84F38512BF6730D2A0F6B0F6241EABFFFEB153FFFFB9FEFFFFFFFFAAAB
COFACTOR_G1 = 0x396C8C005555E1568C00AAAB0000AAAB
COFACTOR_G2 = int(
    "5d543a95414e7f1091d50792876a202cd91de4547085abaa68a205b2e5a7ddfa628f1cb4d9e82ef2"
    "1537e293a6691ae1616ec6e786f0c70cf1c38e31c7238e5",
    16,
)


def encode(point: Any) -> bytes:
    x, y = normalize(point)
    fields = [x.n, y.n] if isinstance(x, FQ) else [int(c) for c in (*x.coeffs, *y.coeffs)]
    return b"".join(int(value).to_bytes(64, "big") for value in fields)


def compress(point: Any) -> bytes:
    """The zkcrypto form, for points that our own code must refuse to make."""
    x, y = normalize(point)
    if isinstance(x, FQ):
        larger, coordinates = y.n > (FIELD - 1) // 2, [x.n]
    else:
        c0, c1 = (int(c) for c in y.coeffs)
        larger = c1 > (FIELD - 1) // 2 or (c1 == 0 and c0 > (FIELD - 1) // 2)
        coordinates = [int(c) for c in reversed(x.coeffs)]
    data = bytearray(b"".join(value.to_bytes(48, "big") for value in coordinates))
    data[0] |= 0xA0 if larger else 0x80
    return bytes(data)


def curve_points(which: str) -> Iterator[Any]:
    """Points of the whole curve, by increasing x: hardly any lies in the subgroup."""
    for i in range(1, 1000):
        if which == "G1":
            x = FQ(i)
            square = x * x * x + b
            y = square ** ((FIELD + 1) // 4)
            if y * y == square:
                yield (x, y, FQ.one())
        else:
            x2 = FQ2([i, 1])
            y2 = modular_squareroot_in_FQ2(x2 * x2 * x2 + b2)
            if y2 is not None:
                yield (x2, y2, FQ2.one())


def small_order(which: str, prime: int) -> Any:
    cofactor = COFACTOR_G1 if which == "G1" else COFACTOR_G2
    rest = cofactor * group.ORDER
    while rest % prime == 0:
        rest //= prime
    for point in curve_points(which):
        candidate = py_multiply(point, rest)
        if is_inf(candidate):
            continue
        while not is_inf(multiple := py_multiply(candidate, prime)):
            candidate = multiple
        return candidate
    raise AssertionError(f"no point of order {prime} in {which}")


def multiples(generator: Any) -> Iterator[bytes]:
    return (encode(py_multiply(generator, k)) for k in range(1, 1000))


def word_at(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 64], "big")


def compressed_over(which: str, generator: Any) -> bytes:
    """A good point whose last compressed coordinate is written p too large."""
    for k in range(1, 1000):
        packed = compress(py_multiply(generator, k))
        flags, x = (packed[0] & 0xE0, packed[-48] & 0x1F) if which == "G1" else (0, packed[-48])
        over = int.from_bytes(bytes([x]) + packed[-47:], "big") + FIELD
        if over < 1 << 381:
            tail = bytearray(over.to_bytes(48, "big"))
            tail[0] |= flags
            return packed[:-48] + bytes(tail)
    raise AssertionError


def bad_points() -> list[dict[str, str]]:
    rows: list[dict[str, str]] = []

    def say(which: str, why: str, data: bytes, form: str = "eip2537") -> None:
        rows.append({"group": which, "form": form, "why": why, "bytes": data.hex()})

    for which, generator, primes in (("G1", PY_G1, (3, 11)), ("G2", PY_G2, (13, 23))):
        good = encode(generator)
        for prime in primes:
            low = small_order(which, prime)
            say(which, f"of order {prime}", encode(low))
            say(which, f"of order {prime}", compress(low), "compressed")
            say(which, f"a good point plus one of order {prime}", encode(add(generator, low)))
            say(which, f"a good point plus one of order {prime}", compress(add(generator, low)), "compressed")
        whole = next(curve_points(which))
        say(which, "on the curve, outside the subgroup", encode(whole))
        say(which, "on the curve, outside the subgroup", compress(whole), "compressed")
        say(which, "off the curve", good[:-1] + bytes([good[-1] ^ 1]))
        say(which, "off the curve: x of another point", bytes(63) + b"\1" + good[64:])
        for word in range(len(good) // 64):
            at = 64 * word
            other = next(data for data in multiples(generator) if word_at(data, at) + FIELD < 1 << 381)
            over = (word_at(other, at) + FIELD).to_bytes(64, "big")  # fits 381 bits: no flag gives it away
            say(which, f"word {word} is not below p", other[:at] + over + other[at + 64 :])
            say(which, f"word {word} has padding", good[:at] + b"\1" + good[at + 1 :])
            say(which, f"word {word} has padding in its 16th byte", good[: at + 15] + b"\1" + good[at + 16 :])
            for flag in (0x80, 0x40, 0x20):
                marked = bytes([good[at + 16] | flag])
                say(which, f"word {word} carries the flag {flag:#x}", good[: at + 16] + marked + good[at + 17 :])
        say(which, "x is p, y is 0", (FIELD.to_bytes(64, "big") + bytes(64)) * (len(good) // 128))
        say(which, "the identity", bytes(len(good)))
        say(which, "the identity with a flag", bytes(16) + b"\x40" + bytes(len(good) - 17))
        say(which, "a byte short", good[:-1])
        say(which, "a byte long", good + b"\0")
        say(which, "without padding", b"".join(good[i + 16 : i + 64] for i in range(0, len(good), 64)))
        say(which, "nothing", b"")
        packed = compress(generator)
        size = len(packed)
        say(which, "the identity", b"\xc0" + bytes(size - 1), "compressed")
        say(which, "the identity with the sign flag", b"\xe0" + bytes(size - 1), "compressed")
        say(which, "the identity with a stray bit", b"\xc0" + bytes(size - 2) + b"\1", "compressed")
        say(which, "no compression flag", bytes([packed[0] & 0x7F]) + packed[1:], "compressed")
        say(which, "zeros", bytes(size), "compressed")
        say(which, "x is not below p", compressed_over(which, generator), "compressed")
        x_is_p = bytes([0x80 | (FIELD >> 376)]) + FIELD.to_bytes(48, "big")[1:] + bytes(size - 48)
        say(which, "x is p", x_is_p, "compressed")
        say(which, "a byte short", packed[:-1], "compressed")
        say(which, "a byte long", packed + b"\0", "compressed")
    c = encode(PY_G2)
    say("G2", "c1 before c0", c[64:128] + c[:64] + c[192:] + c[128:192])
    return rows


def scheme() -> dict[str, Any]:
    """One of everything in the scheme, with every secret, for another implementation to reproduce."""
    randomness = Random(20260901).randbytes
    domain = CommitteeDomain(ChainId(31337), Address("0x5FbDB2315678afecb367f032d93F642f64180aa3"), Epoch(1))
    members, threshold, dealer = [MemberIndex(i) for i in (1, 2, 3, 4, 65535)], 3, MemberIndex(2)
    secret = group.Scalar.random(randomness)
    dealing = vss.deal(secret, threshold, members, domain, dealer, randomness)
    public_key = dealing.commitments[0]
    member = MemberIndex(65535)
    share = vss.KeyShare(domain.epoch, member, dealing.shares[member])
    public_key_share = vss.compute_public_key_share(dealing.commitments, threshold, member)
    acknowledgement = possession.prove_share_possession(share.secret, public_key_share, domain, member, randomness)
    identity = Identity(keccak256(b"an identity"))
    release, worker = ReleaseId(bytes(31) + b"\7"), Address("0x00000000000000000000000000000000000A11cE")
    place = compute_transport_context(domain.chain_id, domain.committee, release, worker, identity)
    transport = partial.generate_transport_key(identity, place, randomness)
    answers = [
        partial.make_partial(vss.KeyShare(domain.epoch, m, dealing.shares[m]), identity, transport.public, place)
        for m in members
    ]
    key = partial.combine(answers, threshold, transport, identity, public_key)
    context = ibe.WrapContext(public_key, identity, Hash32(keccak256(b"content")), Hash32(keccak256(b"commitment")))
    data_key = ibe.DataKey(randomness(32))
    wrapped = ibe.wrap(data_key, context, randomness)
    g1, g2 = points.g1_to_eip2537, points.g2_to_eip2537
    return {
        "domain": {"chain_id": domain.chain_id, "committee": domain.committee, "epoch": domain.epoch},
        "dealing": {
            "threshold": threshold,
            "dealer": dealer,
            "secret": secret.reveal().hex(),
            "commitments": [g2(point).hex() for point in dealing.commitments],
            "commitments_hash": dealing.commitments_hash.hex(),
            "message": compute_dealer_possession_message(domain, dealer, dealing.commitments_hash).hex(),
            "proof": g1(dealing.proof).hex(),
            "shares": {str(m): value.reveal().hex() for m, value in dealing.shares.items()},
        },
        "acknowledgement": {
            "member": member,
            "public_key_share": g2(public_key_share).hex(),
            "message": compute_share_possession_message(domain, member, g2(public_key_share)).hex(),
            "proof": g1(acknowledgement).hex(),
        },
        "unlock": {
            "identity": identity.hex(),
            "hashed_identity": g1(partial.hash_identity(identity)).hex(),
            "transport_secret": transport.secret.reveal().hex(),
            "release": release.hex(),
            "worker": worker,
            "context": place.hex(),
            "transport_key": g1(transport.public.point).hex(),
            "proof": transport.public.proof.hex(),
            "partials": [
                {
                    "member": answer.member,
                    "public_key_share": g2(
                        vss.compute_public_key_share(dealing.commitments, threshold, answer.member)
                    ).hex(),
                    "partial": g1(answer.point).hex(),
                }
                for answer in answers
            ],
            "identity_key": g1(key.point).hex(),
        },
        "wrap": {
            "content_root": context.content_root.hex(),
            "key_commitment": context.key_commitment.hex(),
            "context": context.to_hash().hex(),
            "data_key": data_key.hex(),
            "wrapped": wrapped.hex(),
        },
    }


def envelope() -> dict[str, Any]:
    """A sealed share; HPKE takes its randomness from the system, so this one changes with every run."""
    key = EnvelopeKeyPair.from_private_bytes(Random(20260902).randbytes(96))
    domain = CommitteeDomain(ChainId(31337), Address("0x5FbDB2315678afecb367f032d93F642f64180aa3"), Epoch(1))
    context = EnvelopeContext(domain, MemberIndex(2), MemberIndex(5), Hash32(keccak256(b"commitments")))
    share = group.Scalar.from_wide_bytes(bytes(range(48)))
    return {
        "private_key": key.reveal().hex(),
        "public_key": key.public.data.hex(),
        "info": context.to_info().hex(),
        "share": share.reveal().hex(),
        "envelope": seal_share(share, key.public, context).hex(),
    }


def main() -> None:
    g1, g2 = group.G1_GENERATOR, group.G2_GENERATOR
    pairing = {
        "order": "12 coefficients, 48 bytes each, little endian: c0.c0.c0 c0.c0.c1 c0.c1.c0 ... c1.c2.c1",
        "e(g1, g2)": group.pairing_bytes(g1, g2).hex(),
        "e(2 g1, 3 g2)": group.pairing_bytes(g1 + g1, g2 + g2 + g2).hex(),
    }
    files = {"pairing": pairing, "bad-points": bad_points(), "scheme": scheme()}
    if not (HERE / "envelope.json").exists():
        files["envelope"] = envelope()
    for name, content in files.items():
        (HERE / f"{name}.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
