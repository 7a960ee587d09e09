"""custodes worker serve: a governed model on loopback, for as long as its release is in force."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from governance.cli.context import get_app
from governance.cli.errors import BadArgument
from inference.cli.options import (
    Agreement,
    Model,
    Patience,
    Receipts,
    Release,
    Threads,
    make_worker,
    reach,
    read_patience,
)

if TYPE_CHECKING:
    from inference.serving import Tls


def serve(
    ctx: typer.Context,
    release: Release = None,
    model: Model = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 is any free one.")] = 0,
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Where to listen; another than loopback needs TLS.")
    ] = "127.0.0.1",
    tls_cert: Annotated[
        Path | None, typer.Option("--tls-cert", metavar="FILE", help="The certificate with its chain, in PEM.")
    ] = None,
    tls_key: Annotated[Path | None, typer.Option("--tls-key", metavar="FILE", help="Its private key, in PEM.")] = None,
    token_file: Annotated[
        Path, typer.Option("--token-file", metavar="FILE", help="The bearer token; made if it is not there.")
    ] = Path("worker.token"),
    anchor_every: Annotated[str, typer.Option(help="How often receipts are anchored on the chain.")] = "10m",
    patience: Patience = None,
    receipts: Receipts = None,
    threads: Threads = 2,
    agreement: Agreement = None,
) -> None:
    """The model is unlocked by the committee, opened in memory, and served with OpenAI's API and a bearer token.

    It goes dark as soon as its release is stopped, revoked or over, or the chain stands still, and then says why until
    it is ended (SIGTERM). A worker that went dark must be started, and unlocked, again.
    """
    from governance.charter.durations import parse_duration
    from inference.serving import Serving, listen
    from inference.token import ensure_token
    from inference.worker import Patience as Limits

    app = get_app(ctx)
    if release is None or model is None:
        raise BadArgument("--release and --model are needed")
    tls = _read_tls(host, tls_cert, tls_key)
    worker = make_worker(app, reach(app, agreement), release, model, receipts)
    try:
        if app.dry_run:
            worker.prepare(report=app.output.note)
            app.output.note("it may be served; the committee was not asked (--dry-run)")
            worker.close()
            return
        serving = Serving(
            worker,
            ensure_token(token_file),
            app.output.note,
            Limits(partials=read_patience(patience)),
            threads,
            float(parse_duration(anchor_every)),
            tls,
            on_unlocked=lambda unlocked: app.output.note(
                f"serving: unlocked in {unlocked.seconds:.1f} s by {', '.join(a.oracle for a in unlocked.answers)}"
            ),
        )
        listener = listen(port, host)
    except BaseException:
        worker.close()
        raise
    shown = f"[{host}]" if ":" in host else host
    url = f"{'http' if tls is None else 'https'}://{shown}:{listener.getsockname()[1]}"
    app.output.result(
        "custodes.worker-listening/1",
        {"url": url, "tokenFile": str(token_file.absolute()), "releaseId": worker.describe()["releaseId"]},
        [f"listening on {url}, token in {token_file}"],
    )
    sys.stdout.flush()
    app.output.next(f'custodes worker ask "..." --url {url} --token-file {token_file}')
    serving.run(listener)


def _read_tls(host: str, certificate: Path | None, key: Path | None) -> Tls | None:
    """Raises: BadArgument, BadCertificate."""
    from inference.serving import Tls

    if (certificate is None) != (key is None):
        raise BadArgument("--tls-cert and --tls-key belong together")
    if certificate is None or key is None:
        if not host.startswith("127.") and host != "::1":
            raise BadArgument(
                f"{host} is not loopback, where the bearer token would cross the network in the clear",
                hint="give --tls-cert and --tls-key, or leave --host out",
            )
        return None
    tls = Tls(certificate, key)
    tls.check()
    return tls
