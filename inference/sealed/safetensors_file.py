"""A safetensors file's header, parsed within bounds: what is accepted is exactly what the format defines.

Source: https://huggingface.co/docs/safetensors: u64 little-endian length, JSON object, tensors that fill the rest of
the file without gap or overlap.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NoReturn

from inference.sealed.errors import MalformedSafetensors
from inference.sealed.format import (
    HEADER_RECORD,
    MAX_DIMENSION,
    MAX_RANK,
    MAX_RECORD_BYTES,
    MAX_RECORDS,
    MAX_SOURCE_HEADER_BYTES,
    compute_tensor_bytes,
    is_tensor_name,
)

LENGTH_BYTES: Final = 8


@dataclass(frozen=True)
class SourceTensor:
    """One tensor of a safetensors file; `start` counts from the first byte after the JSON header."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    start: int
    size: int


@dataclass(frozen=True)
class SourceHeader:
    """A whole header: the tensors in the order of their bytes, and the free text that came with them."""

    tensors: tuple[SourceTensor, ...]
    metadata: Mapping[str, str]


def parse_header_length(raw: bytes, *, file: str, file_bytes: int) -> int:
    """The length of the JSON header that the first eight bytes announce.

    Raises: MalformedSafetensors, before anything of that length is read.
    """
    if len(raw) != LENGTH_BYTES:
        raise MalformedSafetensors(f"{file} has {len(raw)} bytes; a safetensors file has at least 10")
    length = int.from_bytes(raw, "little")
    if not 2 <= length <= min(MAX_SOURCE_HEADER_BYTES, file_bytes - LENGTH_BYTES):
        raise MalformedSafetensors(f"{file} announces a header of {length} bytes in a file of {file_bytes}")
    return length


def parse_source_header(raw: bytes, *, file: str, data_bytes: int | None = None) -> SourceHeader:
    """The header of which `raw` is the JSON; its tensors fill `data_bytes` exactly, where that is given.

    Raises: MalformedSafetensors, UnsupportedDtype.
    """
    entries = _load_object(raw, file)
    metadata = entries.pop(HEADER_RECORD, {})
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise MalformedSafetensors(f"{file}: __metadata__ is not an object of texts")
    if len(entries) >= MAX_RECORDS:
        raise MalformedSafetensors(f"{file}: {len(entries)} tensors; fewer than {MAX_RECORDS} are allowed")
    tensors = [_parse_tensor(name, entry, file) for name, entry in entries.items()]
    tensors.sort(key=lambda tensor: (tensor.start, tensor.size, tensor.name.encode()))
    end = 0
    for tensor in tensors:
        if tensor.start != end:
            what = "overlaps the one before it" if tensor.start < end else "leaves a gap before it"
            raise MalformedSafetensors(f"{file}: tensor {tensor.name!r} starts at byte {tensor.start} and {what}")
        end += tensor.size
    if data_bytes is not None and end != data_bytes:
        raise MalformedSafetensors(f"{file}: the tensors take {end} bytes, the file holds {data_bytes}")
    return SourceHeader(tuple(tensors), metadata)


def _load_object(raw: bytes, file: str) -> dict[str, object]:
    def refuse_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
        entries = dict(pairs)
        if len(entries) != len(pairs):
            twice, _ = Counter(name for name, _ in pairs).most_common(1)[0]
            raise MalformedSafetensors(f"{file}: the header names {twice[:80]!r} twice")
        return entries

    def refuse_constant(constant: str) -> NoReturn:
        raise MalformedSafetensors(f"{file}: {constant} is not JSON")

    try:
        text = raw.decode()
        loaded = json.loads(text, object_pairs_hook=refuse_duplicates, parse_constant=refuse_constant)
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        # The parser's own message would quote the header, which may be confidential.
        raise MalformedSafetensors(f"{file}: the header is not JSON in UTF-8") from error
    if not isinstance(loaded, dict) or not text.startswith("{"):
        raise MalformedSafetensors(f"{file}: the header is not a JSON object")
    return loaded


def _parse_tensor(name: str, entry: object, file: str) -> SourceTensor:
    where = f"{file}: tensor {name[:80]!r}"
    if not is_tensor_name(name):
        raise MalformedSafetensors(f"{where} has a name that no tensor may have")
    if not isinstance(entry, dict) or entry.keys() != {"dtype", "shape", "data_offsets"}:
        raise MalformedSafetensors(f"{where} needs exactly dtype, shape and data_offsets")
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str):
        raise MalformedSafetensors(f"{where} has a dtype that is not a text")
    if not _is_list_of_naturals(shape, MAX_DIMENSION) or len(shape) > MAX_RANK:
        raise MalformedSafetensors(f"{where} has a shape that is not a list of at most {MAX_RANK} sizes")
    if not _is_list_of_naturals(offsets, 1 << 62) or len(offsets) != 2 or offsets[0] > offsets[1]:
        raise MalformedSafetensors(f"{where} has data_offsets that are not a begin and an end")
    start, size = offsets[0], offsets[1] - offsets[0]
    needed = compute_tensor_bytes(dtype, tuple(shape))
    if needed != size or size > MAX_RECORD_BYTES:
        raise MalformedSafetensors(f"{where} has {size} bytes; {dtype}{shape} takes {needed}")
    return SourceTensor(name, dtype, tuple(shape), start, size)


def _is_list_of_naturals(value: object, largest: int) -> bool:
    return isinstance(value, list) and all(type(item) is int and 0 <= item <= largest for item in value)
