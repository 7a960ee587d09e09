"""custodes proposal: what was put to vote, how it stands, and its end."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from governance.cli.context import App, get_app
from governance.cli.errors import BadArgument
from governance.cli.files import read_bytes

if TYPE_CHECKING:
    from governance.ledger.history import ProposalEntry
    from governance.types import QuorumState

Proposal = Annotated[str, typer.Argument(metavar="ID", help="The proposal's number, or its id.")]


def list_(
    ctx: typer.Context,
    state: Annotated[str | None, typer.Option(help="Only those: active, queued, succeeded, executed, ...")] = None,
) -> None:
    """Every proposal with its state, oldest first."""
    from governance.cli.tables import format_table
    from governance.ledger.wording import describe_action
    from governance.types import ProposalState

    app = get_app(ctx)
    if state is not None and state.upper() not in ProposalState.__members__:
        raise BadArgument(f"{state!r} is no state: {', '.join(s.name.lower() for s in ProposalState)}")
    entries = app.history.proposals
    quorums = app.ledger.council.get_quorums([entry.id for entry in entries]) if entries else []
    now = app.ledger.now()
    chosen = [
        (entry, quorum)
        for entry, quorum in zip(entries, quorums, strict=True)
        if state is None or quorum.state.name.lower() == state.lower()
    ]
    rows = [
        (
            entry.number,
            quorum.state.name.lower(),
            quorum.tier,
            f"{quorum.yes}/{quorum.needed}",
            describe_action(entry.kind, entry.action, app.history.names),
            _tell_next_moment(quorum, now),
        )
        for entry, quorum in chosen
    ]
    headers = ("no", "state", "tier", "yes", "what", "next moment")
    app.output.result(
        "custodes.proposals/1",
        {"time": now, "proposals": [proposal_json(app, entry, quorum) for entry, quorum in chosen]},
        format_table(headers, rows) if rows else ["no proposals"],
    )
    if rows:
        app.output.next(f"custodes proposal show {rows[-1][0]}")


def show(ctx: typer.Context, proposal: Proposal) -> None:
    """One proposal: what it does, who voted how, and what each chamber is still missing."""
    app = get_app(ctx)
    entry = app.history.find_proposal(proposal)
    quorum = app.ledger.council.get_quorum(entry.id)
    app.output.result("custodes.proposal/1", proposal_json(app, entry, quorum), proposal_lines(app, entry, quorum))
    _suggest(app, entry, quorum)


def execute(ctx: typer.Context, proposal: Proposal) -> None:
    """What was voted is done: anybody may call this, from the proposal's eta until its grace ends."""
    from governance.ledger.wording import WAYS, describe_action

    app = get_app(ctx)
    entry = app.history.find_proposal(proposal)
    headline = describe_action(entry.kind, entry.action, app.history.names)
    call = app.ledger.council.execute(entry.id, entry.kind, entry.data)
    receipt = app.act(call, [f"execute proposal {entry.number}: {headline}", f"  which      {WAYS[entry.kind]}"])
    report_write(app, "custodes.execution/1", receipt, entry, f"executed proposal {entry.number}: {headline}")


def cancel(ctx: typer.Context, proposal: Proposal) -> None:
    """Your proposal is withdrawn. Only before another seat has voted on it."""
    app = get_app(ctx)
    entry = app.history.find_proposal(proposal)
    receipt = app.act(app.ledger.council.cancel(entry.id), [f"cancel proposal {entry.number}"])
    report_write(app, "custodes.cancellation/1", receipt, entry, f"cancelled proposal {entry.number}")


