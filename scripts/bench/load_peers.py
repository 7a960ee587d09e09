"""Others' encrypted formats, in a process of another environment: a line asks for a load, a line tells what it took.

Run by load_benchmark.py; it imports nothing of ours.
"""

from __future__ import annotations

import base64
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch


class CryptoTensors:
    """AES-256-GCM over each tensor, signed header; loads into memory of its own."""

    def __init__(self, plain: Path, directory: Path) -> None:
        import cryptotensors
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptotensors.torch import save_file
        from safetensors.torch import load_file

        signer = Ed25519PrivateKey.generate()
        d, x = _encode(signer.private_bytes_raw()), _encode(signer.public_key().public_bytes_raw())
        keys: dict[str, dict[str, str]] = {
            "enc_key": {"kty": "oct", "alg": "aes256gcm", "k": _encode(os.urandom(32)), "kid": "data"},
            "sign_key": {"kty": "okp", "alg": "ed25519", "d": d, "x": x, "kid": "sign"},
        }
        self._path = directory / "model.cryptotensors"
        save_file(load_file(plain), self._path, config=keys)
        cryptotensors.register_direct_key_provider(keys=list(keys.values()))

    def load(self) -> object:
        from cryptotensors.torch import load_file

        return load_file(self._path)


class Tensorizer:
    """XSalsa20-Poly1305 over each tensor, by libsodium."""

    def __init__(self, plain: Path, directory: Path, threads: int) -> None:
        from safetensors.torch import load_file
        from tensorizer import DecryptionParams, EncryptionParams, TensorSerializer

        self._path, self._threads = directory / "model.tensors", threads
        secret = EncryptionParams.random()
        serializer = TensorSerializer(str(self._path), encryption=secret)
        serializer.write_state_dict(load_file(plain))
        serializer.close()
        self._opened_by = DecryptionParams.from_key(secret.key)

    def load(self) -> object:
        from tensorizer import TensorDeserializer

        with TensorDeserializer(
            str(self._path), device="cpu", encryption=self._opened_by, num_readers=self._threads
        ) as opened:
            return dict(opened)


def main() -> None:
    plain, directory, threads = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    torch.set_num_threads(threads)
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # a library that prints must not be taken for an answer
    peers: dict[str, Callable[[], Any]] = {
        "cryptotensors": CryptoTensors(plain, directory).load,
        "tensorizer": Tensorizer(plain, directory, threads).load,
    }
    print(json.dumps(sorted(peers)), file=answers, flush=True)
    for line in sys.stdin:
        began, spent = time.perf_counter(), time.process_time()
        loaded = peers[line.strip()]()
        taken = time.perf_counter() - began, time.process_time() - spent
        del loaded
        print(json.dumps(taken), file=answers, flush=True)


def _encode(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


if __name__ == "__main__":
    main()
