"""Writes DkgVectors.sol: a committee of five with threshold three, what honest members post, and what others might.

    python contracts/test/vectors/make_dkg.py

Everything follows from a fixed seed, so that running it again changes nothing. The messages bind chain id and contract:
the vectors hold for the deployment of test/Base.t.sol, which is forge's test contract, from its first nonce on.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path

from eth_utils.address import to_checksum_address
from rlp import encode as rlp_encode

from governance.crypto.group import G2_GENERATOR, Randomness, Scalar, hash_to_g1, multiply
from governance.crypto.partial import (
    Partial,
    TransportKey,
    TransportPublicKey,
    combine,
    hash_identity,
    verify_partial,
)
from governance.crypto.points import g1_from_eip2537, g1_to_eip2537, g2_to_eip2537
from governance.crypto.possession import prove_dealer_possession, prove_share_possession
from governance.crypto.vss import (
    Commitments,
    add_commitments,
    combine_commitments,
    combine_shares,
    compute_public_key_share,
    verify_dealing,
)
from governance.encoding.committee import (
    DST_POP_DEALER,
    DST_POP_SHARE,
    CommitteeDomain,
    compute_commitments_hash,
    compute_dealer_possession_message,
    compute_public_key_hash,
    compute_share_possession_message,
)
from governance.encoding.keccak import keccak256
from governance.encoding.releases import compute_identity, compute_model_id
from governance.types import Address, ChainId, Epoch, MemberIndex, Mode

OUTPUT = Path(__file__).with_name("DkgVectors.sol")

THRESHOLD, REQUESTS = 3, 3
MEMBERS = [MemberIndex(index) for index in range(1, 6)]
DEPLOYER = bytes.fromhex("7FA9385bE102ac3EAc297483Dd6233D62b3e1496")  # where forge puts a test contract
REGISTRAR = Address("0x0000000000000000000000000000000000000a11")
SEAL_NONCE = 7

MODULUS = 0x1A0111EA397FE69A4B1BA7B6434BACD764774B84F38512BF6730D2A0F6B0F6241EABFFFEB153FFFFB9FEFFFFFFFFAAAB
G1_LOW_ORDER = bytes(127) + b"\x02"  # (0, 2): on the curve y^2 = x^3 + 4, of order 3
# On the twist, outside of the subgroup. Source: EIP-2537, fail-msm_G2_bls.json, "g2_not_in_correct_subgroup".
G2_OFF_SUBGROUP = b"".join(
    bytes(16) + bytes.fromhex(element)
    for element in (
        "197bfd0342bbc8bee2beced2f173e1a87be576379b343e93232d6cef98d84b1d696e5612ff283ce2cfdccb2cfb65fa0c",
        "184e811f55e6f9d84d77d2f79102fd7ea7422f4759df5bf7f6331d550245e3f1bcf6a30e3b29110d85e0ca16f9f6ae7a",
        "0f10e1eb3c1e53d2ad9cf2d398b2dc22c5842fab0a74b174f691a7e914975da3564d835cd7d2982815b8ac57f507348f",
        "0767d1c453890f1b9110fda82f5815c27281aba3f026ee868e4176a0654feea41a96575e0c4d58a14dbfbcc05b5010b1",
    )
)

Polynomial = list[Scalar]  # a_0, a_1, a_2
ZERO = Scalar.from_bytes(bytes(32))


def contract_address(nonce: int) -> Address:
    """Where the deployer's transaction with that nonce creates a contract."""
    return Address(to_checksum_address(keccak256(rlp_encode([DEPLOYER, nonce]))[12:]))


CHAIN, RELEASES, COMMITTEE = ChainId(31337), contract_address(4), contract_address(6)
HERE = CommitteeDomain(CHAIN, COMMITTEE, Epoch(1))
NEXT_EPOCH = CommitteeDomain(CHAIN, COMMITTEE, Epoch(2))