def veto(
    ctx: typer.Context,
    proposal: Proposal,
    reason: Annotated[str, typer.Argument(help="Why it must not be carried out, in a sentence. It is published.")],
) -> None:
    """Your seat vetoes: more than half of your chamber's seats, before the eta, end a proposal for good."""
    from governance.ledger.wording import describe_action
    from governance.types.events.council import ProposalVetoed, VetoCast

    app = get_app(ctx)
    entry = app.history.find_proposal(proposal)
    headline = describe_action(entry.kind, entry.action, app.history.names)
    words = [
        f"veto proposal {entry.number}: {headline}",
        f"  because    {reason}",
        "  effect     nobody takes a veto back",
    ]
    receipt = app.act(app.ledger.council.veto(entry.id, reason), words)
    line = f"vetoed proposal {entry.number}"
    if receipt is not None:
        cast, chamber = receipt.find(VetoCast), _chamber_names(app)[receipt.find(VetoCast).chamber]
        over = any(isinstance(record.event, ProposalVetoed) for record in receipt.events)
        line += f" for {chamber}: {cast.vetoes} of {cast.needed}" + ("; it is over" if over else "")
    report_write(app, "custodes.veto/1", receipt, entry, line)


def object_(
    ctx: typer.Context,
    proposal: Proposal,
    statement: Annotated[str, typer.Argument(help="Why it loosens, in a sentence.")],
    counterexample: Annotated[
        Path | None, typer.Option(help="A file that shows it: its hash is recorded. Else the statement's hash.")
    ] = None,
) -> None:
    """The amendment needs a second round at tier 3, because your seat claims that it loosens. It works once."""
    from governance.encoding.keccak import keccak256
    from governance.ledger.wording import describe_action
    from governance.types import Hash32

    app = get_app(ctx)
    entry = app.history.find_proposal(proposal)
    shown = read_bytes(counterexample) if counterexample is not None else statement.encode()
    call = app.ledger.council.object(entry.id, Hash32(keccak256(shown)), statement)
    headline = describe_action(entry.kind, entry.action, app.history.names)
    words = [f"object to proposal {entry.number}: {headline}", f"  because    {statement}"]
    receipt = app.act(call, [*words, "  effect     a second round at tier 3, with empty ballots"])
    report_write(app, "custodes.objection/1", receipt, entry, f"objected to proposal {entry.number}: round 2 is open")


def report_write(app: App, schema: str, receipt: Any, entry: ProposalEntry, line: str) -> None:
    """What was changed, as every command on a proposal says it."""
    data: dict[str, Any] = {"proposal": entry.number, "id": f"0x{entry.id:064x}", "sent": receipt is not None}
    if receipt is None:
        app.output.result(schema, data, [])
        return
    data |= {"transaction": receipt.transaction, "block": receipt.block, "gas": receipt.gas_used}
    data["events"] = [record.name for record in receipt.events]
    app.output.result(schema, data, [line])
    app.output.next(f"custodes proposal show {entry.number}")


def proposal_json(app: App, entry: ProposalEntry, quorum: QuorumState) -> dict[str, Any]:
    """Everything about a proposal, for other programs."""
    from governance.ledger.wording import describe_action, list_details

    names = app.history.names
    chambers = _chamber_names(app)
    return {
        "number": entry.number,
        "id": f"0x{entry.id:064x}",
        "kind": entry.kind.name.lower(),
        "what": describe_action(entry.kind, entry.action, names),
        "details": dict(list_details(entry.action, names)),
        "description": entry.description,
        "proposer": names.of_seat(entry.seat),
        "proposerKey": entry.proposer,
        "nonce": entry.nonce,
        "state": quorum.state.name.lower(),
        "tier": quorum.tier,
        "round": quorum.round,
        "passing": quorum.passing,
        "yes": quorum.yes,
        "needed": quorum.needed,
        "seats": quorum.size,
        "chambersAgreeing": quorum.chambers_agreeing,
        "chambersRequired": quorum.chambers_required,
        "chambers": [
            {
                "name": name,
                "size": tally.size,
                "yes": tally.yes,
                "no": tally.no,
                "abstain": tally.abstain,
                "needed": tally.needed,
                "agrees": tally.agrees,
            }
            for name, tally in zip(chambers, quorum.chambers, strict=False)
        ],
        "closesAt": quorum.closes_at,
        "eta": quorum.eta,
        "expiresAt": quorum.expires_at,
        "extendedTo": [extended.extended_deadline for extended in entry.extensions],
        "vetoes": [
            {"seat": veto.seat, "organisation": names.of_seat(veto.seat), "reason": veto.reason}
            for veto in entry.vetoes
        ],
        "vetoedBy": chambers[entry.vetoed.chamber] if entry.vetoed is not None else None,
        "ballots": [
            {
                "seat": ballot.seat,
                "organisation": names.of_seat(ballot.seat),
                "voter": ballot.voter,
                "support": ballot.support.name.lower(),
                "reason": ballot.reason,
                "round": ballot.round,
                "count": ballot.count,
            }
            for ballot in entry.current_ballots(quorum.round).values()
        ],
        "action": entry.data,
    }


