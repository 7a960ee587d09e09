"""charter.toml: what the members agree upon before there is anything on a chain.

    [tiers.2]
    chambers = "> 1/2 of each"          # or: "a yes in 2"
    seats = ">= 2/3"
    period = "7d"
    timelock = "7d"

Every number also has bounds, which no vote can move: `[bounds]` gives a lowest and a highest for each.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from governance.charter.durations import parse_duration
from governance.charter.errors import BadCharter
from governance.encoding.errors import NotEncodable
from governance.encoding.keccak import keccak256
from governance.encoding.names import make_address, make_jurisdiction, make_short_name
from governance.errors import InvalidInput
from governance.types import Address, Hash32

SCHEMA = "custodes.charter/1"
CHAMBER_BAR = re.compile(r"(>=?) (\d+)/(\d+) of (each|\d)")
SINGLE_YES = re.compile(r"a yes in (each|\d)")
SEATS_BAR = re.compile(r"(>=?) (\d+)/(\d+)")
LARGEST_WORD = 2**16 - 1


def _seconds(value: Any) -> Any:
    return _translated(parse_duration, value) if isinstance(value, str) else value


def _translated(function: Any, value: Any) -> Any:
    """pydantic collects ValueErrors, each with its place in the document."""
    try:
        return function(value)
    except InvalidInput as e:
        raise ValueError(e.message) from e


def _count(text: str) -> int:
    return 0 if text == "each" else int(text)


def _address(value: Any) -> Any:
    return _translated(make_address, value) if isinstance(value, str) else value


def _jurisdiction(value: Any) -> Any:
    if isinstance(value, str):
        _translated(make_jurisdiction, value)
    return value


def _short(value: Any) -> Any:
    if isinstance(value, str):
        _translated(make_short_name, value)
    return value


Duration = Annotated[int, BeforeValidator(_seconds), Field(ge=0, lt=2**32)]
KeyAddress = Annotated[Address, BeforeValidator(_address)]
Short = Annotated[str, BeforeValidator(_short), Field(min_length=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Bar(NamedTuple):
    """A fraction of seats: more than num/den of them (strict), or at least."""

    num: int
    den: int
    strict: bool


class Tier(_Strict):
    """What a proposal of one tier needs, in words."""

    chambers: str  # "> 1/2 of each", ">= 2/3 of 2", "a yes in 2"
    seats: str  # "> 1/2", ">= 3/4": of all seats
    period: Duration
    timelock: Duration

    @model_validator(mode="after")
    def _readable(self) -> Self:
        self.chamber_bar(), self.seats_bar()
        return self

    def chamber_bar(self) -> tuple[Bar, int]:
        """What a chamber needs to agree, and how many chambers have to (0: each). Raises: ValueError."""
        if single := SINGLE_YES.fullmatch(self.chambers):
            return Bar(0, 1, True), _count(single[1])  # more than none of them
        if bar := CHAMBER_BAR.fullmatch(self.chambers):
            return Bar(int(bar[2]), int(bar[3]), bar[1] == ">"), _count(bar[4])
        raise ValueError(f"{self.chambers!r} is not like '> 1/2 of each' or 'a yes in 2'")

    def seats_bar(self) -> Bar:
        """What all seats together need. Raises: ValueError."""
        if bar := SEATS_BAR.fullmatch(self.seats):
            return Bar(int(bar[2]), int(bar[3]), bar[1] == ">")
        raise ValueError(f"{self.seats!r} is not like '> 1/2' or '>= 2/3'")


class Numbers(_Strict):
    """Every number that governs, beside the tiers."""

    objection_window: Duration
    grace: Duration
    late_window: Annotated[int, BeforeValidator(_seconds), Field(ge=0, lt=2**24)]
    open_proposals: Annotated[int, Field(ge=0, le=255)]
    pull_seats: Annotated[int, Field(ge=0, le=64)]
    pull_window: Duration
    brake_term: Duration
    cooldown: Duration
    rotation_delay: Duration
    release_lifetime: Duration
    request_lifetime: Duration
    dkg_phase: Duration
    stall_limit: Duration
    document_bytes: Annotated[int, Field(ge=0, lt=2**32)]
    dormancy: Duration
    challenge_period: Duration
    replacement_delay: Duration


class Range(_Strict):
    """The lowest and the highest that a vote can ever set."""

    lowest: Duration
    highest: Duration


class Count(_Strict):
    lowest: Annotated[int, Field(ge=0, lt=2**32)]
    highest: Annotated[int, Field(ge=0, lt=2**32)]


class Limits(_Strict):
    """The immutable bounds. Fractions are bound by their denominators; soundness binds the rest in the contract."""

    denominator: Annotated[int, Field(ge=2, le=LARGEST_WORD)]
    period: Range
    timelock: Range
    objection_window: Range
    grace: Range
    late_window: Range
    open_proposals: Count
    pull_seats: Count
    pull_window: Range
    brake_term: Range
    cooldown: Range
    rotation_delay: Range
    release_lifetime: Range
    request_lifetime: Range
    dkg_phase: Range
    stall_limit: Range
    document_bytes: Count
    dormancy: Range
    challenge_period: Range
    replacement_delay: Range


class Organisation(_Strict):
    """A legal entity with one seat."""

    name: Annotated[str, Field(min_length=1, max_length=64)]
    chamber: Short
    jurisdiction: Annotated[str, BeforeValidator(_jurisdiction)]
    affiliation: Annotated[str, Field(min_length=1)] | None = None  # the group that controls it; itself if absent
    framework: Short | None = None  # the ethical framework that an oversight seat declares
    evidence: str | None = None  # what the labels rest on: its hash is recorded
    key: Literal["eoa", "erc1271"] = "eoa"  # how the voting key signs, for good: itself, or as a contract
    voting_key: KeyAddress | None = None
    recovery_key: KeyAddress | None = None

    @property
    def keys(self) -> tuple[Address, Address] | None:
        """The voting key and the recovery key; None while one is missing."""
        if self.voting_key is None or self.recovery_key is None:
            return None
        return self.voting_key, self.recovery_key

    @property
    def slug(self) -> str:
        """The name as a key file's."""
        return re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")