def randomness_for(purpose: str) -> Randomness:
    """A stream that is the same at every run."""
    calls = itertools.count()
    return lambda length: hashlib.shake_256(f"custodes/test/{purpose}/{next(calls)}".encode()).digest(length)


def draw(purpose: str) -> Scalar:
    """The secret scalar of that purpose."""
    return Scalar.random(randomness_for(purpose))


def total(scalars: Sequence[Scalar]) -> Scalar:
    return sum(scalars[1:], start=scalars[0])


def evaluate(polynomial: Polynomial, at: int) -> Scalar:
    return total([coefficient.scaled(at**power) for power, coefficient in enumerate(polynomial)])


def commit(polynomial: Polynomial) -> Commitments:
    return tuple(multiply(G2_GENERATOR, coefficient) for coefficient in polynomial)


def serialise(points: Commitments) -> bytes:
    return b"".join(map(g2_to_eip2537, points))


def dealing(
    dealer: MemberIndex,
    polynomial: Polynomial,
    *,
    commitments: bytes | None = None,
    signed: CommitteeDomain | None = None,
    here: CommitteeDomain = HERE,
) -> tuple[bytes, bytes, bytes]:
    """The commitments (or those that are given instead), their hash for `dealer` here, and its proof of possession."""
    posted = serialise(commit(polynomial)) if commitments is None else commitments
    posted_hash = compute_commitments_hash(here, dealer, posted)
    proof = prove_dealer_possession(polynomial[0], signed or here, dealer, posted_hash)
    return posted, posted_hash, g1_to_eip2537(proof)


def not_canonical(point: bytes) -> bytes:
    """The same point with x + p for x: a second encoding, which must not pass."""
    return bytes(16) + (int.from_bytes(point[:64], "big") + MODULUS).to_bytes(48, "big") + point[64:]


def padded_wrongly(point: bytes) -> bytes:
    """The same point with a bit set before its first field element."""
    return b"\x01" + point[1:]


# ----------------------------------------------------------------------------------------------------------------------
# What the honest members make

polynomials = {i: [draw(f"dealer {i} coefficient {k}") for k in range(THRESHOLD)] for i in MEMBERS}
dealings = {i: dealing(i, polynomials[i]) for i in MEMBERS}
aggregate = add_commitments({i: commit(polynomials[i]) for i in MEMBERS}, THRESHOLD)
shares = {j: total([evaluate(polynomials[i], j) for i in MEMBERS]) for j in MEMBERS}
public_shares = {j: compute_public_key_share(aggregate, THRESHOLD, j) for j in MEMBERS}
acknowledgements = {j: prove_share_possession(shares[j], public_shares[j], HERE, j) for j in MEMBERS}

key = g2_to_eip2537(aggregate[0])
model_id = compute_model_id(REGISTRAR, SEAL_NONCE)
identity = compute_identity(CHAIN, RELEASES, compute_public_key_hash(key), model_id, Mode.PLAIN, 0)
# The proofs bind release and worker, which only the tests know: they make them from these secrets and one nonce.
hashed = hash_identity(identity)
secrets = [draw(f"transport {request}") for request in range(REQUESTS)]
transport = [multiply(hashed, secret) for secret in secrets]
nonce = draw("nonce of the proofs")


def answer(share: Scalar, request: int) -> bytes:
    """The partial of the member with that share."""
    return g1_to_eip2537(multiply(transport[request], share))


# ----------------------------------------------------------------------------------------------------------------------
# Without dealer 2, who is disqualified; and the key dealt again to members 6 to 10 by dealers 1, 2 and 4

honest = [i for i in MEMBERS if i != 2]
aggregate_without_2 = add_commitments({i: commit(polynomials[i]) for i in honest}, THRESHOLD)
acknowledgements_without_2 = {
    j: prove_share_possession(
        total([evaluate(polynomials[i], j) for i in honest]),
        compute_public_key_share(aggregate_without_2, THRESHOLD, j),
        HERE,
        j,
    )
    for j in MEMBERS
}

