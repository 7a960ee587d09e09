"""Verification that needs no key: does this directory hold, byte for byte, what the ledger recorded?"""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from inference.sealed.files import SealedDirectory
from inference.sealed.format import MANIFEST_NAME
from inference.sealed.manifest import Anchor, Manifest, verify_manifest
from inference.sealed.parallel import Meter, Progress
from inference.sealed.shard import RecordReader, open_shard, process_records


@dataclass(frozen=True)
class VerifiedDirectory:
    """What was found in order. `unlisted` files are not part of the model, and nothing may be read from them."""

    manifest: Manifest
    sealed_bytes: int
    leaves: int
    unlisted: tuple[str, ...]


def verify_directory(
    directory: Path, expected: Anchor, *, threads: int = 2, progress: Progress | None = None, meter: Meter | None = None
) -> VerifiedDirectory:
    """The manifest, every plain file, every header and every chunk of ciphertext are those that the ledger recorded.

    Units: `progress` gets bytes of plaintext (done, in all); a `meter` given instead goes on counting its own.
    Raises: NotSealed, ManifestMismatch, MalformedManifest, TruncatedFile, TamperedFile, TamperedHeader,
    MalformedHeader, UnsupportedDtype, TamperedChunk, ResourcesUnavailable.
    """
    with ExitStack() as stack:
        opened = stack.enter_context(SealedDirectory(directory))
        manifest = verify_manifest(opened.read_manifest_bytes(), expected)
        for entry in manifest.files:
            opened.read_plain_file(entry)
        readers = []
        for shard_entry in manifest.shards:
            shard = open_shard(opened, shard_entry, manifest)
            stack.callback(os.close, shard.fd)
            readers += [RecordReader(shard, placement) for placement in shard.placements]
        total = sum(reader.placement.record.size for reader in readers)
        process_records(readers, threads=threads, meter=meter or Meter(total, progress))
        listed = {MANIFEST_NAME, *(file.name for file in manifest.files), *(s.sealed_name for s in manifest.shards)}
        unlisted = tuple(name for name in opened.list_files() if name not in listed)
    leaves = sum(shard.leaves for shard in manifest.shards)
    return VerifiedDirectory(manifest, sum(shard.size for shard in manifest.shards), leaves, unlisted)
