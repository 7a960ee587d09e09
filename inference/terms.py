"""What the ledger is proven to hold of a release and its model: the terms that a worker runs under.

Anybody can wrap a key to a model's identity, so an RPC that could choose the content root would choose the weights.
Hence nothing here is an answer of a contract call: every value is proven in storage under a verified header.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self, cast

from governance.chain.headers import Header
from governance.chain.storage import Value
from governance.ledger.deployment import Deployment
from governance.ledger.proven import Contract, Prover
from governance.types import Address, Hash32, Identity, Mode, ModelId, ReleaseId
from inference.errors import NotRegistered, WorkerDark
from inference.sealed import Anchor, Manifest


@dataclass(frozen=True)
class Terms:
    """One worker's terms under one release, at one finalized block."""

    release_id: ReleaseId
    worker: Address
    model_id: ModelId
    mode: Mode
    identity: Identity
    scope_hash: Hash32
    anchor: Anchor  # what the sealed directory is judged by
    committee_key_hash: Hash32


class ProvenTerms:
    """Reads of Releases and Constraints by proof."""

    def __init__(self, releases: Contract, constraints: Contract) -> None:
        self._releases = releases
        self._constraints = constraints

    @classmethod
    def of(cls, deployment: Deployment) -> Self:
        """The terms under that deployment."""
        return cls(Contract.of(deployment, "Releases"), Contract.of(deployment, "Constraints"))

    def terms(self, prover: Prover, header: Header, release_id: ReleaseId, worker: Address) -> Terms:
        """The terms in the state of `header`; whether the release is in force is not judged here.

        Raises: WorkerDark (there is no such release for this worker), NotRegistered, BadProof, Unavailable.
        """
        layout = self._releases.layout
        place = layout.place("releases", release_id)
        named = layout.place("workerIdentities", release_id, worker)
        words = self._releases.words(prover, header, [*layout.slots(place), named.slot])
        release = layout.decode(place, words)
        identity = Identity(words[named.slot].to_bytes(32, "big"))
        model_id = ModelId(_hash(release, "modelId"))
        if not any(identity) or not any(model_id):
            raise WorkerDark("the release does not name this worker", rule="R-Worker-01")
        model = self._model(prover, header, model_id)
        return Terms(
            release_id=release_id,
            worker=worker,
            model_id=model_id,
            mode=Mode(cast(int, release["mode"])),
            identity=identity,
            scope_hash=_hash(release, "scopeHash"),
            anchor=_to_anchor(model, identity),
            committee_key_hash=_hash(model, "committeeKeyHash"),
        )

    def anchor(self, prover: Prover, header: Header, manifest: Manifest) -> Anchor:
        """What the ledger recorded of the model that `manifest` names, its own identity among it.

        Raises: NotRegistered, BadProof, Unavailable.
        """
        layout = self._releases.layout
        owner = layout.place("identityModels", manifest.identity)
        words = self._releases.words(prover, header, [owner.slot])
        if words[owner.slot].to_bytes(32, "big") != manifest.model_id:
            raise NotRegistered(
                f"at the finalized block, the ledger gives identity 0x{manifest.identity.hex()[:16]}… to no such model"
            )
        return _to_anchor(self._model(prover, header, ModelId(manifest.model_id)), Identity(manifest.identity))

    def ledger_head(self, prover: Prover, header: Header) -> Hash32:
        """The head of the constraints' hash chain in the state of `header`. Raises: BadProof, Unavailable."""
        slot = self._constraints.layout.place("head").slot
        return Hash32(self._constraints.words(prover, header, [slot])[slot].to_bytes(32, "big"))

    def _model(self, prover: Prover, header: Header, model_id: ModelId) -> Mapping[str, Value]:
        layout = self._releases.layout
        place = layout.place("models", model_id)
        model = layout.decode(place, self._releases.words(prover, header, layout.slots(place)))
        if not model["index"]:
            raise NotRegistered(f"at the finalized block, the ledger has no model 0x{model_id.hex()[:16]}…")
        return model


def _to_anchor(model: Mapping[str, Value], identity: Identity) -> Anchor:
    return Anchor(_hash(model, "manifestHash"), _hash(model, "contentRoot"), _hash(model, "keyCommitment"), identity)


def _hash(values: Mapping[str, Value], name: str) -> Hash32:
    return Hash32(cast(bytes, values[name]))
