"""The contracts as they were compiled: ABI, code, documentation and storage layout, out of the installed package."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal, get_args

from governance.encoding.code import compute_template_hash
from governance.ledger.errors import BadArtifact
from governance.types import Hash32

ContractName = Literal["Seats", "Council", "Constraints", "Releases", "Brake", "Committee"]

# In the order of deployment, which is the order of `System`.
CONTRACTS: tuple[ContractName, ...] = get_args(ContractName)
SHARED = "Shared"  # errors that bubble through, and that no contract's own ABI mentions


@dataclass(frozen=True)
class Artifact:
    """One compiled contract."""

    name: str
    abi: list[dict[str, Any]]
    creation_code: bytes
    runtime_code: bytes  # immutables are zero
    immutables: tuple[tuple[int, int], ...]  # (start, length) in the runtime code
    storage_layout: Mapping[str, Any]
    userdoc: Mapping[str, Any]

    @property
    def template_hash(self) -> Hash32:
        """The hash of the runtime code with its immutables blanked: equal for every deployment of this source."""
        return self.compute_template_hash(self.runtime_code)

    def compute_template_hash(self, code: bytes) -> Hash32:
        """The hash of a deployed contract's code with this contract's immutables blanked. Raises: NotEncodable."""
        return compute_template_hash(code, self.immutables)


@cache
def load_artifact(name: ContractName) -> Artifact:
    """The artifact of that contract. Raises: BadArtifact."""
    read = _read(name)
    try:
        runtime = read["deployedBytecode"]
        references = runtime["immutableReferences"].values()
        return Artifact(
            name=name,
            abi=read["abi"],
            creation_code=bytes.fromhex(read["bytecode"]["object"].removeprefix("0x")),
            runtime_code=bytes.fromhex(runtime["object"].removeprefix("0x")),
            immutables=tuple((place["start"], place["length"]) for places in references for place in places),
            storage_layout=read["storageLayout"],
            userdoc=read["userdoc"],
        )
    except (KeyError, TypeError, ValueError) as e:
        raise BadArtifact(f"the artifact of {name} is malformed: {e}") from e


def load_shared_abi() -> list[dict[str, Any]]:
    """Errors and events that only libraries declare. Raises: BadArtifact."""
    abi: list[dict[str, Any]] = _read(SHARED)["abi"]
    return abi


def _read(name: str) -> dict[str, Any]:
    try:
        loaded: dict[str, Any] = json.loads((files("governance.ledger") / "artifacts" / f"{name}.json").read_bytes())
    except (OSError, ValueError) as e:
        raise BadArtifact(f"the artifact of {name} is missing") from e
    return loaded
