"""A release's scope: what the vote permits a worker to do with the weights. To widen it is a new release."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from governance.constraints.document import Document, read_document
from governance.types.enums import Mode


class Budget(Document):
    """How much a release permits in all, on one worker."""

    requests: int = Field(gt=0)
    output_tokens: int = Field(gt=0)


class ReleaseScope(Document):
    """What a release permits; everything that is not named is refused."""

    schema_: Literal["custodes.scope/1"] = Field(default="custodes.scope/1", alias="schema")
    capabilities: tuple[str, ...] = Field(min_length=1, strict=False)
    purposes: tuple[str, ...] = Field(default=(), strict=False)
    audiences: tuple[str, ...] = Field(default=(), strict=False)
    max_tokens: int = Field(gt=0)  # of one answer
    mode: Literal["plain", "eval", "mpc"] = "plain"
    budget: Budget

    def to_mode(self) -> Mode:
        return Mode[self.mode.upper()]


def read_scope(data: bytes) -> ReleaseScope:
    """The scope whose canonical bytes these are. Raises: NotCanonical, MalformedDocument."""
    return read_document(ReleaseScope, data)
