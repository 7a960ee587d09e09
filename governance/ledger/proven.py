"""Facts about releases, unlock requests and epochs, each proven by storage proofs under a header that was verified.

This is what an oracle signs on and what a worker's lease rests on. No answer of a contract call enters: an RPC that
computes `isReleasable` for its caller could say anything.

The judgement mirrors `Releases._standing` and is compared with it, state by state, in a differential test.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from governance.chain.headers import Header
from governance.chain.storage import Place, StorageLayout, Value
from governance.chain.view import Heads, JsonRpc, NoAgreement, prove
from governance.errors import Unavailable, VerificationError
from governance.ledger.artifacts import ContractName, load_artifact
from governance.ledger.deployment import Deployment
from governance.types import Hash32
from governance.types.enums import Phase, Releasability, ReleaseStatus
from governance.types.names import EVERYTHING

Prover = Callable[[Header, str, bytes, Sequence[int]], Mapping[int, int]]


@dataclass(frozen=True)
class ReleaseFacts:
    """What `isReleasable` reads, decoded and judged at one block."""

    releasability: Releasability
    identity: bytes  # that the release gives this worker; zeros if it is not named
    expires_at: int  # [Unix seconds]
    block_time: int  # [Unix seconds]


@dataclass(frozen=True)
class RequestState:
    """An unlock request as the Committee stores it; `expires_at` 0 means that there is none."""

    release_id: bytes
    identity: bytes
    transport_hash: bytes
    worker: str
    epoch: int
    expires_at: int  # [Unix seconds]
    approvals: int  # bit = position in the epoch's list
    partials: int


@dataclass(frozen=True)
class EpochState:
    """The part of an epoch's record that a decision needs."""

    phase: Phase
    threshold: int
    size: int
    phase_ends_at: int  # [Unix seconds]
    key_hash: bytes


@dataclass(frozen=True)
class Contract:
    """Where a contract stands, what its code hashes to, and how it keeps its state."""

    address: str
    code_hash: bytes
    layout: StorageLayout


