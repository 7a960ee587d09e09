"""A live system with five real oracles: formed, voted for, with a model and a release, and a worker that asks."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from committee_player import SIZE, form_committee
from governance.chain.anvil import Mining
from governance.charter.templates import read_template
from governance.crypto.ibe import DataKey, WrapContext, WrappedKey, wrap
from governance.crypto.partial import Partial, TransportKey
from governance.crypto.points import g1_from_eip2537, g2_from_eip2537
from governance.encoding.keccak import keccak256
from governance.encoding.names import release_id_of
from governance.encoding.releases import compute_identity, compute_model_id
from governance.ledger.codec import Call, decode_answer, encode_call
from governance.ledger.signer import Signer
from governance.types import (
    EVERYTHING,
    ActionKind,
    Address,
    Epoch,
    GrantRelease,
    Hash32,
    Identity,
    IdentityRequest,
    Mode,
    ModelId,
    Phase,
    RegisterModel,
    ReleaseId,
    RequestId,
    Resume,
    ScopeId,
    StopStatus,
    Timestamp,
    WorkerGrant,
)
from governance.types.events.committee import PartialPosted, UnlockApproved, UnlockRequested
from live_system import LiveSystem, live_system
from oracle.config import OracleConfig
from oracle_fleet import OracleProcess, Pulse, make_oracles, pulse, wait_until
from transport import make_transport, request_call

DKG_PATIENCE = 90.0  # [seconds] of a crowded machine
UNLOCK_PATIENCE = 60.0


@dataclass
class Asked:
    """An open unlock request, with the secret that its worker keeps."""

    event: UnlockRequested
    transport: TransportKey = field(repr=False)

    @property
    def request_id(self) -> RequestId:
        return self.event.request_id


@dataclass
class CommitteeSystem:
    """One committee of real processes on one chain."""

    system: LiveSystem
    oracles: list[OracleProcess]
    pulse: Pulse
    worker: Signer = field(default_factory=Signer.random)
    models: int = 0

    # ---- governance --------------------------------------------------------------------------------------------------

    def form(self) -> Epoch:
        """The quorum names the committee; its key generation begins."""
        return form_committee(self.system, [oracle.address for oracle in self.oracles])

    def wait_for_phase(self, epoch: Epoch, phase: Phase, patience: float = DKG_PATIENCE) -> None:
        wait_until(
            lambda: self.system.ledger.committee.get_epoch(epoch).phase is phase,
            patience=patience,
            what=f"epoch {epoch} {phase.name}",
            oracles=self.oracles,
        )

    def register_model(self) -> ModelId:
        """A root of a lineage of its own, sealed to the committee's key."""
        self.models += 1
        action = RegisterModel(
            registrar=self.worker.address,
            seal_nonce=self.models,
            parent_model=ModelId(bytes(32)),
            manifest_hash=Hash32(b"\x01" * 32),
            content_root=Hash32(b"\x02" * 32),
            key_commitment=Hash32(self.models.to_bytes(32, "big")),
            committee_key_hash=self.system.ledger.committee.get_key_hash(),
            identities=(IdentityRequest(Mode.PLAIN, 0),),
            name="a model",
        )
        self.system.enact(ActionKind.REGISTER_MODEL, action)
        return compute_model_id(self.worker.address, self.models)

    def grant(self, model: ModelId, worker: Address | None = None) -> ReleaseId:
        """The quorum permits the worker to unlock the model."""
        action = GrantRelease(
            model_id=model,
            mode=Mode.PLAIN,
            expires_at=Timestamp(self.system.ledger.now() + 20 * 86_400),
            workers=(WorkerGrant(worker or self.worker.address, 0, self.system.organisations[0]),),
            scope=b'{"capabilities":["chat"]}',
        )
        proposal, _ = self.system.enact(ActionKind.GRANT_RELEASE, action)
        return release_id_of(proposal)

    def identity(self, model: ModelId) -> Identity:
        ledger = self.system.ledger
        releases = ledger.deployment.addresses["Releases"]
        return compute_identity(ledger.chain_id, releases, ledger.committee.get_key_hash(), model, Mode.PLAIN, 0)

    def wrap_data_key(self, data_key: bytes, model: ModelId) -> tuple[WrappedKey, WrapContext]:
        """A data key, wrapped as sealing does it."""
        key = g2_from_eip2537(self.system.ledger.committee.get_key())
        context = WrapContext(key, self.identity(model), Hash32(b"\x02" * 32), Hash32(keccak256(data_key)))
        return wrap(DataKey(data_key), context), context

    # ---- unlocking ---------------------------------------------------------------------------------------------------

    def ask(self, release: ReleaseId, worker: Signer | None = None) -> Asked:
        """The worker posts an unlock request."""
        ledger, signer = self.system.ledger, worker or self.worker
        transport = make_transport(ledger, release, signer.address)
        receipt = ledger.send(request_call(ledger, release, transport.public), signer)
        return Asked(receipt.find(UnlockRequested), transport)

    def approvals(self, asked: Asked) -> list[int]:
        """Who has approved, by index."""
        return [e.index for e in self._events(UnlockApproved) if e.request_id == asked.request_id]

    def partials(self, asked: Asked) -> list[Partial]:
        """The answers on the chain, in their order."""
        epoch = self.system.ledger.committee.get_request(asked.request_id).epoch
        return [
            Partial(epoch, event.index, g1_from_eip2537(event.partial_key))
            for event in self._events(PartialPosted)
            if event.request_id == asked.request_id
        ]

    def wait_for_partials(self, asked: Asked, count: int, patience: float = UNLOCK_PATIENCE) -> list[Partial]:
        wait_until(
            lambda: len(self.partials(asked)) >= count,
            patience=patience,
            what=f"{count} partials",
            oracles=self.oracles,
        )
        return self.partials(asked)

    @contextmanager
    def oracles_frozen(self) -> Iterator[None]:
        """No oracle does anything; afterwards all go on."""
        for oracle in self.oracles:
            oracle.freeze()
        try:
            yield
        finally:
            for oracle in self.oracles:
                oracle.thaw()

    @contextmanager
    def blocks_by_hand(self) -> Iterator[None]:
        """A block is made by `mine` alone, and holds all that was sent before it."""
        rpc = self.system.anvil.rpc
        with self.pulse.held():
            rpc.call("evm_setAutomine", False)
            try:
                yield
            finally:
                rpc.call("evm_setAutomine", True)

    def mine(self, blocks: int = 1) -> None:
        self.system.anvil.rpc.call("anvil_mine", hex(blocks))

    def wait_for_pending(self, transactions: int, patience: float = 30) -> None:
        """So many transactions wait for a block."""
        rpc = self.system.anvil.rpc
        wait_until(
            lambda: int(rpc.call("txpool_status")["pending"], 16) >= transactions,
            patience=patience,
            what=f"{transactions} transactions in the pool",
            oracles=self.oracles,
        )

    def look_around(self, seconds: float = 1.5) -> None:
        """Every running oracle has looked at the chain a few times, without a block between."""
        time.sleep(seconds)

    def pull(self, scope: ScopeId = EVERYTHING, *, wait: bool = True) -> None:
        """Three seats of three chambers pull the brake. Without `wait` their transactions only wait for a block."""
        ledger = self.system.ledger
        call = ledger.brake.pull(scope, Hash32(b"\x09" * 32), 3, "a test")
        for seat in (2, 7, 12):
            if wait:
                ledger.send(call, self.system.seats[seat])
            else:
                made = ledger.try_call(call, self.system.seats[seat].address)
                raw = self.system.seats[seat].sign_transaction({**made.fields, "gas": 500_000})
                ledger.rpc.call("eth_sendRawTransaction", "0x" + raw.hex())

    def resume(self) -> None:
        """The quorum lifts every stop."""
        standing = [
            stop
            for stop, record in self.system.ledger.brake.get_stops().items()
            if record.status is StopStatus.STANDING
        ]
        self.system.answer(*standing)
        self.system.enact(ActionKind.RESUME, Resume(tuple(standing)))

    def transactions_of(self, oracle: OracleProcess) -> int:
        """How many transactions of that oracle are in blocks, the failed ones included."""
        return int(self.system.ledger.rpc.call("eth_getTransactionCount", oracle.address, "latest"), 16)

    def is_barred(self, epoch: Epoch, identity: Identity) -> bool:
        """Whether the contract bars the identity until a refresh."""
        ledger = self.system.ledger
        call = {"to": ledger.deployment.addresses["Committee"]}
        data = encode_call(Call("Committee", "isBarred", (epoch, identity)))
        answer = ledger.rpc.call("eth_call", {**call, "data": "0x" + data.hex()}, "latest")
        return bool(decode_answer(["bool"], bytes.fromhex(answer[2:])))

    def settle(self, blocks: int = 8) -> None:
        """So many blocks have passed: whoever wanted to do something has had the time."""
        rpc = self.system.ledger.rpc
        target = int(rpc.block()["number"], 16) + blocks
        wait_until(lambda: int(rpc.block()["number"], 16) >= target, patience=60, what=f"block {target}")

    def _events(self, kind: type) -> list:  # type: ignore[type-arg]
        return [record.event for record in self.system.ledger.events() if isinstance(record.event, kind)]


