"""custodes successor: what follows this system. Naming it ends every release and every vote here, but the brake."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from governance.cli.context import App, get_app
from governance.cli.errors import BadArgument
from governance.cli.proposing import Description, propose

if TYPE_CHECKING:
    from governance.ledger.deployment import Deployment
    from governance.types import PinnedCode


def propose_(
    ctx: typer.Context,
    deployment: Annotated[Path, typer.Argument(help="The deployment.json of the system that follows, on this chain.")],
    description: Description = "",
) -> None:
    """A proposal (tier 4) that ends this system for one that takes it over, pinned by the code of all its contracts."""
    from governance.charter.deploy import verify_heir
    from governance.ledger.deployment import Deployment
    from governance.types import ZERO_ADDRESS, ActionKind, NameSuccessor

    app = get_app(ctx)
    following = Deployment.read(deployment)
    if following.addresses == app.deployment.addresses:
        raise BadArgument(f"{deployment} is this system itself")
    if app.ledger.council.get_successor() == ZERO_ADDRESS:  # with one, the ledger's own refusal says more
        verify_heir(following, app.deployment, app.rpc, app.key_file.address)
    propose(app, ActionKind.NAME_SUCCESSOR, NameSuccessor(_parts_of(following)), description)


def show(ctx: typer.Context) -> None:
    """Whether this system has a successor, and whether the code that was voted for stands there (else exit code 1)."""
    from governance.cli.tables import format_pairs
    from governance.types import ZERO_ADDRESS

    app = get_app(ctx)
    successor = app.ledger.council.get_successor()
    if successor == ZERO_ADDRESS:
        app.output.result("custodes.successor/1", {"successor": None, "parts": []}, ["this system has no successor"])
        return
    parts = _named_parts(app)
    stands = {part.account: _code_of(app, part) == part.code_hash for part in parts}
    data: dict[str, Any] = {
        "successor": successor,
        "parts": [{"account": p.account, "codeHash": p.code_hash, "stands": stands[p.account]} for p in parts],
    }
    pairs = [(p.account, "as voted for" if stands[p.account] else "OTHER CODE than voted for") for p in parts]
    lines = [f"this system ended for {successor}; nothing but stops is open here", *format_pairs(pairs)]
    app.output.result("custodes.successor/1", data, lines)
    if not all(stands.values()):
        raise typer.Exit(1)


def _parts_of(deployment: Deployment) -> tuple[PinnedCode, ...]:
    """The Council first: it is what the others call the successor."""
    from governance.ledger.artifacts import CONTRACTS
    from governance.types import PinnedCode

    order = sorted(CONTRACTS, key=lambda name: name != "Council")
    return tuple(PinnedCode(deployment.addresses[name], deployment.code_hashes[name]) for name in order)


def _named_parts(app: App) -> tuple[PinnedCode, ...]:
    from governance.types.events.brake import SuccessorNamed

    named = [record.event for record in app.history.events if isinstance(record.event, SuccessorNamed)]
    return named[-1].parts if named else ()


def _code_of(app: App, part: PinnedCode) -> bytes:
    from governance.encoding.keccak import keccak256

    code = str(app.rpc.call("eth_getCode", part.account, "latest"))
    return keccak256(bytes.fromhex(code.removeprefix("0x")))
