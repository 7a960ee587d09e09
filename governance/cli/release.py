"""custodes release: expiring permissions to unlock a model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from governance.cli.context import App, get_app
from governance.cli.errors import BadArgument
from governance.cli.files import read_bytes
from governance.cli.proposing import Description, propose

if TYPE_CHECKING:
    from governance.types import ReleaseId, Timestamp, WorkerGrant
    from governance.types.events.releases import ReleaseGranted, WorkerNamed

Release = Annotated[
    str, typer.Argument(metavar="RELEASE", help="The number of the proposal that granted it, or its id.")
]
Lifetime = Annotated[str, typer.Option("--for", help="How long it lasts after it is proposed: 12h, 30d.")]


def propose_(
    ctx: typer.Context,
    model: Annotated[str, typer.Argument(help="The model's name, or its id.")],
    worker: Annotated[
        list[str], typer.Option("--worker", help="ADDRESS, ADDRESS=ORGANISATION, or with :PARTY for MPC. Repeatable.")
    ],
    lifetime: Lifetime,
    scope: Annotated[Path | None, typer.Option(help="The scope as a file, in place of the options below.")] = None,
    capability: Annotated[list[str] | None, typer.Option(help="What it may be used for: chat, code, ...")] = None,
    purpose: Annotated[list[str] | None, typer.Option(help="Why.")] = None,
    audience: Annotated[list[str] | None, typer.Option(help="For whom.")] = None,
    max_tokens: Annotated[int, typer.Option(help="Of one answer.")] = 512,
    requests: Annotated[int, typer.Option(help="How many in all, on one worker.")] = 1_000,
    output_tokens: Annotated[int, typer.Option(help="How many tokens of output in all.")] = 100_000,
    mode: Annotated[str, typer.Option(help="plain, eval or mpc.")] = "plain",
    description: Description = "",
) -> None:
    """A proposal to let named workers unlock a model until it expires (tier 2)."""
    from governance.constraints.document import validate
    from governance.constraints.scope import ReleaseScope, read_scope
    from governance.types import ActionKind, GrantRelease

    app = get_app(ctx)
    if scope is not None:
        found = read_scope(read_bytes(scope))
    else:
        found = validate(
            ReleaseScope,
            {
                "capabilities": capability or ["chat"],
                "purposes": purpose or [],
                "audiences": audience or [],
                "maxTokens": max_tokens,
                "mode": mode,
                "budget": {"requests": requests, "outputTokens": output_tokens},
            },
        )
    action = GrantRelease(
        model_id=app.history.names.find_model(model),
        mode=found.to_mode(),
        expires_at=_expiry(app, lifetime),
        workers=tuple(_read_worker(app, text) for text in worker),
        scope=found.to_bytes(),
    )
    propose(app, ActionKind.GRANT_RELEASE, action, description)


def renew(ctx: typer.Context, release: Release, lifetime: Lifetime, description: Description = "") -> None:
    """A proposal to let a release last longer, with the same workers and scope (tier 2)."""
    from governance.types import ActionKind, RenewRelease

    app = get_app(ctx)
    action = RenewRelease(app.history.names.find_release(release), _expiry(app, lifetime))
    propose(app, ActionKind.RENEW_RELEASE, action, description)


def revoke(
    ctx: typer.Context,
    release: Release,
    reason: Annotated[str, typer.Option("--because", help="Published with it.")],
    description: Description = "",
) -> None:
    """A proposal to end a release (tier 1), executable as soon as enough seats agree."""
    from governance.types import ActionKind, RevokeRelease

    app = get_app(ctx)
    action = RevokeRelease(app.history.names.find_release(release), reason)
    propose(app, ActionKind.REVOKE_RELEASE, action, description)


def list_(ctx: typer.Context) -> None:
    """Every release and whether its workers may unlock now."""
    from governance.cli.tables import format_table
    from governance.cli.times import tell_time

    app = get_app(ctx)
    now = app.ledger.now()
    found = [_release_json(app, granted, workers) for granted, workers in _releases(app)]
    rows = [
        (
            release["number"],
            release["model"],
            release["mode"],
            tell_time(release["expiresAt"], now),
            worker["organisation"] or worker["address"],
            worker["standing"],
        )
        for release in found
        for worker in release["workers"]
    ]
    headers = ("release", "model", "mode", "expires", "worker", "now")
    app.output.result(
        "custodes.releases/1",
        {"time": now, "releases": found},
        format_table(headers, rows) if rows else ["no releases"],
    )


def show(ctx: typer.Context, release: Release) -> None:
    """One release: its scope, its workers, and why each may or may not unlock now."""
    from governance.cli.tables import format_pairs
    from governance.cli.times import tell_time

    app = get_app(ctx)
    wanted = app.history.names.find_release(release)
    for granted, workers in _releases(app):
        if granted.release_id == wanted:
            data = _release_json(app, granted, workers)
            break
    else:
        raise BadArgument(f"proposal {release} has granted no release (yet)", hint="custodes release list")
    pairs: list[tuple[str, object]] = [
        ("mode", data["mode"]),
        ("expires", tell_time(data["expiresAt"], app.ledger.now())),
        *(("worker", f"{w['organisation']} {w['address']}: {w['standing']}") for w in data["workers"]),
        ("scope", json.dumps(data["scope"])),
        ("id", data["id"]),
    ]
    app.output.result(
        "custodes.release/1", data, [f"release {data['number']} of {data['model']}", *format_pairs(pairs)]
    )


def _releases(app: App) -> list[tuple[ReleaseGranted, list[WorkerNamed]]]:
    from governance.types.events.releases import ReleaseGranted, WorkerNamed

    granted = [r.event for r in app.history.events if isinstance(r.event, ReleaseGranted)]
    named = [r.event for r in app.history.events if isinstance(r.event, WorkerNamed)]
    return [(release, [w for w in named if w.release_id == release.release_id]) for release in granted]


def _release_json(app: App, granted: ReleaseGranted, workers: list[WorkerNamed]) -> dict[str, Any]:
    from governance.encoding.names import proposal_id_of

    record = app.ledger.releases.get_release(granted.release_id)
    proposal = proposal_id_of(granted.release_id)
    return {
        "number": app.history.get_proposal(proposal).number,
        "id": "0x" + granted.release_id.hex(),
        "model": app.history.names.of_model(granted.model_id),
        "modelId": granted.model_id,
        "mode": granted.mode.name.lower(),
        "status": record.status.name.lower(),
        "expiresAt": record.expires_at,
        "scope": _scope_json(granted.scope),
        "scopeHash": granted.scope_hash,
        "workers": [
            {
                "address": worker.worker,
                "organisation": worker.organisation,
                "party": worker.party,
                "identity": worker.identity,
                "standing": _standing(app, granted.release_id, worker),
            }
            for worker in workers
        ],
    }


def _standing(app: App, release: ReleaseId, worker: WorkerNamed) -> str:
    return app.ledger.releases.get_releasability(release, worker.worker).name.lower().replace("_", " ")


def _scope_json(data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        return "0x" + data.hex()


def _read_worker(app: App, text: str) -> WorkerGrant:
    """`0x…=Organisation:2`: the address, who runs it, and its party."""
    from governance.encoding.names import make_address
    from governance.types import WorkerGrant

    account, _, rest = text.partition("=")
    organisation, _, party = rest.partition(":")
    address = make_address(account) if account.startswith("0x") else app.keystore.find(account).address
    if party and not party.isdecimal():
        raise BadArgument(f"{party!r} is no party of MPC: a number from 1")
    return WorkerGrant(address, int(party or 0), organisation)


def _expiry(app: App, lifetime: str) -> Timestamp:
    from governance.charter.durations import parse_duration
    from governance.types import Timestamp

    return Timestamp(app.ledger.now() + parse_duration(lifetime))