@dataclass
class Unlockable:
    """A committee with a key in force, a model sealed to it, and a release for its worker."""

    committee: CommitteeSystem
    epoch: Epoch
    model: ModelId
    release: ReleaseId


@contextmanager
def committee_system(
    directory: Path, *, interval: float = 0.25, dkg_phase: str = "3m", patience: int = OracleConfig.patience
) -> Iterator[CommitteeSystem]:
    """A system in force, and five oracles with ether that do not run yet. Everything ends with the block."""
    # A request outlives the votes that a test puts between its approvals and its answers.
    template = re.sub(r'(request_lifetime = )"\w+"', r'\1"1d"', read_template("devnet"), count=1)
    template = re.sub(r'(dkg_phase = )"\w+"', rf'\1"{dkg_phase}"', template, count=1)
    with live_system(directory, mining=Mining.EACH_TRANSACTION, template=template) as system:
        deployment = directory / "deployment.json"
        system.ledger.deployment.write(deployment)
        oracles = make_oracles(directory, SIZE, system.anvil.url, deployment, patience)
        made = CommitteeSystem(system, oracles, Pulse(system.anvil.url, interval))
        system.fund(made.worker.address, *(oracle.address for oracle in oracles))
        with pulse(system.anvil.url, interval) as made.pulse:
            try:
                yield made
            finally:
                for oracle in made.oracles:
                    if oracle.is_running:
                        oracle.kill()


@contextmanager
def unlockable_committee(directory: Path) -> Iterator[Unlockable]:
    """Five running oracles with a key in force, and everything that an unlock needs."""
    with committee_system(directory) as committee:
        for oracle in committee.oracles:
            oracle.start()
        epoch = committee.form()
        committee.wait_for_phase(epoch, Phase.IN_FORCE)
        model = committee.register_model()
        yield Unlockable(committee, epoch, model, committee.grant(model))
