"""Block headers that prove themselves: the hash is recomputed from the fields, and a child names its parent.

An RPC can say anything about a block. What it cannot do is give fields that hash to something else than they do, or
link a forged header to one that was already believed.

Source: execution-specs, Prague header; EIP-1559, EIP-4895, EIP-4844, EIP-4788, EIP-7685.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from governance.encoding import rlp
from governance.encoding.keccak import keccak256
from governance.errors import VerificationError

# field of the RPC's answer, and how many bytes it has (None: an integer without leading zeros, -1: any length)
_FIELDS: tuple[tuple[str, int | None], ...] = (
    ("parentHash", 32),
    ("sha3Uncles", 32),
    ("miner", 20),
    ("stateRoot", 32),
    ("transactionsRoot", 32),
    ("receiptsRoot", 32),
    ("logsBloom", 256),
    ("difficulty", None),
    ("number", None),
    ("gasLimit", None),
    ("gasUsed", None),
    ("timestamp", None),
    ("extraData", -1),
    ("mixHash", 32),
    ("nonce", 8),
    ("baseFeePerGas", None),
    ("withdrawalsRoot", 32),
    ("blobGasUsed", None),
    ("excessBlobGas", None),
    ("parentBeaconBlockRoot", 32),
    ("requestsHash", 32),
)
_LONDON = 15  # fields before baseFeePerGas, which every header has


class BadHeader(VerificationError):
    """A header does not hash to what its RPC says, lacks a field, or does not follow its parent."""

    hint: ClassVar[str] = "an RPC gave a block that cannot be right: use another RPC, and find out why"


@dataclass(frozen=True)
class Header:
    """A header whose hash was recomputed from its fields."""

    number: int
    hash: bytes
    parent_hash: bytes
    state_root: bytes
    receipts_root: bytes
    transactions_root: bytes
    timestamp: int  # [Unix seconds]
    logs_bloom: bytes = field(repr=False)  # 256 bytes

    def __str__(self) -> str:
        return f"block {self.number} (0x{self.hash.hex()[:8]}…)"


def verify_header(block: Mapping[str, Any]) -> Header:
    """The header of an `eth_getBlockBy…` answer, once its own hash was found equal to the stated one.

    Raises: BadHeader.
    """
    try:
        encoded = rlp.encode_list(_fields(block))
        stated = _fixed(block["hash"], 32)
        number, timestamp = _small(block["number"]), _small(block["timestamp"])
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as e:
        raise BadHeader(f"the header of block {str(block.get('number'))[:20]} is malformed: {str(e)[:200]}") from e
    computed = keccak256(encoded)
    if computed != stated:
        raise BadHeader(f"block {number} hashes to 0x{computed.hex()}, but its RPC says 0x{stated.hex()}")
    return Header(
        number=number,
        hash=computed,
        parent_hash=_fixed(block["parentHash"], 32),
        state_root=_fixed(block["stateRoot"], 32),
        receipts_root=_fixed(block["receiptsRoot"], 32),
        transactions_root=_fixed(block["transactionsRoot"], 32),
        timestamp=timestamp,
        logs_bloom=_fixed(block["logsBloom"], 256),
    )


def verify_link(parent: Header, child: Header) -> None:
    """Returns if `child` is the next block after `parent`, and later than it.

    Raises: BadHeader.
    """
    if child.number != parent.number + 1 or child.parent_hash != parent.hash:
        raise BadHeader(f"{child} does not follow {parent}: its parent is 0x{child.parent_hash.hex()}")
    if child.timestamp <= parent.timestamp:
        raise BadHeader(f"{child} is not later than {parent}: {child.timestamp} after {parent.timestamp}")


def _fields(block: Mapping[str, Any]) -> list[bytes]:
    """Every field, encoded."""
    values: list[bytes] = []
    for at, (name, size) in enumerate(_FIELDS):
        if at >= _LONDON and name not in block:
            break  # an older fork: the fields end here
        value = block[name]
        values.append(rlp.encode_integer(int(value, 16)) if size is None else rlp.encode_bytes(_fixed(value, size)))
    return values


def _fixed(value: str, size: int) -> bytes:
    data = bytes.fromhex(value.removeprefix("0x"))
    if size >= 0 and len(data) != size:
        raise ValueError(f"{len(data)} bytes where {size} are needed")
    return data


def _small(value: str) -> int:
    """A number that a database holds: a header that hashes to its hash can still hold one of any length."""
    number = int(value, 16)
    if number >= 2**63:
        raise ValueError("a number of more than 63 bits")
    return number
