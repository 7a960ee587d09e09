"""Committee: the key generation board and the unlock bus. Points are EIP-2537 bytes: G1 128, G2 256."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from governance.encoding.committee import split_words
from governance.encoding.structs import Array
from governance.ledger.artifacts import ContractName
from governance.ledger.codec import Call
from governance.ledger.contracts.base import Block, ContractClient
from governance.types import (
    Address,
    DealingRecord,
    Epoch,
    EpochRecord,
    Hash32,
    Identity,
    MemberIndex,
    MemberRecord,
    ReleaseId,
    RequestId,
    RequestRecord,
)
from governance.types.events.committee import UnlockRequested


class CommitteeClient(ContractClient):
    """Reads and calls of Committee."""

    name: ClassVar[ContractName] = "Committee"

    # --- reads

    def get_current_epoch(self, *, at: Block = "latest") -> Epoch:
        """The epoch whose key is in force; 0 if none."""
        return Epoch(self._read("currentEpoch", returns=["uint64"], at=at))

    def get_latest_epoch(self, *, at: Block = "latest") -> Epoch:
        return Epoch(self._read("latestEpoch", returns=["uint64"], at=at))

    def get_epoch(self, epoch: Epoch, *, at: Block = "latest") -> EpochRecord:
        found: EpochRecord = self._read("getEpoch", epoch, returns=[EpochRecord], at=at)
        return found

    def get_members(self, epoch: Epoch, *, at: Block = "latest") -> tuple[MemberRecord, ...]:
        found: tuple[MemberRecord, ...] = self._read("getMembers", epoch, returns=[Array(MemberRecord)], at=at)
        return found

    def get_dealing(self, epoch: Epoch, place: int, *, at: Block = "latest") -> DealingRecord:
        """What the dealer at that place of the dealers' list has done."""
        found: DealingRecord = self._read("getDealing", epoch, place, returns=[DealingRecord], at=at)
        return found

    def get_dealers(self, epoch: Epoch, *, at: Block = "latest") -> tuple[MemberRecord, ...]:
        """The dealers' list: the members of the epoch, or in a resharing of its predecessor."""
        return self.get_members(self.get_epoch(epoch, at=at).predecessor or epoch, at=at)

    def get_key(self, *, at: Block = "latest") -> bytes:
        """The committee key in force (256 bytes); empty if none."""
        return bytes(self._read("key", returns=["bytes"], at=at))

    def get_key_hash(self, *, at: Block = "latest") -> Hash32:
        """keccak256 of the committee key in force; 32 zero bytes if none."""
        return Hash32(self._read("keyHash", returns=["bytes32"], at=at))

    def get_aggregate(self, epoch: Epoch, *, at: Block = "latest") -> bytes:
        """The t aggregated commitments of an epoch (t * 256 bytes)."""
        return bytes(self._read("aggregate", epoch, returns=["bytes"], at=at))

    def get_verification_key(self, epoch: Epoch, index: MemberIndex, *, at: Block = "latest") -> bytes:
        return bytes(self._read("verificationKey", epoch, index, returns=["bytes"], at=at))

    def get_request(self, request_id: RequestId, *, at: Block = "latest") -> RequestRecord:
        found: RequestRecord = self._read("getRequest", request_id, returns=[RequestRecord], at=at)
        return found

    def get_last_request(self, release_id: ReleaseId, worker: Address, *, at: Block = "latest") -> RequestId:
        return RequestId(self._read("lastRequest", release_id, worker, returns=["bytes32"], at=at))

    def get_hash_to_g1(self, identity: Identity, *, at: Block = "latest") -> bytes:
        """H(identity) as the contract computes it."""
        return bytes(self._read("hashToG1", identity, returns=["bytes"], at=at))

    # --- calls of members

    def register(self, epoch: Epoch, transport_key: bytes, commitments_hash: Hash32) -> Call:
        return self._call("register", epoch, transport_key, commitments_hash)

    def deal(self, epoch: Epoch, commitments: bytes, proof: bytes, envelopes: Sequence[bytes]) -> Call:
        return self._call("deal", epoch, commitments, proof, list(envelopes))

    def complain(self, epoch: Epoch, dealers: Sequence[MemberIndex]) -> Call:
        return self._call("complain", epoch, list(dealers))

    def answer(self, epoch: Epoch, commitments: bytes, shares: Sequence[bytes]) -> Call:
        return self._call("answer", epoch, commitments, list(shares))

    def settle(self, epoch: Epoch, commitments: Sequence[bytes]) -> Call:
        return self._call("settle", epoch, list(commitments))

    def acknowledge(self, epoch: Epoch, proof: bytes) -> Call:
        return self._call("acknowledge", epoch, proof)

    def advance(self, epoch: Epoch) -> Call:
        return self._call("advance", epoch)

    def approve(self, request_id: RequestId) -> Call:
        return self._call("approve", request_id)

    def post(self, asked: UnlockRequested, partial_key: bytes, *, verification_key: bytes) -> Call:
        """An answer to that request; `verification_key` is the member's PK_i.

        Raises: NotEncodable.
        """
        points = (split_words(point) for point in (partial_key, asked.transport_key, verification_key))
        return self._call("post", asked.request_id, asked.release_id, asked.worker, *points)

    # --- calls of workers

    def request_unlock(self, release_id: ReleaseId, transport_key: bytes, proof: bytes) -> Call:
        return self._call("requestUnlock", release_id, transport_key, proof)
