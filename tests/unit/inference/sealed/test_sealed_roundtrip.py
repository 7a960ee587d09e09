"""What was sealed is what is opened: every element type, every shape, every layout, and real transformers models."""

from __future__ import annotations

import json
import mmap
import os
import re
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file

from inference.sealed import (
    DataKey,
    PreparedOpening,
    Recipient,
    Registration,
    SealedModel,
    open_sealed,
    read_header,
    seal_directory,
    verify_directory,
)
from inference.sealed.errors import OutputExists, ResourcesUnavailable, TamperedHeader, UnsupportedDtype, WrongDataKey
from inference.sealed.memory import allocate, touch_memory, wipe_memory


def bytes_of(tensor: torch.Tensor) -> bytes:
    if tensor.numel() == 0:
        return b""
    return tensor.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()


def assert_same(found: torch.Tensor, expected: torch.Tensor) -> None:
    assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
    assert bytes_of(found) == bytes_of(expected)


def test_opened_tensors_are_those_that_safetensors_loads(pristine: Any) -> None:
    plain = load_file(pristine.directory.parent / "source" / "model.safetensors")
    with open_sealed(pristine.directory, pristine.key, expected=pristine.anchor) as model:
        assert list(model.tensors) == list(pristine.tensors)
        for name, expected in plain.items():
            assert_same(model.tensors[name], expected)
        assert model.metadata == {"model.safetensors": {"format": "pt"}}
        assert model.files == {"config.json": b'{"model_type": "none"}'}


def test_opening_that_was_prepared_gives_the_same_once(pristine: Any) -> None:
    with PreparedOpening(pristine.directory, expected=pristine.anchor) as prepared:
        prepared.touch()
        with (
            prepared.open(pristine.key) as model,
            open_sealed(pristine.directory, pristine.key, expected=pristine.anchor) as fresh,
        ):
            assert list(model.tensors) == list(fresh.tensors)
            for name, tensor in fresh.tensors.items():
                assert_same(model.tensors[name], tensor)
        with pytest.raises(ValueError, match="argument 2 is shorter"):
            prepared.open(pristine.key)


def test_preparing_finds_a_changed_header_before_a_key_is_asked_for(sealed: Any) -> None:
    content = bytearray(sealed.shard_path.read_bytes())
    content[20] ^= 1
    sealed.shard_path.write_bytes(content)
    with pytest.raises(TamperedHeader):
        PreparedOpening(sealed.directory, expected=sealed.anchor)


