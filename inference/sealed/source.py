"""What is to be sealed: a transformers directory, read and judged as a whole before anything is written."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from inference.sealed.errors import MalformedSafetensors, ResourcesUnavailable, UnsealableSource
from inference.sealed.files import read_bytes
from inference.sealed.format import (
    MANIFEST_NAME,
    MAX_PLAIN_FILE_BYTES,
    MAX_PLAIN_TOTAL_BYTES,
    SEALED_SUFFIX,
    is_file_name,
)
from inference.sealed.safetensors_file import LENGTH_BYTES, SourceHeader, parse_header_length, parse_source_header

_WEIGHTS: Final = "model.safetensors"
_INDEX: Final = "model.safetensors.index.json"
_SUFFIX: Final = ".safetensors"
# What transformers reads beside weights, and texts for people. All else is left out: other weight formats would
# publish what is to be sealed, and Python files would run without anybody having voted on them.
_PLAIN_SUFFIXES: Final = (".json", ".jinja", ".txt", ".model", ".tiktoken", ".md")
_PLAIN_NAMES: Final = ("LICENSE", "LICENCE", "NOTICE")
_MAX_DEPTH: Final = 3


@dataclass(frozen=True)
class SourceShard:
    """One safetensors file, whose header was parsed; `stamp` tells whether it changed since."""

    name: str
    path: Path
    size: int
    stamp: tuple[int, int, int]
    header: SourceHeader = field(repr=False)
    header_bytes: int


@dataclass(frozen=True)
class SourceModel:
    """All that a sealed directory is made of, and what of the source stays behind."""

    shards: tuple[SourceShard, ...]
    plain_files: tuple[tuple[str, Path], ...]
    skipped: tuple[str, ...]


def read_source(directory: Path) -> SourceModel:
    """The model in `directory`: weights and plain files in the order of their names.

    Links are followed here (a hub's cache consists of them): the source is the sealer's own.
    Raises: UnsealableSource, MalformedSafetensors, UnsupportedDtype, ResourcesUnavailable.
    """
    if not directory.is_dir():
        raise UnsealableSource(f"{directory} is not a directory")
    found = _list_files(directory)
    weight_map = _read_index(directory) if _INDEX in found else None
    names = _choose_weights(found, weight_map)
    shards = tuple(read_shard(directory / name, name) for name in names)
    _check_tensors(shards, weight_map)
    plain = tuple((name, directory / name) for name in found if _is_plain(name) and name not in names)
    _check_plain_sizes(plain)
    taken = {*names, *(name for name, _ in plain)}
    return SourceModel(shards, plain, tuple(name for name in found if name not in taken))


def read_shard(path: Path, name: str) -> SourceShard:
    """One safetensors file with its parsed header.

    Raises: MalformedSafetensors, UnsupportedDtype, UnsealableSource, ResourcesUnavailable.
    """
    fd = open_source(path)
    try:
        size = os.fstat(fd).st_size
        length = parse_header_length(read_bytes(fd, min(LENGTH_BYTES, size), 0, name), file=name, file_bytes=size)
        raw = read_bytes(fd, length, LENGTH_BYTES, name)
        header = parse_source_header(raw, file=name, data_bytes=size - LENGTH_BYTES - length)
        return SourceShard(name, path, size, compute_stamp(fd), header, length)
    finally:
        os.close(fd)


def open_source(path: Path) -> int:
    """A descriptor of a regular file.

    Raises: UnsealableSource, ResourcesUnavailable.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise ResourcesUnavailable(f"{path} cannot be opened: {error.strerror}") from error
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise UnsealableSource(f"{path} is not a regular file")
    return fd


def compute_stamp(fd: int) -> tuple[int, int, int]:
    """Inode, size and time of change of an open file."""
    status = os.fstat(fd)
    return status.st_ino, status.st_size, status.st_mtime_ns


def _list_files(directory: Path) -> list[str]:
    """Relative names, sorted by their bytes; hidden folders, such as a hub's cache or .git, are not entered."""
    found = []
    for folder, folders, files in os.walk(directory):
        relative = Path(folder).relative_to(directory)
        depth = len(relative.parts)
        folders[:] = [name for name in folders if not name.startswith(".") and depth < _MAX_DEPTH]
        found += [(relative / name).as_posix() for name in files]
    return sorted(found, key=os.fsencode)


def _is_plain(name: str) -> bool:
    last = name.rsplit("/", 1)[-1]
    return is_file_name(name) and name != MANIFEST_NAME and (last.endswith(_PLAIN_SUFFIXES) or last in _PLAIN_NAMES)


def _choose_weights(found: list[str], weight_map: Mapping[str, str] | None) -> list[str]:
    if any(name.endswith(SEALED_SUFFIX) for name in found):
        raise UnsealableSource(f"the source already holds {SEALED_SUFFIX} files: it is a sealed directory")
    if weight_map is not None:
        names = sorted(set(weight_map.values()), key=str.encode)
        missing = [name for name in names if name not in found]
        if missing:
            raise UnsealableSource(f"{_INDEX} names {missing[0]!r}, which is not there")
    elif _WEIGHTS in found:
        names = [_WEIGHTS]
    else:
        names = [name for name in found if name.endswith(_SUFFIX) and "/" not in name]
    bad = [name for name in names if not is_file_name(name) or "/" in name or not name.endswith(_SUFFIX)]
    if bad:
        raise UnsealableSource(f"a weight file has a name that cannot be sealed: {bad[0][:80]!r}")
    if not names:
        raise UnsealableSource(f"there is no {_SUFFIX} file to seal")
    return names


def _read_index(directory: Path) -> dict[str, str]:
    raw = (directory / _INDEX).read_bytes() if (directory / _INDEX).stat().st_size <= MAX_PLAIN_FILE_BYTES else b""
    try:
        weight_map = json.loads(raw)["weight_map"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise UnsealableSource(f"{_INDEX} has no weight_map that can be read") from error
    if not isinstance(weight_map, dict) or not all(isinstance(name, str) for name in weight_map.values()):
        raise UnsealableSource(f"{_INDEX}: weight_map is not an object of file names")
    return weight_map


def _check_tensors(shards: tuple[SourceShard, ...], weight_map: Mapping[str, str] | None) -> None:
    """Each tensor is in one shard, and the index, if there is one, says the same of every tensor."""
    held: dict[str, str] = {}
    for shard in shards:
        for tensor in shard.header.tensors:
            if tensor.name in held:
                raise MalformedSafetensors(f"tensor {tensor.name!r} is in {held[tensor.name]} and in {shard.name}")
            held[tensor.name] = shard.name
    if weight_map is not None and held != weight_map:
        odd = sorted(name for name in held.keys() | weight_map.keys() if held.get(name) != weight_map.get(name))
        raise UnsealableSource(f"{_INDEX} and the shards disagree about tensor {odd[0]!r}")


def _check_plain_sizes(plain: tuple[tuple[str, Path], ...]) -> None:
    total = 0
    for name, path in plain:
        size = path.stat().st_size if path.is_file() else None
        if size is None or size > MAX_PLAIN_FILE_BYTES:
            raise UnsealableSource(f"{name} is not a regular file of at most {MAX_PLAIN_FILE_BYTES} bytes")
        total += size
    if total > MAX_PLAIN_TOTAL_BYTES:
        raise UnsealableSource(f"the plain files take {total} bytes; at most {MAX_PLAIN_TOTAL_BYTES} are allowed")