def proposal_lines(app: App, entry: ProposalEntry, quorum: QuorumState) -> list[str]:
    """The same for people."""
    from governance.cli.tables import format_pairs, format_table
    from governance.cli.times import tell_time
    from governance.ledger.wording import WAYS, describe_action, list_details

    names, now = app.history.names, app.ledger.now()
    rows: list[tuple[object, ...]] = []
    for name, tally in zip(_chamber_names(app), quorum.chambers, strict=False):
        verdict = "agrees" if tally.agrees else f"needs {tally.missing} more"
        rows.append((name, tally.yes, tally.no, tally.abstain, tally.size, tally.needed, verdict))
    verdict = "reached" if quorum.yes >= quorum.needed else f"needs {quorum.missing} more"
    rows.append(("all", quorum.yes, "", "", quorum.size, quorum.needed, verdict))
    ballots = [
        f"  {names.of_seat(ballot.seat)}: {ballot.support.name.lower()}"
        + (f" ({ballot.reason})" if ballot.reason else "")
        for ballot in entry.current_ballots(quorum.round).values()
    ]
    lines = [
        f"proposal {entry.number}: {describe_action(entry.kind, entry.action, names)}",
        *format_pairs(
            [
                ("state", f"{quorum.state.name.lower()}{', passing' if quorum.passing else ''}"),
                ("tier", f"{quorum.tier}, round {quorum.round}"),
                ("which", WAYS[entry.kind]),
                ("by", names.of_seat(entry.seat)),
                ("closes", tell_time(quorum.closes_at, now) + (", extended" if entry.is_extended(quorum) else "")),
                ("executable", f"{tell_time(quorum.eta, now)}, until {tell_time(quorum.expires_at, now)}"),
                ("id", f"0x{entry.id:064x}"),
                *list_details(entry.action, names),
            ]
        ),
    ]
    if entry.description:
        lines += ["", *(f"  {line}" for line in entry.description.splitlines())]
    lines += ["", *format_table(("chamber", "yes", "no", "abstain", "seats", "needed", ""), rows)]
    lines.append(f"{quorum.chambers_agreeing} of {quorum.chambers_required} chambers agree")
    lines += [f"vetoed by {names.of_seat(veto.seat)}: {veto.reason}" for veto in entry.vetoes]
    return lines + (["", "ballots", *ballots] if ballots else [])


def _chamber_names(app: App) -> list[str]:
    from governance.encoding.names import read_short_name

    return [read_short_name(name) for name in app.ledger.seats.get_chambers()]


def _tell_next_moment(quorum: QuorumState, now: int) -> str:
    """The deadline that comes next for a proposal in that state, if there is one."""
    from governance.cli.times import tell_time
    from governance.types import ProposalState

    moments = {
        ProposalState.ACTIVE: quorum.closes_at,
        ProposalState.QUEUED: quorum.eta,
        ProposalState.SUCCEEDED: quorum.expires_at,
    }
    return tell_time(moments[quorum.state], now) if quorum.state in moments else ""


def _suggest(app: App, entry: ProposalEntry, quorum: QuorumState) -> None:
    from governance.types import ProposalState

    if quorum.state is ProposalState.SUCCEEDED:
        app.output.next(f"custodes proposal execute {entry.number}")
    elif quorum.state is ProposalState.ACTIVE:
        app.output.next(f"custodes vote {entry.number} for|against|abstain")
