"""Releases: models, identities, and the expiring permissions to unlock them."""

from __future__ import annotations

from typing import ClassVar

from governance.ledger.artifacts import ContractName
from governance.ledger.codec import Call
from governance.ledger.contracts.base import Block, ContractClient
from governance.types import (
    Address,
    Hash32,
    Identity,
    Mode,
    ModelId,
    ModelRecord,
    ReceiptState,
    Releasability,
    ReleaseId,
    ReleaseRecord,
)


class ReleasesClient(ContractClient):
    """Reads and calls of Releases."""

    name: ClassVar[ContractName] = "Releases"

    # --- reads

    def get_model(self, model_id: ModelId, *, at: Block = "latest") -> ModelRecord:
        found: ModelRecord = self._read("getModel", model_id, returns=[ModelRecord], at=at)
        return found

    def get_identity(
        self, key_hash: Hash32, model_id: ModelId, mode: Mode, party: int, *, at: Block = "latest"
    ) -> Identity:
        """The identity as the contract computes it."""
        return Identity(self._read("computeIdentity", key_hash, model_id, mode, party, returns=["bytes32"], at=at))

    def get_model_of_identity(self, identity: Identity, *, at: Block = "latest") -> ModelId:
        return ModelId(self._read("modelOfIdentity", identity, returns=["bytes32"], at=at))

    def get_model_of_key(self, key_commitment: Hash32, *, at: Block = "latest") -> ModelId:
        """The model that was sealed with that data key, here or in a predecessor; 32 zero bytes if none was."""
        return ModelId(self._read("modelOfKey", key_commitment, returns=["bytes32"], at=at))

    def get_party(self, model_id: ModelId, label: Hash32, *, at: Block = "latest") -> int:
        """The party of the model that releases gave to an affiliation group or a jurisdiction; 0 if none."""
        return int(self._read("partyOf", model_id, label, returns=["uint16"], at=at))

    def get_model_count(self, *, at: Block = "latest") -> int:
        return int(self._read("modelCount", returns=["uint32"], at=at))

    def get_release_ids(self, *, at: Block = "latest") -> list[ReleaseId]:
        """Every release in the order of execution, those that have ended included."""
        count = int(self._read("releaseCount", returns=["uint32"], at=at))
        return [ReleaseId(Hash32(self._read("releaseAt", n, returns=["bytes32"], at=at))) for n in range(1, count + 1)]

    def get_release(self, release_id: ReleaseId, *, at: Block = "latest") -> ReleaseRecord:
        found: ReleaseRecord = self._read("getRelease", release_id, returns=[ReleaseRecord], at=at)
        return found

    def get_worker_identity(self, release_id: ReleaseId, worker: Address, *, at: Block = "latest") -> Identity:
        """What this worker may unlock under this release; 32 zero bytes if it is not named."""
        return Identity(self._read("workerIdentity", release_id, worker, returns=["bytes32"], at=at))

    def is_releasable(self, release_id: ReleaseId, worker: Address, *, at: Block = "latest") -> bool:
        return bool(self._read("isReleasable", release_id, worker, returns=["bool"], at=at))

    def get_releasability(self, release_id: ReleaseId, worker: Address, *, at: Block = "latest") -> Releasability:
        """Whether, and otherwise why not."""
        return Releasability(self._read("releasability", release_id, worker, returns=[Releasability], at=at))

    def get_receipts(self, release_id: ReleaseId, worker: Address, *, at: Block = "latest") -> ReceiptState:
        """What this worker has anchored under this release."""
        return ReceiptState(
            *self._read("receiptState", release_id, worker, returns=["uint64", "uint64", "bytes32"], at=at)
        )

    # --- calls

    def anchor_receipts(self, release_id: ReleaseId, root: Hash32, count: int) -> Call:
        return self._call("anchorReceipts", release_id, root, count)