NEXT_MEMBERS = [MemberIndex(index) for index in range(6, 11)]
DEALERS = [MEMBERS[0], MEMBERS[1], MEMBERS[3]]
next_polynomials = {i: [shares[i], *(draw(f"again {i} coefficient {k}") for k in (1, 2))] for i in MEMBERS}
next_dealings = {i: dealing(i, next_polynomials[i], here=NEXT_EPOCH) for i in MEMBERS}
next_aggregate = combine_commitments({i: commit(next_polynomials[i]) for i in DEALERS}, THRESHOLD, THRESHOLD)
next_shares = {
    j: combine_shares({i: evaluate(next_polynomials[i], j) for i in DEALERS}, THRESHOLD) for j in NEXT_MEMBERS
}
next_public_shares = {j: compute_public_key_share(next_aggregate, THRESHOLD, j) for j in NEXT_MEMBERS}
next_acknowledgements = {
    j: prove_share_possession(next_shares[j], next_public_shares[j], NEXT_EPOCH, j) for j in NEXT_MEMBERS
}


def by_two(name: str, values: Mapping[tuple[int, int], bytes]) -> str:
    """A function of dealer and member."""
    cases = "\n".join(
        f"        if (dealer == {i} && member == {j}) {{\n            return {hexes(data)};\n        }}"
        for (i, j), data in values.items()
    )
    head = f"    function {name}(uint256 dealer, uint256 member) internal pure returns (bytes32)"
    return f"{head} {{\n{cases}\n        revert();\n    }}\n"


def check() -> None:
    """The honest vectors are right by the Python library: their keys hold, and any three partials give the key."""
    for i in MEMBERS:
        verify_dealing(commit(polynomials[i]), g1_from_eip2537(dealings[i][2]), THRESHOLD, HERE, i)
    for request, secret in enumerate(secrets):
        key = TransportKey(TransportPublicKey(transport[request], b""), secret)
        partials = [Partial(Epoch(1), i, g1_from_eip2537(answer(shares[i], request))) for i in MEMBERS[1:4]]
        for partial in partials:
            verify_partial(partial, key.public, public_shares[partial.member])
        combine(partials, THRESHOLD, key, identity, aggregate[0])
    if next_aggregate[0] != aggregate[0]:
        raise AssertionError("the key moved")


# ----------------------------------------------------------------------------------------------------------------------
# What others might post


def bad_dealings() -> dict[str, tuple[bytes, bytes, bytes]]:
    """By name: commitments, the hash that goes with them, a proof. Of dealer 2 where nothing else is said."""
    second = MEMBERS[1]
    own = polynomials[second]
    points = dealings[second][0]

    def with_point(position: int, point: bytes) -> bytes:
        return points[: 256 * position] + point + points[256 * (position + 1) :]

    last = MEMBERS[-1]
    others = [[polynomials[i][k] for i in MEMBERS[:-1]] for k in range(THRESHOLD)]
    negated = [ZERO - total(column) for column in others]
    drawn = polynomials[last]
    fourth_root = ZERO - total([evaluate(polynomials[i], 4) for i in MEMBERS[:-1]])
    rest = total([drawn[k].scaled(4**k) for k in (1, 2)])
    return {
        "surplus": dealing(second, [*own, draw("surplus coefficient")]),
        "short": dealing(second, own[:2]),
        "identityPoint": dealing(second, own, commitments=with_point(1, bytes(256))),
        "identityConstant": dealing(second, own, commitments=with_point(0, bytes(256))),
        "offSubgroup": dealing(second, own, commitments=with_point(2, G2_OFF_SUBGROUP)),
        "offCurve": dealing(second, own, commitments=with_point(1, points[256:511] + bytes([points[511] ^ 1]))),
        "notCanonical": dealing(second, own, commitments=with_point(1, not_canonical(points[256:512]))),
        "paddedWrongly": dealing(second, own, commitments=with_point(1, padded_wrongly(points[256:512]))),
        "copied": (*dealing(second, own, commitments=dealings[MEMBERS[0]][0])[:2], dealings[MEMBERS[0]][2]),
        "otherEpoch": dealing(second, own, signed=NEXT_EPOCH),
        # by dealer 5, who would have to know the others' polynomials
        "cancelling": dealing(last, [negated[0], drawn[1], drawn[2]]),
        "degreeLowering": dealing(last, [drawn[0], drawn[1], negated[2]]),
        "withRoot": dealing(last, [fourth_root - rest, drawn[1], drawn[2]]),
    }


