"""Decrypted bytes as torch tensors, without a copy. torch is imported only here, and only when a tensor is made."""

from __future__ import annotations

import math
import mmap
from typing import TYPE_CHECKING, Final

from inference.sealed.errors import UnsupportedDtype
from inference.sealed.header import Record

if TYPE_CHECKING:
    import torch

_TORCH_NAMES: Final = {
    "BOOL": "bool", "U8": "uint8", "I8": "int8", "U16": "uint16", "I16": "int16", "U32": "uint32", "I32": "int32",
    "U64": "uint64", "I64": "int64", "F16": "float16", "BF16": "bfloat16", "F32": "float32", "F64": "float64",
    "C64": "complex64", "F8_E4M3": "float8_e4m3fn", "F8_E5M2": "float8_e5m2", "F8_E8M0": "float8_e8m0fnu",
    "F8_E4M3FNUZ": "float8_e4m3fnuz", "F8_E5M2FNUZ": "float8_e5m2fnuz", "F4": "float4_e2m1fn_x2",
}  # fmt: skip


def get_torch_type(record: Record) -> tuple[torch.dtype, tuple[int, ...]]:
    """The torch element type and shape of a record. Two F4 elements make one torch element, as in safetensors.

    Raises: UnsupportedDtype.
    """
    import torch

    dtype = getattr(torch, _TORCH_NAMES.get(record.dtype, ""), None)
    if not isinstance(dtype, torch.dtype):
        raise UnsupportedDtype(f"torch has no element type for {record.dtype} of tensor {record.name!r}")
    if record.dtype != "F4":
        return dtype, record.shape
    if not record.shape or record.shape[-1] % 2:
        raise UnsupportedDtype(f"the last dimension of F4 tensor {record.name!r} is odd: torch holds pairs")
    return dtype, (*record.shape[:-1], record.shape[-1] // 2)


def make_tensor(record: Record, memory: mmap.mmap, offset: int) -> torch.Tensor:
    """A tensor over `memory` from byte `offset`, which it keeps alive.

    Shapes: the record's own. Raises: UnsupportedDtype.
    """
    import torch

    dtype, shape = get_torch_type(record)
    if record.size == 0:
        return torch.empty(shape, dtype=dtype)  # torch.frombuffer refuses to make nothing
    return torch.frombuffer(memory, dtype=dtype, count=math.prod(shape), offset=offset).view(shape)
