"""Facts about releases, each proven by storage proofs under a header that was verified.

This is what an oracle signs on and what a worker's lease rests on. No answer of a contract call enters: an RPC that
computes `isReleasable` for its caller could say anything.

The judgement mirrors `Releases._standing` and is compared with it, state by state, in a differential test.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self, cast

from governance.chain.headers import Header
from governance.chain.proofs import BadProof
from governance.chain.storage import StorageLayout, Value
from governance.chain.view import Heads, JsonRpc, NoAgreement, Notice, ignore, prove
from governance.encoding.code import compute_code_hash
from governance.encoding.errors import NotEncodable
from governance.errors import Unavailable, VerificationError
from governance.ledger.artifacts import ContractName, load_artifact
from governance.ledger.deployment import Deployment
from governance.ledger.errors import DeploymentMismatch
from governance.types import Seconds
from governance.types.enums import Releasability, ReleaseStatus
from governance.types.names import EVERYTHING

Prover = Callable[[Header, str, bytes, Sequence[int]], Mapping[int, int]]


@dataclass(frozen=True)
class ReleaseFacts:
    """What `isReleasable` reads, decoded and judged at one block."""

    releasability: Releasability
    identity: bytes  # that the release gives this worker; zeros if it is not named
    expires_at: int  # [Unix seconds]
    block_time: int  # [Unix seconds]
    doubt: str = ""  # why this is no proven fact, and is heard as a stop


@dataclass(frozen=True)
class Contract:
    """Where a contract stands, what its code hashes to, and how it keeps its state."""

    address: str
    code_hash: bytes
    layout: StorageLayout

    @classmethod
    def of(cls, deployment: Deployment, name: ContractName) -> Self:
        """As deployment.json pins it. Whether the layout is that of the code: `Deployment.verify_sources`."""
        layout = StorageLayout(load_artifact(name).storage_layout)
        return cls(deployment.addresses[name], deployment.code_hashes[name], layout)

    def words(self, prover: Prover, header: Header, slots: Sequence[int]) -> Mapping[int, int]:
        """The proven words at those slots, in one proof. Raises: BadProof, Unavailable."""
        return prover(header, self.address, self.code_hash, sorted(set(slots)))


class ProvenLedger:
    """Reads of Releases and Brake by proof."""

    def __init__(self, releases: Contract, brake: Contract) -> None:
        self._releases = releases
        self._brake = brake

    @classmethod
    def of(cls, deployment: Deployment) -> Self:
        """The ledger of that deployment."""
        return cls(Contract.of(deployment, "Releases"), Contract.of(deployment, "Brake"))

    def release(self, prover: Prover, header: Header, release_id: bytes, worker: str) -> ReleaseFacts:
        """Whether `worker` may unlock under `release_id` in the state of `header`, at the time of `header`.

        Raises: BadProof, Unavailable.
        """
        layout = self._releases.layout
        place = layout.place("releases", release_id)
        named = layout.place("workerIdentities", release_id, worker)
        words = self._releases.words(prover, header, [*layout.slots(place), named.slot])
        release = layout.decode(place, words)
        identity = words[named.slot].to_bytes(32, "big")
        own, everything = read_scopes(self._brake, prover, header, cast(bytes, release["lineage"]))
        return ReleaseFacts(
            judge(release, own, everything, identity, header.timestamp),
            identity,
            cast(int, release["expiresAt"]),
            header.timestamp,
        )

    def latest_releases(
        self, heads: Heads, release_id: bytes, worker: str, *, notice: Notice = ignore
    ) -> list[ReleaseFacts]:
        """What each RPC proves at its own latest block: the worst of them counts.

        An RPC that does not answer loses its voice; one that answers with a wrong proof is heard as a stop.

        Raises: NoAgreement, if not one of them proves its state.
        """
        facts: list[ReleaseFacts] = []
        for rpc, header in heads.latest:
            try:
                facts.append(self.release(_twice(_by(rpc)), header, release_id, worker))
            except Unavailable as e:
                notice(rpc, e)
            except VerificationError as e:
                notice(rpc, e)
                unknown = Releasability.UNKNOWN_RELEASE
                facts.append(ReleaseFacts(unknown, bytes(32), 0, header.timestamp, doubt=f"{rpc.name}: {e.message}"))
        if not facts:
            raise NoAgreement("no RPC proves the state of its latest block")
        return facts


def verify_layouts(rpc: JsonRpc, deployment: Deployment) -> None:
    """The pinned code is what this package was compiled to, so that its storage layouts are the code's own.

    Proofs pin the code hash; this says that whoever wrote deployment.json meant the contracts that are installed here.
    Raises: DeploymentMismatch, Unavailable.
    """
    names: tuple[ContractName, ...] = ("Releases", "Brake", "Committee")
    answers = rpc.batch([("eth_getCode", [deployment.addresses[name], "latest"]) for name in names])
    for name, answer in zip(names, answers, strict=True):
        artifact = load_artifact(name)
        try:
            code = bytes.fromhex(answer.removeprefix("0x"))
            actual, template = compute_code_hash(code), artifact.compute_template_hash(code)
        except (AttributeError, NotEncodable, ValueError) as e:
            raise DeploymentMismatch(f"what {rpc.name} has at the address of {name} is not its code: {e}") from e
        if actual != deployment.code_hashes[name]:
            raise DeploymentMismatch(f"{rpc.name} gives other code for {name} than deployment.json pins")
        if template != artifact.template_hash:
            raise DeploymentMismatch(
                f"{name} was compiled from other sources than the installed custodes holds",
                hint="install the release that this consortium deployed",
            )


def read_stall_limit(deployment: Deployment, prover: Prover, header: Header) -> Seconds:
    """The charter's stall limit in the state of `header`: an RPC that could choose it could end an oracle's work.

    Raises: BadProof, Unavailable.
    """
    council = Contract.of(deployment, "Council")
    version = council.layout.place("currentVersion")
    number = council.layout.number(version, council.words(prover, header, [version.slot]))
    place = council.layout.place("sets", number)
    parameters = council.layout.decode(place, council.words(prover, header, council.layout.slots(place)))
    return Seconds(cast(int, parameters["stallLimit"]))


def read_scopes(
    brake: Contract, prover: Prover, header: Header, lineage: bytes
) -> tuple[dict[str, Value], dict[str, Value]]:
    """The Brake's scope of that lineage, and its scope of everything. Raises: BadProof, Unavailable."""
    layout = brake.layout
    own, everything = (layout.place("scopes", scope) for scope in (lineage, bytes(EVERYTHING)))
    words = brake.words(prover, header, [*layout.slots(own), *layout.slots(everything)])
    return layout.decode(own, words), layout.decode(everything, words)


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


def _twice(prover: Prover) -> Prover:
    """A node that makes a block while it proves mixes two states: what is wrong is asked once more."""

    def prove_again(header: Header, address: str, code_hash: bytes, slots: Sequence[int]) -> Mapping[int, int]:
        try:
            return prover(header, address, code_hash, slots)
        except BadProof:
            return prover(header, address, code_hash, slots)

    return prove_again


def _by(rpc: JsonRpc) -> Prover:
    return lambda header, address, code_hash, slots: prove(rpc, header, address, code_hash, slots)
