"""BLS12-381 as Custodes uses it; nothing else imports the library behind it.

Two types carry the meaning. A `Scalar` is secret: it shows itself to no log, pickle or comparison that leaks. A plain
`int` beside a point is public (an index, a Lagrange coefficient). `G1` and `G2` hold elements of the prime-order
subgroup and nothing else: every way to make one from bytes checks curve and subgroup, so no later call has to.

The library is not constant-time. A secret scalar x is therefore never multiplied as it stands, but as the sum of two
uniformly random parts, (x - rho) + rho, fresh for each multiplication.

Source: RFC 9380 (hash to curve), EIP-2537 (curve parameters and rules for valid points), zkcrypto compressed form.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Iterable, Sequence
from typing import Generic, NoReturn, Self, TypeVar, final

from py_arkworks_bls12381 import GT, G1Point, G2Point
from py_arkworks_bls12381 import Scalar as RawScalar

from governance.crypto.errors import InvalidPoint, InvalidScalar

ORDER = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001
SCALAR_BYTES = 32
GT_BYTES = 12 * 48

Randomness = Callable[[int], bytes]  # n -> n uniformly random bytes
system_randomness: Randomness = secrets.token_bytes

RawT = TypeVar("RawT", G1Point, G2Point)


@final
class Scalar:
    """A secret integer modulo the group order."""

    __slots__ = ("_raw",)
    __hash__ = None  # type: ignore[assignment]  # a secret is no dictionary key

    def __init__(self, raw: RawScalar) -> None:
        self._raw = raw

    @classmethod
    def from_bytes(cls, data: bytes) -> Scalar:
        """The scalar whose canonical 32 big-endian bytes these are.

        Raises: InvalidScalar.
        """
        if len(data) != SCALAR_BYTES or int.from_bytes(data, "big") >= ORDER:
            raise InvalidScalar(f"not the canonical {SCALAR_BYTES} bytes of a scalar")
        return cls(RawScalar.from_be_bytes(data))

    @classmethod
    def from_wide_bytes(cls, data: bytes) -> Scalar:
        """At least 48 uniform bytes reduced modulo the order: the bias is below 2^-128.

        Raises: InvalidScalar.
        """
        if len(data) < 48:
            raise InvalidScalar(f"48 bytes are needed for an unbiased scalar, got {len(data)}")
        return cls(RawScalar.from_be_bytes_mod_order(data))

    @classmethod
    def random(cls, randomness: Randomness = system_randomness) -> Scalar:
        """A uniformly random scalar, not zero."""
        while (scalar := cls.from_wide_bytes(randomness(48))).is_zero():
            pass
        return scalar

    def reveal(self) -> bytes:
        """The secret itself, 32 bytes, big endian: for an envelope or an encrypted keystore only."""
        return self._raw.to_be_bytes()

    def is_zero(self) -> bool:
        return self._raw.is_zero()

    def scaled(self, factor: int) -> Scalar:
        """This secret times a public integer."""
        return Scalar(self._raw * RawScalar(factor % ORDER))

    def inverted(self, randomness: Randomness = system_randomness) -> Scalar:
        """1 / this, taken of its product with a random scalar, so that timing does not follow the secret.

        Raises: InvalidScalar, of zero.
        """
        if self.is_zero():
            raise InvalidScalar("zero has no inverse")
        rho = Scalar.random(randomness)
        return Scalar((self._raw * rho._raw).inverse() * rho._raw)

    def __add__(self, other: Scalar) -> Scalar:
        return Scalar(self._raw + other._raw)

    def __sub__(self, other: Scalar) -> Scalar:
        return Scalar(self._raw - other._raw)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Scalar) and hmac.compare_digest(self.reveal(), other.reveal())

    def __repr__(self) -> str:
        return "Scalar(hidden)"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a secret scalar is neither pickled nor copied")


class _Point(Generic[RawT]):
    """An element of the prime-order subgroup, immutable."""

    __slots__ = ("_raw",)

    _raw: RawT

    def __init__(self, raw: RawT) -> None:
        self._raw = raw

    def is_identity(self) -> bool:
        return self == self - self

    def to_xy(self) -> bytes:
        """Affine coordinates, big endian, 48 bytes a field element (c0 before c1); zeros for the identity."""
        return self._raw.to_xy_bytes_be()

    def to_compressed(self) -> bytes:
        """The zkcrypto compressed form: 48 bytes in G1, 96 in G2."""
        return self._raw.to_compressed_bytes()

    def __add__(self, other: Self) -> Self:
        return type(self)(self._raw + other._raw)

    def __sub__(self, other: Self) -> Self:
        return type(self)(self._raw - other._raw)

    def __neg__(self) -> Self:
        return type(self)(-self._raw)

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self._raw == other._raw

    def __hash__(self) -> int:
        return hash(self.to_compressed())

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.to_compressed()[:6].hex()}…)"


@final
class G1(_Point[G1Point]):
    """Signatures, identities and identity keys live here."""

    __slots__ = ()

    @classmethod
    def from_xy(cls, data: bytes) -> G1:
        """The point with these 96 bytes of coordinates. Raises: InvalidPoint."""
        try:
            return cls(G1Point.from_xy_bytes_be(data))
        except ValueError as error:
            raise InvalidPoint(f"not a point of G1: {_reason(error)}") from error

    @classmethod
    def from_compressed(cls, data: bytes) -> G1:
        """The point, not the identity, whose 48 compressed bytes these are. Raises: InvalidPoint."""
        try:
            point = cls(G1Point.from_compressed_bytes(data))
        except ValueError as error:
            raise InvalidPoint(f"not a compressed point of G1: {_reason(error)}") from error
        return require_not_identity(point)


@final
class G2(_Point[G2Point]):
    """Public keys and commitments live here."""

    __slots__ = ()

    @classmethod
    def from_xy(cls, data: bytes) -> G2:
        """The point with these 192 bytes of coordinates. Raises: InvalidPoint."""
        try:
            return cls(G2Point.from_xy_bytes_be(data))
        except ValueError as error:
            raise InvalidPoint(f"not a point of G2: {_reason(error)}") from error

    @classmethod
    def from_compressed(cls, data: bytes) -> G2:
        """The point, not the identity, whose 96 compressed bytes these are. Raises: InvalidPoint."""
        try:
            point = cls(G2Point.from_compressed_bytes(data))
        except ValueError as error:
            raise InvalidPoint(f"not a compressed point of G2: {_reason(error)}") from error
        return require_not_identity(point)


def _reason(error: ValueError) -> str:
    return str(error).removeprefix("Err From Rust: ")


P = TypeVar("P", G1, G2)

G1_GENERATOR, G1_IDENTITY = G1(G1Point()), G1(G1Point.identity())
G2_GENERATOR, G2_IDENTITY = G2(G2Point()), G2(G2Point.identity())


def require_not_identity(point: P) -> P:
    """`point` itself. Raises: InvalidPoint, when it is the identity, which commits to nothing and hides nothing."""
    if point.is_identity():
        raise InvalidPoint(f"the identity of {type(point).__name__} is not accepted here")
    return point


def multiply(point: P, secret: Scalar, randomness: Randomness = system_randomness) -> P:
    """`secret` times `point`, in two random parts (x - rho) + rho, so that timing follows neither x nor its bits."""
    rho = Scalar.random(randomness)
    return type(point)(point._raw * (secret - rho)._raw) + type(point)(point._raw * rho._raw)


def combine_points(points: Sequence[P], factors: Sequence[int]) -> P:
    """The sum of public factors times points.

    Raises: ValueError, when the lengths differ (the library would drop the surplus in silence) or nothing is given.
    """
    if not points or len(points) != len(factors):
        raise ValueError(f"{len(points)} points and {len(factors)} factors")
    group = type(points[0])
    raw = [RawScalar(factor % ORDER) for factor in factors]
    return group(type(points[0]._raw).multiexp_unchecked([point._raw for point in points], raw))


def hash_to_g1(message: bytes, dst: bytes) -> G1:
    """The point of G1 to which `message` hashes under the domain separation tag `dst`, as a random oracle.

    Raises: ValueError, when the tag is shorter than 16 bytes or longer than 255 (RFC 9380 section 3.1).
    Source: RFC 9380, suite BLS12381G1_XMD:SHA-256_SSWU_RO_.
    """
    if not 16 <= len(dst) <= 255:
        raise ValueError(f"a domain separation tag has 16 to 255 bytes, got {len(dst)}")
    return G1(G1Point.hash_to_curve(message, dst))


def pairing_product_is_one(pairs: Iterable[tuple[G1, G2]]) -> bool:
    """Whether e(P_1, Q_1) ... e(P_k, Q_k) = 1; an empty product proves nothing and is refused with ValueError."""
    listed = list(pairs)
    if not listed:
        raise ValueError("an empty product of pairings proves nothing")
    return GT.pairing_check([p._raw for p, _ in listed], [q._raw for _, q in listed])


def pairing_bytes(p: G1, q: G2) -> bytes:
    """e(p, q), serialised: 12 base-field coefficients of 48 bytes each, little endian, low before high in the tower
    Fp2 = Fp[u]/(u^2 + 1), Fp6 = Fp2[v]/(v^3 - (u + 1)), Fp12 = Fp6[w]/(w^2 - v): c0.c0.c0, c0.c0.c1, c0.c1.c0, ...

    The value is arkworks' optimal ate pairing: py_ecc's to the power -3, since each library chooses the sign of its
    loop and a cheap multiple of the final exponent. `tests/vectors/bls/pairing.json` pins it.
    """
    data = bytes.fromhex(str(GT.pairing(p._raw, q._raw)))
    if len(data) != GT_BYTES:  # the library documents no serialisation: a changed one must not make other masks
        raise InvalidPoint(f"the pairing library serialises {len(data)} bytes instead of {GT_BYTES}")
    return data
