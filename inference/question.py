"""A question to a model and the answer to it, as values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from inference.errors import BadRequest

ROLES = frozenset({"system", "user", "assistant"})
Message = dict[str, str]


@dataclass(frozen=True)
class Sampling:
    """How the next token is chosen: greedily, so that anybody can repeat it, unless a temperature is asked for."""

    temperature: float = 0.0
    top_p: float = 1.0
    seed: int | None = None
    ends: tuple[str, ...] = ()  # texts at which the answer ends, and which are not part of it

    def __post_init__(self) -> None:
        """Raises: BadRequest."""
        for text in self.ends:
            _check_text(text)


GREEDY = Sampling()


@dataclass(frozen=True)
class Question:
    """One request for a completion: of a chat's `messages`, or of a bare `prompt` that no template frames."""

    messages: tuple[Message, ...] = field(repr=False)
    capability: str
    purpose: str | None = None
    audience: str | None = None
    max_tokens: int | None = None
    wants_digest: bool = False  # of the logits
    prompt: str | None = field(default=None, repr=False)
    sampling: Sampling = field(default=GREEDY, repr=False)

    def __post_init__(self) -> None:
        """Raises: BadRequest."""
        for message in self.messages:
            if message["role"] not in ROLES:
                raise BadRequest(
                    f"a message's role is one of {', '.join(sorted(ROLES))}", details={"param": "messages"}
                )
            _check_text(message["content"])
        _check_text(self.prompt or "")

    def to_bytes(self) -> bytes:
        """What the receipt commits to: canonical JSON (RFC 8785) of everything that was asked."""
        sampling = self.sampling
        return _to_canonical(
            {
                "messages": [dict(message) for message in self.messages] if self.prompt is None else None,
                "prompt": self.prompt,
                "capability": self.capability,
                "purpose": self.purpose,
                "audience": self.audience,
                "maxTokens": self.max_tokens,
                "temperature": sampling.temperature or None,
                "topP": sampling.top_p if sampling.top_p != 1.0 else None,
                "seed": sampling.seed,
                "stop": list(sampling.ends) or None,
            }
        )


@dataclass(frozen=True)
class Texts:
    """One request for the vectors of texts."""

    max_tokens: ClassVar[int | None] = None  # a vector has none

    texts: tuple[str, ...] = field(repr=False)
    capability: str
    purpose: str | None = None
    audience: str | None = None

    def __post_init__(self) -> None:
        """Raises: BadRequest."""
        for text in self.texts:
            _check_text(text)

    def to_bytes(self) -> bytes:
        """As `Question.to_bytes`."""
        return _to_canonical(
            {
                "input": list(self.texts),
                "capability": self.capability,
                "purpose": self.purpose,
                "audience": self.audience,
            }
        )


@dataclass(frozen=True)
class Completion:
    """What the model said."""

    text: str = field(repr=False)
    token_ids: tuple[int, ...] = field(repr=False)
    prompt_tokens: int
    seconds: float
    is_stopped: bool  # ended before its time: the worker went dark, or nobody listens any more
    is_cut: bool  # ended by the limit of tokens, not by the model
    logits_digest: str | None  # SHA-256 over each step's logits (float32, little endian), where it was asked for

    @property
    def tokens_per_second(self) -> float:
        return len(self.token_ids) / self.seconds if self.seconds > 0 else 0.0


@dataclass(frozen=True)
class Answer:
    """A completion with its signed receipt."""

    model: str
    completion: Completion
    receipt: dict[str, Any]


@dataclass(frozen=True)
class Embeddings:
    """A vector for each text, with the signed receipt over all of them."""

    model: str
    vectors: tuple[bytes, ...] = field(repr=False)  # float32, little endian
    prompt_tokens: int
    receipt: dict[str, Any]


class Ear(Protocol):
    """Who listens to an answer while it is being made. Called from the thread that makes it."""

    @property
    def is_streaming(self) -> bool:
        """Whether pieces leave the worker before the answer is whole."""

    def begin(self) -> None:
        """The question is permitted, and the model begins."""

    def hear(self, text: str) -> None:
        """The next piece of the answer."""

    def is_gone(self) -> bool:
        """Whether nobody listens any more."""


class Whole:
    """The ear of somebody who wants the answer when it is whole, and who waits for it."""

    is_streaming = False

    def begin(self) -> None:
        """Nothing is to be done."""

    def hear(self, text: str) -> None:
        """Nothing is to be done."""

    def is_gone(self) -> bool:
        return False


WHOLE = Whole()


def ask_user(text: str, capability: str, **rest: Any) -> Question:
    """A chat that one user begins."""
    return Question(({"role": "user", "content": text},), capability, **rest)


def _check_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as e:
        raise BadRequest("a message holds half a surrogate pair, which is no text") from e


def _to_canonical(asked: dict[str, Any]) -> bytes:
    import rfc8785

    return rfc8785.dumps({name: value for name, value in asked.items() if value is not None})


def join(vectors: Iterable[bytes]) -> bytes:
    """What the receipt of embeddings commits to: all vectors, one after the other."""
    return b"".join(vectors)
