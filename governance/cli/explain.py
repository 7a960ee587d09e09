"""custodes explain: why a proposal stands where it stands, or what a rule says and who enforces it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from governance.cli.context import App, get_app

if TYPE_CHECKING:
    from governance.ledger.history import ProposalEntry
    from governance.types import QuorumState


def explain(
    ctx: typer.Context,
    what: Annotated[str | None, typer.Argument(metavar="PROPOSAL|RULE", help="By default, all rules.")] = None,
) -> None:
    """Why: the tier of a proposal, its thresholds, what is missing, which rules it follows; or one rule."""
    app = get_app(ctx)
    if what is None:
        _explain_all_rules(app)
    elif what.upper().startswith("R-"):
        _explain_rule(app, what)
    else:
        _explain_proposal(app, app.history.find_proposal(what))


def _explain_all_rules(app: App) -> None:
    from governance.spec.rules import all_rules

    rules = all_rules()
    app.output.result(
        "custodes.rules/1",
        {"rules": [_rule_json(rule) for rule in rules.values()]},
        [f"{rule.id}: {rule.sentence}" for rule in rules.values()],
    )


def _explain_rule(app: App, rule_id: str) -> None:
    from governance.spec.rules import get_rule

    rule = get_rule(rule_id)
    lines = [f"{rule.id}: {rule.sentence}", f"  kept by    the {rule.enforcer.value}"]
    if rule.errors:
        lines.append(f"  refused as {', '.join(rule.errors)}")
    app.output.result("custodes.rule/1", _rule_json(rule), lines)


def _explain_proposal(app: App, entry: ProposalEntry) -> None:
    from governance.ledger.wording import describe_action

    quorum = app.ledger.council.get_quorum(entry.id)
    names = app.history.names
    reasons = _reasons(app, entry, quorum)
    app.output.result(
        "custodes.explanation/1",
        {
            "proposal": entry.number,
            "id": f"0x{entry.id:064x}",
            "state": quorum.state.name.lower(),
            "tier": quorum.tier,
            "passing": quorum.passing,
            "reasons": [text for _, text in reasons],
            "rules": sorted({rule for rule, _ in reasons}),
        },
        [
            f"proposal {entry.number}: {describe_action(entry.kind, entry.action, names)}",
            f"  {quorum.state.name.lower()}, tier {quorum.tier}, round {quorum.round}",
            *(f"  {text} [{rule}]" for rule, text in reasons),
        ],
    )


def _reasons(app: App, entry: ProposalEntry, quorum: QuorumState) -> list[tuple[str, str]]:
    """(rule, sentence) for what decides this proposal now, the most decisive first."""
    from governance.cli.times import tell_time
    from governance.types import ProposalState

    now = app.ledger.now()
    match quorum.state:
        case ProposalState.EXECUTED:
            return [("R-Council-05", "it was executed; nothing more can happen to it")]
        case ProposalState.CANCELED if entry.vetoed is not None:
            chamber = _chamber_names(app)[entry.vetoed.chamber]
            return [("R-Council-26", f"more than half of the seats of {chamber} vetoed it; nothing revives it")]
        case ProposalState.CANCELED:
            return [("R-Council-13", "its proposer withdrew it before another seat had voted")]
        case ProposalState.EXPIRED:
            return [("R-Council-05", f"nobody executed it until {tell_time(quorum.expires_at, now)}")]
    reasons: list[tuple[str, str]] = []
    verb = "fails" if quorum.state is ProposalState.DEFEATED else "does not pass yet"
    agreeing = f"{quorum.chambers_agreeing} of {quorum.chambers_required} chambers"
    if quorum.chambers_agreeing < quorum.chambers_required:
        short = [
            f"{name} needs {tally.missing} more"
            for name, tally in zip(_chamber_names(app), quorum.chambers, strict=False)
            if not tally.agrees
        ]
        reasons.append(("R-Council-22", f"{verb} because {agreeing} agree: {', '.join(short)}"))
    if quorum.missing:
        seats = f"{quorum.yes} of {quorum.size} seats say yes"
        reasons.append(("R-Council-22", f"{verb} because {seats}, and {quorum.needed} are needed"))
    if quorum.passing:
        reasons.append(("R-Council-22", f"it passes: {quorum.yes} of {quorum.size} seats say yes, {agreeing} agree"))
    if quorum.state is ProposalState.ACTIVE:
        reasons.append(("R-Council-05", f"ballots are accepted until {tell_time(quorum.closes_at, now)}"))
    if entry.is_extended(quorum):
        reasons.append(("R-Council-24", "a late ballot made it pass, and extended its round so that others can answer"))
    reasons += _vetoes(app, entry, quorum)
    if quorum.state is ProposalState.QUEUED:
        reasons.append(("R-Council-09", f"it waits for its timelock until {tell_time(quorum.eta, now)}"))
    if quorum.state is ProposalState.SUCCEEDED:
        reasons.append(("R-Council-09", f"anybody can execute it until {tell_time(quorum.expires_at, now)}"))
    return reasons


def _vetoes(app: App, entry: ProposalEntry, quorum: QuorumState) -> list[tuple[str, str]]:
    """What a chamber can still do, and how far it is."""
    from governance.cli.times import tell_time
    from governance.spec.tiers import is_vetoable
    from governance.types import ProposalState

    if quorum.state not in (ProposalState.ACTIVE, ProposalState.QUEUED) or not is_vetoable(entry.kind, quorum.tier):
        return []
    until = tell_time(quorum.eta, app.ledger.now())
    told = ", ".join(app.history.names.of_seat(veto.seat) for veto in entry.vetoes) or "nobody yet"
    return [("R-Council-25", f"more than half of a chamber can veto it until {until}; vetoed by: {told}")]


def _rule_json(rule: Any) -> dict[str, Any]:
    return {"rule": rule.id, "sentence": rule.sentence, "enforcer": rule.enforcer.value, "errors": list(rule.errors)}


def _chamber_names(app: App) -> list[str]:
    from governance.encoding.names import read_short_name

    return [read_short_name(name) for name in app.ledger.seats.get_chambers()]
