"""The key schedule, held to an independent implementation of the specification that it follows."""

from __future__ import annotations

import copy
import os
import pickle
from pathlib import Path

import pytest
from cryptography.cobblestone import Cobblestone256Decryptor, Cobblestone256Encryptor
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from inference.sealed import DataKey
from inference.sealed.errors import WrongDataKey
from inference.sealed.format import HASH_BYTES, compute_chunk_count, compute_sealed_bytes
from inference.sealed.header import Placement, Record
from inference.sealed.schedule import (
    CHUNKS_LABEL,
    KEY_COMMITMENT_LABEL,
    MAX_CHUNKS,
    compute_key_commitment,
    derive_record_keys,
    encode_context,
)
from inference.sealed.seal import _RecordWriter

C2SP_LABEL = b"c2sp.org/chunked-encryption@v1+"
C2SP_CHUNK = 16 * 1024
FIELDS = {
    "chunk_bytes": 1024,
    "identity": b"\x05" * 32,
    "file": "model.safetensors",
    "tensor": "w",
    "dtype": "BF16",
    "shape": (2, 3),
    "size": 12,
}


def seal_as_cobblestone(tmp_path: Path, key: bytes, salt: bytes, context: bytes, message: bytes) -> bytes:
    """The message through the code that writes sealed files, with the label and the chunk size of C2SP."""
    keys = derive_record_keys(key, salt=salt, context=context, label=C2SP_LABEL)
    source, target = tmp_path / "message", tmp_path / "ciphertext"
    source.write_bytes(message)
    target.touch()
    placement = Placement(Record("w", "U8", (len(message),), len(message), keys.commitment), 0, 0)
    source_fd, fd = os.open(source, os.O_RDONLY), os.open(target, os.O_RDWR)
    try:
        leaves = bytearray(HASH_BYTES * compute_chunk_count(len(message), C2SP_CHUNK))
        writer = _RecordWriter(source_fd, 0, fd, placement, keys, "file", C2SP_CHUNK, leaves)
        plain, sealed = memoryview(bytearray(C2SP_CHUNK)), memoryview(bytearray(C2SP_CHUNK + 16))
        for chunk in range(writer.chunks):
            writer.process_chunk(chunk, plain, sealed)
    finally:
        os.close(source_fd)
        os.close(fd)
    assert target.stat().st_size == compute_sealed_bytes(len(message), C2SP_CHUNK)
    return salt + keys.commitment + target.read_bytes()


@pytest.mark.parametrize("length", [0, 1, 16383, 16384, 16385, 32768, 49152, 50001])
def test_schedule_is_cobblestone_256_with_its_label_and_chunks(tmp_path: Path, length: int) -> None:
    key, context, message = os.urandom(32), b"some context", os.urandom(length)
    encryptor = Cobblestone256Encryptor(key, context)
    theirs = encryptor.update(message) + encryptor.finalize()
    ours = seal_as_cobblestone(tmp_path, key, theirs[:24], context, message)
    assert ours == theirs
    decryptor = Cobblestone256Decryptor(key, context)
    assert decryptor.update(ours) + decryptor.finalize() == message


def test_schedule_differs_from_cobblestone_with_the_label_of_our_own() -> None:
    key, salt = os.urandom(32), os.urandom(24)
    ours = derive_record_keys(key, salt=salt, context=b"")
    theirs = derive_record_keys(key, salt=salt, context=b"", label=C2SP_LABEL)
    assert not {ours.key, ours.base_nonce, ours.commitment} & {theirs.key, theirs.base_nonce, theirs.commitment}


def test_labels_cannot_be_confused() -> None:
    assert not CHUNKS_LABEL.startswith(KEY_COMMITMENT_LABEL)
    assert not KEY_COMMITMENT_LABEL.startswith(CHUNKS_LABEL)


@pytest.mark.parametrize(
    ("field", "other"),
    [
        ("chunk_bytes", 2048), ("identity", b"\x06" * 32), ("file", "model.safetensor"), ("tensor", "sw"),
        ("dtype", "F16"), ("shape", (3, 2)), ("shape", (6,)), ("size", 13),
    ],
)  # fmt: skip
def test_context_differs_when_any_field_differs(field: str, other: object) -> None:
    assert encode_context(**FIELDS) != encode_context(**{**FIELDS, field: other})  # type: ignore[arg-type]


def test_context_keeps_neighbouring_texts_apart() -> None:
    """Without lengths, ("model.safetensors", "w") and ("model.safetensor", "sw") would be the same bytes."""
    one = encode_context(**{**FIELDS, "file": "ab", "tensor": "c"})  # type: ignore[arg-type]
    two = encode_context(**{**FIELDS, "file": "a", "tensor": "bc"})  # type: ignore[arg-type]
    assert one != two


def test_nonces_are_distinct_and_only_the_counter_bits_differ() -> None:
    keys = derive_record_keys(bytes(32), salt=bytes(24), context=b"")
    nonces = [keys.compute_nonce(chunk) for chunk in (0, 1, 2, MAX_CHUNKS - 1)]
    assert len(set(nonces)) == 4
    assert nonces[0] == keys.base_nonce
    assert {nonce[:7] for nonce in nonces} == {keys.base_nonce[:7]}


@pytest.mark.parametrize("chunk", [-1, MAX_CHUNKS])
def test_nonce_is_refused_outside_the_counter(chunk: int) -> None:
    with pytest.raises(ValueError, match="outside"):
        derive_record_keys(bytes(32), salt=bytes(24), context=b"").compute_nonce(chunk)


def test_record_keys_do_not_show_secrets() -> None:
    keys = derive_record_keys(bytes(32), salt=bytes(24), context=b"")
    assert keys.key.hex() not in repr(keys).lower()
    assert "base_nonce" not in repr(keys)


def test_record_keys_encrypt_with_aes_256() -> None:
    assert len(derive_record_keys(bytes(32), salt=bytes(24), context=b"").key) == 32
    AESGCM(derive_record_keys(bytes(32), salt=bytes(24), context=b"").key)


def test_data_key_never_shows_travels_or_outlives_its_wipe() -> None:
    key = DataKey(b"\xa7" * 32)
    assert "a7" not in repr(key).lower() + str(key).lower()
    for escape in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="never pickled"):
            escape(key)
    assert key.is_committed_by(compute_key_commitment(b"\xa7" * 32))
    held = key._key
    key.wipe()
    assert not any(held)
    with pytest.raises(ValueError, match="wiped"):
        key.expose()


def test_data_key_of_another_length_is_refused() -> None:
    with pytest.raises(WrongDataKey, match="31"):
        DataKey(bytes(31))


def test_data_keys_are_random() -> None:
    assert len({DataKey.generate().expose() for _ in range(16)}) == 16
