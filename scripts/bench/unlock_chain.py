"""A chain whose charter has organisations enough for n oracles, a release for one worker, and what was paid for it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from governance.chain.anvil import Anvil, start_fresh, warp
from governance.chain.genesis import Genesis
from governance.chain.storage import StorageLayout
from governance.charter.deploy import deploy_charter
from governance.charter.document import Organisation, parse_charter
from governance.charter.templates import read_template
from governance.crypto.ibe import DataKey, WrapContext, wrap
from governance.crypto.points import g2_from_eip2537
from governance.encoding.actions import encode_action
from governance.encoding.names import compute_organisation_id, release_id_of
from governance.encoding.releases import compute_identity, compute_model_id
from governance.ledger.artifacts import load_artifact
from governance.ledger.client import Ledger, Receipt
from governance.ledger.codec import Call
from governance.ledger.signer import Signer
from governance.types import (
    Action,
    ActionKind,
    Address,
    Epoch,
    FormCommittee,
    GrantRelease,
    Hash32,
    Identity,
    IdentityRequest,
    Mode,
    ModelId,
    OracleMember,
    ProposalId,
    RegisterModel,
    ReleaseId,
    Seconds,
    Support,
    Timestamp,
    WorkerGrant,
)
from governance.types.events.committee import EpochStarted
from governance.types.events.council import ActionProposed
from inference.sealed.manifest import Manifest, Shard, WrappedKey, build_manifest
from inference.sealed.merkle import compute_content_root

START = Timestamp(1_900_000_000)
ETHER = 10**18
JURISDICTIONS = ("DE", "JP", "BR", "KE", "CA", "IN", "FR", "ZA")
COMMITMENT = Hash32(b"\x03" * 32)


@dataclass
class Chain:
    """An anvil with a system in force. `gas` grows with every transaction that is sent under a name."""

    anvil: Anvil
    ledger: Ledger
    seats: Sequence[Signer]
    organisations: Sequence[str]
    worker: Signer
    gas: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))

    def send(self, step: str, call: Call, signer: Signer) -> Receipt:
        """The call is in a block. Raises: LedgerRefused."""
        receipt = self.ledger.send(call, signer)
        self.gas[step].append(receipt.gas_used)
        return receipt

    def enact(self, kind: ActionKind, action: Action) -> tuple[ProposalId, Receipt]:
        """Proposed, voted for by all, waited out, executed."""
        council = self.ledger.council
        proposed = self.ledger.send(council.propose(kind, action, "a benchmark"), self.seats[0])
        proposal = proposed.find(ActionProposed).proposal_id
        for seat in self.seats:
            self.ledger.send(council.vote(proposal, Support.FOR), seat)
        distance = council.get_quorum(proposal).eta - self.ledger.now() + 1
        if distance > 0:
            warp(self.anvil.rpc, Seconds(distance))
        return proposal, self.ledger.send(council.execute(proposal, kind, encode_action(action)), self.seats[0])

    def form(self, oracles: Sequence[Address], threshold: int) -> Epoch:
        """These oracles generate a key of that threshold.

        R-Committee-01 wants n >= 2t - 1. Where the benchmark is asked for more, the quorum names the highest t that is
        allowed, and the epoch's threshold is then written into the devnet's storage: the contracts stay as they are.
        """
        size = len(oracles)
        allowed = min(threshold, (size + 1) // 2)
        named = tuple(
            OracleMember(compute_organisation_id(name), oracle)
            for name, oracle in zip(self.organisations, oracles, strict=False)
        )
        _, receipt = self.enact(ActionKind.FORM_COMMITTEE, FormCommittee(allowed, min(1, size - threshold), named))
        epoch = receipt.find(EpochStarted).epoch
        if allowed != threshold:
            self._write_threshold(epoch, threshold)
        return epoch

    def _write_threshold(self, epoch: Epoch, threshold: int) -> None:
        committee, rpc = self.ledger.deployment.addresses["Committee"], self.anvil.rpc
        layout = load_artifact("Committee").storage_layout
        place = StorageLayout(layout).place("_epochs", epoch)
        member = next(each for each in layout["types"][place.type]["members"] if each["label"] == "threshold")
        slot, shift = hex(place.slot + int(member["slot"])), 8 * int(member["offset"])
        word = int(rpc.call("eth_getStorageAt", committee, slot, "latest"), 16)
        word = word & ~(0xFFFF << shift) | threshold << shift
        rpc.call("anvil_setStorageAt", committee, slot, f"0x{word:064x}")
        if self.ledger.committee.get_epoch(epoch).threshold != threshold:
            raise AssertionError("the storage layout is not that of the contract")

    def release_model(self, data_key: DataKey) -> tuple[ReleaseId, Identity, Manifest]:
        """A model that is sealed to the committee's key, with that data key, and a release of it for the worker."""
        ledger, model = self.ledger, compute_model_id(self.worker.address, 1)
        key = ledger.committee.get_key()
        key_hash = ledger.committee.get_key_hash()
        releases = ledger.deployment.addresses["Releases"]
        identity = compute_identity(ledger.chain_id, releases, key_hash, model, Mode.PLAIN, 0)
        manifest = _make_manifest(self.worker.address, model, identity, key, key_hash, data_key)
        register = RegisterModel(
            registrar=self.worker.address,
            seal_nonce=1,
            parent_model=ModelId(bytes(32)),
            manifest_hash=Hash32(manifest.compute_hash()),
            content_root=Hash32(manifest.content_root),
            key_commitment=COMMITMENT,
            committee_key_hash=key_hash,
            identities=(IdentityRequest(Mode.PLAIN, 0),),
            name="a benchmark's model",
        )
        self.enact(ActionKind.REGISTER_MODEL, register)
        workers = (WorkerGrant(self.worker.address, 0, self.organisations[0]),)
        expires_at = Timestamp(ledger.now() + 20 * 86_400)
        proposal, _ = self.enact(ActionKind.GRANT_RELEASE, GrantRelease(model, Mode.PLAIN, expires_at, workers, b"{}"))
        return release_id_of(proposal), identity, manifest


