"""Properties of the sealed format over arbitrary models, headers and damage."""

from __future__ import annotations

import contextlib
import json
import math
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from governance.errors import CustodesError
from inference.sealed import DataKey, Registration, SealReport, open_sealed, seal_directory, verify_directory
from inference.sealed.errors import (
    MalformedHeader,
    MalformedManifest,
    MalformedSafetensors,
    NotSealed,
    TruncatedFile,
    UnsupportedDtype,
)
from inference.sealed.format import (
    DTYPE_BITS,
    compute_chunk_count,
    compute_sealed_bytes,
    compute_tensor_bytes,
    is_file_name,
    is_tensor_name,
)
from inference.sealed.header import Header, Record, parse_header
from inference.sealed.manifest import parse_manifest
from inference.sealed.safetensors_file import parse_source_header

REGISTRATION = Registration("m", b"\x01" * 32, b"\x02" * 20, b"\x03" * 32, b"\x04" * 32)
NAMES = st.text(min_size=1, max_size=40).filter(is_tensor_name)
TORCH_DTYPES = sorted(set(DTYPE_BITS) - {"F4", "F6_E2M3", "F6_E3M2", "BOOL"})
SHAPES = st.lists(st.integers(0, 9), max_size=4).map(tuple)


@st.composite
def models(draw: st.DrawFn) -> dict[str, tuple[str, tuple[int, ...], bytes]]:
    model = {}
    for name in draw(st.lists(NAMES, unique=True, max_size=5)):
        dtype, shape = draw(st.sampled_from(TORCH_DTYPES)), draw(SHAPES)
        size = math.prod(shape) * DTYPE_BITS[dtype] // 8
        model[name] = dtype, shape, (draw(st.binary(min_size=1, max_size=8)) * size)[:size]
    return model


def seal(folder: Path, model: dict[str, tuple[str, tuple[int, ...], bytes]]) -> tuple[SealReport, DataKey]:
    header, body = {}, b""
    for name, (dtype, shape, raw) in model.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(body), len(body) + len(raw)]}
        body += raw
    encoded = json.dumps(header).encode()
    (folder / "source").mkdir()
    (folder / "source" / "model.safetensors").write_bytes(len(encoded).to_bytes(8, "little") + encoded + body)
    keys: list[DataKey] = []

    def wrap(key: DataKey, content_root: bytes, commitment: bytes) -> bytes:
        keys.append(DataKey(key.expose()))
        return bytes(160)

    report = seal_directory(
        folder / "source", folder / "out", REGISTRATION, identity=b"\x05" * 32, wrap=wrap, chunk_bytes=1024
    )
    return report, keys[0]


@given(model=models(), data=st.data())
@settings(max_examples=60, deadline=None)
def test_any_model_round_trips_and_any_damage_is_refused(
    model: dict[str, tuple[str, tuple[int, ...], bytes]], data: st.DataObject
) -> None:
    import torch

    with tempfile.TemporaryDirectory() as name:
        report, key = seal(Path(name), model)
        with open_sealed(report.directory, key, expected=report.anchor) as opened:
            assert opened.tensors.keys() == model.keys()
            for tensor_name, (_, shape, raw) in model.items():
                tensor = opened.tensors[tensor_name]
                assert tuple(tensor.shape) == shape
                found = tensor.reshape(-1).view(torch.uint8).numpy().tobytes() if raw else b""
                assert found == raw
        path = report.directory / "model.safetensors.sealed"
        content = bytearray(path.read_bytes())
        position = data.draw(st.integers(0, len(content) - 1))
        content[position] ^= data.draw(st.integers(1, 255))
        path.write_bytes(content)
        with pytest.raises(CustodesError):
            verify_directory(report.directory, report.anchor)
        with pytest.raises(CustodesError):
            open_sealed(report.directory, key, expected=report.anchor)


@st.composite
def headers(draw: st.DrawFn) -> Header:
    size = draw(st.integers(2, 5000))
    records = [Record("__metadata__", "BYTES", (size,), size, draw(st.binary(min_size=32, max_size=32)))]
    for name in draw(st.lists(NAMES, unique=True, max_size=6)):
        dtype, shape = draw(st.sampled_from(sorted(DTYPE_BITS))), draw(SHAPES)
        needed = compute_tensor_bytes(dtype, shape)
        if needed is not None:
            records.append(Record(name, dtype, shape, needed, draw(st.binary(min_size=32, max_size=32))))
    fixed = draw(st.binary(min_size=88, max_size=88))
    chunk = draw(st.sampled_from([1 << power for power in range(10, 25)]))
    return Header(chunk, fixed[:24], fixed[24:56], fixed[56:], tuple(records))


@given(header=headers())
def test_any_header_is_read_back_and_its_layout_has_no_gap(header: Header) -> None:
    assert parse_header(header.encoded, file="f") == header
    end = header.prelude.data_start
    for place in header.iter_placements():
        assert place.start == end
        end += compute_sealed_bytes(place.record.size, header.chunk_bytes)
    assert end == header.sealed_bytes


@given(header=headers(), data=st.data())
def test_changed_header_gives_a_typed_error_or_another_header(header: Header, data: st.DataObject) -> None:
    raw = bytearray(header.encoded)
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(NotSealed, MalformedHeader, TruncatedFile, UnsupportedDtype):
        assert parse_header(bytes(raw), file="f").encoded == bytes(raw)


@given(raw=st.binary(max_size=400))
def test_noise_gives_a_typed_error(raw: bytes) -> None:
    for content in (raw, b"\x89CUSTOD\n" + raw, b"\x89CUSTOD\n\x00\x01\x00\x01\x00\x00\x04\x00" + raw):
        with pytest.raises((NotSealed, MalformedHeader, TruncatedFile, UnsupportedDtype)):
            parse_header(content, file="f")
    with pytest.raises(MalformedManifest):
        parse_manifest(raw)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
FIELDS = {
    "dtype": JSON | st.sampled_from(["F32", "U8"]),
    "shape": JSON | st.lists(st.integers(-1, 4), max_size=3),
    "data_offsets": JSON | st.lists(st.integers(-1, 64), min_size=2, max_size=2),
}
ENTRIES = st.fixed_dictionaries({}, optional=FIELDS)


@given(document=JSON | st.dictionaries(st.text(max_size=4), ENTRIES, max_size=3), data_bytes=st.integers(0, 64))
def test_any_source_header_is_accepted_whole_or_refused_with_a_typed_error(document: object, data_bytes: int) -> None:
    raw = json.dumps(document).encode()
    try:
        header = parse_source_header(raw, file="f", data_bytes=data_bytes)
    except (MalformedSafetensors, UnsupportedDtype):
        return
    assert sum(tensor.size for tensor in header.tensors) == data_bytes
    assert all(is_tensor_name(tensor.name) for tensor in header.tensors)


@given(size=st.integers(0, 1 << 40), power=st.integers(10, 24))
def test_last_chunk_is_always_strictly_shorter(size: int, power: int) -> None:
    chunk = 1 << power
    last = size - (compute_chunk_count(size, chunk) - 1) * chunk
    assert 0 <= last < chunk


@given(name=st.text(max_size=30))
def test_accepted_names_can_do_no_harm_as_paths(name: str) -> None:
    if is_file_name(name):
        root = Path("/directory/of/model")
        assert (root / name).is_relative_to(root)
        assert ".." not in Path(name).parts
        assert name.isascii()
    if is_tensor_name(name):
        assert ".." not in Path(name).parts
        assert "\x00" not in name
