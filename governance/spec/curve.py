"""What the committee's rules ask of the curve. This layer knows no group: who replays with points passes a `Curve`.

Without one, what depends on points is taken from the event: a replay then checks everything but the mathematics, which
the contract's precompiles have checked, and which re-execution checks again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from governance.encoding.committee import CommitteeDomain
from governance.types import Hash32, Identity, MemberIndex


class Curve(Protocol):
    """BLS12-381 on EIP-2537 encodings: G1 128 bytes, G2 256."""

    def are_usable(self, points: bytes) -> bool:
        """Whether each point of G2 is canonical, on the curve, in the subgroup, and not the identity."""

    def combine(self, dealings: Mapping[MemberIndex, bytes], *, is_resharing: bool) -> bytes | None:
        """The dealers' commitments summed point by point, in a resharing weighed by Lagrange's factors at zero.

        None if one of the sums is the identity.
        """

    def is_share(self, points: bytes, index: MemberIndex, share: Hash32) -> bool:
        """Whether this canonical scalar is the value at `index` of the committed polynomial."""

    def evaluate(self, points: bytes, index: MemberIndex) -> bytes:
        """The commitments' polynomial at `index`: that member's public key share."""

    def is_dealer_possession(
        self, domain: CommitteeDomain, dealer: MemberIndex, commitments_hash: Hash32, proof: bytes, constant: bytes
    ) -> bool:
        """Whether the dealer knows the secret of its constant term."""

    def is_share_possession(self, domain: CommitteeDomain, member: MemberIndex, proof: bytes, key: bytes) -> bool:
        """Whether the member holds the secret of that public key share."""

    def is_transport_key(self, context: Hash32, identity: Identity, transport_key: bytes, proof: bytes) -> bool:
        """Whether the proof shows, in that context, that its maker knows a secret, not zero, with T = tau H(id)."""

    def is_partial(self, transport_key: bytes, partial_key: bytes, key: bytes) -> bool:
        """Whether the partial is the member's key share applied to the transport key."""
