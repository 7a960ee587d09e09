"""Results go to stdout, everything else to stderr; with --json a result is one versioned object, and so is an error."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from governance.errors import CustodesError


@dataclass
class Output:
    """Where a command's words go."""

    json: bool = False

    def result(self, schema: str, data: Mapping[str, Any], lines: Iterable[str]) -> None:
        """The one result of the command: `data` under --json, else `lines` for people."""
        if self.json:
            _write(sys.stdout, json.dumps({"schema": schema, **_plain(data)}, ensure_ascii=False))
        else:
            for line in lines:
                _write(sys.stdout, line)

    def note(self, text: str = "") -> None:
        """Something for people that is no result: progress, what will be signed, what comes next."""
        if not self.json:
            _write(sys.stderr, text)

    def next(self, command: str) -> None:
        """The command that a person wants next."""
        self.note(f"next: {command}")

    def error(self, error: CustodesError) -> None:
        """One failure, as the user sees it."""
        if self.json:
            _write(sys.stdout, json.dumps(_plain(error.to_json()), ensure_ascii=False))
            return
        rule = f" [{error.rule}]" if error.rule else ""
        _write(sys.stderr, f"custodes: error: {error.message}{rule}")
        _write(sys.stderr, f"custodes: hint: {error.advice}")


def _plain(value: Any) -> Any:
    """JSON values: bytes as 0x-hex, numbers that some readers would change as decimal text."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, list | tuple | set):
        return [_plain(item) for item in value]
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**53:
        return str(value)
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()  # half a surrogate has no JSON
    return value


def _write(stream: Any, text: str) -> None:
    # What others wrote may hold control characters: they must not move the reader's cursor or forge a line.
    clean = "".join(c if c == "\n" or c == "\t" or (c.isprintable()) else "\N{REPLACEMENT CHARACTER}" for c in text)
    stream.write(clean + "\n")
