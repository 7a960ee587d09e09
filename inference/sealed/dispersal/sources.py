"""Where fragments lie: in directories here, or under a URL. Nothing that comes from them is believed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from inference.sealed.errors import FragmentUnreachable, NotSealed, ResourcesUnavailable, TamperedFile, TruncatedFile
from inference.sealed.files import SealedDirectory, read_bytes

if TYPE_CHECKING:
    import requests

TIMEOUT = (5.0, 30.0)  # [seconds] to connect, and between two pieces
Read = Callable[[int], bytes]  # the next so many bytes. Raises: FragmentUnreachable


class Source(Protocol):
    """One fragment's directory."""

    @property
    def name(self) -> str:
        """As the user called it."""

    def read_small(self, name: str, limit: int) -> bytes:
        """The whole file, of `limit` bytes at most. Raises: FragmentUnreachable."""

    @contextmanager
    def read_from(self, name: str, offset: int) -> Iterator[Read]:
        """The file's bytes from `offset` on. Raises: FragmentUnreachable."""


def open_source(text: str) -> Source:
    """A URL, or else a directory."""
    return HttpSource(text) if text.startswith(("http://", "https://")) else LocalSource(text)


class LocalSource:
    """A directory; nothing in it is reached through a link."""

    def __init__(self, name: str) -> None:
        self.name = name

    def read_small(self, name: str, limit: int) -> bytes:
        with self._opened(name) as fd:
            size = os.fstat(fd).st_size
            if size > limit:
                raise FragmentUnreachable(f"{self.name}: {name} has {size} bytes; at most {limit} are expected")
            return self._read(fd, size, 0, name)

    @contextmanager
    def read_from(self, name: str, offset: int) -> Iterator[Read]:
        with self._opened(name) as fd:
            position = offset

            def read(count: int) -> bytes:
                nonlocal position
                content = self._read(fd, count, position, name)
                position += count
                return content

            yield read

    @contextmanager
    def _opened(self, name: str) -> Iterator[int]:
        try:
            with SealedDirectory(Path(self.name)) as directory:
                fd = directory.open_regular(name)
        except (NotSealed, TruncatedFile, TamperedFile, ResourcesUnavailable) as e:
            raise FragmentUnreachable(f"{self.name}: {e.message}") from e
        try:
            yield fd
        finally:
            os.close(fd)

    def _read(self, fd: int, count: int, offset: int, name: str) -> bytes:
        try:
            return read_bytes(fd, count, offset, name)
        except (TruncatedFile, ResourcesUnavailable) as e:
            raise FragmentUnreachable(f"{self.name}: {e.message}") from e


class HttpSource:
    """The same directory behind a web server, which need not know ranges."""

    def __init__(self, url: str) -> None:
        self.name = url
        self._base = url.rstrip("/") + "/"

    def read_small(self, name: str, limit: int) -> bytes:
        with self._asked(name, 0) as answer:
            content = bytearray()
            for piece in self._pieces(answer, name):
                content += piece
                if len(content) > limit:
                    raise FragmentUnreachable(f"{self.name}: {name} has more than the {limit} bytes that are expected")
            return bytes(content)

    @contextmanager
    def read_from(self, name: str, offset: int) -> Iterator[Read]:
        with self._asked(name, offset) as answer:
            pieces, held = self._pieces(answer, name), bytearray()

            def read(count: int) -> bytes:
                while len(held) < count:
                    piece = next(pieces, None)
                    if piece is None:
                        raise FragmentUnreachable(f"{self.name}: {name} ends too early")
                    held.extend(piece)
                content = bytes(held[:count])
                del held[:count]
                return content

            left = offset if answer.status_code == 200 else 0  # the server sent the file from its beginning
            while left:
                left -= len(read(min(left, 1 << 20)))
            yield read

    @contextmanager
    def _asked(self, name: str, offset: int) -> Iterator[requests.Response]:
        import requests

        headers = {"Accept-Encoding": "identity", **({"Range": f"bytes={offset}-"} if offset else {})}
        with requests.Session() as session:
            session.trust_env = False
            try:
                answer = session.get(
                    self._base + name, headers=headers, timeout=TIMEOUT, stream=True, allow_redirects=False
                )
            except requests.RequestException as e:
                raise FragmentUnreachable(f"{self.name} does not answer") from e
            with closing(answer):
                if answer.status_code not in (200, 206):
                    raise FragmentUnreachable(f"{self.name}: {name} is not there (HTTP {answer.status_code})")
                yield answer

    def _pieces(self, answer: requests.Response, name: str) -> Iterator[bytes]:
        import requests

        try:
            yield from answer.iter_content(1 << 16)
        except requests.RequestException as e:
            raise FragmentUnreachable(f"{self.name}: {name} broke off") from e
