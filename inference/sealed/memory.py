"""Private anonymous memory for plaintext weights: never on disk, kept out of core dumps, zeroed on demand."""

from __future__ import annotations

import mmap
import weakref
from collections.abc import Sequence
from typing import Final

from inference.sealed.errors import ResourcesUnavailable

_ALIGNMENT: Final = 64  # a cache line, and a multiple of every element's size
_PIECE: Final = 16 << 20
_MADV_POPULATE_WRITE: Final = 23  # Linux 5.14; the module mmap does not name it
_ZEROES: Final = bytes(1 << 20)


class Arena:
    """Memory with one slot for each size asked for; slots start at multiples of 64 bytes.

    Tensors made over `memory` keep it alive. It is never closed: torch holds its address, so that closing it would
    leave tensors pointing nowhere. `wipe` zeroes it instead, under whatever still refers to it.
    """

    def __init__(self, sizes: Sequence[int], *, hugepages: bool = False) -> None:
        offsets, end = [], 0
        for size in sizes:
            offsets.append(end)
            end += -(-size // _ALIGNMENT) * _ALIGNMENT
        self.offsets: Final = tuple(offsets)
        self.sizes: Final = tuple(sizes)
        self.size: Final = end
        self.memory: Final = allocate(end, hugepages=hugepages)

    def get_slot(self, index: int) -> memoryview:
        """The writable bytes of slot `index`."""
        start = self.offsets[index]
        return memoryview(self.memory)[start : start + self.sizes[index]]

    def touch(self) -> None:
        """Every page is there: whoever writes into it next takes no fault."""
        touch_memory(self.memory)

    def discard(self) -> None:
        """The kernel has the pages back. For memory into which nothing was written."""
        self.memory.madvise(mmap.MADV_DONTNEED)

    def wipe(self) -> None:
        wipe_memory(self.memory)


def allocate(size: int, *, hugepages: bool) -> mmap.mmap:
    """Zeroed memory that no other process shares and no core dump contains.

    Raises: ResourcesUnavailable.
    """
    try:
        memory = mmap.mmap(-1, max(size, 1), flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        memory.madvise(mmap.MADV_DONTDUMP)
    except OSError as error:
        raise ResourcesUnavailable(f"no memory for {size} bytes of weights: {error.strerror}") from error
    if hugepages:
        try:
            memory.madvise(mmap.MADV_HUGEPAGE)  # a fault each 2 MiB instead of each 4 KiB; the kernel may not have it
        except OSError:
            return memory
    return memory


def touch_memory(memory: mmap.mmap) -> None:
    """Every page of untouched memory is there. In pieces, since `madvise` holds the interpreter's lock meanwhile."""
    for start in range(0, len(memory), _PIECE):
        length = min(_PIECE, len(memory) - start)
        try:
            memory.madvise(_MADV_POPULATE_WRITE, start, length)
        except OSError:  # Linux before 5.14, or none to be had: a write to each page does the same, or fails as later
            memory[start : start + length : mmap.PAGESIZE] = bytes(-(-length // mmap.PAGESIZE))


def wipe_memory(memory: mmap.mmap) -> None:
    """Every byte is zero, and the pages are given back to the kernel."""
    with memoryview(memory) as view:
        for start in range(0, len(view), len(_ZEROES)):
            piece = view[start : start + len(_ZEROES)]
            piece[:] = _ZEROES[: len(piece)]
    memory.madvise(mmap.MADV_DONTNEED)


class WipeList:
    """Remembers memory without keeping it alive, so that what still exists can be wiped."""

    def __init__(self) -> None:
        self._memories: list[weakref.ref[mmap.mmap]] = []

    def add(self, memory: mmap.mmap) -> None:
        self._memories = [reference for reference in self._memories if reference() is not None]
        self._memories.append(weakref.ref(memory))

    def wipe(self) -> None:
        for reference in self._memories:
            memory = reference()
            if memory is not None:
                wipe_memory(memory)
        self._memories.clear()
