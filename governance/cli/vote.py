"""custodes vote: a seat's ballot, cast at once or signed off line for anybody to send."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from governance.cli.context import App, get_app
from governance.cli.errors import BadArgument
from governance.cli.proposal import Proposal

if TYPE_CHECKING:
    from governance.encoding.signatures import Ballot
    from governance.ledger.history import ProposalEntry
    from governance.types import Address, ProposalId, QuorumState, Support


class Choice(StrEnum):
    """What a ballot says."""

    FOR = "for"
    AGAINST = "against"
    ABSTAIN = "abstain"


def vote(
    ctx: typer.Context,
    proposal: Proposal,
    choice: Annotated[Choice, typer.Argument(help="An abstention is never a yes.")],
    reason: Annotated[str, typer.Option(help="Published with the ballot.")] = "",
    sign_only: Annotated[bool, typer.Option("--sign-only", help="Sign the ballot, send nothing.")] = False,
    out: Annotated[Path | None, typer.Option(help="With --sign-only: the file, else standard output.")] = None,
    round_: Annotated[
        int | None, typer.Option("--round", help="With --sign-only and no node: the round that the ballot is for.")
    ] = None,
    count: Annotated[
        int | None, typer.Option("--count", help="With --round: how many ballots your seat has cast in it.")
    ] = None,
    from_: Annotated[
        Path | None,
        typer.Option("--from", help="With --sign-only and no node: what proposal show ID --json wrote elsewhere."),
    ] = None,
    voter: Annotated[
        str | None, typer.Option(help="With --sign-only: the contract (ERC-1271) that votes, and whose owner you are.")
    ] = None,
) -> None:
    """Your seat's ballot is counted. A later one in the same round replaces it, up to three."""
    from governance.types import Support

    app = get_app(ctx)
    support = Support[choice.name]
    if sign_only:
        _sign_only(app, proposal, support, reason, out, (round_, count), from_, voter)
        return
    if any(option is not None for option in (out, round_, count, from_, voter)):
        raise BadArgument("--out, --round, --count, --from and --voter belong to --sign-only")
    entry = app.history.find_proposal(proposal)
    before = app.ledger.council.get_quorum(entry.id)
    receipt = app.act(app.ledger.council.vote(entry.id, support, reason), _words(app, entry, before, support, reason))
    if receipt is None:
        app.output.result("custodes.vote/1", {"proposal": entry.number, "sent": False}, [])
        return
    after = app.ledger.council.get_quorum(entry.id)
    _report(app, entry, support, after, receipt)


def _sign_only(
    app: App,
    proposal: str,
    support: Support,
    reason: str,
    out: Path | None,
    place: tuple[int | None, int | None],
    export: Path | None,
    contract: str | None,
) -> None:
    """A signed ballot in a file; without a node where id, round and count are given, or the proposal's export is."""
    from governance.encoding.names import make_address
    from governance.encoding.signatures import Ballot, SigningDomain, compute_ballot_digest
    from governance.ledger.ballots import SignedBallot
    from governance.ledger.exports import ProposalExport

    file = app.key_file
    voter = file.address if contract is None else make_address(contract)
    domain = SigningDomain(app.deployment.chain_id, app.deployment.addresses["Council"])
    round_, count = place
    if (round_ is None) != (count is None) and export is None:
        raise BadArgument("--round and --count belong together")
    if export is not None:
        exported = ProposalExport.read(export)
        exported.verify(domain, proposal)
        at = (exported.round if round_ is None else round_, exported.count_of(voter) if count is None else count)
        ballot = Ballot(exported.id, support, voter, *at, reason)
        words = [f"{support.name.lower()} proposal {exported.number}: {exported.headline}", *exported.lines]
    elif round_ is not None and count is not None:
        ballot = Ballot(_whole_id(proposal), support, voter, round_, count, reason)
        words = [
            f"{support.name.lower()} proposal {proposal}",
            "  what       unknown here: --from FILE shows and checks it",
        ]
    else:
        app.ledger.verify()
        entry = app.history.find_proposal(proposal)
        ballot = _next_ballot(app, entry, voter, support, reason)
        words = _words(app, entry, app.ledger.council.get_quorum(entry.id), support, reason)
    for line in words:
        app.output.note(line)
    app.output.note(f"  round      {ballot.round}, ballot {ballot.count + 1} of your seat in it")
    if contract is not None:
        app.output.note(f"  voter      {voter}, a contract that has to approve the signature")
    app.output.note(f"  signed by  {file.name} ({file.address})")
    app.output.note(f"  digest     0x{compute_ballot_digest(domain, ballot).hex()}")
    if app.dry_run:
        app.output.note("nothing was signed (--dry-run)")
        return
    app.confirm("sign it?")
    signed = SignedBallot.sign(domain, ballot, app.open_key(file))
    text = json.dumps(signed.to_json(), indent=2)
    if out is None:
        app.output.result("custodes.ballot/1", signed.to_json(), [text])
        return
    out.write_text(text + "\n")
    app.output.result("custodes.ballot/1", signed.to_json(), [f"wrote {out}"])
    app.output.next(f"custodes ballots submit {out}     # anybody may")