def other_epoch_hash() -> bytes:
    """Dealer 2's commitments bound to the next epoch: no match for what it reveals here."""
    return compute_commitments_hash(NEXT_EPOCH, MEMBERS[1], dealings[MEMBERS[1]][0])


def bad_acknowledgements() -> dict[str, bytes]:
    """By name, proofs that member 2 might give for its share."""
    second = MEMBERS[1]
    public = public_shares[second]
    wrong = shares[second] + draw("error")
    return {
        "wrongShare": g1_to_eip2537(prove_share_possession(wrong, public, HERE, second)),
        "shareOtherEpoch": g1_to_eip2537(prove_share_possession(shares[second], public, NEXT_EPOCH, second)),
        "shareOtherUse": g1_to_eip2537(
            prove_dealer_possession(shares[second], HERE, second, compute_public_key_hash(g2_to_eip2537(public)))
        ),
    }


def forgeries() -> dict[str, bytes]:
    """Without any secret of member 2: pairs hidden in points that are too long, so that the product of pairings is one.

    A pair (-H, PK) cancels (H, PK), and the identity cancels -g2.
    """
    second = MEMBERS[1]
    constant, public = commit(polynomials[second])[0], public_shares[second]
    dealt = compute_dealer_possession_message(HERE, second, dealings[second][1])  # type: ignore[arg-type]
    acknowledged = compute_share_possession_message(HERE, second, g2_to_eip2537(public))
    return {
        "FORGED_PROOF": g1_to_eip2537(-hash_to_g1(dealt, DST_POP_DEALER)) + g2_to_eip2537(constant) + bytes(128),
        "FORGED_ACKNOWLEDGEMENT": g1_to_eip2537(-hash_to_g1(acknowledged, DST_POP_SHARE))
        + g2_to_eip2537(public)
        + bytes(128),
        "FORGED_PARTIAL": g1_to_eip2537(-transport[0]) + g2_to_eip2537(public) + bytes(128),
    }


# ----------------------------------------------------------------------------------------------------------------------
# Solidity


def hexes(data: bytes) -> str:
    return f'hex"{data.hex()}"'


def constant(name: str, data: bytes) -> str:
    kind = "bytes32" if len(data) == 32 else "bytes"
    gap = " " if len(data) == 32 else "\n        "  # as forge fmt wants it
    return f"    {kind} internal constant {name} ={gap}{hexes(data)};\n"


def by_member(name: str, values: Mapping[MemberIndex, bytes], where: str = "member") -> str:
    kind, location = ("bytes32", "") if len(next(iter(values.values()))) == 32 else ("bytes", " memory")
    cases = "\n".join(
        f"        if ({where} == {i}) {{\n            return {hexes(data)};\n        }}" for i, data in values.items()
    )
    return (
        f"    function {name}(uint256 {where}) internal pure returns ({kind}{location}) {{\n{cases}\n"
        f"        revert();\n    }}\n"
    )


