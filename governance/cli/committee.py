"""custodes committee: which oracles hold the key, and how far they are in making it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from governance.cli.context import App, get_app
from governance.cli.errors import BadArgument
from governance.cli.proposing import Description, propose

if TYPE_CHECKING:
    from governance.types import DealingRecord, Epoch, OracleMember


NONE_IN_FORCE = "form one first: custodes committee form --help"


def form(
    ctx: typer.Context,
    oracle: Annotated[
        list[str],
        typer.Option("--oracle", help="ORGANISATION=ADDRESS, or =KEYFILE. Repeatable."),
    ],
    threshold: Annotated[int, typer.Option(help="How many oracles unlock together (t).")],
    slack: Annotated[int, typer.Option(help="How many more have to confirm that they hold their share.")] = 1,
    description: Description = "",
) -> None:
    """A proposal to form a committee (tier 4). Once executed, its oracles make a key that nobody holds."""
    from governance.types import ActionKind, FormCommittee

    app = get_app(ctx)
    action = FormCommittee(threshold, slack, tuple(_read_member(app, text) for text in oracle))
    propose(app, ActionKind.FORM_COMMITTEE, action, description)


def reshare(
    ctx: typer.Context,
    oracle: Annotated[
        list[str] | None,
        typer.Option(
            "--oracle", help="ORGANISATION=ADDRESS, or =KEYFILE. Repeatable. By default, the members in force."
        ),
    ] = None,
    threshold: Annotated[
        int | None, typer.Option(help="How many oracles unlock together (t). By default, as many as now.")
    ] = None,
    slack: Annotated[
        int | None, typer.Option(help="How many more have to confirm that they hold their share. By default, as now.")
    ] = None,
    description: Description = "",
) -> None:
    """A proposal to deal the key in force again (tier 4): to the same oracles (a refresh) or to others.

    The public key and what is sealed to it stay as they are. Once executed, the oracles of now deal, at least t of
    them; when the new shares are final, the old ones are erased, and useless.
    """
    from governance.types import ActionKind, FormCommittee, OracleMember

    app = get_app(ctx)
    current = app.ledger.committee.get_current_epoch()
    if not current:
        raise BadArgument("no committee key is in force: there is nothing to deal again", hint=NONE_IN_FORCE)
    term = app.ledger.committee.get_epoch(current)
    if oracle:
        members = tuple(_read_member(app, text) for text in oracle)
    else:
        listed = app.ledger.committee.get_members(current)
        members = tuple(OracleMember(member.organisation_id, member.oracle) for member in listed)
    action = FormCommittee(
        term.threshold if threshold is None else threshold,
        term.slack if slack is None else slack,
        members,
        current,
    )
    propose(app, ActionKind.FORM_COMMITTEE, action, description)


def status(ctx: typer.Context) -> None:
    """The committee in force, the one being made, each member's part in it, and open unlock requests."""
    from governance.cli.tables import format_table
    from governance.cli.times import tell_time

    app = get_app(ctx)
    latest = app.ledger.committee.get_latest_epoch()
    if not latest:
        app.output.result("custodes.committee/1", {"epoch": None, "inForce": None}, ["no committee was ever formed"])
        app.output.next("custodes committee form --help")
        return
    current, now = app.ledger.committee.get_current_epoch(), app.ledger.now()
    data = _epoch_json(app, latest)
    data |= {"inForce": current or None, "requests": _open_requests(app, now)}
    rows = [
        (
            member["index"],
            member["organisation"],
            member["oracle"],
            *("yes" if member[step] else "" for step in ("registered", "dealt", "acknowledged")),
        )
        for member in data["members"]
    ]
    lines = [
        f"epoch {latest}: {data['phase']}, {data['threshold']} of {data['size']} unlock together",
        *([f"  the phase ends {tell_time(data['phaseEndsAt'], now)}"] if data["isMaking"] else []),
        *([f"  the key in force is that of epoch {current}"] if current and current != latest else []),
        *([f"  it deals the key of epoch {data['predecessor']} again"] if data["predecessor"] else []),
        *format_table(("index", "organisation", "oracle", "registered", "dealt", "confirmed"), rows),
        *(f"dealer {dealer['index']} ({dealer['oracle']}): {dealer['says']}" for dealer in data["dealers"]),
    ]
    lines += [
        f"request {request['id'][:10]}… of {request['worker']}: {len(request['approvals'])} approvals, "
        f"{len(request['partials'])} of {data['threshold']} partials"
        + "".join(f"; {oracle} answered wrongly" for oracle in request["wrongPartials"])
        for request in data["requests"]
    ]
    app.output.result("custodes.committee/1", data, lines)


