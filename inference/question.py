"""A question to a model and the answer to it, as values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from inference.errors import BadRequest
from inference.model import Completion

ROLES = frozenset({"system", "user", "assistant"})


@dataclass(frozen=True)
class Question:
    """One request for a completion."""

    messages: tuple[dict[str, str], ...] = field(repr=False)
    capability: str
    purpose: str | None = None
    audience: str | None = None
    max_tokens: int | None = None
    wants_digest: bool = False  # of the logits

    def __post_init__(self) -> None:
        """Raises: BadRequest."""
        for message in self.messages:
            if message["role"] not in ROLES:
                raise BadRequest(f"a message's role is one of {', '.join(sorted(ROLES))}")
            try:
                message["content"].encode()
            except UnicodeEncodeError as e:
                raise BadRequest("a message holds half a surrogate pair, which is no text") from e

    def to_bytes(self) -> bytes:
        """What the receipt commits to: canonical JSON (RFC 8785) of everything that was asked."""
        import rfc8785

        asked = {
            "messages": [dict(message) for message in self.messages],
            "capability": self.capability,
            "purpose": self.purpose,
            "audience": self.audience,
            "maxTokens": self.max_tokens,
        }
        return rfc8785.dumps({name: value for name, value in asked.items() if value is not None})


@dataclass(frozen=True)
class Answer:
    """A completion with its signed receipt."""

    model: str
    completion: Completion
    receipt: dict[str, Any]


def ask_user(text: str, capability: str, **rest: Any) -> Question:
    """A chat that one user begins."""
    return Question(({"role": "user", "content": text},), capability, **rest)
