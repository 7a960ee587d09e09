"""custodes keys: files that sign, each opened by a password."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from governance.cli.context import get_app
from governance.cli.errors import BadArgument


def new(ctx: typer.Context, name: Annotated[str, typer.Argument(help="What the key is called.")]) -> None:
    """A fresh key lies in a file of its own, and its address is printed. The password is asked for twice."""
    from governance.ledger.signer import Signer

    app = get_app(ctx)
    password = app.choose_password("password for the new key: ")
    file = app.keystore.save(name, Signer.random(), password)
    app.output.result(
        "custodes.key/1",
        {"name": file.name, "address": file.address, "file": str(file.path)},
        [f"{file.name}: {file.address}", f"wrote {file.path}"],
    )
    app.output.note("keep a copy of the file and of the password apart from each other: neither can be recovered")


def list_(ctx: typer.Context) -> None:
    """The key files there are, with their addresses."""
    from governance.cli.tables import format_table

    app = get_app(ctx)
    files = app.keystore.list()
    rows = [(file.name, file.address, "insecure" if file.is_insecure else "") for file in files]
    app.output.result(
        "custodes.keys/1",
        {
            "keystore": str(app.keystore.directory),
            "keys": [
                {"name": file.name, "address": file.address, "insecure": file.is_insecure, "file": str(file.path)}
                for file in files
            ],
        },
        format_table(("name", "address", ""), rows) if rows else [f"no keys lie in {app.keystore.directory}"],
    )
    if not files:
        app.output.next("custodes keys new NAME")


def export(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="The key's name, address or file.")],
    out: Annotated[Path | None, typer.Option(help="Copy the key file there, still encrypted.")] = None,
) -> None:
    """The key's address, and with --out a copy of its file for another wallet. The key itself is never printed."""
    app = get_app(ctx)
    file = app.keystore.find(name)
    if out is not None:
        if out.exists():
            raise BadArgument(f"{out} exists: a key is never written over another file")
        out.touch(mode=0o600)
        out.write_bytes(file.path.read_bytes())
    app.output.result(
        "custodes.key/1",
        {"name": file.name, "address": file.address, "file": str(out or file.path)},
        [file.address] if out is None else [file.address, f"wrote {out}, which the password of {file.name} opens"],
    )
