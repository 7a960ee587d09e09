"""Writes BlsVectors.sol: inputs that the precompiles accept or refuse, and points to which messages hash.

    python contracts/test/vectors/make_bls.py DIRECTORY

DIRECTORY holds the vectors of EIP-2537 (ethereum/EIPs, assets/eip-2537, CC0). The messages and their points are those
of RFC 9380, appendix J.9.1; arkworks must agree with the RFC before anything is written.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from governance.crypto.group import hash_to_g1
from governance.crypto.points import g1_to_eip2537

OUTPUT = Path(__file__).with_name("BlsVectors.sol")
LONGEST = 768  # two pairs; longer ones say nothing new

TAG = b"QUUX-V01-CS02-with-BLS12381G1_XMD:SHA-256_SSWU_RO_"
RFC_9380 = {  # message: x, y of the point
    b"": (
        "052926add2207b76ca4fa57a8734416c8dc95e24501772c814278700eed6d1e4e8cf62d9c09db0fac349612b759e79a1",
        "08ba738453bfed09cb546dbb0783dbb3a5f1f566ed67bb6be0e8c67e2e81a4cc68ee29813bb7994998f3eae0c9c6a265",
    ),
    b"abc": (
        "03567bc5ef9c690c2ab2ecdf6a96ef1c139cc0b2f284dca0a9a7943388a49a3aee664ba5379a7655d3c68900be2f6903",
        "0b9c15f3fe6e5cf4211f346271d7b01c8f3b28be689c8429c85b67af215533311f0b8dfaaa154fa6b88176c229f2885d",
    ),
    b"abcdef0123456789": (
        "11e0b079dea29a68f0383ee94fed1b940995272407e3bb916bbf268c263ddd57a6a27200a784cbc248e84f357ce82d98",
        "03a87ae2caf14e8ee52e51fa2ed8eefe80f02457004ba4d486d6aa1f517c0889501dc7413753f9599b099ebcbbd2d709",
    ),
    b"q128_" + b"q" * 128: (
        "15f68eaa693b95ccb85215dc65fa81038d69629f70aeee0d0f677cf22285e7bf58d7cb86eefe8f2e9bc3f8cb84fac488",
        "1807a1d50c29f430b8cafc4f8638dfeeadf51211e1602a5f184443076715f91bb90a48ba1e370edce6ae1062f5e6dd38",
    ),
    b"a512_" + b"a" * 512: (
        "082aabae8b7dedb0e78aeb619ad3bfd9277a2f77ba7fad20ef6aabdc6c31d19ba5a6d12283553294c1825c4b3ca2dcfe",
        "05b84ae5a942248eea39e1d91030458c40153f3b654ab7872d779ad1e942856a20c438e8d99bc8abfbf74729ce1f7ac8",
    ),
}


def read_cases(directory: Path, name: str) -> list[dict[str, str]]:
    cases: list[dict[str, str]] = json.loads((directory / f"{name}.json").read_bytes())
    return cases


def failing_pairings(directory: Path) -> list[tuple[str, bytes]]:
    """Inputs of whole pairs that the pairing refuses for a point in them."""
    cases = [(case["Name"], bytes.fromhex(case["Input"])) for case in read_cases(directory, "fail-pairing_check_bls")]
    return [(name, data) for name, data in cases if data and len(data) % 384 == 0 and len(data) <= LONGEST]


def failing_points(directory: Path) -> list[tuple[str, bytes]]:
    """Lists of two points of G2 of which one is refused (the scalars between them are left out)."""
    cases = [(case["Name"], bytes.fromhex(case["Input"])) for case in read_cases(directory, "fail-msm_G2_bls")]
    return [(name, data[:256] + data[288:544]) for name, data in cases if len(data) == 576]


def pairings(directory: Path) -> list[tuple[bool, bytes]]:
    """Inputs that the pairing takes, and whether their product is one."""
    cases = [(case["Expected"], bytes.fromhex(case["Input"])) for case in read_cases(directory, "pairing_check_bls")]
    return [(expected.endswith("1"), data) for expected, data in cases if len(data) <= LONGEST]


def hashes() -> list[tuple[bytes, bytes]]:
    found = []
    for message, (x, y) in RFC_9380.items():
        point = bytes(16) + bytes.fromhex(x) + bytes(16) + bytes.fromhex(y)
        if g1_to_eip2537(hash_to_g1(message, TAG)) != point:
            raise SystemExit(f"arkworks and RFC 9380 disagree about {message[:16]!r}")
        found.append((message, point))
    return found


def hexes(data: bytes) -> str:
    return f'hex"{data.hex()}"' if data else '""'


def listed(name: str, first: str, rows: list[tuple[str, bytes]]) -> str:
    """A count and a function by position; `first` is the type of the first of the two values."""
    cases = "\n".join(
        f"        if (i == {at}) {{\n            return (\n                {value},\n                {hexes(data)}\n"
        f"            );\n        }}"
        for at, (value, data) in enumerate(rows)
    )
    head = f"    function {name}(uint256 i) internal pure returns ({first}, bytes memory)"
    count = f"    uint256 internal constant {name.upper()} = {len(rows)};\n\n"
    return f"{count}{head} {{\n{cases}\n        revert();\n    }}\n"


def render(directory: Path) -> str:
    quoted = [
        [(f'"{name}"', data) for name, data in rows]
        for rows in (failing_pairings(directory), failing_points(directory))
    ]
    parts = [
        f'    bytes internal constant TAG = "{TAG.decode()}";\n',
        listed("refusedPairs", "string memory", quoted[0]),
        listed("refusedPoints", "string memory", quoted[1]),
        listed("pairs", "bool", [(str(one).lower(), data) for one, data in pairings(directory)]),
        listed("hashes", "bytes memory", [(hexes(message), point) for message, point in hashes()]),
    ]
    return (
        "// SPDX-License-Identifier: Apache-2.0\n"
        "pragma solidity 0.8.37;\n\n"
        "/// @dev Generated by make_bls.py, not to be edited. Sources: EIP-2537 (CC0), RFC 9380 appendix J.9.1.\n"
        "library BlsVectors {\n" + "\n".join(parts) + "}\n"
    )


if __name__ == "__main__":
    OUTPUT.write_text(render(Path(sys.argv[1])))
    print(f"wrote {OUTPUT.name}")
