"""Dispersing: n fragment directories appear under their final names, whole, or nothing does."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from inference.sealed.directory import check_free, publish, staging_beside, write_file
from inference.sealed.dispersal.erasure import Erasure
from inference.sealed.dispersal.fragment import (
    DESCRIPTION_NAME,
    LEAVES_NAME,
    SEGMENT_BYTES,
    SUFFIX,
    Fragment,
    Parameters,
    compute_dispersal_root,
    compute_fragment_root,
    compute_leaf,
    compute_path,
    count_segments,
)
from inference.sealed.errors import OutputExists, ResourcesUnavailable
from inference.sealed.files import SealedDirectory, read_bytes
from inference.sealed.format import MANIFEST_NAME
from inference.sealed.manifest import Manifest, Shard, parse_manifest
from inference.sealed.parallel import Meter, Progress
from inference.sealed.verify import verify_directory


@dataclass(frozen=True)
class Dispersal:
    """What was dispersed, and where each fragment is."""

    manifest: Manifest
    parameters: Parameters
    root: bytes
    fragments: tuple[Path, ...]


def disperse(
    directory: Path, out: Path, *, data: int, parity: int, threads: int = 2, progress: Progress | None = None
) -> Dispersal:
    """`out` holds a directory for each fragment, to be given to one party each. Any `data` of them suffice.

    The source is verified against its own manifest first; whether that is the ledger's, gathering finds out.
    Raises: OutputExists, ResourcesUnavailable, and as `verify_directory`.
    """
    check_free(out)
    code = Erasure(data, parity)
    with SealedDirectory(directory) as opened:
        manifest = parse_manifest(opened.read_manifest_bytes())
        verify_directory(directory, manifest.compute_anchor(), threads=threads)
        parameters = Parameters(manifest_hash=manifest.compute_hash(), data=data, parity=parity)
        names = [f"fragment-{index}" for index in range(parameters.count)]
        needed = sum(shard.size for shard in manifest.shards) // data * parameters.count
        with staging_beside(out, needed) as staging:
            _copy_clear_files(opened, manifest, [staging / name for name in names])
            meter = Meter(sum(shard.size for shard in manifest.shards), progress)
            leaves = [bytearray() for _ in names]
            for shard in manifest.shards:
                _disperse_shard(opened, shard, code, [staging / name for name in names], leaves, meter)
            roots = [compute_fragment_root(table) for table in leaves]
            root = compute_dispersal_root(parameters, roots)
            for index, name in enumerate(names):
                path = compute_path(parameters, roots, index)
                fragment = Fragment(parameters=parameters, index=index, root=root, path=path)
                write_file(staging / name / LEAVES_NAME, bytes(leaves[index]))
                write_file(staging / name / DESCRIPTION_NAME, fragment.to_bytes())
            publish(staging, out)
    return Dispersal(manifest, parameters, root, tuple(out / name for name in names))


def _copy_clear_files(opened: SealedDirectory, manifest: Manifest, places: Sequence[Path]) -> None:
    """Manifest, configuration and tokenizer are small, and whole in every fragment."""
    for place in places:
        write_file(place / MANIFEST_NAME, manifest.to_bytes())
        for entry in manifest.files:
            write_file(place / entry.name, opened.read_plain_file(entry))


def _disperse_shard(
    opened: SealedDirectory, shard: Shard, code: Erasure, places: Sequence[Path], leaves: list[bytearray], meter: Meter
) -> None:
    fd = opened.open_regular(shard.sealed_name)
    try:
        with ExitStack() as stack:
            files = [stack.enter_context(_create(place / (shard.sealed_name + SUFFIX))) for place in places]
            for segment in range(count_segments(shard)):
                start = segment * SEGMENT_BYTES
                content = read_bytes(fd, min(SEGMENT_BYTES, shard.size - start), start, shard.sealed_name)
                for index, payload in enumerate(code.encode(content)):
                    leaves[index] += compute_leaf(shard.sealed_name, segment, index, payload)
                    files[index].write(payload)
                meter.add(len(content))
            for file in files:
                file.flush()
                os.fsync(file.fileno())
    except OSError as e:
        raise ResourcesUnavailable(f"a fragment of {shard.sealed_name} cannot be written: {e.strerror}") from e
    finally:
        os.close(fd)


def _create(path: Path) -> BinaryIO:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("xb")
    except FileExistsError as e:
        raise OutputExists(f"{path} is already there") from e
