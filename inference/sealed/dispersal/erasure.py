"""Reed-Solomon over segments: any k of n payloads give the segment. Systematic: the first k are the segment itself.

pyeclib puts a header of its own version before each payload. It is cut off and made again, so that what is stored is
the code alone: the matrix of ISA-L's `gf_gen_cauchy1_matrix` over GF(2^8) with the polynomial 0x11d.
"""

from __future__ import annotations

from collections.abc import Mapping

from inference.sealed.dispersal.fragment import compute_payload_bytes
from inference.sealed.errors import ResourcesUnavailable

CODE = "isa_l_rs_cauchy"
HEADER_BYTES = 80


class Erasure:
    """One (k, m) code."""

    def __init__(self, data: int, parity: int) -> None:
        """Raises: ResourcesUnavailable, if this machine has no such code."""
        from pyeclib.ec_iface import ECDriver, ECDriverError

        try:
            self._driver = ECDriver(k=data, m=parity, ec_type=CODE)
        except ECDriverError as e:
            raise ResourcesUnavailable(f"there is no erasure code {data} + {parity} here: {e}") from e
        self._data, self._headers = data, dict[int, list[bytes]]()

    def encode(self, segment: bytes | memoryview) -> list[bytes]:
        """All payloads of a segment, in the order of their fragments."""
        length = compute_payload_bytes(len(segment), self._data)
        padded = bytes(segment) + bytes(length * self._data - len(segment))
        return [fragment[HEADER_BYTES:] for fragment in self._driver.encode(padded)]

    def decode(self, payloads: Mapping[int, bytes], length: int) -> bytes:
        """The segment of `length` bytes, from k payloads by the numbers of their fragments."""
        headers = self._get_headers(compute_payload_bytes(length, self._data))
        return bytes(self._driver.decode([headers[index] + payload for index, payload in payloads.items()])[:length])

    def _get_headers(self, payload_bytes: int) -> list[bytes]:
        """They say the number and the length, and nothing of the content."""
        if payload_bytes not in self._headers:
            blank = self._driver.encode(bytes(payload_bytes * self._data))
            self._headers[payload_bytes] = [fragment[:HEADER_BYTES] for fragment in blank]
        return self._headers[payload_bytes]
