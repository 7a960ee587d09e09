"""The bearer token of a worker, in a file that its owner alone can read."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

from inference.errors import BadToken

TOKEN_BYTES = 32


def ensure_token(path: Path) -> str:
    """The token in that file, which was made if it was not there. Raises: BadToken."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError:
        return read_token(path)
    except OSError as e:
        raise BadToken(f"{path} cannot be written: {e.strerror}") from e
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(TOKEN_BYTES) + "\n")
    return read_token(path)


def read_token(path: Path) -> str:
    """Raises: BadToken, also when others than the owner could have read or changed the file."""
    try:
        mode = path.stat().st_mode
        token = path.read_text().strip()
    except (OSError, UnicodeDecodeError) as e:
        raise BadToken(f"{path} cannot be read") from e
    if stat.S_IMODE(mode) & 0o077:
        raise BadToken(
            f"{path} is open to others than its owner", hint=f"chmod 600 {path}, and let a new token be made"
        )
    if len(token) < 16 or not token.isascii() or not token.isprintable():
        raise BadToken(f"{path} holds no token of 16 printable characters or more")
    return token
