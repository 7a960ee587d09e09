"""Hashes of deployed code: of exactly what stands on chain, and of the compiled template without its immutables."""

from __future__ import annotations

from collections.abc import Iterable

from governance.encoding.errors import NotEncodable
from governance.encoding.keccak import keccak256
from governance.types import Hash32

# EIP-7702: an account that delegates to code, and can take the delegation back. Never a contract of ours.
DELEGATION_PREFIX = bytes.fromhex("ef0100")


def compute_code_hash(code: bytes) -> Hash32:
    """keccak256 of the runtime code, as EXTCODEHASH and the account's proof have it.

    Raises: NotEncodable, for an account without code of its own.
    """
    if not code:
        raise NotEncodable("there is no code at that address")
    if code.startswith(DELEGATION_PREFIX):
        raise NotEncodable("that account only delegates to code (EIP-7702), and can change it")
    return Hash32(keccak256(code))


def compute_template_hash(code: bytes, immutables: Iterable[tuple[int, int]]) -> Hash32:
    """The hash of the code with its immutables (start, length) blanked: equal for every deployment of one source.

    Raises: NotEncodable.
    """
    template = bytearray(code)
    for start, length in immutables:
        if start < 0 or length < 0 or start + length > len(code):
            raise NotEncodable(
                f"an immutable at {start}, {length} bytes long, lies outside of {len(code)} bytes of code"
            )
        template[start : start + length] = bytes(length)
    return compute_code_hash(bytes(template))
