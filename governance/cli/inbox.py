"""custodes inbox: what awaits my seat, until when, and what my silence means."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from governance.cli.context import App, get_app
from governance.cli.incident import list_unanswered

if TYPE_CHECKING:
    from governance.ledger.history import ProposalEntry
    from governance.types import QuorumState, SeatNumber


def inbox(
    ctx: typer.Context,
    ics: Annotated[Path | None, typer.Option(help="Write the deadlines as a calendar file, too.")] = None,
) -> None:
    """Open proposals: deadline, your ballot, what silence means, what you can still stop; unanswered reports; whether
    others count your seat's silence."""
    from governance.cli.times import tell_local_time, tell_time

    app = get_app(ctx)
    seat = get_own_seat(app)
    now = app.ledger.now()
    items = [_item(app, entry, quorum, seat) for entry, quorum in _open(app)]
    lines: list[str] = []
    for item in items:
        extended = ", extended by a late ballot" if item["extended"] else ""
        lines += [
            f"proposal {item['proposal']}: {item['what']}",
            f"  closes    {tell_time(item['closesAt'], now)}; {tell_local_time(item['closesAt'])}{extended}",
            f"  my ballot {item['ballot']}",
            *(f"  until     {tell_time(item['eta'], now)} I may {deed}" for deed in item["may"]),
            f"  silence   {item['silence']}",
        ]
    incidents = list_unanswered(app)
    for found in incidents:
        lines.append(f"report {found['report']} on {found['about']} ({found['severity']}): {found['statement']!r}")
        lines.append("  silence   it stays unanswered, and no stop that rests on it is lifted")
    challenged = _challenged(app, seat, now)
    if challenged is not None:
        lines = [
            f"my seat is {challenged['step']}: others count its silence",
            f"  silence   {challenged['means']}",
            *lines,
        ]
    data = {"seat": seat, "time": now, "items": items, "incidents": incidents, "challenged": challenged}
    app.output.result("custodes.inbox/1", data, lines or ["nothing awaits you"])
    if ics is not None:
        ics.write_text(_calendar(app, items))
        app.output.note(f"wrote {ics}")
    waiting = [item for item in items if item["ballot"] == "none" and item["state"] == "active"]
    if waiting:
        app.output.next(f"custodes vote {waiting[0]['proposal']} for|against|abstain")
    elif challenged is not None:
        app.output.next("custodes seat answer")
    elif incidents:
        app.output.next(f"custodes incident show {incidents[0]['report']}")


def _challenged(app: App, seat: SeatNumber, now: int) -> dict[str, Any] | None:
    """What somebody makes of my seat's silence. A ballot ends it as well as an answer."""
    from governance.cli.silence import tell_silence

    _, parameters = app.ledger.council.get_parameters()
    return tell_silence(app.ledger.seats.get_silence(seat), parameters, now)


def get_own_seat(app: App) -> SeatNumber:
    """The seat that the chosen key votes for. Raises: LedgerRefused."""
    from governance.ledger.errors import LedgerRefused
    from governance.types import Standing

    file = app.key_file
    seat, standing = app.ledger.seats.get_seat_of(file.address)
    if standing is Standing.NONE:
        raise LedgerRefused(f"{file.name} ({file.address}) votes for no seat", error="NotLiveSeat", rule="R-Council-01")
    return seat


def _open(app: App) -> list[tuple[ProposalEntry, QuorumState]]:
    from governance.types import ProposalState

    entries = app.history.proposals
    quorums = app.ledger.council.get_quorums([entry.id for entry in entries]) if entries else []
    found = zip(entries, quorums, strict=True)
    return [(e, q) for e, q in found if q.state is ProposalState.ACTIVE or (_may(e, q) and q.eta > app.ledger.now())]


def _may(entry: ProposalEntry, quorum: QuorumState) -> list[str]:
    """What a seat can do beside voting: nothing where that is over."""
    from governance.spec.tiers import is_vetoable
    from governance.types import ActionKind, ProposalState

    if quorum.state not in (ProposalState.ACTIVE, ProposalState.QUEUED):
        return []
    objectable = entry.kind is ActionKind.AMEND_TIGHTER and quorum.round == 1
    return ["veto"] * is_vetoable(entry.kind, quorum.tier) + ["object"] * objectable


def _item(app: App, entry: ProposalEntry, quorum: QuorumState, seat: SeatNumber) -> dict[str, Any]:
    from governance.ledger.wording import WAYS, describe_action

    mine = entry.current_ballots(quorum.round).get(seat)
    return {
        "proposal": entry.number,
        "id": f"0x{entry.id:064x}",
        "what": describe_action(entry.kind, entry.action, app.history.names),
        "way": WAYS[entry.kind],
        "tier": quorum.tier,
        "closesAt": quorum.closes_at,
        "eta": quorum.eta,
        "state": quorum.state.name.lower(),
        "extended": entry.is_extended(quorum),
        "may": _may(entry, quorum),
        "ballot": mine.support.name.lower() if mine is not None else "none",
        "passing": quorum.passing,
        "silence": _silence(quorum),
    }


def _silence(quorum: QuorumState) -> str:
    from governance.types import ProposalState

    if quorum.state is ProposalState.QUEUED:
        return "lets it be carried out when its timelock ends"
    return "it passes without you, unless ballots change" if quorum.passing else "counts as no: it fails as it stands"


def _calendar(app: App, items: list[dict[str, Any]]) -> str:
    """RFC 5545: one event a deadline, at the chain's time."""
    from datetime import UTC, datetime

    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//custodes//inbox//EN"]
    for item in items:
        at = datetime.fromtimestamp(item["closesAt"], UTC).strftime("%Y%m%dT%H%M%SZ")
        summary = f"Vote closes: proposal {item['proposal']}, {item['what']}"
        escaped = summary.replace("\\", "\\\\").replace(",", "\\,").replace(";", "\\;").replace("\n", " ")
        lines += [
            "BEGIN:VEVENT",
            f"UID:{item['id']}@{app.deployment.charter_hash.hex()[:16]}",
            f"DTSTAMP:{at}",
            f"DTSTART:{at}",
            f"SUMMARY:{escaped}",
            "END:VEVENT",
        ]
    return "\r\n".join([*lines, "END:VCALENDAR"]) + "\r\n"
