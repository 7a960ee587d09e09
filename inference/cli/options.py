"""Options that several commands of the worker share, and what they are turned into."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from governance.cli.context import App
from governance.cli.settings import data_directory

if TYPE_CHECKING:
    from governance.ledger.history import History
    from governance.types import Address, ReleaseId
    from inference.access import Access
    from inference.worker import Worker

Release = Annotated[
    str | None, typer.Option("--release", metavar="RELEASE", help="The proposal that granted it: its number or id.")
]
Model = Annotated[Path | None, typer.Option("--model", metavar="DIR", help="The sealed directory.")]
Agreement = Annotated[
    int | None,
    typer.Option(min=1, help="How many nodes of --rpc URL,URL,... must agree on a block; by default more than half."),
]
Patience = Annotated[
    str | None, typer.Option(help="How long to wait for partials: 90s, 5m. By default until the request expires.")
]
Receipts = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Where receipts are kept; by default in the data directory.")
]
Threads = Annotated[int, typer.Option(min=1, help="Threads that open the weights.")]
Url = Annotated[str | None, typer.Option("--url", metavar="URL", help="A worker that runs: custodes worker serve.")]
TokenFile = Annotated[
    Path | None, typer.Option("--token-file", metavar="FILE", help="The file with the worker's bearer token.")
]
TlsCa = Annotated[
    Path | None, typer.Option("--tls-ca", metavar="FILE", help="Whose certificates count for an https URL (PEM).")
]
Capability = Annotated[str, typer.Option(help="The kind of use; the release's scope must name it.")]
Purpose = Annotated[str | None, typer.Option(help="Why; some scopes want to know.")]
Audience = Annotated[str | None, typer.Option(help="For whom; some scopes want to know.")]


def reach(app: App, agreement: int | None) -> Access:
    """The chain by all RPCs that are named, with commas between. Raises: SettingMissing, and as `open_access`."""
    from inference.access import open_access

    urls = [url.strip() for url in app.settings.require("rpc").split(",") if url.strip()]
    return open_access(app.deployment, urls, agreement)


def read_history(access: Access) -> History:
    """Everything that happened, with the names that it gave. Raises: RpcUnavailable."""
    from governance.ledger.history import History

    return History.of(access.ledger)


def make_worker(app: App, access: Access, release: str, sealed: Path, receipts: Path | None) -> Worker:
    """A worker that has not started yet. Raises: UnknownName, WrongPassword, BadKey, BadReceipt, WorkerBusy."""
    from inference.receipts import ReceiptLog
    from inference.worker import Post, Worker

    history = read_history(access)
    release_id = history.names.find_release(release)
    signer = app.open_key()
    directory = receipts or default_receipts(access, release_id, signer.address)
    names = {bytes(organisation): name for organisation, name in history.names.organisations.items()}
    post = Post(access.ledger, signer, release_id, sealed, names)
    return Worker(post, access.sight, ReceiptLog(directory, signer))


def default_receipts(access: Access, release_id: ReleaseId, worker: Address) -> Path:
    """One directory for each chain, system, release and worker: receipts of two must never mix."""
    system = f"{access.ledger.chain_id}-{access.ledger.releases.address[2:].lower()}"
    return data_directory() / "receipts" / system / f"{release_id.hex()[:32]}-{worker[2:].lower()}"


def read_patience(text: str | None) -> float | None:
    """Seconds. Raises: InvalidInput."""
    from governance.charter.durations import parse_duration

    return None if text is None else float(parse_duration(text))
