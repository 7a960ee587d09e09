"""custodes audit: does the chain's history follow from the rules, and what happened."""

from __future__ import annotations

import typer

from governance.cli.context import get_app


def verify(ctx: typer.Context) -> None:
    """Replay every event through the rules, and compare every result with the contracts' storage."""
    from governance.audit.verify import audit

    app = get_app(ctx)
    report = audit(app.ledger)
    total = sum(report.compared.values())
    lines = [
        f"{report.events} events up to block {report.block} follow from the rules, in {report.steps} steps",
        f"{total} values of storage are what the rules make them: "
        + ", ".join(f"{name} {count}" for name, count in report.compared.items()),
        f"ledger head 0x{report.state.constraints.head.hex()}",
    ]
    if (before := report.predecessor) is not None:
        ledger = report.state.constraints
        lines.append(
            f"it follows {report.state.predecessor}, audited too: {before.events} events; its last head "
            f"0x{ledger.genesis_head.hex()} is the first one here, its {ledger.first_entry} entries, "
            f"{len(before.state.releases.identities)} identities and {len(before.state.brake.stops)} stops are known"
        )
    data = {key: value for key, value in report.to_json().items() if key != "schema"}
    app.output.result("custodes.verify/1", data, lines)


def log(ctx: typer.Context) -> None:
    """Print the whole story, oldest first."""
    from governance.audit.story import tell
    from governance.ledger.events import get_block_times

    app = get_app(ctx)
    app.ledger.verify()
    history = app.history
    times = get_block_times(app.rpc, [record.block for record in history.events])
    story = list(tell(history, times))
    data = {
        "entries": [
            {
                "block": line.block,
                "time": line.time,
                "event": line.event,
                "text": line.text,
                "transaction": line.transaction,
            }
            for line in story
        ]
    }
    app.output.result("custodes.log/1", data, (str(line) for line in story))
