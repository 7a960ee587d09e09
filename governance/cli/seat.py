"""custodes seat: who sits where, and the keys that vote."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from governance.cli.context import App, get_app
from governance.cli.errors import BadArgument
from governance.cli.files import read_bytes, read_text
from governance.cli.proposing import Description, propose

if TYPE_CHECKING:
    from governance.types import SeatGrant, SeatNumber, SeatRecord

Seat = Annotated[str, typer.Argument(metavar="SEAT", help="A seat's number, or its organisation.")]


def list_(ctx: typer.Context) -> None:
    """Every seat: its organisation, chamber, jurisdiction, framework, standing and voting key."""
    from governance.cli.tables import format_table

    app = get_app(ctx)
    found = _read_seats(app)
    chambers = read_chamber_names(app)
    rows = [
        (
            number,
            app.history.names.of_seat(number),
            chambers[seat.chamber],
            seat.jurisdiction.decode("ascii", "replace"),
            _framework(seat),
            seat.standing.name.lower(),
            seat.voting_key,
        )
        for number, seat in found
    ]
    headers = ("seat", "organisation", "chamber", "where", "framework", "standing", "voting key")
    app.output.result(
        "custodes.seats/1",
        {"seats": [_seat_json(app, number, seat, chambers) for number, seat in found]},
        format_table(headers, rows),
    )


def show(ctx: typer.Context, seat: Seat) -> None:
    """One seat: what it was said to be and when, its keys, a rotation that is under way, and its silence."""
    from governance.cli.silence import tell_silence
    from governance.cli.tables import format_pairs
    from governance.cli.times import tell_time
    from governance.types import Standing

    app = get_app(ctx)
    number = app.history.names.find_seat(seat)
    record = app.ledger.seats.get_seat(number)
    rotation = app.ledger.seats.get_rotation(number)
    chambers = read_chamber_names(app)
    pairs: list[tuple[str, object]] = [
        ("chamber", chambers[record.chamber]),
        ("jurisdiction", record.jurisdiction.decode("ascii", "replace")),
        ("framework", _framework(record) or "none declared"),
        ("standing", record.standing.name.lower()),
        ("voting key", record.voting_key),
        ("recovery key", record.recovery_key),
    ]
    if rotation.ready_at:
        pairs.append(("rotation", f"to {rotation.new_key}, ready {tell_time(rotation.ready_at, app.ledger.now())}"))
    data = _seat_json(app, number, record, chambers)
    data["rotation"] = {"newKey": rotation.new_key, "readyAt": rotation.ready_at} if rotation.ready_at else None
    _, parameters = app.ledger.council.get_parameters()
    data["silence"] = tell_silence(app.ledger.seats.get_silence(number), parameters, app.ledger.now())
    if record.standing is Standing.LIVE and data["silence"] is not None:
        pairs.append(("silence", f"{data['silence']['step']}: {data['silence']['means']}"))
    data["labels"] = _read_labels(app, number)
    pairs += [("labels", _tell_labels(said)) for said in data["labels"]]
    app.output.result(
        "custodes.seat/1", data, [f"seat {number}: {app.history.names.of_seat(number)}", *format_pairs(pairs)]
    )


def rotate(
    ctx: typer.Context,
    seat: Seat,
    new_key: Annotated[str | None, typer.Option("--to", help="The new voting key: one of your key files.")] = None,
    recover: Annotated[bool, typer.Option(help="--key is the recovery key: the change is immediate.")] = False,
    complete: Annotated[bool, typer.Option(help="Finish a rotation whose delay has passed.")] = False,
    cancel: Annotated[bool, typer.Option(help="End a pending rotation, by the recovery key.")] = False,
    recovery_key: Annotated[
        bool, typer.Option(help="--to takes the place of the recovery key, which is --key.")
    ] = False,
) -> None:
    """The seat votes with another key: after the rotation delay, or at once by its recovery key."""
    app = get_app(ctx)
    number = app.history.names.find_seat(seat)
    organisation = app.history.names.of_seat(number)
    if sum((new_key is not None, complete, cancel)) != 1:
        raise BadArgument("say one of --to KEY, --complete or --cancel")
    if recovery_key and (new_key is None or recover):
        raise BadArgument("--recovery-key goes with --to KEY alone")
    if recovery_key and new_key is not None:
        call, words = _replace_recovery_key(app, number, organisation, new_key)
    elif new_key is not None:
        call, words = _begin_rotation(app, number, organisation, new_key, recover=recover)
    elif complete:
        call, words = app.ledger.seats.complete_rotation(number), f"finish the rotation of {organisation}"
    else:
        call, words = app.ledger.seats.cancel_rotation(number), f"cancel the rotation of {organisation}"
    receipt = app.act(call, [words])
    app.output.result(
        "custodes.rotation/1",
        {
            "seat": number,
            "organisation": organisation,
            "sent": receipt is not None,
            "transaction": receipt.transaction if receipt is not None else None,
        },
        [words] if receipt is not None else [],
    )
    app.output.next(f"custodes seat show {number}")


def suspend(
    ctx: typer.Context,
    seat: Seat,
    evidence: Annotated[Path, typer.Option(help="What it rests on: its hash is recorded.")],
    description: Description = "",
) -> None:
    """A proposal that takes a seat's vote away (tier 1). It comes back only by a new grant."""
    from governance.encoding.keccak import keccak256
    from governance.types import ActionKind, Hash32, SuspendSeat

    app = get_app(ctx)
    action = SuspendSeat(app.history.names.find_seat(seat), Hash32(keccak256(read_bytes(evidence))))
    propose(app, ActionKind.SUSPEND_SEAT, action, description)


