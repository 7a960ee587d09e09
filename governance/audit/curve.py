"""What the rules ask of BLS12-381, answered by the library that oracles use: a replay checks points too."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from governance.crypto.errors import (
    InvalidPoint,
    InvalidScalar,
    WrongDealing,
    WrongPartial,
    WrongPossession,
    WrongShare,
    WrongTransportKey,
)
from governance.crypto.group import G2, Scalar
from governance.crypto.partial import Partial, TransportPublicKey, verify_partial, verify_transport_key
from governance.crypto.points import G2_EIP2537_BYTES, g1_from_eip2537, g2_from_eip2537, g2_to_eip2537
from governance.crypto.possession import verify_dealer_possession, verify_share_possession
from governance.crypto.vss import add_commitments, combine_commitments, compute_public_key_share, verify_share
from governance.encoding.committee import CommitteeDomain
from governance.errors import CustodesError
from governance.types import Epoch, Hash32, Identity, MemberIndex


class ArkworksCurve:
    """`governance.spec.curve.Curve` over governance.crypto."""

    def are_usable(self, points: bytes) -> bool:
        try:
            return bool(_split(points))
        except CustodesError:
            return False

    def combine(self, dealings: Mapping[MemberIndex, bytes], *, is_resharing: bool) -> bytes | None:
        lists = {dealer: _split(points) for dealer, points in dealings.items()}
        threshold = len(next(iter(lists.values())))
        try:
            if is_resharing:
                sums = combine_commitments(lists, len(lists), threshold)
            else:
                sums = add_commitments(lists, threshold)
        except WrongDealing:
            return None
        return b"".join(g2_to_eip2537(point) for point in sums)

    def is_share(self, points: bytes, index: MemberIndex, share: Hash32) -> bool:
        commitments = _split(points)
        try:
            verify_share(commitments, len(commitments), index, Scalar.from_bytes(share))
        except (InvalidScalar, WrongShare):
            return False
        return True

    def evaluate(self, points: bytes, index: MemberIndex) -> bytes:
        commitments = _split(points)
        return g2_to_eip2537(compute_public_key_share(commitments, len(commitments), index))

    def is_dealer_possession(
        self, domain: CommitteeDomain, dealer: MemberIndex, commitments_hash: Hash32, proof: bytes, constant: bytes
    ) -> bool:
        return _holds(
            lambda: verify_dealer_possession(
                g1_from_eip2537(proof), g2_from_eip2537(constant), domain, dealer, commitments_hash
            )
        )

    def is_share_possession(self, domain: CommitteeDomain, member: MemberIndex, proof: bytes, key: bytes) -> bool:
        return _holds(lambda: verify_share_possession(g1_from_eip2537(proof), g2_from_eip2537(key), domain, member))

    def is_transport_key(self, context: Hash32, identity: Identity, transport_key: bytes, proof: bytes) -> bool:
        return _holds(
            lambda: verify_transport_key(TransportPublicKey(g1_from_eip2537(transport_key), proof), identity, context)
        )

    def is_partial(self, transport_key: bytes, partial_key: bytes, key: bytes) -> bool:
        def verify() -> None:
            partial = Partial(Epoch(0), MemberIndex(1), g1_from_eip2537(partial_key))
            transport = TransportPublicKey(g1_from_eip2537(transport_key), b"")  # proven when it was asked with
            verify_partial(partial, transport, g2_from_eip2537(key))

        return _holds(verify)


def _holds(verify: Callable[[], None]) -> bool:
    try:
        verify()
    except (InvalidPoint, WrongPartial, WrongPossession, WrongTransportKey):
        return False
    return True


def _split(points: bytes) -> list[G2]:
    return [g2_from_eip2537(points[at : at + G2_EIP2537_BYTES]) for at in range(0, len(points), G2_EIP2537_BYTES)]