def _epoch_json(app: App, epoch: Epoch) -> dict[str, Any]:
    from governance.types import Phase

    committee = app.ledger.committee
    record, members, dealers = committee.get_epoch(epoch), committee.get_members(epoch), committee.get_dealers(epoch)
    dealings = {dealer.oracle: committee.get_dealing(epoch, place) for place, dealer in enumerate(dealers)}
    dealt = {oracle for oracle, dealing in dealings.items() if any(dealing.dealing_hash)}
    names = app.history.names
    return {
        "epoch": epoch,
        "phase": record.phase.name.lower().replace("_", " "),
        "isMaking": Phase.REGISTERING <= record.phase < Phase.IN_FORCE,
        "threshold": record.threshold,
        "slack": record.slack,
        "size": record.size,
        "phaseEndsAt": record.phase_ends_at,
        "keyHash": record.key_hash if any(record.key_hash) else None,
        "members": [
            {
                "index": member.index,
                "oracle": member.oracle,
                "organisation": names.organisations.get(member.organisation_id, "unknown"),
                "registered": any(member.transport_key_hash),
                "dealt": member.oracle in dealt,
                "acknowledged": any(member.verification_key_hash),
            }
            for member in members
        ],
        "predecessor": record.predecessor or None,
        "dealers": [
            {
                "index": dealer.index,
                "oracle": dealer.oracle,
                "qualifies": bool(record.qualified >> place & 1),
                "complaints": dealings[dealer.oracle].complainants.bit_count(),
                "disqualified": dealings[dealer.oracle].disqualified,
                "says": _say(dealings[dealer.oracle]),
            }
            for place, dealer in enumerate(dealers)
            if record.predecessor or dealings[dealer.oracle].complainants
        ],
    }


def _say(dealing: DealingRecord) -> str:
    """What became of a dealing, in a few words."""
    if not any(dealing.dealing_hash):
        return "has not dealt"
    if not dealing.complainants:
        return "has dealt"
    complaints = dealing.complainants.bit_count()
    told = f"{complaints} complaint{'s' if complaints > 1 else ''}"
    if dealing.disqualified:
        return f"disqualified after {told}"
    return f"{told}, {'answered' if dealing.answered else 'not answered yet'}"


def _open_requests(app: App, now: int) -> list[dict[str, Any]]:
    from governance.types.events.committee import PartialPosted, PartialRefused, UnlockApproved, UnlockRequested

    events = [record.event for record in app.history.events]
    requests = [event for event in events if isinstance(event, UnlockRequested) and event.expires_at >= now]
    approvals = [event for event in events if isinstance(event, UnlockApproved)]
    partials = [event for event in events if isinstance(event, PartialPosted)]
    refused = [event for event in events if isinstance(event, PartialRefused)]
    return [
        {
            "id": "0x" + request.request_id.hex(),
            "release": "0x" + request.release_id.hex(),
            "worker": request.worker,
            "epoch": request.epoch,
            "expiresAt": request.expires_at,
            "approvals": [event.index for event in approvals if event.request_id == request.request_id],
            "partials": [event.index for event in partials if event.request_id == request.request_id],
            "wrongPartials": sorted({event.oracle for event in refused if event.request_id == request.request_id}),
        }
        for request in requests
    ]


def _read_member(app: App, text: str) -> OracleMember:
    from governance.encoding.names import make_address
    from governance.types import OracleMember

    organisation, separator, account = text.rpartition("=")
    if not separator:
        raise BadArgument(f"{text!r} is not like 'Fides Institute=0x…'")
    address = make_address(account) if account.startswith("0x") else app.keystore.find(account).address
    return OracleMember(app.history.names.find_organisation(organisation), address)
