"""custodes worker status: what a worker that runs is at."""

from __future__ import annotations

from typing import Annotated

import typer

from governance.cli.context import get_app
from governance.cli.errors import BadArgument
from inference.cli.options import TlsCa, TokenFile, Url


def status(
    ctx: typer.Context,
    url: Url = None,
    token_file: TokenFile = None,
    tls_ca: TlsCa = None,
    wait: Annotated[int, typer.Option(min=0, help="Wait so many seconds until it serves or is dark.")] = 0,
) -> None:
    """Exit code 0 if the worker serves, 3 if it waits for something, 4 if it is dark; the message says why."""
    from governance.ledger.wording import format_time
    from inference.client import WorkerClient
    from inference.errors import WorkerDark, WorkerNotReady
    from inference.token import read_token

    app = get_app(ctx)
    if url is None or token_file is None:
        raise BadArgument("--url and --token-file are needed", hint="custodes worker serve prints both")
    found = WorkerClient(url, read_token(token_file), tls_ca).await_serving(wait, app.output.note)
    if found["state"] == "dark":
        raise WorkerDark(f"the worker is dark: {found['reason']}", rule=found["rule"], details=found)
    if found["state"] != "serving":
        raise WorkerNotReady(f"the worker does not serve yet: {found['waitsFor']}", details=found)
    served = found["served"]
    app.output.result(
        "custodes.worker/1",
        found,
        [
            f"the worker at {url} serves under release {found['releaseId'][:18]}…",
            f"  until     {format_time(found['expiresAt'])}",
            f"  block     {found['block']}, finalized {found['finalized']}",
            f"  answered  {served['requests']} requests with {served['outputTokens']} tokens",
        ],
    )
