"""custodes constraint show and log: what is in force, and how it came to be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from governance.cli.context import App, get_app

if TYPE_CHECKING:
    from governance.types import ConstraintId


def show(ctx: typer.Context, name: Annotated[str | None, typer.Argument(metavar="[CONSTRAINT]")] = None) -> None:
    """All constraints, or one with its limits and its document, checked against the ledger."""
    app = get_app(ctx)
    if name is None:
        _show_all(app)
    else:
        _show_one(app, app.history.names.find_constraint(name))


def log(ctx: typer.Context) -> None:
    """Every change since the beginning, and the hash chain over them, computed again."""
    from governance.cli.tables import format_table
    from governance.encoding.ledger import fold_entry
    from governance.errors import VerificationError
    from governance.ledger.client import Ledger
    from governance.ledger.names import short
    from governance.ledger.wording import describe_kind, format_time

    app = get_app(ctx)
    entries = app.ledger.constraints.get_entries()
    first, *_ = app.deployment.line()  # one chain over all systems that follow each other
    head = Ledger(app.rpc, first).constraints.get_genesis_head()
    for n, entry in enumerate(entries):
        head = fold_entry(head, n, entry)
        if head != entry.head:
            raise VerificationError(
                f"entry {n} does not follow from the entry before it", hint="the node lies: ask another one with --rpc"
            )
    names = app.history.names
    rows = [
        (
            n,
            format_time(entry.time),
            describe_kind(entry.kind),
            names.of_constraint(entry.constraint_id),
            entry.tier,
            names.of_proposal(entry.proposal_id),
            short(entry.head),
        )
        for n, entry in enumerate(entries)
    ]
    headers = ("n", "time", "change", "constraint", "tier", "proposal", "head")
    app.output.result(
        "custodes.constraint-log/1",
        {
            "head": head,
            "entries": [
                {
                    "n": n,
                    "time": entry.time,
                    "kind": entry.kind.name.lower(),
                    "constraint": names.of_constraint(entry.constraint_id),
                    "constraintId": entry.constraint_id,
                    "documentHash": entry.document_hash,
                    "parent": entry.parent,
                    "tier": entry.tier,
                    "proposal": f"0x{entry.proposal_id:064x}",
                    "head": entry.head,
                }
                for n, entry in enumerate(entries)
            ],
        },
        [*format_table(headers, rows), f"head 0x{head.hex()}"],
    )


def _show_all(app: App) -> None:
    from governance.cli.tables import format_table
    from governance.ledger.wording import format_expiry

    names = app.history.names
    found = [(i, name, app.ledger.constraints.get_constraint(i)) for i, name in names.constraints.items()]
    rows = [
        (name, record.status.name.lower(), format_expiry(record.expires_at), _limits(app, i))
        for i, name, record in found
    ]
    app.output.result(
        "custodes.constraints/1",
        {
            "head": app.ledger.constraints.get_head(),
            "constraints": [
                {
                    "name": name,
                    "id": i,
                    "status": record.status.name.lower(),
                    "expiresAt": record.expires_at,
                    "version": record.version,
                    "documentHash": record.document_hash,
                    "limits": _limit_values(app, i),
                }
                for i, name, record in found
            ],
        },
        format_table(("constraint", "status", "expires", "limits"), rows) if rows else ["no constraints"],
    )


def _show_one(app: App, constraint: ConstraintId) -> None:
    from governance.cli.tables import format_pairs
    from governance.encoding.documents import compute_document_hash
    from governance.encoding.errors import WrongHash
    from governance.ledger.wording import format_expiry

    record = app.ledger.constraints.get_constraint(constraint)
    data = _latest_document(app, constraint)
    if compute_document_hash(data) != record.document_hash:
        raise WrongHash("the document in the events is not the one in force")
    name = app.history.names.of_constraint(constraint)
    pairs: list[tuple[str, object]] = [
        ("status", record.status.name.lower()),
        ("expires", format_expiry(record.expires_at)),
        ("limits", _limits(app, constraint) or "none"),
        ("version", f"0x{record.version.hex()}"),
        ("document", f"0x{record.document_hash.hex()}"),
    ]
    app.output.result(
        "custodes.constraint-in-force/1",
        {
            "name": name,
            "id": constraint,
            "status": record.status.name.lower(),
            "expiresAt": record.expires_at,
            "version": record.version,
            "documentHash": record.document_hash,
            "limits": _limit_values(app, constraint),
            "text": data.decode("utf-8", "replace"),
        },
        [name, *format_pairs(pairs), "", data.decode("utf-8", "replace")],
    )


def _latest_document(app: App, constraint: ConstraintId) -> bytes:
    from governance.types.events.constraints import ConstraintAdded, ConstraintAmended

    found = b""
    for record in app.history.events:
        event = record.event
        if isinstance(event, ConstraintAdded | ConstraintAmended) and event.constraint_id == constraint:
            found = event.document
    return found


def _limit_values(app: App, constraint: ConstraintId) -> dict[str, dict[str, Any]]:
    from governance.encoding.names import read_short_name
    from governance.types.events.constraints import ParameterChanged

    found: dict[str, dict[str, Any]] = {}
    for record in app.history.events:
        event = record.event
        if isinstance(event, ParameterChanged) and event.constraint_id == constraint:
            found[read_short_name(event.key)] = {"direction": event.direction.name.lower(), "value": event.new_value}
    return found


def _limits(app: App, constraint: ConstraintId) -> str:
    sign = {"max": "<=", "min": ">="}
    return ", ".join(
        f"{key} {sign.get(limit['direction'], '?')} {limit['value']}"
        for key, limit in _limit_values(app, constraint).items()
    )
