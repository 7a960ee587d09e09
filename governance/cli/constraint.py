"""custodes constraint: safety rules from the first draft to the ledger's head."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from governance.cli.context import App, get_app
from governance.cli.errors import BadArgument
from governance.cli.files import read_bytes
from governance.cli.proposing import Description, propose

if TYPE_CHECKING:
    from governance.constraints.document import ConstraintDocument
    from governance.types import ParameterSetting, Timestamp

Name = Annotated[str, typer.Argument(metavar="CONSTRAINT", help="Its name, or its id.")]
Limits = Annotated[
    list[str] | None,
    typer.Option("--limit", help="A numeric limit, such as max_output_tokens=512; :min or :max where it is not known."),
]
Limit = Annotated[str, typer.Argument(help="The new limit, such as max_output_tokens=256.")]
Expiry = Annotated[str | None, typer.Option("--expires", help="After 90d, say; by default never.")]


def new(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="Its name for ever: small letters, digits and dashes.")],
    title: Annotated[str, typer.Option(help="In a few words.")],
    text: Annotated[str, typer.Option(help="The rule in words, as it is voted on.")],
    out: Annotated[Path | None, typer.Option(help="The file; by default NAME.json.")] = None,
    capability: Annotated[list[str] | None, typer.Option(help="Where it holds; by default everywhere.")] = None,
    hazard: Annotated[list[str] | None, typer.Option(help="A hazard that it is about (MLCommons AILuminate).")] = None,
    authority: Annotated[str, typer.Option(help="Whose text it implements.")] = "",
) -> None:
    """A constraint's document lies in a file, canonical, to be read by everybody before it is proposed."""
    from governance.constraints.document import ConstraintDocument, validate
    from governance.encoding.documents import compute_document_hash

    app = get_app(ctx)
    path = out or Path(f"{name}.json")
    if path.exists():
        raise BadArgument(f"{path} exists")
    document = validate(
        ConstraintDocument,
        {
            "name": name,
            "title": title,
            "text": text,
            "authority": authority,
            "hazards": hazard or [],
            "scope": {"capabilities": capability or ["*"]},
        },
    )
    data = document.to_bytes()
    path.write_bytes(data)
    digest = compute_document_hash(data)
    app.output.result(
        "custodes.constraint-document/1",
        {"file": str(path), "hash": digest, "bytes": len(data), "document": json.loads(data)},
        [f"wrote {path} ({len(data)} bytes, 0x{digest.hex()})"],
    )
    app.output.next(f"custodes constraint propose {path}")


def check(ctx: typer.Context, file: Annotated[Path, typer.Argument(help="A constraint's document.")]) -> None:
    """Whether a document is canonical and says what a constraint can say."""
    from governance.encoding.documents import compute_document_hash

    app = get_app(ctx)
    data, document = _read_document(file)
    digest = compute_document_hash(data)
    app.output.result(
        "custodes.constraint-document/1",
        {"file": str(file), "hash": digest, "bytes": len(data), "document": json.loads(data)},
        [f"{document.name}: {document.title}", f"  {len(data)} bytes, canonical, 0x{digest.hex()}"],
    )


def propose_(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="The constraint's document.")],
    limit: Limits = None,
    expires: Expiry = None,
    description: Description = "",
) -> None:
    """A proposal that adds a constraint (tier 1): adding can only tighten."""
    from governance.types import ActionKind, AddConstraint

    app = get_app(ctx)
    data, document = _read_document(file)
    action = AddConstraint(
        name=document.name,
        expires_at=_expiry(app, expires),
        parameters=tuple(_read_limit(text) for text in limit or []),
        document=data,
    )
    propose(app, ActionKind.ADD_CONSTRAINT, action, description or document.title)


def amend(
    ctx: typer.Context,
    name: Name,
    file: Annotated[Path, typer.Argument(help="The new document.")],
    looser: Annotated[bool, typer.Option(help="It loosens (tier 3); else it is claimed to tighten (tier 1).")] = False,
    expires: Expiry = None,
    description: Description = "",
) -> None:
    """A proposal that replaces a constraint's document. A claimed tightening is open to objection."""
    from governance.types import ActionKind, AmendConstraint

    app = get_app(ctx)
    data, document = _read_document(file)
    constraint = app.history.names.find_constraint(name)
    current = app.ledger.constraints.get_constraint(constraint)
    expiry = current.expires_at if expires is None else _expiry(app, expires)
    action = AmendConstraint(constraint, current.version, expiry, data)
    kind = ActionKind.AMEND_LOOSER if looser else ActionKind.AMEND_TIGHTER
    propose(app, kind, action, description or document.title)


def tighten(ctx: typer.Context, name: Name, limit: Limit, description: Description = "") -> None:
    """A proposal that makes a numeric limit tighter (tier 1). The contract compares: nobody can stall it."""
    _set_limit(ctx, name, limit, description, loosen=False)


def loosen(ctx: typer.Context, name: Name, limit: Limit, description: Description = "") -> None:
    """A proposal that makes a numeric limit looser (tier 3)."""
    _set_limit(ctx, name, limit, description, loosen=True)


def retire(ctx: typer.Context, name: Name, description: Description = "") -> None:
    """A proposal that ends a constraint (tier 3). Its name can never be used again."""
    from governance.types import ActionKind, RetireConstraint

    app = get_app(ctx)
    constraint = app.history.names.find_constraint(name)
    version = app.ledger.constraints.get_constraint(constraint).version
    propose(app, ActionKind.RETIRE_CONSTRAINT, RetireConstraint(constraint, version), description)


def _set_limit(ctx: typer.Context, name: str, limit: str, description: str, *, loosen: bool) -> None:
    from governance.types import ActionKind, SetParameter

    app = get_app(ctx)
    constraint = app.history.names.find_constraint(name)
    setting = _read_limit(limit, known_direction=False)
    version = app.ledger.constraints.get_constraint(constraint).version
    action = SetParameter(constraint, version, setting.key, setting.value)
    propose(app, ActionKind.LOOSEN_PARAMETER if loosen else ActionKind.TIGHTEN_PARAMETER, action, description)


def _read_document(file: Path) -> tuple[bytes, ConstraintDocument]:
    from governance.constraints.document import read_constraint

    data = read_bytes(file)
    return data, read_constraint(data)


def _read_limit(text: str, *, known_direction: bool = True) -> ParameterSetting:
    """`max_output_tokens=512`, or `my_key:max=5` where the direction is not known by the key."""
    from governance.constraints.document import KNOWN_PARAMETERS
    from governance.encoding.names import make_short_name
    from governance.types import Direction, ParameterSetting

    key, separator, value = text.partition("=")
    key, _, way = key.partition(":")
    try:
        number = int(value)
    except ValueError:
        separator = ""
        number = 0
    if not separator or not key:
        raise BadArgument(f"{text!r} is no limit", hint="such as max_output_tokens=512")
    direction = {"max": Direction.MAX, "min": Direction.MIN}.get(way) or KNOWN_PARAMETERS.get(key, Direction.NONE)
    if known_direction and direction is Direction.NONE:
        raise BadArgument(f"which way is {key} tight?", hint=f"write {key}:max={value} or {key}:min={value}")
    return ParameterSetting(make_short_name(key), direction, number)


def _expiry(app: App, text: str | None) -> Timestamp:
    from governance.charter.durations import parse_duration
    from governance.types import Timestamp

    return Timestamp(0) if text is None else Timestamp(app.ledger.now() + parse_duration(text))
