"""Files that a command is given: read whole, or refused with a reason."""

from __future__ import annotations

from pathlib import Path

from governance.cli.errors import BadArgument


def read_bytes(path: Path) -> bytes:
    """Raises: BadArgument."""
    try:
        return path.read_bytes()
    except OSError as e:
        raise BadArgument(f"{path} cannot be read: {e.strerror}") from e


def read_text(path: Path) -> str:
    """Raises: BadArgument."""
    try:
        return read_bytes(path).decode()
    except UnicodeDecodeError as e:
        raise BadArgument(f"{path} is not text in UTF-8") from e
