"""What voters and new keys sign: EIP-712, one domain a contract.

A ballot names its round and its count, so that no relayer can hold back an old one and play it later (R-Council-07).
Source: EIP-712; ICouncil.ballotDigest, ISeats.rotationDigest, ISeats.recoveryRotationDigest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from governance.encoding.abi import encode_values
from governance.encoding.keccak import keccak256
from governance.types import Address, ChainId, Hash32, ProposalId, SeatNumber, Support

DOMAIN_NAME = "Custodes"
DOMAIN_VERSION = "1"

_DOMAIN_TYPE = (("name", "string"), ("version", "string"), ("chainId", "uint256"), ("verifyingContract", "address"))
_BALLOT_TYPE = (
    ("proposalId", "uint256"),
    ("support", "uint8"),
    ("voter", "address"),
    ("round", "uint8"),
    ("count", "uint8"),
    ("reason", "string"),
)
_ROTATION_TYPE = (("seat", "uint8"), ("oldKey", "address"), ("newKey", "address"))


@dataclass(frozen=True, slots=True)
class SigningDomain:
    """Where a signature counts: one contract (the Council for ballots, Seats for rotations) on one chain."""

    chain_id: ChainId
    contract: Address


@dataclass(frozen=True, slots=True)
class Ballot:
    """One ballot as it is signed off line. `count` is the number of ballots that this seat cast in the round before."""

    proposal_id: ProposalId
    support: Support
    voter: Address
    round: int
    count: int
    reason: str = ""

    def message(self) -> dict[str, Any]:
        return {
            "proposalId": self.proposal_id,
            "support": int(self.support),
            "voter": self.voter,
            "round": self.round,
            "count": self.count,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class Rotation:
    """The proof that a new voting key exists and agrees."""

    seat: SeatNumber
    old_key: Address
    new_key: Address

    def message(self) -> dict[str, Any]:
        return {"seat": self.seat, "oldKey": self.old_key, "newKey": self.new_key}


@dataclass(frozen=True, slots=True)
class RecoveryRotation(Rotation):
    """The proof that a new recovery key exists and agrees. A key that signed to vote has not signed this."""


def compute_ballot_digest(domain: SigningDomain, ballot: Ballot) -> Hash32:
    """The 32 bytes that a ballot's signature is over."""
    return _digest(domain, "Ballot", _BALLOT_TYPE, ballot.message())


def compute_rotation_digest(domain: SigningDomain, rotation: Rotation) -> Hash32:
    """The 32 bytes that a new key signs."""
    return _digest(domain, type(rotation).__name__, _ROTATION_TYPE, rotation.message())


def make_ballot_typed_data(domain: SigningDomain, ballot: Ballot) -> dict[str, Any]:
    """The ballot as `eth_account.messages.encode_typed_data(full_message=...)` and wallets take it."""
    return _typed_data(domain, "Ballot", _BALLOT_TYPE, ballot.message())


def make_rotation_typed_data(domain: SigningDomain, rotation: Rotation) -> dict[str, Any]:
    """The rotation as `eth_account.messages.encode_typed_data(full_message=...)` and wallets take it."""
    return _typed_data(domain, type(rotation).__name__, _ROTATION_TYPE, rotation.message())


def shorten_signature(signature: bytes) -> bytes:
    """The same signature in 64 bytes, of an EOA: the parity of v is the highest bit of s.

    Source: EIP-2098.
    """
    if len(signature) != 65 or signature[64] not in (27, 28) or signature[32] & 0x80:
        return signature
    return signature[:32] + bytes([signature[32] | (signature[64] - 27) << 7]) + signature[33:64]


def compute_domain_separator(domain: SigningDomain) -> Hash32:
    """EIP-712's hashStruct of the domain."""
    return _hash_struct("EIP712Domain", _DOMAIN_TYPE, _domain_message(domain))


def _domain_message(domain: SigningDomain) -> dict[str, Any]:
    return {
        "name": DOMAIN_NAME,
        "version": DOMAIN_VERSION,
        "chainId": domain.chain_id,
        "verifyingContract": domain.contract,
    }


def _digest(domain: SigningDomain, name: str, members: tuple[tuple[str, str], ...], message: dict[str, Any]) -> Hash32:
    return Hash32(keccak256(b"\x19\x01" + compute_domain_separator(domain) + _hash_struct(name, members, message)))


def _hash_struct(name: str, members: tuple[tuple[str, str], ...], message: dict[str, Any]) -> Hash32:
    declaration = f"{name}({','.join(f'{kind} {member}' for member, kind in members)})"
    types, values = ["bytes32"], [keccak256(declaration.encode("ascii"))]
    for member, kind in members:
        value = message[member]
        types.append("bytes32" if kind == "string" else kind)
        values.append(keccak256(value.encode("utf-8", "surrogateescape")) if kind == "string" else value)
    return Hash32(keccak256(encode_values(tuple(types), tuple(values))))


def _typed_data(
    domain: SigningDomain, name: str, members: tuple[tuple[str, str], ...], message: dict[str, Any]
) -> dict[str, Any]:
    def declare(pairs: tuple[tuple[str, str], ...]) -> list[dict[str, str]]:
        return [{"name": member, "type": kind} for member, kind in pairs]

    return {
        "types": {"EIP712Domain": declare(_DOMAIN_TYPE), name: declare(members)},
        "primaryType": name,
        "domain": _domain_message(domain),
        "message": message,
    }