def change(
    ctx: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(
            help="JSON: {removals: [seat...], grants: [{organisation, chamber, ...}]}; key: eoa or erc1271."
        ),
    ],
    description: Description = "",
) -> None:
    """A proposal that removes and grants seats in one batch (tier 4), judged on the set that results."""
    from governance.types import ActionKind, ChangeSeats

    app = get_app(ctx)
    try:
        wanted = json.loads(read_text(file))
        removals = tuple(app.history.names.find_seat(str(seat)) for seat in wanted.get("removals", []))
        grants = tuple(read_grant(grant, read_chamber_names(app)) for grant in wanted.get("grants", []))
    except (ValueError, KeyError, TypeError, AttributeError) as e:
        raise BadArgument(f"{file} is no batch of seat changes: {e}") from e
    propose(app, ActionKind.CHANGE_SEATS, ChangeSeats(removals, grants), description)


def _begin_rotation(app: App, number: SeatNumber, organisation: str, new_key: str, *, recover: bool) -> tuple[Any, str]:
    from governance.encoding.signatures import Rotation, make_rotation_typed_data

    file = app.keystore.find(new_key)
    old = app.ledger.seats.get_seat(number).voting_key
    # The new key signs that it exists and agrees: a mistyped address could never vote.
    typed = make_rotation_typed_data(app.ledger.seats.domain(app.ledger.chain_id), Rotation(number, old, file.address))
    possession = app.open_key(file).sign_typed_data(typed)
    if recover:
        return (
            app.ledger.seats.recover_key(number, file.address, possession),
            f"{organisation} votes with {file.name} ({file.address}) from now on",
        )
    return (
        app.ledger.seats.start_rotation(file.address, possession),
        f"{organisation} will vote with {file.name} ({file.address}) after the rotation delay",
    )


def _replace_recovery_key(app: App, number: SeatNumber, organisation: str, new_key: str) -> tuple[Any, str]:
    from governance.encoding.signatures import RecoveryRotation, make_rotation_typed_data

    file = app.keystore.find(new_key)
    old = app.ledger.seats.get_seat(number).recovery_key
    rotation = RecoveryRotation(number, old, file.address)
    typed = make_rotation_typed_data(app.ledger.seats.domain(app.ledger.chain_id), rotation)
    call = app.ledger.seats.rotate_recovery_key(number, file.address, app.open_key(file).sign_typed_data(typed))
    return call, f"the recovery key of {organisation} is {file.name} ({file.address}) from now on"


