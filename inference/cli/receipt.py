"""custodes worker receipt and audit receipt: the signed record of one answer, and the anchored root above it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from governance.cli.context import get_app
from governance.cli.errors import BadArgument
from inference.cli.options import Agreement, TlsCa, TokenFile, Url, reach

if TYPE_CHECKING:
    from inference.receipts import Anchored

File = Annotated[Path, typer.Argument(metavar="FILE", help="A receipt: custodes worker ask --receipt FILE.")]
MAX_BYTES = 1 << 20


def receipt(
    ctx: typer.Context, file: File, url: Url = None, token_file: TokenFile = None, tls_ca: TlsCa = None
) -> None:
    """FILE holds its place under the root that its worker anchored. Exit code 3 if that is not on the chain yet."""
    from inference.client import WorkerClient
    from inference.errors import NotAnchored
    from inference.receipts import verify_inclusion, verify_receipt
    from inference.token import read_token

    app = get_app(ctx)
    if url is None or token_file is None:
        raise BadArgument("--url and --token-file are needed", hint="custodes worker serve prints both")
    found = _read(file)
    verify_receipt(found)
    sequence = int(found["body"]["sequence"])
    inclusion = WorkerClient(url, read_token(token_file), tls_ca).prove_receipt(sequence)
    if inclusion is None:
        raise NotAnchored(f"receipt {sequence} is not anchored yet", hint="ask again later; see --anchor-every")
    proven = {**found, "inclusion": inclusion}
    verify_inclusion(proven)
    file.write_text(json.dumps(proven, indent=2) + "\n")
    app.output.result(
        "custodes.receipt-inclusion/1",
        {"file": str(file), "sequence": sequence, "inclusion": inclusion},
        [f"{file} holds its place in batch {inclusion['batch']}, of {inclusion['count']} receipts"],
    )
    app.output.next(f"custodes audit receipt {file}")


def verify(
    ctx: typer.Context,
    file: File,
    root: Annotated[
        str | None, typer.Option(metavar="HASH", help="The anchored root, if you know it: no chain is asked.")
    ] = None,
    request: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The question's canonical bytes, to compare.")
    ] = None,
    response: Annotated[Path | None, typer.Option(metavar="FILE", help="The answer's bytes, to compare.")] = None,
    agreement: Agreement = None,
) -> None:
    """FILE was signed by the worker that it names and lies under a root that this worker anchored. Exit code 1 if not.

    The root is looked up on the chain, in a final block, and proven under its header; with --root nothing is asked.
    """
    from inference.anchored import find_anchoring
    from inference.receipts import verify_inclusion, verify_receipt

    app = get_app(ctx)
    found = _read(file)
    contents = [path.read_bytes() if path is not None else None for path in (request, response)]
    verify_receipt(found, *contents)
    anchored = verify_inclusion(found)
    block: int | None = None
    if root is not None:
        _compare(anchored, root)
    else:
        block = find_anchoring(reach(app, agreement), found["body"], anchored)
    body = found["body"]
    app.output.result(
        "custodes.receipt-verified/1",
        {
            "ok": True,
            "worker": body["worker"],
            "releaseId": body["releaseId"],
            "sequence": body["sequence"],
            "batch": anchored.batch,
            "root": "0x" + anchored.root.hex(),
            "block": block,
            "compared": [name for name, content in zip(("request", "response"), contents, strict=True) if content],
        },
        [
            f"receipt {body['sequence']} was signed by {body['worker']} and anchored in batch {anchored.batch}",
            f"  release      {body['releaseId']}",
            f"  tokens       {body['promptTokens']} read, {body['outputTokens']} written ({body['capability']})",
            f"  constraints  {body['ledgerHead']}",
            f"  root         0x{anchored.root.hex()}" + (f", in block {block}" if block is not None else ", as given"),
        ],
    )


def _read(file: Path) -> dict[str, Any]:
    """Raises: BadArgument."""
    try:
        raw = file.read_bytes()
        found = json.loads(raw) if len(raw) <= MAX_BYTES else None
    except OSError as e:
        raise BadArgument(f"{file} cannot be read: {e.strerror}") from e
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise BadArgument(f"{file} holds no receipt", hint="custodes worker ask --receipt FILE writes one")
    return found


def _compare(anchored: Anchored, root: str) -> None:
    """Raises: BadReceipt."""
    from inference.errors import BadReceipt

    if root.lower().removeprefix("0x") != anchored.root.hex():
        raise BadReceipt(f"the receipt lies under the root 0x{anchored.root.hex()}, not under the one that was given")