def render() -> str:
    """The whole file."""
    keys = [g1_to_eip2537(point) for point in transport]
    parts = [
        f"    address internal constant RELEASES = {RELEASES};\n",
        f"    address internal constant COMMITTEE = {COMMITTEE};\n",
        f"    address internal constant REGISTRAR = {REGISTRAR};\n",
        f"    uint64 internal constant SEAL_NONCE = {SEAL_NONCE};\n",
        constant("KEY", key),
        constant("AGGREGATE", serialise(aggregate)),
        constant("IDENTITY", identity),
        constant("HASHED_IDENTITY", g1_to_eip2537(hash_identity(identity))),
        by_member("commitments", {i: dealings[i][0] for i in MEMBERS}),
        by_member("commitmentsHash", {i: dealings[i][1] for i in MEMBERS}),
        by_member("proof", {i: dealings[i][2] for i in MEMBERS}),
        by_member("publicShare", {i: g2_to_eip2537(public_shares[i]) for i in MEMBERS}),
        by_member("acknowledgement", {i: g1_to_eip2537(acknowledgements[i]) for i in MEMBERS}),
        by_member("transportKey", {MemberIndex(k): keys[k] for k in range(REQUESTS)}, "request"),
        by_member("transportSecret", {MemberIndex(k): secrets[k].reveal() for k in range(REQUESTS)}, "request"),
        constant("NONCE", nonce.reveal()),
        constant("NONCE_POINT", g1_to_eip2537(multiply(hashed, nonce))),
    ]
    parts += [by_member(f"partialOf{k}", {i: answer(shares[i], k) for i in MEMBERS}) for k in range(REQUESTS)]
    dealt = {(i, j): evaluate(polynomials[i], j).reveal() for i in MEMBERS for j in MEMBERS}
    parts += [
        by_two("dealtShare", dealt),
        constant("KEY_WITHOUT_2", g2_to_eip2537(aggregate_without_2[0])),
        by_member("acknowledgementWithout2", {j: g1_to_eip2537(acknowledgements_without_2[j]) for j in MEMBERS}),
        by_member("nextCommitments", {i: next_dealings[i][0] for i in MEMBERS}),
        by_member("nextProof", {i: next_dealings[i][2] for i in MEMBERS}),
        constant("NEXT_AGGREGATE", serialise(next_aggregate)),
        by_member("nextPublicShare", {j: g2_to_eip2537(next_public_shares[j]) for j in NEXT_MEMBERS}),
        by_member("nextAcknowledgement", {j: g1_to_eip2537(next_acknowledgements[j]) for j in NEXT_MEMBERS}),
        constant("NEXT_PARTIAL", answer(next_shares[NEXT_MEMBERS[0]], 1)),
    ]
    for name, (posted, posted_hash, proof) in bad_dealings().items():
        parts.append(
            f"    function {name}() internal pure returns (bytes memory, bytes32, bytes memory) {{\n"
            f"        return (\n            {hexes(posted)},\n            {hexes(posted_hash)},\n"
            f"            {hexes(proof)}\n        );\n    }}\n"
        )
    parts.append(constant("OTHER_EPOCH_HASH", other_epoch_hash()))
    for name, proof in bad_acknowledgements().items():
        head = f"    function {name}() internal pure returns (bytes memory)"
        parts.append(f"{head} {{\n        return {hexes(proof)};\n    }}\n")
    second = MEMBERS[1]
    parts += [
        constant("PARTIAL_WRONG_SHARE", answer(shares[second] + draw("error"), 0)),
        *(constant(name, data) for name, data in forgeries().items()),
        constant("G1_LOW_ORDER", G1_LOW_ORDER),
        constant("G2_OFF_SUBGROUP", G2_OFF_SUBGROUP),
        constant("TRANSPORT_KEY_NOT_CANONICAL", not_canonical(keys[0])),
    ]
    return (
        "// SPDX-License-Identifier: Apache-2.0\n"
        "pragma solidity 0.8.37;\n\n"
        "/// @dev Generated by make_dkg.py, not to be edited: five members (indices 1 to 5), t = 3, epoch 1.\n"
        "library DkgVectors {\n" + "\n".join(parts) + "}\n"
    )


if __name__ == "__main__":
    check()
    OUTPUT.write_text(render())
    print(f"wrote {OUTPUT.name}")
