"""custodes model disperse and gather: sealed weights in n fragments of which any k suffice."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from governance.cli.context import get_app
from governance.cli.errors import BadArgument
from inference.cli.bar import show_progress
from inference.cli.options import Agreement, reach


def disperse(
    ctx: typer.Context,
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="A sealed directory.")],
    out: Annotated[Path, typer.Argument(help="Where the fragments' directories are made.")],
    data: Annotated[int, typer.Option(min=1, max=63, help="How many fragments suffice.")] = 3,
    parity: Annotated[int, typer.Option(min=1, max=63, help="How many may be missing.")] = 2,
) -> None:
    """OUT holds a directory for each fragment, to be given to one party each; any --data of them make DIR again.

    Each is 1/data of the weights. Fragments are ciphertext: who has them all still needs the committee.
    """
    from inference.sealed.dispersal import disperse as make

    app = get_app(ctx)
    if data + parity > 64:
        raise BadArgument("there are 64 fragments at most")
    if app.dry_run:
        app.output.note(f"{data + parity} fragments would be made; nothing was written (--dry-run)")
        return
    with show_progress(app, "dispersing") as progress:
        made = make(directory, out, data=data, parity=parity, progress=progress)
    names = [str(path) for path in made.fragments]
    app.output.result(
        "custodes.dispersal/1",
        {
            "model": made.manifest.model,
            "manifestHash": made.manifest.compute_hash(),
            "data": data,
            "parity": parity,
            "root": made.root,
            "fragments": names,
        },
        [
            f"{made.manifest.model} is in {len(names)} fragments, of which any {data} suffice",
            *(f"  {name}" for name in names),
        ],
    )
    app.output.next(f"custodes model gather {directory.name} {' '.join(names[:data])}")


def gather(
    ctx: typer.Context,
    out: Annotated[Path, typer.Argument(help="The sealed directory to make.")],
    fragments: Annotated[list[str], typer.Argument(metavar="FRAGMENT...", help="Directories, or URLs of them.")],
    threads: Annotated[int, typer.Option(min=1, help="Threads that verify.")] = 2,
    agreement: Agreement = None,
) -> None:
    """OUT is the sealed directory that the ledger recorded, from any sufficient number of true fragments.

    Each fragment is verified before anything is decoded from it; one that lies is named and left out.
    """
    from inference.sealed.dispersal import gather as make
    from inference.sealed.dispersal import open_source
    from inference.sealing import find_anchor

    app = get_app(ctx)
    access = reach(app, agreement)
    sources = [open_source(text) for text in fragments]
    with show_progress(app, "gathering") as progress:
        found = make(sources, out, lambda manifest: find_anchor(access, manifest), threads=threads, progress=progress)
    for fault in found.faults.values():
        app.output.note(f"left out: {fault}")
    app.output.result(
        "custodes.gathered/1",
        {
            "directory": str(out),
            "model": found.manifest.model,
            "manifestHash": found.manifest.compute_hash(),
            "used": list(found.used),
            "faults": dict(found.faults),
        },
        [f"{out} is {found.manifest.model}, as the ledger recorded it, from {len(found.used)} fragments"],
    )
    app.output.next(f"custodes model verify {out}")
