"""Sealed weights: the format in FORMAT.md, sealing, opening in memory, and verification without a key.

    report = seal_directory(source, out, registration, identity=identity, wrap=wrap)
    verify_directory(out, report.anchor)
    with open_sealed(out, data_key, expected=anchor) as model:
        model.tensors["lm_head.weight"]

`expected` is always what the ledger recorded, never what the directory says of itself. torch is imported only when
tensors are made.
"""

from inference.sealed.datakey import DataKey
from inference.sealed.directory import Recipient, Registration, SealReport, Wrap, seal_directory
from inference.sealed.files import read_manifest
from inference.sealed.lazy import SealedFile, SealedModel, SealedSlice
from inference.sealed.manifest import Anchor, Manifest, PlainFile, Shard, WrappedKey, parse_manifest
from inference.sealed.open import OpenedModel, PreparedOpening, open_sealed
from inference.sealed.shard import read_header
from inference.sealed.verify import VerifiedDirectory, verify_directory

__all__ = [
    "Anchor",
    "DataKey",
    "Manifest",
    "OpenedModel",
    "PlainFile",
    "PreparedOpening",
    "Recipient",
    "Registration",
    "SealReport",
    "SealedFile",
    "SealedModel",
    "SealedSlice",
    "Shard",
    "VerifiedDirectory",
    "Wrap",
    "WrappedKey",
    "open_sealed",
    "parse_manifest",
    "read_header",
    "read_manifest",
    "seal_directory",
    "verify_directory",
]
