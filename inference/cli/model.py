"""custodes model seal, inspect and verify: weights on their way to the committee, and what can be seen of them."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from governance.cli.context import App, get_app
from inference.cli.bar import show_progress
from inference.cli.options import Agreement, reach

if TYPE_CHECKING:
    from governance.types import Address
    from inference.sealed import Manifest, SealReport
    from inference.unfinished import Unfinished

Directory = Annotated[Path, typer.Argument(metavar="DIR", help="A sealed directory.")]


def seal(
    ctx: typer.Context,
    source: Annotated[Path, typer.Argument(help="A transformers directory with safetensors.")],
    out: Annotated[Path, typer.Argument(help="The sealed directory to make.")],
    registrar: Annotated[
        str | None, typer.Option(help="Who will register it: an address or a key's name; by default --key.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="What people call it; by default the source's name.")] = None,
    threads: Annotated[int, typer.Option(min=1, help="Threads that encrypt.")] = 2,
    resumable: Annotated[
        bool,
        typer.Option("--resumable", help="Keep finished shards, and the data key under a password."),
    ] = False,
    agreement: Agreement = None,
) -> None:
    """OUT holds SOURCE, encrypted: only t of the committee's oracles together can open it again.

    The source stays as it is: whoever has it has the model. A sealing that is broken off leaves nothing; with
    --resumable, the same command goes on with the shards that are missing.
    """
    from inference.sealed.source import read_source
    from inference.sealing import get_committee_key, seal_to_committee

    app = get_app(ctx)
    access = reach(app, agreement)
    app.output.note("waiting for a finalized committee key")
    key = get_committee_key(access)
    if app.dry_run:
        found = read_source(source)
        size = sum(shard.size for shard in found.shards)
        app.output.note(
            f"{len(found.shards)} file(s) with {size:,} bytes would be sealed; nothing was written (--dry-run)"
        )
        return
    with _open_kept(app, out, resumable=resumable) as kept, show_progress(app, "sealing") as progress:
        report = seal_to_committee(
            access.ledger.deployment,
            key,
            source,
            out,
            registrar=_read_registrar(app, registrar),
            seal_nonce=secrets.randbelow(2**53 - 1) + 1 if kept is None else kept.seal_nonce,
            name=name or source.resolve().name,
            threads=threads,
            progress=progress,
            kept=kept,
        )
    _report_sealed(app, report)


@contextmanager
def _open_kept(app: App, out: Path, *, resumable: bool) -> Iterator[Unfinished | None]:
    """Raises: OutputExists, SealingGoesOn, WrongSealingPassword, DamagedStore, BadArgument, SettingMissing."""
    from inference.sealed.directory import check_free
    from inference.unfinished import clear_finished, get_directory, is_begun, open_unfinished

    directory = get_directory(out)
    if not resumable:
        if is_begun(out):
            app.output.note(f"{directory} is an unfinished sealing; --resumable goes on with it, this begins another")
        yield None
        return
    clear_finished(out)
    check_free(out)
    if is_begun(out):
        app.output.note(f"going on with {directory}")
        password = app.get_password(f"password of {directory}: ")
    else:
        password = app.choose_password("password for what is kept until it is sealed: ")
    with open_unfinished(out, password) as unfinished:
        yield unfinished


def inspect(ctx: typer.Context, directory: Directory) -> None:
    """What a sealed directory says of itself; whether that is true, `model verify` finds out."""
    from inference.sealed.files import SealedDirectory
    from inference.sealed.manifest import parse_manifest

    app = get_app(ctx)
    with SealedDirectory(directory) as opened:
        manifest = parse_manifest(opened.read_manifest_bytes())
    app.output.result("custodes.sealed/1", _to_json(directory, manifest), _to_lines(directory, manifest))
    app.output.next(f"custodes model verify {directory}")


def verify(
    ctx: typer.Context,
    directory: Directory,
    threads: Annotated[int, typer.Option(min=1, help="Threads that read.")] = 2,
    agreement: Agreement = None,
) -> None:
    """Every byte in DIR is the one that the ledger recorded; no key is needed. Exit code 1 if it is not."""
    from inference.sealed import verify_directory
    from inference.sealing import read_anchor

    app = get_app(ctx)
    anchor = read_anchor(reach(app, agreement), directory)
    with show_progress(app, "verifying") as progress:
        found = verify_directory(directory, anchor, threads=threads, progress=progress)
    app.output.result(
        "custodes.sealed-verified/1",
        {
            **_to_json(directory, found.manifest),
            "ok": True,
            "leaves": found.leaves,
            "unlisted": list(found.unlisted),
        },
        [
            f"{directory} is {found.manifest.model}, as the ledger recorded it",
            f"  {found.sealed_bytes:,} sealed bytes in {found.leaves:,} leaves",
            f"  {len(found.manifest.files)} plain files",
            *(f"  not part of the model: {name}" for name in found.unlisted),
        ],
    )


def _read_registrar(app: App, text: str | None) -> Address:
    """Raises: NotEncodable, BadKey, SettingMissing."""
    from governance.encoding.names import make_address

    if text is None:
        return app.key_file.address
    return make_address(text) if text.startswith("0x") else app.keystore.find(text).address


def _report_sealed(app: App, report: SealReport) -> None:
    app.output.result(
        "custodes.sealed/1",
        {
            **_to_json(report.directory, report.manifest),
            "plainBytes": report.plain_bytes,
            "skipped": list(report.skipped),
        },
        _to_lines(report.directory, report.manifest),
    )
    for name in report.skipped:
        app.output.note(f"left out: {name}")
    app.output.next(f"custodes model register {report.directory}")


def _to_json(directory: Path, manifest: Manifest) -> dict[str, Any]:
    return {
        "directory": str(directory),
        "model": manifest.model,
        "modelId": manifest.model_id,
        "registrar": "0x" + manifest.registrar.hex(),
        "sealNonce": int.from_bytes(manifest.seal_nonce, "big"),
        "identity": manifest.identity,
        "manifestHash": manifest.compute_hash(),
        "contentRoot": manifest.content_root,
        "keyCommitment": manifest.key_commitment,
        "committeeKeyHash": manifest.committee_key_hash,
        "sealedBytes": sum(shard.size for shard in manifest.shards),
        "shards": [shard.sealed_name for shard in manifest.shards],
        "files": [file.name for file in manifest.files],
        "identities": [{"mode": key.mode, "party": key.party} for key in manifest.wrapped_keys],
    }


def _to_lines(directory: Path, manifest: Manifest) -> list[str]:
    data = _to_json(directory, manifest)
    return [
        f"{directory}: {manifest.model}, {data['sealedBytes']:,} sealed bytes in {len(manifest.shards)} file(s)",
        f"  model id       0x{manifest.model_id.hex()}",
        f"  manifest hash  0x{manifest.compute_hash().hex()}",
        f"  sealed to      0x{manifest.identity.hex()}",
        f"  registrar      {data['registrar']} (seal nonce {data['sealNonce']})",
    ]