def _make_manifest(
    registrar: Address, model: ModelId, identity: Identity, key: bytes, key_hash: Hash32, data_key: DataKey
) -> Manifest:
    """What sealing writes beside the weights; there are none."""
    shard = Shard(name="model.safetensors", size=4096, leaves=2, root=b"\x04" * 32)
    root = compute_content_root([(shard.name, shard.size, shard.root)])
    wrapped = wrap(data_key, WrapContext(g2_from_eip2537(key), identity, Hash32(root), COMMITMENT))
    return build_manifest(
        model="a benchmark's model",
        model_id=bytes(model),
        registrar=bytes.fromhex(registrar[2:]),
        seal_nonce=(1).to_bytes(32, "big"),
        identity=bytes(identity),
        committee_key_hash=bytes(key_hash),
        chunk_bytes=1 << 20,
        key_commitment=bytes(COMMITMENT),
        content_root=root,
        shards=(shard,),
        files=(),
        wrapped_keys=(WrappedKey(identity=bytes(identity), mode="plain", party=0, wrapped=bytes(wrapped)),),
    )


@contextmanager
def start_chain(directory: Path, size: int, oracles: Sequence[Address]) -> Iterator[Chain]:
    """A chain with organisations enough for `size` oracles; a block for each transaction. It ends with the block."""
    charter = parse_charter(read_template("devnet"))
    each = max(3, -(-size // len(charter.chambers)))
    seats = [Signer.random() for _ in range(each * len(charter.chambers))]
    organisations = [
        Organisation(
            name=f"Member {number}",
            chamber=charter.chambers[number // each],
            jurisdiction=JURISDICTIONS[number % len(JURISDICTIONS)],
            framework="duty" if charter.chambers[number // each] == "oversight" else None,
            evidence="declared at the founding",
            voting_key=seat.address,
            recovery_key=Signer.random().address,
        )
        for number, seat in enumerate(seats)
    ]
    deployer, worker = Signer.random(), Signer.random()
    accounts = [deployer.address, worker.address, *oracles, *(seat.address for seat in seats)]
    genesis = Genesis(START, dict.fromkeys(accounts, 100 * ETHER))
    with start_fresh(genesis, directory) as anvil:
        deployment = deploy_charter(charter.model_copy(update={"organisations": organisations}), anvil.rpc, deployer)
        deployment.write(directory / "deployment.json")
        names = [organisation.name for organisation in organisations]
        yield Chain(anvil, Ledger(anvil.rpc, deployment), seats, names, worker)