class Charter(_Strict):
    """The whole document."""

    schema_: Annotated[Literal["custodes.charter/1"], Field(alias="schema")]
    name: Annotated[str, Field(min_length=1)]
    legal_text: Annotated[str, Field(min_length=1)]
    chambers: Annotated[list[Short], Field(min_length=1)]
    tiers: dict[Literal["1", "2", "3", "4"], Tier]
    parameters: Numbers
    bounds: Limits
    organisations: list[Organisation]

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if sorted(self.tiers) != ["1", "2", "3", "4"]:
            raise ValueError("tiers 1, 2, 3 and 4 are needed, each once")
        for organisation in self.organisations:
            if organisation.chamber not in self.chambers:
                raise ValueError(f"{organisation.name} sits in {organisation.chamber!r}, which is no chamber")
        slugs = [organisation.slug for organisation in self.organisations]
        for slug in slugs:
            if slugs.count(slug) > 1:
                raise ValueError(f"two organisations are called {slug!r}, as far as a file name can tell")
        return self

    @property
    def legal_text_hash(self) -> Hash32:
        return Hash32(keccak256(self.legal_text.encode()))


def read_charter(path: Path) -> Charter:
    """The charter in that file. Raises: BadCharter."""
    try:
        return parse_charter(path.read_text(), name=str(path))
    except OSError as e:
        raise BadCharter(f"{path} cannot be read: {e.strerror}") from e
    except UnicodeDecodeError as e:
        raise BadCharter(f"{path} is not UTF-8") from e


def parse_charter(text: str, *, name: str = "the charter") -> Charter:
    """The charter that `text` (TOML) says. Raises: BadCharter."""
    try:
        return Charter.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as e:
        raise BadCharter(f"{name} is not TOML: {e}") from e
    except ValidationError as e:
        raise BadCharter(f"{name}: {_complaints(e)}", details={"complaints": _complaints(e).split("; ")}) from e
    except NotEncodable as e:
        raise BadCharter(f"{name}: {e.message}") from e


def _complaints(error: ValidationError) -> str:
    found = error.errors(include_url=False, include_input=False)
    return "; ".join(
        f"{'.'.join(str(part) for part in complaint['loc']) or 'document'}: "
        f"{complaint['msg'].removeprefix('Value error, ')}"
        for complaint in found[:8]
    )