def _read_labels(app: App, number: SeatNumber) -> list[dict[str, Any]]:
    """What the seat's holder was said to be, since it was granted, oldest first."""
    from governance.encoding.names import read_short_name
    from governance.ledger.events import get_block_times
    from governance.types.events.seats import SeatGranted, SeatReclassified

    said = [
        (record.block, record.event)
        for record in app.history.events
        if isinstance(record.event, SeatGranted | SeatReclassified) and record.event.seat == number
    ]
    granted = max(at for at, (_, event) in enumerate(said) if isinstance(event, SeatGranted))
    times = get_block_times(app.rpc, [block for block, _ in said])
    return [
        {
            "since": times[block],
            "jurisdiction": event.jurisdiction.decode("ascii", "replace"),
            "affiliation": f"0x{event.affiliation.hex()}",
            "framework": read_short_name(event.framework),
            "evidenceHash": f"0x{event.evidence_hash.hex()}",
        }
        for block, event in said[granted:]
    ]


def _tell_labels(said: dict[str, Any]) -> str:
    from governance.ledger.wording import format_time

    framework = f", {said['framework']}" if said["framework"] else ""
    evidence = "no evidence" if not int(said["evidenceHash"], 16) else f"evidence {said['evidenceHash'][:10]}…"
    where = f"{said['jurisdiction']}, group {said['affiliation'][:10]}…{framework}"
    return f"{where}; {evidence}; since {format_time(said['since'])}"


def read_grant(grant: Any, chambers: list[str]) -> SeatGrant:
    """The grant that this JSON says. Raises: KeyError, ValueError, TypeError, NotEncodable."""
    from governance.encoding.keccak import keccak256
    from governance.encoding.names import compute_affiliation, make_address, make_jurisdiction, make_short_name
    from governance.types import ChamberNumber, Hash32, KeyKind, SeatGrant

    return SeatGrant(
        organisation=str(grant["organisation"]),
        chamber=ChamberNumber(chambers.index(grant["chamber"])),
        jurisdiction=make_jurisdiction(grant["jurisdiction"]),
        affiliation=compute_affiliation(grant.get("affiliation") or grant["organisation"]),
        framework=make_short_name(grant.get("framework", "")),
        kind=KeyKind[str(grant.get("key", "eoa")).upper()],
        voting_key=make_address(grant["votingKey"]),
        recovery_key=make_address(grant["recoveryKey"]),
        evidence_hash=Hash32(keccak256(str(grant["evidence"]).encode()))
        if grant.get("evidence")
        else Hash32(bytes(32)),
    )


def _read_seats(app: App) -> list[tuple[SeatNumber, SeatRecord]]:
    numbers = sorted(app.history.names.seats)
    return list(zip(numbers, app.ledger.seats.get_seats(numbers), strict=True))


def _seat_json(app: App, number: SeatNumber, seat: SeatRecord, chambers: list[str]) -> dict[str, Any]:
    return {
        "seat": number,
        "organisation": app.history.names.of_seat(number),
        "chamber": chambers[seat.chamber],
        "jurisdiction": seat.jurisdiction.decode("ascii", "replace"),
        "framework": _framework(seat),
        "standing": seat.standing.name.lower(),
        "votingKey": seat.voting_key,
        "key": seat.kind.name.lower(),
        "recoveryKey": seat.recovery_key,
        "grantedAt": seat.granted_at,
    }


def _framework(seat: SeatRecord) -> str:
    from governance.encoding.names import read_short_name

    return read_short_name(seat.framework)


def read_chamber_names(app: App) -> list[str]:
    """By number."""
    from governance.encoding.names import read_short_name

    return [read_short_name(name) for name in app.ledger.seats.get_chambers()]
