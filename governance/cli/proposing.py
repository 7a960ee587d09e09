"""From a typed action to a proposal on the chain: the way of every command that proposes something."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from governance.cli.context import App
    from governance.types import Action, ActionKind, TierRule

Description = Annotated[str, typer.Option("--description", "-m", help="Why, in words that the voters read.")]


def propose(app: App, kind: ActionKind, action: Action, description: str) -> None:
    """The action is put to vote. Raises: LedgerRefused (it could not be executed), NotConfirmed, RpcUnavailable."""
    from governance.cli.tables import format_pairs
    from governance.cli.times import tell_time
    from governance.ledger.wording import WAYS, describe_action, list_details
    from governance.spec.tiers import floor_of, for_replacement
    from governance.types.events.council import ActionProposed

    names = app.history.names
    headline = describe_action(kind, action, names)
    _, parameters = app.ledger.council.get_parameters()
    tier = floor_of(kind)
    rule = parameters.tier(tier)
    if kind is type(kind).REPLACE_SEAT:
        needs = f"{_tell_bar(for_replacement(rule))} that are not dormant"
    else:
        needs = f"{_tell_bar(rule)} (tier {int(tier)} at least)"
    words = [
        f"propose to {headline}",
        *format_pairs([("which", WAYS[kind]), ("needs", needs), *list_details(action, names)]),
    ]
    receipt = app.act(app.ledger.council.propose(kind, action, description), words)
    if receipt is None:
        app.output.result("custodes.proposed/1", {"kind": kind.name.lower(), "what": headline, "sent": False}, [])
        return
    proposed = receipt.find(ActionProposed)
    number = sum(isinstance(r.event, ActionProposed) for r in app.ledger.events(last=receipt.block))
    now = app.ledger.now()
    data: dict[str, Any] = {
        "sent": True,
        "proposal": number,
        "id": f"0x{proposed.proposal_id:064x}",
        "kind": kind.name.lower(),
        "what": headline,
        "tier": proposed.tier,
        "closesAt": proposed.closes_at,
        "eta": proposed.eta,
        "transaction": receipt.transaction,
        "block": receipt.block,
    }
    app.output.result(
        "custodes.proposed/1",
        data,
        [
            f"proposal {number}: {headline}",
            f"  votes until  {tell_time(proposed.closes_at, now)}",
            f"  executable   {tell_time(proposed.eta, now)}",
        ],
    )
    app.output.next(f"custodes vote {number} for")


def _tell_bar(rule: TierRule) -> str:
    chamber = _fraction(rule.chamber_num, rule.chamber_den, rule.chamber_strict) if rule.chamber_num else "a yes"
    which = f"in {rule.chambers_required} chambers" if rule.chambers_required else "in each chamber"
    return f"{chamber} {which}, {_fraction(rule.overall_num, rule.overall_den, rule.overall_strict)} of all seats"


def _fraction(num: int, den: int, strict: bool) -> str:
    return f"{'more than' if strict else 'at least'} {num}/{den}"
