"""What a worker needs to be tested: a live system, a committee that answers, sealed models, releases.

The committee is simulated in this process, member by member, with the project's own cryptography and real transactions:
everything that a worker sees of it is real. Real oracle processes are in `committee_system`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from committee_members import Oracle
from governance.chain.rpc import as_int
from governance.constraints.document import ConstraintDocument, ConstraintScope
from governance.constraints.scope import Budget, ReleaseScope
from governance.crypto.points import g1_to_eip2537
from governance.encoding.committee import CommitteeDomain
from governance.encoding.names import compute_constraint_id, compute_organisation_id, make_short_name, release_id_of
from governance.errors import Refused, Unavailable
from governance.ledger.signer import Signer
from governance.types import (
    ActionKind,
    AddConstraint,
    ConstraintId,
    Direction,
    FormCommittee,
    GrantRelease,
    Hash32,
    IdentityRequest,
    MemberIndex,
    Mode,
    ModelId,
    OracleMember,
    ParameterSetting,
    RegisterModel,
    ReleaseId,
    RequestRecord,
    RevokeRelease,
    ScopeId,
    Timestamp,
    WorkerGrant,
)
from governance.types.events.committee import TransportKeyRegistered, UnlockRequested
from inference.access import Access, open_access
from inference.receipts import ReceiptLog
from inference.sealed import Manifest, SealReport
from inference.sealing import seal_to_committee
from inference.worker import Post, Worker
from live_system import LiveSystem, live_system
from oracle_fleet import Pulse, pulse
from tiny_model import make_tiny_model
from transport import shown_by

THRESHOLD, SIZE = 3, 5
COMMITTEE_SEATS = (0, 5, 10, 1, 6)
DAY = 86_400
QUORUM = (0, 1, 2, 3, 5, 6, 7, 10, 11, 12)  # enough for a release: more than half of each chamber, 2/3 of all
CHAT = ReleaseScope(capabilities=("chat",), max_tokens=16, budget=Budget(requests=100, output_tokens=1_000))


@dataclass
class Committee:
    """Five members in one process. Those in `alive` approve what is final and answer what t have approved."""

    system: LiveSystem
    keys: list[Signer] = field(default_factory=lambda: [Signer.random() for _ in range(SIZE)], repr=False)
    members: list[Oracle] = field(default_factory=list, repr=False)
    alive: set[int] = field(default_factory=lambda: set(range(SIZE)))  # places in the list
    willing: set[int] = field(default_factory=lambda: set(range(SIZE)))  # of those, who answers after its approval
    _end: threading.Event = field(default_factory=threading.Event)

    def form(self) -> None:
        """The quorum names them, and they make their key without a dealer."""
        ledger, system = self.system.ledger, self.system
        system.fund(*(key.address for key in self.keys))
        named = [
            OracleMember(compute_organisation_id(system.organisations[seat]), key.address)
            for seat, key in zip(COMMITTEE_SEATS, self.keys, strict=True)
        ]
        system.enact(ActionKind.FORM_COMMITTEE, FormCommittee(THRESHOLD, 1, tuple(named)))
        epoch = ledger.committee.get_latest_epoch()
        domain = CommitteeDomain(ledger.chain_id, ledger.committee.address, epoch)
        indices = [member.index for member in ledger.committee.get_members(epoch)]
        self.members = [
            Oracle(key.address, index, domain, THRESHOLD, indices)
            for key, index in zip(self.keys, indices, strict=True)
        ]
        for key, member in zip(self.keys, self.members, strict=True):
            transport = member.transport.public.data
            ledger.send(ledger.committee.register(epoch, transport, member.dealing.commitments_hash), key)
        transports = self._read_transport_keys()
        dealt: dict[MemberIndex, tuple[bytes, Sequence[bytes]]] = {}
        for key, member in zip(self.keys, self.members, strict=True):
            envelopes = member.seal(transports)
            dealt[member.index] = member.commitments, envelopes
            ledger.send(ledger.committee.deal(epoch, member.commitments, member.proof, envelopes), key)
        ledger.send(ledger.committee.settle(epoch, [dealt[index][0] for index in indices]), self.keys[0])
        aggregate = ledger.committee.get_aggregate(epoch)
        for key, member in zip(self.keys, self.members, strict=True):
            member.receive(self.members, dealt)
            ledger.send(ledger.committee.acknowledge(epoch, member.acknowledge(aggregate)), key)
        assert ledger.committee.get_current_epoch() == epoch

    def _read_transport_keys(self) -> dict[MemberIndex, bytes]:
        events = [record.event for record in self.system.ledger.events()]
        return {event.index: event.transport_key for event in events if isinstance(event, TransportKeyRegistered)}

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Who is alive does its duty meanwhile."""
        self._end.clear()
        thread = threading.Thread(target=self._serve, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._end.set()
            thread.join(30)

    def _serve(self) -> None:
        while not self._end.wait(0.05):
            try:
                self.serve_once()
            except (Refused, Unavailable):
                continue  # as an oracle: what the ledger refuses is not done, what does not answer is asked again

    def serve_once(self) -> None:
        ledger = self.system.ledger
        final = as_int(ledger.rpc.block("finalized")["number"])
        for record in ledger.events(first=max(0, final - 200)):
            if isinstance(record.event, UnlockRequested) and record.block <= final:
                self._attend(record.event)

    def _owes(self, request: RequestRecord, place: int) -> bool:
        return place in self.willing and not request.partials >> place & 1

    def _attend(self, asked: UnlockRequested) -> None:
        ledger = self.system.ledger
        for place in sorted(self.alive):
            request = ledger.committee.get_request(asked.request_id)
            if ledger.now() > request.expires_at or request.partials.bit_count() >= THRESHOLD:
                return
            key, member = self.keys[place], self.members[place]
            if not request.approvals >> place & 1:
                ledger.send(ledger.committee.approve(asked.request_id), key)
            elif request.approvals.bit_count() >= THRESHOLD and self._owes(request, place):
                partial = member.answer(shown_by(asked))
                public = ledger.committee.get_verification_key(asked.epoch, member.index)
                call = ledger.committee.post(asked, g1_to_eip2537(partial.point), verification_key=public)
                ledger.send(call, key)


@dataclass
class Released:
    """A sealed model that is registered, and a release of it for one worker."""

    directory: Path
    source: Path
    manifest: Manifest
    model_id: ModelId
    release_id: ReleaseId
    worker: Signer = field(repr=False)


@dataclass
class WorkerWorld:
    """One chain with a committee, and as many models and workers as a test wants."""

    system: LiveSystem
    committee: Committee
    pulse: Pulse
    directory: Path
    count: int = 0

    @property
    def access(self) -> Access:
        return open_access(self.system.ledger.deployment, [self.system.anvil.url])

    def seal(self, source: Path | None = None) -> SealReport:
        """A model, sealed to the committee in force under a nonce of its own."""
        self.count += 1
        source = source or self.tiny
        ledger = self.system.ledger
        return seal_to_committee(
            ledger.deployment,
            ledger.committee.get_key(),
            source,
            self.directory / f"sealed-{self.count}",
            registrar=self.system.seats[0].address,
            seal_nonce=self.count,
            name=f"tiny-{self.count}",
        )

    @property
    def tiny(self) -> Path:
        path = self.directory / "tiny"
        return path if path.exists() else make_tiny_model(path)

    def register(self, report: SealReport) -> ModelId:
        """The quorum records the sealed model."""
        manifest = report.manifest
        action = RegisterModel(
            registrar=self.system.seats[0].address,
            seal_nonce=int.from_bytes(manifest.seal_nonce, "big"),
            parent_model=ModelId(bytes(32)),
            manifest_hash=Hash32(manifest.compute_hash()),
            content_root=Hash32(manifest.content_root),
            key_commitment=Hash32(manifest.key_commitment),
            committee_key_hash=Hash32(manifest.committee_key_hash),
            identities=(IdentityRequest(Mode.PLAIN, 0),),
            name=manifest.model,
        )
        self.system.enact(ActionKind.REGISTER_MODEL, action, QUORUM)
        return ModelId(manifest.model_id)

    def grant(
        self, model: ModelId, worker: Signer, scope: ReleaseScope = CHAT, *, lifetime: int = 20 * DAY
    ) -> ReleaseId:
        """The quorum permits the worker to unlock the model; `lifetime` [seconds] counts from the proposal."""
        action = GrantRelease(
            model_id=model,
            mode=Mode.PLAIN,
            expires_at=Timestamp(self.system.ledger.now() + lifetime),
            workers=(WorkerGrant(worker.address, 0, self.system.organisations[0]),),
            scope=scope.to_bytes(),
        )
        proposal, _ = self.system.enact(ActionKind.GRANT_RELEASE, action, QUORUM)
        return release_id_of(proposal)

    def release(self, scope: ReleaseScope = CHAT, *, source: Path | None = None, lifetime: int = 20 * DAY) -> Released:
        """A model and a worker of their own, all voted for: what one test does cannot touch another's."""
        worker = Signer.random()
        self.system.fund(worker.address)
        report = self.seal(source)
        model_id = self.register(report)
        release_id = self.grant(model_id, worker, scope, lifetime=lifetime)
        return Released(report.directory, source or self.tiny, report.manifest, model_id, release_id, worker)

    def make_worker(self, released: Released, *, receipts: Path | None = None, access: Access | None = None) -> Worker:
        """A worker that has not started."""
        access = access or self.access
        log = receipts or self.directory / f"receipts-{released.release_id.hex()[:16]}"
        names = {bytes(compute_organisation_id(name)): name for name in self.system.organisations}
        post = Post(access.ledger, released.worker, released.release_id, released.directory, names)
        return Worker(post, access.sight, ReceiptLog(log, released.worker))

    @contextmanager
    def serving(self, released: Released) -> Iterator[Worker]:
        """A worker that has unlocked its model."""
        worker = self.make_worker(released)
        try:
            with self.committee.answering():
                worker.start(report=lambda _: None)
            yield worker
        finally:
            worker.close()

    # --- what stops and binds

    def pull_brake(self, model: ModelId) -> int:
        """Three seats of two chambers stop the model's lineage; returns the block."""
        ledger, block = self.system.ledger, 0
        for seat in (0, 5, 6):
            call = ledger.brake.pull(ScopeId(model), Hash32(b"\x07" * 32), 3, "seen in a test")
            block = ledger.send(call, self.system.seats[seat]).block
        return block

    @contextmanager
    def braked(self, model: ModelId) -> Iterator[None]:
        """It is stopped, and meanwhile no block comes that would make the stop final before a busy machine saw it."""
        with self.pulse.held():
            self.pull_brake(model)
            yield

    def revoke(self, released: Released) -> None:
        self.system.enact(ActionKind.REVOKE_RELEASE, RevokeRelease(released.release_id, "a test"), QUORUM)

    def constrain(
        self, name: str, limits: dict[str, int], *, capabilities: Sequence[str] = ("*",), expires_at: int = 0
    ) -> ConstraintId:
        """The quorum adds a constraint with these upper limits; it holds for every release from now on."""
        scope = ConstraintScope(capabilities=tuple(capabilities))
        slug = name.replace(" ", "-")
        content = ConstraintDocument(name=slug, title=name, text="for a test", scope=scope).to_bytes()
        settings = tuple(ParameterSetting(make_short_name(key), Direction.MAX, value) for key, value in limits.items())
        action = AddConstraint(slug, Timestamp(expires_at), settings, content)
        self.system.enact(ActionKind.ADD_CONSTRAINT, action, QUORUM)
        return compute_constraint_id(slug)

    def settle(self, blocks: int = 4) -> None:
        """So many blocks have passed."""
        rpc = self.system.ledger.rpc
        target = as_int(rpc.block()["number"]) + blocks
        wait_for(lambda: as_int(rpc.block()["number"]) >= target, what=f"block {target}")


@contextmanager
def worker_world(directory: Path, *, interval: float = 0.2) -> Iterator[WorkerWorld]:
    """A system in force with a committee whose key is made. Everything ends with the block."""
    with live_system(directory) as system:
        committee = Committee(system)
        committee.form()
        with pulse(system.anvil.url, interval) as beating:
            yield WorkerWorld(system, committee, beating, directory)


def wait_for(condition: Callable[[], bool], *, what: str, patience: float = 60.0) -> None:
    """Returns as soon as it is true."""
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not happen within {patience:g} s")
        time.sleep(0.02)
