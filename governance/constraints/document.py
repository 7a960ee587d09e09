"""A constraint's document: what it says to people and to a worker. Its numeric limits stand on chain, not here.

Constraints conjoin, and no document can permit: there is no member that widens anything. A reader that meets a rule or
a key that it cannot enforce must deny, so that a newer constraint never weakens an older worker.
"""

from __future__ import annotations

from typing import Any, Final, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from governance.constraints.errors import MalformedDocument
from governance.encoding.documents import decode_document, encode_document
from governance.types.enums import Direction

EVERY: Final = "*"  # every capability

# Numeric limits that this version knows how to enforce, with the direction in which each is tight.
KNOWN_PARAMETERS: Final[dict[str, Direction]] = {
    "max_output_tokens": Direction.MAX,  # of one answer
    "max_input_tokens": Direction.MAX,  # of one request
    "max_requests": Direction.MAX,  # under one release
}


class Document(BaseModel):
    """Integers only, no unknown members, camelCase in JSON."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        alias_generator=to_camel,
        validate_by_name=True,
        serialize_by_alias=True,
    )

    def to_bytes(self) -> bytes:
        """The canonical bytes that are hashed. Raises: NotCanonical."""
        return encode_document(self.model_dump(mode="json", by_alias=True, exclude_none=True))


class ConstraintScope(Document):
    """Where a constraint holds; `*` is everywhere."""

    capabilities: tuple[str, ...] = Field(default=(EVERY,), min_length=1, strict=False)

    def covers(self, capability: str) -> bool:
        return EVERY in self.capabilities or capability in self.capabilities


class ConstraintDocument(Document):
    """A safety rule that a worker enforces."""

    schema_: Literal["custodes.constraint/1"] = Field(default="custodes.constraint/1", alias="schema")
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")
    title: str = Field(min_length=1, max_length=200)
    text: str = Field(min_length=1, max_length=10_000)  # the rule in words, as the organisations voted on it
    authority: str = Field(default="", max_length=200)  # whose text it implements
    scope: ConstraintScope = ConstraintScope()
    hazards: tuple[str, ...] = Field(default=(), strict=False)  # MLCommons AILuminate names
    rules: tuple[str, ...] = Field(default=(), strict=False)  # CEL; a worker that cannot evaluate them denies
    evidence: tuple[str, ...] = Field(default=(), strict=False)


DocumentT = TypeVar("DocumentT", bound=Document)


def read_constraint(data: bytes) -> ConstraintDocument:
    """The constraint whose canonical bytes these are. Raises: NotCanonical, MalformedDocument."""
    return read_document(ConstraintDocument, data)


def read_document(kind: type[DocumentT], data: bytes) -> DocumentT:
    """The document of that kind whose canonical bytes these are. Raises: NotCanonical, MalformedDocument."""
    return validate(kind, decode_document(data))


def validate(kind: type[DocumentT], value: Any) -> DocumentT:
    """The document that a parsed JSON or TOML value says. Raises: MalformedDocument."""
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the document"
        raise MalformedDocument(f"{where}: {first['msg']}") from error
