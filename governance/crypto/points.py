"""Points as the chain writes them: EIP-2537, each 48-byte field element behind 16 zero bytes, c0 before c1.

A point has exactly one encoding, so that hashing bytes is hashing points. Curve, subgroup and range of the coordinates
are checked by the group; the padding and the identity here. The identity (all zeros) is refused unless it is asked for:
as a key it verifies forgeries, as a transport key it hides nothing.

Source: EIP-2537, "Fine points and encoding of base elements".
"""

from __future__ import annotations

from governance.crypto.errors import InvalidPoint
from governance.crypto.group import G1, G2, require_not_identity

FIELD_BYTES = 48
WORD_BYTES = 64
PADDING = bytes(WORD_BYTES - FIELD_BYTES)

G1_EIP2537_BYTES = 2 * WORD_BYTES
G2_EIP2537_BYTES = 4 * WORD_BYTES


def g1_to_eip2537(point: G1) -> bytes:
    """The 128 bytes of `point`."""
    return _pad(point.to_xy())


def g2_to_eip2537(point: G2) -> bytes:
    """The 256 bytes of `point`."""
    return _pad(point.to_xy())


def g1_from_eip2537(data: bytes, *, allow_identity: bool = False) -> G1:
    """The point of the subgroup of G1 whose 128 bytes these are.

    Raises: InvalidPoint.
    """
    point = G1.from_xy(_strip(data, G1_EIP2537_BYTES))
    return point if allow_identity else require_not_identity(point)


def g2_from_eip2537(data: bytes, *, allow_identity: bool = False) -> G2:
    """The point of the subgroup of G2 whose 256 bytes these are.

    Raises: InvalidPoint.
    """
    point = G2.from_xy(_strip(data, G2_EIP2537_BYTES))
    return point if allow_identity else require_not_identity(point)


def _pad(coordinates: bytes) -> bytes:
    return b"".join(PADDING + coordinates[i : i + FIELD_BYTES] for i in range(0, len(coordinates), FIELD_BYTES))


def _strip(data: bytes, length: int) -> bytes:
    if len(data) != length:
        raise InvalidPoint(f"{length} bytes are required, got {len(data)}")
    words = [data[i : i + WORD_BYTES] for i in range(0, length, WORD_BYTES)]
    if any(not word.startswith(PADDING) for word in words):
        raise InvalidPoint("the 16 bytes before a field element are not zero")
    return b"".join(word[len(PADDING) :] for word in words)
