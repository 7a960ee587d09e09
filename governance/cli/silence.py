"""custodes seat: silence, its challenge and what it leads to; and labels, which a vote gives."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from governance.cli.context import get_app
from governance.cli.errors import BadArgument
from governance.cli.files import read_bytes, read_text
from governance.cli.proposing import Description, propose
from governance.cli.seat import Seat, read_chamber_names, read_grant

if TYPE_CHECKING:
    from governance.types import Parameters, SilenceRecord


def challenge(ctx: typer.Context, seat: Seat) -> None:
    """The silence of another seat is counted from now; once it has lasted for the dormancy, the seat is challenged."""
    from governance.cli.times import tell_time
    from governance.types.events.seats import SeatChallenged, SilenceCounted

    app = get_app(ctx)
    number = app.history.names.find_seat(seat)
    who = app.history.names.of_seat(number)
    silence = app.ledger.seats.get_silence(number)
    if silence.since:
        call = app.ledger.seats.challenge(number)
        words = [f"challenge {who}, which has not been heard since it is counted", "  whatever it does ends it"]
    else:
        call = app.ledger.seats.count_silence(number)
        words = [f"count the silence of {who} from now on", "  whatever it does ends the count"]
    receipt = app.act(call, words)
    data: dict[str, Any] = {"seat": number, "organisation": who, "sent": receipt is not None}
    lines: list[str] = []
    if receipt is not None:
        now = app.ledger.now()
        if silence.since:
            until = receipt.find(SeatChallenged).answer_by
            data |= {"step": "challenged", "answerBy": until}
            lines = [f"{who} is challenged: it can be replaced if nothing is heard until {tell_time(until, now)}"]
        else:
            at = receipt.find(SilenceCounted).challengeable_at
            data |= {"step": "counted", "challengeableAt": at}
            lines = [f"the silence of {who} is counted: it can be challenged at {tell_time(at, now)}"]
    app.output.result("custodes.challenge/1", data, lines)
    app.output.next(f"custodes seat show {number}")


def answer(
    ctx: typer.Context,
    seat: Annotated[
        str | None, typer.Argument(metavar="SEAT", help="By default, the one that your key votes for.")
    ] = None,
) -> None:
    """Your seat is there: nobody counts its silence any more. By its voting key or its recovery key."""
    app = get_app(ctx)
    if seat is None:
        from governance.cli.inbox import get_own_seat

        number = get_own_seat(app)
    else:
        number = app.history.names.find_seat(seat)
    who = app.history.names.of_seat(number)
    receipt = app.act(app.ledger.seats.answer(number), [f"say that {who} is there"])
    data = {"seat": number, "organisation": who, "sent": receipt is not None}
    app.output.result("custodes.answer/1", data, [f"{who} is heard"] if receipt is not None else [])


def replace(
    ctx: typer.Context,
    seat: Seat,
    file: Annotated[Path, typer.Argument(help="JSON: {organisation, jurisdiction, votingKey, recoveryKey, ...}.")],
    description: Description = "",
) -> None:
    """A proposal that puts another organisation into the place of a seat that stayed silent through its challenge."""
    from governance.types import ActionKind, ReplaceSeat

    app = get_app(ctx)
    number = app.history.names.find_seat(seat)
    chambers = read_chamber_names(app)
    try:
        wanted = {"chamber": chambers[app.ledger.seats.get_seat(number).chamber], **json.loads(read_text(file))}
        grant = read_grant(wanted, chambers)
    except (ValueError, KeyError, TypeError, AttributeError) as e:
        raise BadArgument(f"{file} is no grant of a seat: {e}") from e
    propose(app, ActionKind.REPLACE_SEAT, ReplaceSeat(number, grant), description)


def reclassify(
    ctx: typer.Context,
    seat: Seat,
    evidence: Annotated[Path, typer.Option(help="What the labels rest on: its hash is recorded.")],
    jurisdiction: Annotated[str | None, typer.Option(help="Two letters (ISO 3166-1). By default, as it is.")] = None,
    affiliation: Annotated[str | None, typer.Option(help="The group that controls it. By default, as it is.")] = None,
    framework: Annotated[str | None, typer.Option(help="The ethical framework. By default, as it is.")] = None,
    description: Description = "",
) -> None:
    """A proposal that says anew what a seat is (tier 4). A breach of independence suspends the later seat."""
    from governance.encoding.keccak import keccak256
    from governance.encoding.names import compute_affiliation, make_jurisdiction, make_short_name
    from governance.types import ActionKind, Hash32, Reclassify

    app = get_app(ctx)
    number = app.history.names.find_seat(seat)
    if jurisdiction is None and affiliation is None and framework is None:
        raise BadArgument("say what changes: --jurisdiction, --affiliation or --framework")
    record = app.ledger.seats.get_seat(number)
    action = Reclassify(
        seat=number,
        jurisdiction=record.jurisdiction if jurisdiction is None else make_jurisdiction(jurisdiction),
        affiliation=record.affiliation if affiliation is None else compute_affiliation(affiliation),
        framework=record.framework if framework is None else make_short_name(framework),
        evidence_hash=Hash32(keccak256(read_bytes(evidence))),
    )
    propose(app, ActionKind.RECLASSIFY, action, description)


def tell_silence(silence: SilenceRecord, parameters: Parameters, now: int) -> dict[str, Any] | None:
    """What a seat's silence means at that time of the chain; None if nobody counts it."""
    from governance.cli.times import tell_time

    if not silence.since:
        return None
    challengeable_at = silence.since + parameters.dormancy
    if silence.answer_by and silence.answer_by <= now:
        step, means = "dormant", "a vote of those who are awake can replace it, until it does anything at all"
    elif silence.answer_by:
        step = "challenged"
        means = f"if nothing is heard of it until {tell_time(silence.answer_by, now)}, others can replace it"
    elif challengeable_at <= now:
        step, means = "silent", "any seat can challenge it now, unless it does anything at all"
    else:
        step, means = "counted", f"it can be challenged at {tell_time(challengeable_at, now)}"
    return {
        "step": step,
        "since": silence.since,
        "challengeableAt": challengeable_at,
        "answerBy": silence.answer_by or None,
        "means": means,
    }
