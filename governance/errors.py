"""Every failure that a user may see is a `CustodesError`: typed, with a hint, and with the exit code of its kind.

A class belongs to exactly one of the five kinds below; the kind alone fixes the exit code, so that a script can tell
"the ledger said no" from "nobody answered" without reading a message. Packages define their own classes in their own
`errors` module and derive them from a kind. A message carries what was found and what was required; the hint says what
to do next. Nothing secret is ever put into an error.

Source: DESIGN section 12 (exit codes), clig.dev.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar


class CustodesError(Exception):
    """A failure with a name, a message, a hint and an exit code; `details` are JSON values for `--json`."""

    exit_code: ClassVar[int] = 70
    hint: ClassVar[str] = "this is a bug in custodes: please report it with the command that caused it"

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        rule: str | None = None,
        details: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.rule = rule
        self.advice = hint if hint is not None else self.hint
        self.details: dict[str, object] = dict(details or {})

    @property
    def name(self) -> str:
        return type(self).__name__

    def to_json(self) -> dict[str, object]:
        """The versioned form that `--json` prints."""
        return {
            "schema": "custodes.error/1",
            "error": self.name,
            "message": self.message,
            "hint": self.advice,
            "rule": self.rule,
            "exit": self.exit_code,
            "details": self.details,
        }


class VerificationError(CustodesError):
    """Kind 1: a check was made and the answer is no (a hash, a signature, a proof, an audit)."""

    exit_code: ClassVar[int] = 1
    hint: ClassVar[str] = "what was checked is not what the ledger or the format says it must be"


class InvalidInput(CustodesError):
    """Kind 2: what the user or a file said is malformed or makes no sense."""

    exit_code: ClassVar[int] = 2
    hint: ClassVar[str] = "see --help for what is accepted"


class Unavailable(CustodesError):
    """Kind 3: something that is needed does not answer now; trying again later can succeed."""

    exit_code: ClassVar[int] = 3
    hint: ClassVar[str] = "try again; custodes doctor says what is down"


class Refused(CustodesError):
    """Kind 4: the ledger or the committee refuses, by a rule."""

    exit_code: ClassVar[int] = 4
    hint: ClassVar[str] = "custodes explain says which rule refused and what is missing"
