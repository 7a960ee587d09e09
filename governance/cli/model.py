"""custodes model register and list: the ledger's side of sealed weights. Sealing itself is the worker package's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from governance.cli.context import get_app
from governance.cli.errors import BadArgument
from governance.cli.files import read_bytes
from governance.cli.proposing import Description, propose
from governance.types import RegisterModel

MANIFEST = "manifest.json"


def register(
    ctx: typer.Context,
    sealed: Annotated[Path, typer.Argument(help="The sealed directory, or its manifest.json.")],
    parent: Annotated[str | None, typer.Option(help="What it was derived from: it inherits its stops.")] = None,
    description: Description = "",
) -> None:
    """A proposal to register sealed weights (tier 2), by the hash of their manifest."""
    from governance.types import ActionKind, ModelId

    app = get_app(ctx)
    path = sealed / MANIFEST if sealed.is_dir() else sealed
    lineage = app.history.names.find_model(parent) if parent is not None else ModelId(bytes(32))
    action = _read_manifest(path, lineage)
    propose(app, ActionKind.REGISTER_MODEL, action, description or f"register {action.name}")


def list_(ctx: typer.Context) -> None:
    """Every registered model, its lineage, and whether it is stopped."""
    from governance.cli.tables import format_table
    from governance.types.events.releases import ModelRegistered

    app = get_app(ctx)
    names = app.history.names
    found = [record.event for record in app.history.events if isinstance(record.event, ModelRegistered)]
    stopped = {event.model_id: app.ledger.brake.is_stopped(event.lineage) for event in found}
    rows = [
        (
            event.name,
            f"0x{event.model_id.hex()[:16]}…",
            "its own" if event.lineage == event.model_id else names.of_model(event.lineage),
            "stopped" if stopped[event.model_id] else "",
        )
        for event in found
    ]
    app.output.result(
        "custodes.models/1",
        {
            "models": [
                {
                    "name": event.name,
                    "id": event.model_id,
                    "lineage": event.lineage,
                    "parent": event.parent_model,
                    "registrar": event.registrar,
                    "sealNonce": event.seal_nonce,
                    "manifestHash": event.manifest_hash,
                    "contentRoot": event.content_root,
                    "keyCommitment": event.key_commitment,
                    "committeeKeyHash": event.committee_key_hash,
                    "stopped": stopped[event.model_id],
                }
                for event in found
            ]
        },
        format_table(("model", "id", "lineage", ""), rows) if rows else ["no models"],
    )


def _read_manifest(path: Path, parent: Any) -> RegisterModel:
    """The action that registers exactly this manifest. Raises: BadArgument."""
    from governance.encoding.errors import NotEncodable
    from governance.encoding.keccak import keccak256
    from governance.encoding.names import make_address
    from governance.encoding.releases import compute_model_id
    from governance.types import Hash32, IdentityRequest, Mode

    try:
        data = read_bytes(path)
        manifest = json.loads(data)
        registrar = make_address(manifest["registrar"])
        nonce = manifest["sealNonce"]
        seal_nonce = nonce if isinstance(nonce, int) else int(nonce, 16)
        action = RegisterModel(
            registrar=registrar,
            seal_nonce=seal_nonce,
            parent_model=parent,
            manifest_hash=Hash32(keccak256(data)),
            content_root=_hash(manifest["contentRoot"]),
            key_commitment=_hash(manifest["keyCommitment"]),
            committee_key_hash=_hash(manifest["committeeKeyHash"]),
            identities=tuple(
                IdentityRequest(Mode[key["mode"].upper()], int(key["party"])) for key in manifest["wrappedKeys"]
            ),
            name=str(manifest["model"]),
        )
        if compute_model_id(registrar, seal_nonce) != _hash(manifest["modelId"]):
            raise BadArgument(f"{path} names a model id that its registrar and seal nonce do not give")
    except (ValueError, KeyError, TypeError, AttributeError, NotEncodable) as e:
        raise BadArgument(f"{path} is no manifest of sealed weights: {e}") from e
    return action


def _hash(text: str) -> Any:
    from governance.types import Hash32

    value = bytes.fromhex(text.removeprefix("0x"))
    if len(value) != 32:
        raise ValueError(f"32 bytes are required, got {len(value)}")
    return Hash32(value)