def _whole_id(proposal: str) -> ProposalId:
    from governance.types import ProposalId

    if not proposal.startswith("0x") or len(proposal) != 66:
        raise BadArgument("without a node, name the proposal by its whole id (0x and 64 digits)")
    return ProposalId(int(proposal, 16))


def _next_ballot(app: App, entry: ProposalEntry, voter: Address, support: Support, reason: str) -> Ballot:
    """The ballot that would be accepted next from this key. Raises: LedgerRefused, if it holds no live seat."""
    from governance.encoding.signatures import Ballot
    from governance.ledger.errors import LedgerRefused
    from governance.types import Standing

    seat, standing = app.ledger.seats.get_seat_of(voter)
    if standing is not Standing.LIVE:
        holder = f"{app.key_file.name} ({voter})" if voter == app.key_file.address else voter
        raise LedgerRefused(f"{holder} holds no live seat", error="NotLiveSeat", rule="R-Council-01")
    _, current_round, cast = app.ledger.council.get_ballot(entry.id, seat)
    return Ballot(entry.id, support, voter, current_round, cast, reason)


def _words(app: App, entry: ProposalEntry, quorum: QuorumState, support: Support, reason: str) -> list[str]:
    """What a voter agrees to."""
    from governance.cli.times import tell_local_time, tell_time
    from governance.ledger.wording import WAYS, describe_action

    names = app.history.names
    headline = describe_action(entry.kind, entry.action, names)
    missing = [
        f"{name} {tally.missing}"
        for name, tally in zip(_chambers(app), quorum.chambers, strict=False)
        if not tally.agrees
    ]
    lines = [
        f"{support.name.lower()} proposal {entry.number}: {headline}",
        f"  which      {WAYS[entry.kind]} (tier {quorum.tier})",
        f"  still      {quorum.missing} yes more in all" + (f"; by chamber: {', '.join(missing)}" if missing else ""),
        f"  closes     {tell_time(quorum.closes_at, app.ledger.now())}; {tell_local_time(quorum.closes_at)}",
    ]
    return lines + ([f"  reason     {reason}"] if reason else [])


def _report(app: App, entry: ProposalEntry, support: Support, quorum: QuorumState, receipt: Any) -> None:
    from governance.cli.times import tell_time

    voter = app.history.names.of_account(app.key_file.address)
    now = app.ledger.now()
    if quorum.passing:
        outlook = f"it passes; executable {tell_time(quorum.eta, now)}"
    else:
        outlook = (
            f"{quorum.yes} of {quorum.needed} yes, {quorum.chambers_agreeing} of {quorum.chambers_required} chambers"
        )
    app.output.result(
        "custodes.vote/1",
        {
            "proposal": entry.number,
            "id": f"0x{entry.id:064x}",
            "sent": True,
            "organisation": voter,
            "support": support.name.lower(),
            "passing": quorum.passing,
            "yes": quorum.yes,
            "needed": quorum.needed,
            "state": quorum.state.name.lower(),
            "eta": quorum.eta,
            "closesAt": quorum.closes_at,
            "transaction": receipt.transaction,
            "block": receipt.block,
        },
        [f"{voter} voted {support.name.lower()} proposal {entry.number}: {outlook}"],
    )
    app.output.next(f"custodes proposal show {entry.number}")


def _chambers(app: App) -> list[str]:
    from governance.encoding.names import read_short_name

    return [read_short_name(name) for name in app.ledger.seats.get_chambers()]
