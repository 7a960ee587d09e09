"""Envelopes: a dealt share, encrypted on the chain to its recipient with HPKE, hybrid against quantum computers.

Dealt shares stay on the chain for ever, so whoever breaks an envelope years later learns the share. Hence ML-KEM-768
and X25519 together, and a fresh key pair for each key generation or resharing, erased with the old share.

Suite: base mode, KEM MLKEM768-X25519 (0x647a, X-Wing's combiner), KDF HKDF-SHA256, AEAD AES-256-GCM, empty AAD.
Wire formats:
    public key    1216 bytes   ML-KEM-768 encapsulation key (1184) || X25519 public key (32)
    private key     96 bytes   ML-KEM seed d || z (64) || X25519 private key (32)
    envelope      1168 bytes   enc (1120) || AES-256-GCM of the 32-byte scalar (48)

The sender is not authenticated here: an envelope arrives in its dealer's own transaction, and `info` names the dealer.

Source: RFC 9180; FIPS 203; draft-connolly-cfrg-xwing-kem; draft-ietf-hpke-pq.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NewType, NoReturn, final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
    Suite,
)

from governance.crypto.errors import EnvelopeRefused, InvalidScalar
from governance.crypto.group import Scalar
from governance.encoding.committee import CommitteeDomain, make_dealt_share_info
from governance.types import Hash32, MemberIndex

Envelope = NewType("Envelope", bytes)

MLKEM_PUBLIC_BYTES, MLKEM_SEED_BYTES, X25519_BYTES = 1184, 64, 32
PUBLIC_KEY_BYTES = MLKEM_PUBLIC_BYTES + X25519_BYTES
PRIVATE_KEY_BYTES = MLKEM_SEED_BYTES + X25519_BYTES
ENVELOPE_BYTES = 1120 + 32 + 16

_SUITE = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


@dataclass(frozen=True, slots=True)
class EnvelopeContext:
    """Whose share from whom, of which commitments: an envelope opens in no other context."""

    domain: CommitteeDomain
    dealer: MemberIndex
    recipient: MemberIndex
    commitments_hash: Hash32

    def to_info(self) -> bytes:
        return make_dealt_share_info(self.domain, self.dealer, self.recipient, self.commitments_hash)


@final
@dataclass(frozen=True, slots=True)
class EnvelopePublicKey:
    """A member's registered encryption key; one that exists can be encrypted to."""

    data: bytes = field(repr=False)
    _key: MLKEM768X25519PublicKey = field(repr=False, compare=False)

    @classmethod
    def from_bytes(cls, data: bytes) -> EnvelopePublicKey:
        """The key whose 1216 bytes these are.

        Raises: EnvelopeRefused, for a wrong length, ML-KEM coefficients out of range, or an X25519 point of low order.
        """
        if len(data) != PUBLIC_KEY_BYTES:
            raise EnvelopeRefused(f"an envelope key is {PUBLIC_KEY_BYTES} bytes, got {len(data)}")
        try:
            mlkem = MLKEM768PublicKey.from_public_bytes(data[:MLKEM_PUBLIC_BYTES])
            key = MLKEM768X25519PublicKey(mlkem, X25519PublicKey.from_public_bytes(data[MLKEM_PUBLIC_BYTES:]))
            _SUITE.encrypt(b"", key)  # a low-order point shows only here; better now than in the middle of a dealing
        except ValueError as error:
            raise EnvelopeRefused(f"the envelope key cannot be used: {error}") from error
        return cls(bytes(data), key)


@final
class EnvelopeKeyPair:
    """One member's key pair for one key generation or resharing. Shows no secret, is not pickled."""

    __slots__ = ("_mlkem", "_x25519", "public")

    def __init__(self, mlkem: MLKEM768PrivateKey, x25519: X25519PrivateKey) -> None:
        self._mlkem, self._x25519 = mlkem, x25519
        self.public = EnvelopePublicKey.from_bytes(
            mlkem.public_key().public_bytes_raw() + x25519.public_key().public_bytes_raw()
        )

    @classmethod
    def generate(cls) -> EnvelopeKeyPair:
        """A fresh key pair (randomness of the operating system: the library takes no other)."""
        return cls(MLKEM768PrivateKey.generate(), X25519PrivateKey.generate())

    @classmethod
    def from_private_bytes(cls, data: bytes) -> EnvelopeKeyPair:
        """The key pair that `reveal` gave. Raises: EnvelopeRefused."""
        if len(data) != PRIVATE_KEY_BYTES:
            raise EnvelopeRefused(f"a private envelope key is {PRIVATE_KEY_BYTES} bytes, got {len(data)}")
        seed, x25519 = data[:MLKEM_SEED_BYTES], data[MLKEM_SEED_BYTES:]
        return cls(MLKEM768PrivateKey.from_seed_bytes(seed), X25519PrivateKey.from_private_bytes(x25519))

    def reveal(self) -> bytes:
        """The private key itself, 96 bytes: for an encrypted keystore only."""
        return self._mlkem.private_bytes_raw() + self._x25519.private_bytes_raw()

    def decrypt(self, envelope: bytes, info: bytes) -> bytes:
        """What was encrypted to this key under `info`. Raises: cryptography's InvalidTag."""
        return _SUITE.decrypt(envelope, MLKEM768X25519PrivateKey(self._mlkem, self._x25519), info)

    def __repr__(self) -> str:
        return "EnvelopeKeyPair(hidden)"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("an envelope key pair is neither pickled nor copied")


def seal_share(share: Scalar, recipient: EnvelopePublicKey, context: EnvelopeContext) -> Envelope:
    """An envelope that only `recipient` opens, and only in `context`."""
    return Envelope(_SUITE.encrypt(share.reveal(), recipient._key, context.to_info()))


def open_share(envelope: Envelope, key: EnvelopeKeyPair, context: EnvelopeContext) -> Scalar:
    """The dealt share. It still has to be checked against the dealer's commitments (`vss.verify_share`).

    Raises: EnvelopeRefused.
    """
    who = f"the envelope of dealer {context.dealer} for member {context.recipient}"
    try:
        return Scalar.from_bytes(key.decrypt(envelope, context.to_info()))
    except InvalidTag as error:
        raise EnvelopeRefused(f"{who} does not open") from error
    except InvalidScalar as error:
        raise EnvelopeRefused(f"{who} holds no scalar") from error
