"""custodes brake: a few seats stop, at once; only many resume."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from governance.cli.context import App, get_app
from governance.cli.errors import BadArgument
from governance.cli.incident import find_report, hash_of, list_unanswered, parse_severity
from governance.cli.proposing import Description, propose

if TYPE_CHECKING:
    from governance.types import ScopeId


def pull(
    ctx: typer.Context,
    scope: Annotated[str, typer.Argument(help="A model (its whole lineage stops), or: everything.")],
    statement: Annotated[str, typer.Option("--because", help="What happened, in a sentence.")],
    report: Annotated[Path | None, typer.Option(help="The report: its hash is recorded. Else the sentence's.")] = None,
    severity: Annotated[str, typer.Option(help="low, medium, high or critical.")] = "high",
    incident: Annotated[int | None, typer.Option(min=1, help="Cite this report instead of making one.")] = None,
) -> None:
    """Your seat's pull counts. The k-th within the window, across two chambers, stops it at once."""
    from governance.types.events.brake import Pulled, Stopped

    app = get_app(ctx)
    level = parse_severity(severity)
    if incident is not None and report is not None:
        raise BadArgument("--report FILE makes a report, --incident N cites one: give one of them")
    target = app.history.names.find_scope(scope)
    where = app.history.names.of_scope(target)
    _, parameters = app.ledger.council.get_parameters()
    _, already, chambers = app.ledger.brake.get_pending_pulls(target)
    if incident is None:
        call = app.ledger.brake.pull(target, hash_of(report, statement), level, statement)
    else:
        call = app.ledger.brake.pull_citing(target, find_report(app, incident), statement)
    words = [
        f"pull the brake on {where}",
        f"  because    {statement}",
        f"  pulls now  {already} from {chambers} chambers; {parameters.pull_seats} from two chambers stop it",
    ]
    receipt = app.act(call, words)
    if receipt is None:
        app.output.result("custodes.pull/1", {"scope": target, "sent": False}, [])
        return
    pulled = receipt.find(Pulled)
    stops = [record.event for record in receipt.events if isinstance(record.event, Stopped)]
    stop = stops[0].stop_id if stops else None
    app.output.result(
        "custodes.pull/1",
        {
            "scope": target,
            "where": where,
            "sent": True,
            "pulls": pulled.seats,
            "chambers": pulled.chambers,
            "needed": parameters.pull_seats,
            "stop": stop,
            "report": stops[0].report_id if stops else incident,
            "transaction": receipt.transaction,
        },
        [
            f"stop {stop}: {where} is stopped"
            if stop
            else f"pulled: {pulled.seats} of {parameters.pull_seats} seats, {pulled.chambers} of 2 chambers"
        ],
    )
    app.output.next(f"custodes brake confirm {stop}" if stop else "custodes brake status")


def status(ctx: typer.Context) -> None:
    """What stands still, since when, until when, and which pulls are pending."""
    from governance.cli.tables import format_table
    from governance.cli.times import tell_time

    app = get_app(ctx)
    names, now = app.history.names, app.ledger.now()
    stops = app.ledger.brake.get_stops()
    answered = {number: record.answers for number, record in app.ledger.brake.get_incidents().items()}
    open_reports = list_unanswered(app)
    pending = [(scope, *app.ledger.brake.get_pending_pulls(scope)) for scope in _scopes(app)]
    rows = [
        (
            stop,
            names.of_scope(record.scope),
            record.status.name.lower(),
            tell_time(record.pulled_at, now),
            tell_time(record.lapses_at, now) if record.status.name == "STANDING" else "",
            record.report_id,
            "yes" if answered[record.report_id] > record.answers_before else "not yet",
        )
        for stop, record in stops.items()
    ]
    lines = (
        list(format_table(("stop", "what", "status", "since", "can lapse", "report", "answered"), rows))
        if rows
        else ["nothing was ever stopped"]
    )
    for scope, _, count, chambers in pending:
        if count:
            lines.append(f"pending on {names.of_scope(scope)}: {count} pulls from {chambers} chambers")
    for found in open_reports:
        lines.append(f"report {found['report']} on {found['about']} ({found['severity']}) is not answered")
    app.output.result(
        "custodes.brake/1",
        {
            "stops": [
                {
                    "stop": stop,
                    "scope": record.scope,
                    "where": names.of_scope(record.scope),
                    "status": record.status.name.lower(),
                    "pulledAt": record.pulled_at,
                    "lapsesAt": record.lapses_at,
                    "severity": record.severity,
                    "reportHash": record.report_hash,
                    "report": record.report_id,
                    "answered": answered[record.report_id] > record.answers_before,
                }
                for stop, record in stops.items()
            ],
            "pending": [
                {"scope": scope, "where": names.of_scope(scope), "pulls": count, "chambers": chambers}
                for scope, _, count, chambers in pending
                if count
            ],
            "unanswered": open_reports,
        },
        lines,
    )


def confirm(
    ctx: typer.Context, stop: Annotated[int, typer.Argument(help="The stop's id.")], description: Description = ""
) -> None:
    """A proposal that confirms a stop (tier 1), so that it never lapses."""
    from governance.types import ActionKind, ConfirmStop, StopId

    propose(get_app(ctx), ActionKind.CONFIRM_STOP, ConfirmStop(StopId(stop)), description)


def resume(
    ctx: typer.Context,
    stops: Annotated[list[int], typer.Argument(help="The exact stops to lift; others stand.")],
    description: Description = "",
) -> None:
    """A proposal that lifts stops (tier 3). What they had stopped runs again once it is executed."""
    from governance.types import ActionKind, Resume, StopId

    propose(get_app(ctx), ActionKind.RESUME, Resume(tuple(StopId(stop) for stop in stops)), description)


def lapse(ctx: typer.Context, stop: Annotated[int, typer.Argument(help="The stop's id.")]) -> None:
    """A stop that nobody confirmed in its term ends. It revives nothing: new releases have to be voted."""
    from governance.types import StopId

    app = get_app(ctx)
    receipt = app.act(app.ledger.brake.lapse(StopId(stop)), [f"let stop {stop} lapse"])
    data: dict[str, Any] = {"stop": stop, "sent": receipt is not None}
    app.output.result("custodes.lapse/1", data, [f"stop {stop} has lapsed"] if receipt is not None else [])


def _scopes(app: App) -> list[ScopeId]:
    from governance.types.events.brake import ScopeOpened

    return [record.event.scope for record in app.history.events if isinstance(record.event, ScopeOpened)]
