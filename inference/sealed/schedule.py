"""The key schedule: from the data key to the key, nonces and commitment of each record.

Source: C2SP chunked-encryption (https://c2sp.org/chunked-encryption), with a label of our own and larger chunks. Run
with that specification's label and 16 KiB chunks it is Cobblestone-256, byte for byte; a test holds it to that.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from inference.sealed.format import HASH_BYTES, KEY_BYTES, SUITE

# No label is a prefix of another.
CHUNKS_LABEL: Final = b"custodes/sealed/v1/chunked-encryption+"
KEY_COMMITMENT_LABEL: Final = b"custodes/sealed/v1/key-commitment"
AEAD_NAME: Final = b"AEAD_AES_256_GCM"

NONCE_BYTES: Final = 12
MAX_CHUNKS: Final = 1 << 38


@dataclass(frozen=True)
class RecordKeys:
    """What encrypts one record: `key` and `base_nonce` are secret, `commitment` is public."""

    key: bytes = field(repr=False)
    base_nonce: bytes = field(repr=False)
    commitment: bytes

    def compute_nonce(self, chunk: int) -> bytes:
        """The base nonce XOR the chunk's number as a big-endian integer."""
        if not 0 <= chunk < MAX_CHUNKS:
            raise ValueError(f"chunk {chunk} is outside 0..2^38-1")
        return (int.from_bytes(self.base_nonce) ^ chunk).to_bytes(NONCE_BYTES)


def derive_record_keys(data_key: bytes, *, salt: bytes, context: bytes, label: bytes = CHUNKS_LABEL) -> RecordKeys:
    """Key, base nonce and commitment of the message that `context` describes.

    Source: C2SP chunked-encryption, "Key derivation", with SHA-512 and AEAD_AES_256_GCM.
    """
    info = label + AEAD_NAME + b"\x00" + salt + context
    okm = HKDFExpand(SHA512(), KEY_BYTES + NONCE_BYTES + HASH_BYTES, info).derive(data_key)
    return RecordKeys(okm[:KEY_BYTES], okm[KEY_BYTES:-HASH_BYTES], okm[-HASH_BYTES:])


def compute_key_commitment(data_key: bytes) -> bytes:
    """The commitment to a data key: the same in every header, in the manifest and on chain."""
    return HKDFExpand(SHA512(), HASH_BYTES, KEY_COMMITMENT_LABEL).derive(data_key)


def encode_context(
    *, chunk_bytes: int, identity: bytes, file: str, tensor: str, dtype: str, shape: Iterable[int], size: int
) -> bytes:
    """What a record is, as bytes that no other record of any seal shares: each field with its length before it."""
    fields = (
        struct.pack(">H", SUITE),
        struct.pack(">I", chunk_bytes),
        identity,
        file.encode(),
        tensor.encode(),
        dtype.encode(),
        b"".join(struct.pack(">Q", dimension) for dimension in shape),
        struct.pack(">Q", size),
    )
    return b"".join(struct.pack(">I", len(part)) + part for part in fields)
