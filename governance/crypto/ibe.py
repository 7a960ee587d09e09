"""Wrapping a data key to an identity: Boneh-Franklin FullIdent, in 160 bytes.

Anybody can wrap with the committee's public key alone; only the identity key opens. The scheme is chosen-ciphertext
secure because opening recomputes the sealer's randomness and compares: nothing "succeeds" on altered bytes. The context
(committee key, identity, sealed content, commitment to the data key) enters every hash, so that a wrapped key cannot be
moved to another model.

    r = H3(sigma, m, ctx)    U = r g2    V = sigma xor H2(e(H(id), PK)^r, U, ctx)    W = m xor H4(sigma, ctx)

Source: Boneh and Franklin 2001, section 4.2; Fujisaki and Okamoto 1999; DESIGN section 4, point 4.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import NewType

from governance.crypto.errors import InvalidPoint, UnwrapFailed
from governance.crypto.group import (
    G2,
    G2_GENERATOR,
    Randomness,
    Scalar,
    multiply,
    pairing_bytes,
    require_not_identity,
    system_randomness,
)
from governance.crypto.partial import IdentityKey, hash_identity
from governance.crypto.points import g2_to_eip2537
from governance.encoding.committee import compute_wrap_context, require_32
from governance.encoding.errors import NotEncodable
from governance.types import Hash32, Identity

DataKey = NewType("DataKey", bytes)  # 32 secret bytes
WrappedKey = NewType("WrappedKey", bytes)  # U compressed (96) || V (32) || W (32)

WRAPPED_BYTES = 160

# Each hash is a random oracle of its own: a label, then parts of fixed length, each behind its length.
H2_LABEL, H3_LABEL, H4_LABEL = b"custodes/wrap/v1/H2", b"custodes/wrap/v1/H3", b"custodes/wrap/v1/H4"


@dataclass(frozen=True, slots=True)
class WrapContext:
    """To whom and for what a data key is wrapped; every field is public."""

    public_key: G2
    identity: Identity
    content_root: Hash32
    key_commitment: Hash32

    def to_hash(self) -> Hash32:
        public_key = g2_to_eip2537(self.public_key)
        return compute_wrap_context(public_key, self.identity, self.content_root, self.key_commitment)


def wrap(data_key: DataKey, context: WrapContext, randomness: Randomness = system_randomness) -> WrappedKey:
    """160 bytes that only the key of `context.identity` opens.

    Raises: InvalidPoint (the public key is the identity), NotEncodable (a length is wrong).
    """
    require_32(data_key)
    require_not_identity(context.public_key)
    digest = context.to_hash()
    while True:
        sigma = randomness(32)
        r = _h3(sigma, data_key, digest)
        if not r.is_zero():  # U would be the identity, which every opener refuses
            break
    u = multiply(G2_GENERATOR, r, randomness).to_compressed()
    # e(H(id), PK)^r, with the secret exponent on the side where multiplication is blinded
    gt = pairing_bytes(multiply(hash_identity(context.identity), r, randomness), context.public_key)
    return WrappedKey(u + _xor(sigma, _h2(gt, u, digest)) + _xor(data_key, _h4(sigma, digest)))


def unwrap(wrapped: WrappedKey, key: IdentityKey, context: WrapContext) -> DataKey:
    """The data key that was wrapped to this identity in this context.

    Raises: UnwrapFailed, the same for every cause.
    """
    if len(wrapped) != WRAPPED_BYTES:
        raise _refusal()
    try:
        u = G2.from_compressed(wrapped[:96])
        digest = context.to_hash()
    except (InvalidPoint, NotEncodable):
        raise _refusal() from None
    sigma = _xor(wrapped[96:128], _h2(pairing_bytes(key.point, u), wrapped[:96], digest))
    data_key = DataKey(_xor(wrapped[128:], _h4(sigma, digest)))
    r = _h3(sigma, data_key, digest)
    if not hmac.compare_digest(multiply(G2_GENERATOR, r).to_compressed(), wrapped[:96]):
        raise _refusal()
    return data_key


def _refusal() -> UnwrapFailed:
    return UnwrapFailed("the wrapped data key does not open")


def _h2(gt: bytes, u: bytes, digest: bytes) -> bytes:
    return _hash(H2_LABEL, gt, u, digest, length=32)


def _h3(sigma: bytes, data_key: bytes, digest: bytes) -> Scalar:
    return Scalar.from_wide_bytes(_hash(H3_LABEL, sigma, data_key, digest, length=48))


def _h4(sigma: bytes, digest: bytes) -> bytes:
    return _hash(H4_LABEL, sigma, digest, length=32)


def _hash(label: bytes, *parts: bytes, length: int) -> bytes:
    state = hashlib.shake_256()
    for part in (label, *parts):
        state.update(len(part).to_bytes(8, "big") + part)
    return state.digest(length)


def _xor(a: bytes, b: bytes) -> bytes:
    return bytes(x ^ y for x, y in zip(a, b, strict=True))
