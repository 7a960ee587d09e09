"""custodes ballots: ballots that their voters signed off line, sent by anybody, those of one proposal together."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from governance.cli.context import App, get_app

if TYPE_CHECKING:
    from governance.ledger.ballots import SignedBallot
    from governance.ledger.client import Receipt
    from governance.types import ProposalId


def submit(
    ctx: typer.Context, files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Signed ballots.")]
) -> None:
    """Ballots that others signed are counted; you pay the gas and can change nothing in them.

    Those of one proposal travel in one transaction, in the order given. One that cannot count is skipped, and named.
    """
    from governance.ledger.ballots import SignedBallot
    from governance.types import KeyKind

    app = get_app(ctx)
    domain = app.ledger.council.domain(app.ledger.chain_id)
    batches: dict[ProposalId, list[SignedBallot]] = {}
    for file in files:  # all are judged before the first is sent
        signed = SignedBallot.read(file)
        by_contract = app.ledger.seats.get_elector(signed.ballot.voter).kind is KeyKind.ERC1271
        signed.verify(domain, by_contract=by_contract)
        batches.setdefault(signed.ballot.proposal_id, []).append(signed if by_contract else signed.shorten())
    rows = [row for proposal_id, batch in batches.items() for row in _submit(app, proposal_id, batch)]
    app.output.result(
        "custodes.ballots/1",
        {"ballots": rows, "sent": not app.dry_run},
        [_tell(row) for row in rows],
    )


def _submit(app: App, proposal_id: ProposalId, batch: list[SignedBallot]) -> list[dict[str, Any]]:
    """One transaction. Raises: LedgerRefused, if not one of these ballots would count."""
    entry = app.history.get_proposal(proposal_id)
    names = app.history.names
    council, alone = app.ledger.council, council_call(app, batch[0])
    words = [
        f"submit {names.of_account(signed.ballot.voter)}'s ballot: "
        f"{signed.ballot.support.name.lower()} proposal {entry.number}"
        for signed in batch
    ]
    if len(batch) == 1:
        receipt = app.act(alone, words, digest=batch[0].digest)
    else:
        pairs = [(signed.ballot, signed.signature) for signed in batch]
        counting = council.count_signed_batch(proposal_id, pairs)
        if counting == 0:
            for signed in batch:  # which says why, by the first
                app.ledger.try_call(council_call(app, signed), app.key_file.address)
        words.append(f"  counting   {counting} of {len(batch)}")
        receipt = app.act(council.vote_signed_batch(proposal_id, pairs), words)
    skipped = _skipped(receipt)
    return [
        {
            "proposal": entry.number,
            "voter": signed.ballot.voter,
            "organisation": names.of_account(signed.ballot.voter),
            "support": signed.ballot.support.name.lower(),
            "counted": receipt is not None and _key(signed.ballot) not in skipped,
            "skipped": skipped.get(_key(signed.ballot)),
            "transaction": receipt.transaction if receipt is not None else None,
        }
        for signed in batch
    ]


def council_call(app: App, signed: SignedBallot) -> Any:
    """That ballot alone."""
    return app.ledger.council.vote_signed(signed.ballot, signed.signature)


def _skipped(receipt: Receipt | None) -> dict[Any, str]:
    """Why a ballot did not count, by its voter, round and count."""
    from governance.ledger.reverts import explain_revert
    from governance.types.events.council import BallotSkipped

    found = {}
    for record in receipt.events if receipt is not None else ():
        if isinstance(record.event, BallotSkipped):
            refusal = explain_revert(record.event.reason, called="Council.castSignedVote", to="Council")
            found[record.event.voter, record.event.round, record.event.count] = refusal.message
    return found


def _key(ballot: Any) -> tuple[Any, int, int]:
    return ballot.voter, ballot.round, ballot.count


def _tell(row: dict[str, Any]) -> str:
    skipped = f"; SKIPPED: {row['skipped']}" if row["skipped"] else ""
    return f"{row['organisation']}: {row['support']} proposal {row['proposal']}{skipped}"