class ProvenLedger:
    """Reads of Releases, Brake, Committee and Constraints by proof."""

    def __init__(self, releases: Contract, brake: Contract, committee: Contract, constraints: Contract) -> None:
        self._releases = releases
        self._brake = brake
        self._committee = committee
        self._constraints = constraints

    @classmethod
    def of(cls, deployment: Deployment) -> ProvenLedger:
        """The system of that deployment. Raises: BadArtifact."""

        def contract(name: ContractName) -> Contract:
            layout = StorageLayout(load_artifact(name).storage_layout)
            return Contract(deployment.addresses[name], deployment.code_hashes[name], layout)

        return cls(contract("Releases"), contract("Brake"), contract("Committee"), contract("Constraints"))

    def ledger_head(self, prover: Prover, header: Header) -> Hash32:
        """The head of the constraints' hash chain in the state of `header`. Raises: BadProof, Unavailable."""
        slot = self._constraints.layout.place("head").slot
        return Hash32(self._words(prover, header, self._constraints, [slot])[slot].to_bytes(32, "big"))

    def release(self, prover: Prover, header: Header, release_id: bytes, worker: str) -> ReleaseFacts:
        """Whether `worker` may unlock under `release_id` in the state of `header`, at the time of `header`.

        Raises: BadProof, Unavailable.
        """
        layout = self._releases.layout
        place = layout.place("releases", release_id)
        named = layout.place("workerIdentities", release_id, worker)
        words = self._words(prover, header, self._releases, [*layout.slots(place), named.slot])
        release = layout.decode(place, words)
        identity = words[named.slot].to_bytes(32, "big")
        scopes = self._scopes(prover, header, cast(bytes, release["lineage"]))
        return ReleaseFacts(
            judge(release, scopes[0], scopes[1], identity, header.timestamp),
            identity,
            cast(int, release["expiresAt"]),
            header.timestamp,
        )

    def latest_releases(self, heads: Heads, release_id: bytes, worker: str) -> list[ReleaseFacts]:
        """What each RPC proves at its own latest block: the worst of them counts.

        An RPC that does not answer loses its voice; one that answers with a wrong proof is heard as a stop.

        Raises: NoAgreement, if not one of them proves its state.
        """
        facts: list[ReleaseFacts] = []
        for rpc, header in heads.latest:
            try:
                facts.append(self.release(_by(rpc), header, release_id, worker))
            except Unavailable:
                continue
            except VerificationError:
                facts.append(ReleaseFacts(Releasability.UNKNOWN_RELEASE, bytes(32), 0, header.timestamp))
        if not facts:
            raise NoAgreement("no RPC proves the state of its latest block")
        return facts

    def request(self, prover: Prover, header: Header, request_id: bytes) -> RequestState:
        """The unlock request in the state of `header`.

        Raises: BadProof, Unavailable.
        """
        values = self._struct(prover, header, self._committee, "_requests", request_id)
        return RequestState(
            release_id=cast(bytes, values["releaseId"]),
            identity=cast(bytes, values["identity"]),
            transport_hash=cast(bytes, values["transportHash"]),
            worker=cast(str, values["worker"]),
            epoch=cast(int, values["epoch"]),
            expires_at=cast(int, values["expiresAt"]),
            approvals=cast(int, values["approvals"]),
            partials=cast(int, values["partials"]),
        )

    def epoch(self, prover: Prover, header: Header, epoch: int) -> EpochState:
        """The epoch's record in the state of `header`.

        Raises: BadProof, Unavailable.
        """
        values = self._struct(prover, header, self._committee, "_epochs", epoch)
        return EpochState(
            phase=Phase(cast(int, values["phase"])),
            threshold=cast(int, values["threshold"]),
            size=cast(int, values["size"]),
            phase_ends_at=cast(int, values["phaseEndsAt"]),
            key_hash=cast(bytes, values["keyHash"]),
        )

    def _scopes(self, prover: Prover, header: Header, lineage: bytes) -> list[dict[str, Value]]:
        layout = self._brake.layout
        places = [layout.place("scopes", lineage), layout.place("scopes", bytes(EVERYTHING))]
        slots = [slot for place in places for slot in layout.slots(place)]
        words = self._words(prover, header, self._brake, sorted(set(slots)))
        return [layout.decode(place, words) for place in places]

    def _struct(self, prover: Prover, header: Header, contract: Contract, variable: str, key: Any) -> dict[str, Value]:
        place: Place = contract.layout.place(variable, key)
        words = self._words(prover, header, contract, contract.layout.slots(place))
        return contract.layout.decode(place, words)

    @staticmethod
    def _words(prover: Prover, header: Header, contract: Contract, slots: Sequence[int]) -> Mapping[int, int]:
        return prover(header, contract.address, contract.code_hash, slots)


def _by(rpc: JsonRpc) -> Prover:
    return lambda header, address, code_hash, slots: prove(rpc, header, address, code_hash, slots)


def judge(
    release: Mapping[str, Value], own: Mapping[str, Value], everything: Mapping[str, Value], identity: bytes, now: int
) -> Releasability:
    """R-Releases-08 on proven words: alive is never a zero, and everything that is absent is a no."""
    status = release["status"]
    if status == ReleaseStatus.REVOKED:
        return Releasability.REVOKED
    if status != ReleaseStatus.ALIVE:
        return Releasability.UNKNOWN_RELEASE
    if now >= cast(int, release["expiresAt"]):
        return Releasability.EXPIRED
    if own["generation"] != release["lineageGeneration"] or everything["generation"] != release["globalGeneration"]:
        return Releasability.BARRED
    for scope in (own, everything):
        if scope["openedAt"] == 0 or scope["standing"] != 0:
            return Releasability.STOPPED
    return Releasability.RELEASABLE if any(identity) else Releasability.WORKER_NOT_NAMED