def test_prepared_opening_refuses_a_wrong_key_and_leaves_nothing_behind(pristine: Any) -> None:
    before = len(os.listdir("/proc/self/fd"))
    with PreparedOpening(pristine.directory, expected=pristine.anchor) as prepared, pytest.raises(WrongDataKey):
        prepared.open(DataKey(bytes(32)))
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize("works", [True, False])
def test_touched_memory_is_there(works: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted by the kernel: with the advice of Linux 5.14, and by writes where there is none such."""
    if not works:
        monkeypatch.setattr("inference.sealed.memory._MADV_POPULATE_WRITE", 9999)
    size = 5 * mmap.PAGESIZE
    memory = allocate(size, hugepages=False)
    touch_memory(memory)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    memory[:] = bytes(size)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before < 3


@pytest.mark.parametrize(
    "dtype",
    [
        "BOOL", "U8", "I8", "U16", "I16", "F16", "BF16", "U32", "I32", "F32", "U64", "I64", "F64", "C64",
        "F8_E4M3", "F8_E5M2", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ", "F4",
    ],
)  # fmt: skip
def test_every_element_type_opens_as_safe_open_gives_it(
    tmp_path: Path, seal: Callable[..., Any], tensor: Callable[..., Any], dtype: str
) -> None:
    tensors = {"w": tensor(dtype, (6, 4), 1), "row": tensor(dtype, (2048,), 2)}
    if dtype == "BOOL":
        tensors = {name: (dtype, shape, bytes(byte & 1 for byte in raw)) for name, (_, shape, raw) in tensors.items()}
    if dtype != "F4":  # half a byte has no shape without dimensions, and safe_open cannot read an empty one
        tensors |= {"scalar": tensor(dtype, (), 3), "empty": (dtype, (0, 4), b"")}
    sealed = seal(tmp_path, tensors)
    with (
        safe_open(tmp_path / "source" / "model.safetensors", framework="pt") as plain,
        open_sealed(sealed.directory, sealed.key, expected=sealed.anchor) as model,
        SealedModel(sealed.directory, sealed.key, expected=sealed.anchor) as lazy,
    ):
        assert set(plain.keys()) == set(model.tensors) == set(lazy.keys())
        for name in plain.keys():  # noqa: SIM118 - safe_open is no mapping
            assert_same(model.tensors[name], plain.get_tensor(name))
            assert_same(lazy.get_tensor(name), model.tensors[name])


@pytest.mark.parametrize(("dtype", "shape"), [("F6_E2M3", (4,)), ("F6_E3M2", (8, 4)), ("F4", (4, 3))])
def test_element_types_without_torch_form_are_sealed_and_verified_but_not_opened(
    tmp_path: Path, seal: Callable[..., Any], tensor: Callable[..., Any], dtype: str, shape: tuple[int, ...]
) -> None:
    sealed = seal(tmp_path, {"w": tensor(dtype, shape, 1)})
    verify_directory(sealed.directory, sealed.anchor)
    with pytest.raises(UnsupportedDtype, match="'w'"):
        open_sealed(sealed.directory, sealed.key, expected=sealed.anchor)


@pytest.mark.parametrize("chunk_bytes", [1 << 10, 1 << 12, 1 << 20])
@pytest.mark.parametrize("threads", [1, 2, 5])
def test_opening_gives_the_same_for_any_chunk_size_and_threads(
    tmp_path: Path, seal: Callable[..., Any], tensor: Callable[..., Any], chunk_bytes: int, threads: int
) -> None:
    sizes = [0, 1, 1023, 1024, 1025, 4096, 12288, 100_001]
    sealed = seal(tmp_path, {f"t{size}": tensor("U8", (size,), size) for size in sizes}, chunk_bytes=chunk_bytes)
    told: list[tuple[int, int]] = []
    model = open_sealed(
        sealed.directory, sealed.key, expected=sealed.anchor, threads=threads, hugepages=threads == 2,
        progress=lambda done, total: told.append((done, total)),
    )  # fmt: skip
    for name, (_, _, raw) in sealed.tensors.items():
        assert bytes_of(model.tensors[name]) == raw
    assert told == sorted(told)
    assert told[-1][0] == told[-1][1] == sum(sizes) + read_header(sealed.shard_path).records[0].size
    model.wipe()


def test_model_without_tensors_opens_empty(tmp_path: Path, seal: Callable[..., Any]) -> None:
    sealed = seal(tmp_path, {})
    with open_sealed(sealed.directory, sealed.key, expected=sealed.anchor) as model:
        assert model.tensors == {}


def test_tensors_lie_in_private_memory_outside_core_dumps(pristine: Any, arena_watch: Any) -> None:
    with open_sealed(pristine.directory, pristine.key, expected=pristine.anchor) as model:
        (arena,) = arena_watch.arenas
        addresses = {name: tensor.data_ptr() for name, tensor in model.tensors.items() if tensor.numel()}
        start = torch.frombuffer(arena.memory, dtype=torch.uint8).data_ptr()
        assert all(start <= address < start + arena.size for address in addresses.values()), "a tensor was copied"
        assert all(address % 64 == 0 for address in addresses.values())
        smaps = Path("/proc/self/smaps").read_text()
        region = re.search(rf"^{start:x}-\w+ (\S+) .*?^VmFlags:([^\n]*)", smaps, re.MULTILINE | re.DOTALL)
        assert region is not None
        assert region[1] == "rw-p"
        assert " dd" in region[2], "these pages would be in a core dump"


def test_wiped_model_is_zero_under_every_tensor_that_was_kept(pristine: Any, arena_watch: Any) -> None:
    with open_sealed(pristine.directory, pristine.key, expected=pristine.anchor) as model:
        kept = dict(model.tensors)
        assert "5 tensors" in repr(model)
        assert any(any(bytes_of(tensor)) for tensor in kept.values()), "nothing was there to wipe"
    assert not any(any(bytes_of(tensor)) for tensor in kept.values())
    assert model.is_wiped
    assert "wiped" in repr(model)
    with pytest.raises(ValueError, match="wiped"):
        _ = model.tensors
    arena_watch.assert_all_zero()
    assert arena_watch.dirty == 1
    model.wipe()


def test_plain_files_are_written_as_verified_and_over_nothing(pristine: Any, tmp_path: Path) -> None:
    with open_sealed(pristine.directory, pristine.key, expected=pristine.anchor) as model:
        model.write_plain_files(tmp_path)
        assert (tmp_path / "config.json").read_bytes() == model.files["config.json"]
        with pytest.raises(OutputExists, match=r"config\.json"):
            model.write_plain_files(tmp_path)
        (tmp_path / "file").touch()
        with pytest.raises(ResourcesUnavailable):
            model.write_plain_files(tmp_path / "file" / "folder")


def test_stock_reader_refuses_a_sealed_file(pristine: Any) -> None:
    with pytest.raises(SafetensorError, match=r"(?i)header"):
        load_file(pristine.shard_path)


def test_key_is_wrapped_to_every_recipient(tmp_path: Path, write_model: Callable[..., None], pristine: Any) -> None:
    (tmp_path / "source").mkdir()
    write_model(tmp_path / "source" / "model.safetensors", pristine.tensors)
    listed = pristine.report.manifest
    registration = Registration("m", listed.model_id, listed.registrar, listed.seal_nonce, listed.committee_key_hash)
    seen: list[tuple[bytes, bytes, bytes]] = []

    def wrap(key: DataKey, content_root: bytes, commitment: bytes) -> bytes:
        seen.append((key.expose(), content_root, commitment))
        return bytes([len(seen)]) * 160

    report = seal_directory(
        tmp_path / "source", tmp_path / "out", registration, identity=b"\x01" * 32, wrap=wrap,
        also=[Recipient(b"\x02" * 32, wrap, "eval"), Recipient(b"\x03" * 32, wrap, "mpc", 2)],
    )  # fmt: skip
    assert len(set(seen)) == 1
    assert seen[0][1:] == (report.anchor.content_root, report.anchor.key_commitment)
    assert [(key.mode, key.party, key.wrapped[0]) for key in report.manifest.wrapped_keys] == [
        ("plain", 0, 1), ("eval", 0, 2), ("mpc", 2, 3),
    ]  # fmt: skip


@pytest.mark.parametrize("shard_size", ["10GB", "100KB"])
def test_transformers_model_gives_equal_logits(
    tmp_path: Path, seal_from: Callable[..., Any], shard_size: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    from transformers import AutoConfig, AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=128, hidden_size=64, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, tie_word_embeddings=True, dtype=torch.bfloat16,
    )  # fmt: skip
    torch.manual_seed(0)
    source = tmp_path / "source"
    LlamaForCausalLM(config).to(torch.bfloat16).save_pretrained(source, max_shard_size=shard_size)
    sealed = seal_from(source, tmp_path / "sealed", {})
    assert (len(sealed.report.manifest.shards) > 1) == (shard_size == "100KB")

    tokens = torch.arange(24).reshape(2, 12)
    with torch.no_grad():
        expected = AutoModelForCausalLM.from_pretrained(source, dtype=torch.bfloat16).eval()(tokens).logits
    opened = open_sealed(sealed.directory, sealed.key, expected=sealed.anchor)
    opened.write_plain_files(tmp_path / "plain")
    loaded_config = AutoConfig.from_pretrained(tmp_path / "plain")
    model = LlamaForCausalLM.from_pretrained(
        None, config=loaded_config, state_dict=opened.tensors, dtype=torch.bfloat16
    ).eval()
    with torch.no_grad():
        assert torch.equal(model(tokens).logits, expected)
    opened.wipe()
    assert not any(parameter.any() for parameter in model.parameters()), "the model holds copies of the weights"


def test_memory_is_refused_with_a_name_when_there_is_none() -> None:
    with pytest.raises(ResourcesUnavailable, match="no memory for"):
        allocate(1 << 47, hugepages=False)


def test_memory_is_wiped_to_the_last_byte() -> None:
    memory = allocate((1 << 20) + 5, hugepages=True)
    memory[:] = b"\xff" * len(memory)
    wipe_memory(memory)
    assert not any(memoryview(memory))


def test_sealing_and_verifying_import_no_torch(pristine: Any) -> None:
    program = (
        "import sys; from inference.sealed import *; import json\n"
        "a = Anchor(*(bytes.fromhex(x) for x in json.loads(sys.argv[2])))\n"
        "from pathlib import Path; verify_directory(Path(sys.argv[1]), a)\n"
        "assert not {'torch', 'transformers', 'web3', 'eth_account'} & set(sys.modules)"
    )
    anchor = pristine.anchor
    values = [anchor.manifest_hash, anchor.content_root, anchor.key_commitment, anchor.identity]
    arguments = [sys.executable, "-c", program, str(pristine.directory), json.dumps([value.hex() for value in values])]
    assert subprocess.run(arguments, capture_output=True, text=True).stderr == ""
