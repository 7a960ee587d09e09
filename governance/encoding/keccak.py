"""keccak256 and ABI encoding, the two building blocks of every hash that a contract also computes.

`eth_abi` is imported on first use: a quarter of a second that `--help` need not pay. Nothing here imports web3.
"""

from __future__ import annotations

from collections.abc import Sequence

from eth_hash.auto import keccak

from governance.encoding.errors import NotEncodable


def keccak256(data: bytes) -> bytes:
    """The 32-byte Keccak-256 (Ethereum's, not SHA-3's padding) of `data`."""
    return bytes(keccak(data))


def abi_encode(types: Sequence[str], values: Sequence[object]) -> bytes:
    """The bytes that Solidity's `abi.encode` makes of the same values.

    Raises: NotEncodable, when a value does not fit its type (an out-of-range integer is never truncated).
    Source: Solidity ABI specification.
    """
    from eth_abi.abi import encode
    from eth_abi.exceptions import EncodingError

    try:
        return encode(types, values)
    except (EncodingError, TypeError, ValueError) as error:
        raise NotEncodable(f"({', '.join(types)}) cannot hold these values: {type(error).__name__}") from error
