"""What the charter hash binds, and where the six contracts will stand.

charterHash = keccak256(abi.encode("custodes/charter/v1", legalTextHash, genesisHash, parametersHash)).
Source: ICouncil, ISeats.genesisHash.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

from governance.encoding.abi import encode_struct, encode_values
from governance.encoding.errors import NotEncodable
from governance.encoding.keccak import keccak256
from governance.encoding.names import make_address
from governance.encoding.structs import Array
from governance.types import Address, Bounds, Hash32, Parameters, SeatGrant, ShortName, System, TierRule

CHARTER_LABEL = "custodes/charter/v1"
WORD = 32


def compute_genesis_hash(chamber_names: Sequence[ShortName], grants: Sequence[SeatGrant]) -> Hash32:
    """keccak256(abi.encode(chamberNames, genesis)): the chambers and the seats of the beginning."""
    return Hash32(keccak256(encode_values((Array("bytes32"), Array(SeatGrant)), (chamber_names, grants))))


def compute_parameters_hash(initial: Parameters, bounds: Bounds) -> Hash32:
    """keccak256(abi.encode(initial, bounds)): the numbers of the beginning, and how far votes can move them."""
    return Hash32(keccak256(encode_values((Parameters, Bounds), (initial, bounds))))


def compute_charter_hash(legal_text_hash: Hash32, genesis_hash: Hash32, parameters_hash: Hash32) -> Hash32:
    """What every part of a system is bound to."""
    preimage = encode_values(
        ("string", "bytes32", "bytes32", "bytes32"), (CHARTER_LABEL, legal_text_hash, genesis_hash, parameters_hash)
    )
    return Hash32(keccak256(preimage))


def parameter_words(parameters: Parameters) -> tuple[int, ...]:
    """The words of abi.encode(parameters), in order: what bounds compare and `OutOfBounds.word` counts."""
    data = encode_struct(parameters)
    return tuple(int.from_bytes(data[at : at + WORD], "big") for at in range(0, len(data), WORD))


def parameter_names() -> tuple[str, ...]:
    """The name of each word of `parameter_words`, such as `tier2.period` or `pull_window`."""
    tiers = [f"tier{tier}.{field.name}" for tier in range(1, 5) for field in fields(TierRule)]
    return (*tiers, *(field.name for field in fields(Parameters) if field.name != "tiers"))


def compute_create_address(deployer: Address, nonce: int) -> Address:
    """Where a contract stands that this account creates with that transaction nonce (CREATE).

    Raises: NotEncodable.
    """
    if nonce < 0:
        raise NotEncodable(f"a nonce is not negative, got {nonce}")
    encoded_nonce = b"\x80" if nonce == 0 else _rlp_string(nonce.to_bytes((nonce.bit_length() + 7) // 8, "big"))
    payload = _rlp_string(bytes.fromhex(deployer[2:])) + encoded_nonce
    return make_address(keccak256(bytes([0xC0 + len(payload)]) + payload)[12:])


def compute_system(deployer: Address, first_nonce: int) -> System:
    """The addresses of the six, created in this order at consecutive nonces."""
    return System(*(compute_create_address(deployer, first_nonce + offset) for offset in range(6)))


def _rlp_string(data: bytes) -> bytes:
    """Of at most 55 bytes, which is all that an address and a nonce need. Source: Yellow Paper, appendix B."""
    return data if len(data) == 1 and data[0] < 0x80 else bytes([0x80 + len(data)]) + data
