"""Reading a sealed directory: by descriptors, beneath one directory, through no link, and no file is read twice.

`pread` instead of a mapping: what is hashed is what is decrypted, and a file that somebody truncates meanwhile gives a
typed error instead of SIGBUS.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from pathlib import Path
from typing import Self

from inference.sealed.errors import NotSealed, ResourcesUnavailable, TamperedFile, TruncatedFile
from inference.sealed.format import MANIFEST_NAME, MAX_MANIFEST_BYTES
from inference.sealed.manifest import Anchor, Manifest, PlainFile, parse_manifest, verify_manifest

_SAFE = os.O_NOFOLLOW | os.O_CLOEXEC


class SealedDirectory:
    """An open directory; every file in it is reached relative to its descriptor."""

    def __init__(self, path: Path) -> None:
        """Raises: NotSealed, ResourcesUnavailable."""
        self.path = path
        try:
            self._fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise NotSealed(f"{path} is not a directory") from error
        except OSError as error:
            raise ResourcesUnavailable(f"{path} cannot be opened: {error.strerror}") from error

    def open_regular(self, name: str) -> int:
        """A descriptor of the regular file `name`, no component of which is a link.

        Raises: TruncatedFile (absent), TamperedFile (a link, or not a regular file), ResourcesUnavailable.
        """
        *folders, last = name.split("/")
        opened = [self._fd]
        try:
            for folder in folders:
                opened.append(os.open(folder, os.O_RDONLY | os.O_DIRECTORY | _SAFE, dir_fd=opened[-1]))
            # A FIFO in the place of a file would otherwise block the open.
            fd = os.open(last, os.O_RDONLY | os.O_NONBLOCK | _SAFE, dir_fd=opened[-1])
        except FileNotFoundError as error:
            raise TruncatedFile(f"{name} is missing from {self.path}", details={"file": name}) from error
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.ENOTDIR, errno.ENXIO):
                raise TamperedFile(f"{name} is a link or not a regular file", details={"file": name}) from error
            raise ResourcesUnavailable(f"{name} cannot be opened: {error.strerror}") from error
        finally:
            for parent in opened[1:]:
                os.close(parent)
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            os.close(fd)
            raise TamperedFile(f"{name} is not a regular file", details={"file": name})
        return fd

    def read_manifest_bytes(self) -> bytes:
        """Raises: NotSealed, TamperedFile, ResourcesUnavailable."""
        try:
            fd = self.open_regular(MANIFEST_NAME)
        except TruncatedFile as error:
            raise NotSealed(f"{self.path} has no {MANIFEST_NAME}") from error
        try:
            size = os.fstat(fd).st_size
            if size > MAX_MANIFEST_BYTES:
                raise TamperedFile(f"{MANIFEST_NAME} has {size} bytes; at most {MAX_MANIFEST_BYTES} are allowed")
            return read_bytes(fd, size, 0, MANIFEST_NAME)
        finally:
            os.close(fd)

    def read_plain_file(self, entry: PlainFile) -> bytes:
        """The bytes of a plain file, which are those that the manifest lists.

        Raises: TruncatedFile, TamperedFile, ResourcesUnavailable.
        """
        fd = self.open_regular(entry.name)
        try:
            check_size(fd, entry.size, entry.name)
            raw = read_bytes(fd, entry.size, 0, entry.name)
        finally:
            os.close(fd)
        if hashlib.sha256(raw).digest() != entry.sha256:
            raise TamperedFile(f"{entry.name} is not the file that the manifest lists", details={"file": entry.name})
        return raw

    def list_files(self) -> list[str]:
        """All names in the directory, relative to it; what is not a directory counts as a file."""
        found = []
        for folder, folders, files in os.walk(self.path, followlinks=False):
            links = [name for name in folders if Path(folder, name).is_symlink()]
            found += [str(Path(folder, name).relative_to(self.path)) for name in files + links]
        return sorted(found)

    def close(self) -> None:
        os.close(self._fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def read_manifest(directory: Path, expected: Anchor | None) -> Manifest:
    """The manifest of a sealed directory, checked against the ledger's values; with None, only well-formed.

    Raises: NotSealed, MalformedManifest, ManifestMismatch, TamperedFile, ResourcesUnavailable.
    """
    with SealedDirectory(directory) as opened:
        raw = opened.read_manifest_bytes()
    return parse_manifest(raw) if expected is None else verify_manifest(raw, expected)


def check_size(fd: int, expected: int, name: str) -> None:
    """The open file has exactly the expected length.

    Raises: TruncatedFile, TamperedFile.
    """
    size = os.fstat(fd).st_size
    details: dict[str, object] = {"file": name, "bytes": size, "expected": expected}
    if size < expected:
        raise TruncatedFile(f"{name} has {size} bytes, {expected} are required", details=details)
    if size > expected:
        raise TamperedFile(f"{name} has {size - expected} bytes after its end at {expected}", details=details)


def read_into(fd: int, view: memoryview, offset: int, name: str) -> None:
    """`view` is filled with the file's bytes from `offset`.

    Raises: TruncatedFile, ResourcesUnavailable.
    """
    filled = 0
    while filled < len(view):
        try:
            count = os.preadv(fd, [view[filled:]], offset + filled)
        except OSError as error:
            raise ResourcesUnavailable(f"{name} cannot be read: {error.strerror}") from error
        if count == 0:
            raise TruncatedFile(f"{name} ends at byte {offset + filled}", details={"file": name})
        filled += count


def read_bytes(fd: int, count: int, offset: int, name: str) -> bytes:
    """Raises: TruncatedFile, ResourcesUnavailable."""
    buffer = bytearray(count)
    read_into(fd, memoryview(buffer), offset, name)
    return bytes(buffer)
