"""custodes incident: what was seen, and what was answered. No stop is lifted before its report is answered."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from governance.cli.context import App, get_app
from governance.cli.errors import BadArgument
from governance.cli.files import read_bytes

if TYPE_CHECKING:
    from governance.types import Hash32, IncidentRecord, ReportId
    from governance.types.events.brake import IncidentAnswered

SEVERITIES = {"low": 1, "medium": 2, "high": 3, "critical": 4}
Report = Annotated[int, typer.Argument(metavar="REPORT", min=1, help="The report's id.")]


def report(
    ctx: typer.Context,
    subject: Annotated[str, typer.Argument(help="A model, a release (release:4), or: everything.")],
    statement: Annotated[str, typer.Option("--because", help="What happened, in a sentence.")],
    evidence: Annotated[
        Path | None, typer.Option(help="What shows it: its hash is recorded. Else the sentence's.")
    ] = None,
    severity: Annotated[str, typer.Option(help="low, medium, high or critical.")] = "high",
) -> None:
    """Misuse is on the record: by a seat, or by a worker about the release that names it. It stops nothing yet."""
    from governance.types.events.brake import IncidentReported

    app = get_app(ctx)
    about = app.history.names.find_subject(subject)
    what = app.history.names.of_subject(about)
    level = parse_severity(severity)
    digest = hash_of(evidence, statement)
    call = app.ledger.brake.report_incident(about, digest, level, statement)
    receipt = app.act(call, [f"report on {what}", f"  because    {statement}", f"  evidence   0x{digest.hex()}"])
    made = receipt.find(IncidentReported) if receipt is not None else None
    data = {
        "sent": made is not None,
        "report": made.report_id if made is not None else None,
        "about": what,
        "severity": level,
        "evidenceHash": digest,
        "transaction": receipt.transaction if receipt is not None else None,
    }
    app.output.result(
        "custodes.reported/1", data, [f"report {made.report_id}: {what}, {severity}"] if made is not None else []
    )
    if made is not None:
        app.output.next(
            f"custodes brake pull {_scope_name(app, made.scope)} --incident {made.report_id} --because '...'"
        )


def respond(
    ctx: typer.Context,
    report: Report,
    statement: Annotated[str, typer.Option("--because", help="What is answered, in a sentence.")],
    response: Annotated[
        Path | None, typer.Option(help="The answer: its hash is recorded. Else the sentence's.")
    ] = None,
) -> None:
    """An answer on the record: by a seat, the model's registrar or the release's worker. A resume waits for one."""
    app = get_app(ctx)
    number = find_report(app, report)
    digest = hash_of(response, statement)
    words = [f"answer report {report}", f"  saying     {statement}", f"  answer     0x{digest.hex()}"]
    receipt = app.act(app.ledger.brake.respond(number, digest, statement), words)
    data = {
        "sent": receipt is not None,
        "report": report,
        "responseHash": digest,
        "transaction": receipt.transaction if receipt is not None else None,
    }
    app.output.result("custodes.answered/1", data, [f"report {report} is answered"] if receipt is not None else [])
    app.output.next(f"custodes incident show {report}")


def show(ctx: typer.Context, report: Report) -> None:
    """One report: who saw what, every answer, and the stops that rest on it."""
    from governance.cli.tables import format_pairs
    from governance.cli.times import tell_time

    app = get_app(ctx)
    number = find_report(app, report)
    record, now = app.ledger.brake.get_incident(number), app.ledger.now()
    data = report_json(app, number, record)
    answers = _answers(app, number)
    stops = [stop for stop, made in app.ledger.brake.get_stops().items() if made.report_id == number]
    data["answers"] = [
        {"by": app.history.names.of_account(a.respondent), "statement": a.statement, "responseHash": a.response_hash}
        for a in answers
    ]
    data["stops"] = stops
    pairs = [
        ("about", data["about"]),
        ("severity", data["severity"]),
        ("by", data["by"]),
        ("since", tell_time(record.reported_at, now)),
        ("saying", data["statement"]),
        ("evidence", f"0x{record.evidence_hash.hex()}"),
        *[("answer", f"{app.history.names.of_account(a.respondent)}: {a.statement}") for a in answers],
        ("stops", ", ".join(map(str, stops)) or "none rests on it"),
    ]
    app.output.result("custodes.incident/1", data, [f"report {report}", *format_pairs(pairs)])
    if not answers:
        app.output.next(f"custodes incident respond {report} --because '...'")


def list_(ctx: typer.Context) -> None:
    """Every report, with its severity and whether it was answered."""
    from governance.cli.tables import format_table

    app = get_app(ctx)
    found = [report_json(app, number, record) for number, record in app.ledger.brake.get_incidents().items()]
    rows = [(r["report"], r["about"], r["severity"], r["by"], r["answered"] or "not yet") for r in found]
    headers = ("report", "about", "severity", "by", "answers")
    lines = list(format_table(headers, rows)) if rows else ["nothing was ever reported"]
    app.output.result("custodes.incidents/1", {"incidents": found}, lines)


# --- shared with brake and inbox


def parse_severity(text: str) -> int:
    """Raises: BadArgument."""
    if text not in SEVERITIES:
        raise BadArgument(f"{text!r} is no severity: {', '.join(SEVERITIES)}")
    return SEVERITIES[text]


def hash_of(file: Path | None, statement: str) -> Hash32:
    """The keccak256 of the file, or of the sentence where there is none. Raises: BadArgument."""
    from governance.encoding.keccak import keccak256
    from governance.types import Hash32

    return Hash32(keccak256(read_bytes(file) if file is not None else statement.encode()))


def find_report(app: App, report: int) -> ReportId:
    """Raises: UnknownName."""
    from governance.ledger.errors import UnknownName
    from governance.types import ReportId

    if report not in app.history.names.reports:
        raise UnknownName(f"there is no report {report}", hint="custodes incident list shows them")
    return ReportId(report)


def list_unanswered(app: App) -> list[dict[str, Any]]:
    """The reports that nobody answered yet, oldest first."""
    return [
        report_json(app, number, record)
        for number, record in app.ledger.brake.get_incidents().items()
        if not record.answers
    ]


def report_json(app: App, number: ReportId, record: IncidentRecord) -> dict[str, Any]:
    names = app.history.names
    return {
        "report": number,
        "about": names.of_subject(record.subject),
        "subject": record.subject,
        "scope": record.scope,
        "severity": next(word for word, level in SEVERITIES.items() if level == record.severity),
        "by": names.of_account(record.reporter),
        "reportedAt": record.reported_at,
        "evidenceHash": record.evidence_hash,
        "statement": names.reports[number].statement,
        "answered": record.answers,
    }


def _answers(app: App, number: ReportId) -> list[IncidentAnswered]:
    from governance.types.events.brake import IncidentAnswered

    found = [record.event for record in app.history.events if isinstance(record.event, IncidentAnswered)]
    return [answer for answer in found if answer.report_id == number]


def _scope_name(app: App, scope: bytes) -> str:
    from governance.types import EVERYTHING, ModelId

    return "everything" if scope == EVERYTHING else app.history.names.of_model(ModelId(scope))
