"""custodes gate: the answer of the ledger to a pipeline, by exit code."""

from __future__ import annotations

from typing import Annotated

import typer

from governance.cli.context import get_app
from inference.cli.options import Agreement, Audience, Purpose, reach, read_history


def gate(
    ctx: typer.Context,
    model: Annotated[str, typer.Argument(help="The model's name, or its id.")],
    capability: Annotated[str, typer.Option(help="The kind of use that is asked for.")],
    purpose: Purpose = None,
    audience: Audience = None,
    worker: Annotated[
        str | None, typer.Option(help="Only releases that name this worker: its address or its key's name.")
    ] = None,
    agreement: Agreement = None,
) -> None:
    """Exit code 0 if some release of MODEL in force permits the use, with the constraints in force; else 4.

    Judged at the finalized block, and by the worst that any node shows at its latest block.
    """
    from governance.encoding.names import make_address
    from inference.enforcement import Use
    from inference.gate import find_permission

    app = get_app(ctx)
    named = None
    if worker is not None:
        named = make_address(worker) if worker.startswith("0x") else app.keystore.find(worker).address
    use = Use(capability, purpose, audience, input_tokens=0, max_tokens=None)
    access = reach(app, agreement)
    history = read_history(access)
    events = [record.event for record in access.ledger.whole_story()]
    found = find_permission(access, events, history.names.find_model(model), use, named)
    app.output.result(
        "custodes.gate/1",
        {
            "ok": True,
            "model": model,
            "modelId": found.terms.model_id,
            "capability": capability,
            "releaseId": found.terms.release_id,
            "worker": found.terms.worker,
            "maxTokens": found.max_tokens,
            "expiresAt": found.expires_at,
        },
        [f"yes: release 0x{found.terms.release_id.hex()[:16]}… permits {capability} to worker {found.terms.worker}"],
    )
