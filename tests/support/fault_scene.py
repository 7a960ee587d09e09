"""One oracle that has two things to do, on a real chain that can be taken back: the ground of the fault tests.

Request `asked` is final and wants the oracle's approval; request `approved` has t final approvals, the oracle's own
among them, and wants its answer. A life of the oracle begins there: with its directory as it was, and the chain too.
"""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from committee_player import Player, form_committee
from governance.crypto.partial import TransportKey
from governance.encoding.names import release_id_of
from governance.encoding.releases import compute_model_id
from governance.ledger.signer import Keystore, Signer
from governance.types import (
    EVERYTHING,
    ActionKind,
    GrantRelease,
    Hash32,
    IdentityRequest,
    Mode,
    ModelId,
    Phase,
    RegisterModel,
    ReleaseId,
    RequestId,
    Timestamp,
    WorkerGrant,
)
from governance.types.events.committee import PartialPosted, UnlockApproved, UnlockRequested
from live_system import LiveSystem, live_system
from lying_rpc import LyingRpc
from oracle.config import KEY, read_config
from oracle.endpoints import Endpoint
from oracle.journal import Journal
from oracle.node import Node
from oracle.report import Report
from oracle.store import SecretStore
from oracle_fleet import PASSWORD, OracleProcess, make_oracles
from transport import make_transport, request_call

QUORUM = (0, 1, 2, 3, 5, 6, 7, 10, 11, 12)
NAMES = ("liar", "second", "third")


class Clock:
    """A monotonic clock that a test moves [seconds]."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class FaultScene:
    """A committee with its key in force; ours is its first member."""

    system: LiveSystem
    oracle: OracleProcess
    others: list[Signer]
    worker: Signer = field(default_factory=Signer.random)
    players: list[Player] = field(default_factory=list)
    asked: RequestId = field(init=False)
    approved: RequestId = field(init=False)
    releases: list[ReleaseId] = field(default_factory=list)  # of the two requests, and one that nobody asked under
    _snapshot: str = ""
    _sent: int = 0  # transactions of our oracle before every life
    block: int = 0  # where every life begins
    _index: int = 0  # of our oracle
    _lives: int = 0

    @property
    def url(self) -> str:
        return self.system.anvil.url

    @property
    def spare(self) -> ReleaseId:
        return self.releases[2]

    def mine(self, blocks: int = 1) -> None:
        self.system.anvil.rpc.call("anvil_mine", hex(blocks))

    def count(self) -> int:
        """Transactions of our oracle in blocks, and in the pool, since the beginning of this life."""
        rpc, me = self.system.anvil.rpc, self.oracle.address
        senders = [each for part in rpc.call("txpool_content").values() for each in part.items()]
        nonces = {int(nonce) for sender, sent in senders if sender.lower() == me.lower() for nonce in sent}
        mined = int(rpc.call("eth_getTransactionCount", me, "latest"), 16)
        waiting = sum(nonce >= mined for nonce in nonces)  # anvil's pool shows for a while what is in a block already
        return mined + waiting - self._sent

    def ask(self, release: ReleaseId) -> tuple[UnlockRequested, TransportKey]:
        ledger = self.system.ledger
        transport = make_transport(ledger, release, self.worker.address)
        receipt = ledger.send(request_call(ledger, release, transport.public), self.worker)
        return receipt.find(UnlockRequested), transport

    def approve(self, request: RequestId, *players: Player) -> None:
        for player in players:
            player.send(self.system.ledger.committee.approve(request))

    def pull(self) -> None:
        """A stop of everything, in the latest block."""
        call = self.system.ledger.brake.pull(EVERYTHING, Hash32(b"\x09" * 32), 3, "a test")
        for seat in (2, 7, 12):
            self.system.ledger.send(call, self.system.seats[seat])

    def grant(self) -> ReleaseId:
        action = GrantRelease(
            compute_model_id(self.worker.address, 1),
            Mode.PLAIN,
            Timestamp(self.system.ledger.now() + 20 * 86_400),
            (WorkerGrant(self.worker.address, 0, self.system.organisations[0]),),
            b"{}",
        )
        return release_id_of(self.system.enact(ActionKind.GRANT_RELEASE, action, QUORUM)[0])

    def begin(self) -> None:
        """The chain is as it was when the scene was set, and nothing of an earlier life waits for a block."""
        rpc = self.system.anvil.rpc
        rpc.call("anvil_dropAllTransactions")
        if self._snapshot:
            assert rpc.call("evm_revert", self._snapshot)
        self._snapshot = rpc.call("evm_snapshot")

    def live(self, rpcs: Sequence[LyingRpc] = (), **options: Any) -> Life:
        """A new life of our oracle, that reaches the chain through these."""
        self.begin()
        self._lives += 1
        directory = self.oracle.directory.with_name(f"life-{self._lives}")
        shutil.copytree(self.oracle.directory, directory)
        return Life(self, directory, [rpc.url for rpc in rpcs] or [self.url], **options)

    def own_events(self) -> list[UnlockApproved | PartialPosted]:
        """Approvals and answers of our oracle in this life, on the chain."""
        records = self.system.ledger.events(first=self.block + 1)
        kinds = (UnlockApproved, PartialPosted)
        return [r.event for r in records if isinstance(r.event, kinds) and r.event.index == self._index]


@dataclass
class Life:
    """Our oracle from one start to the end of a case, with its journal, its log, and a clock of its own."""

    scene: FaultScene
    directory: Path
    urls: list[str]
    stall: float = 60.0
    timeout: float = 10.0
    clock: Clock = field(default_factory=Clock)
    said: io.StringIO = field(default_factory=io.StringIO)
    rpcs: list[Endpoint] = field(default_factory=list)
    node: Node = field(init=False)
    journal: Journal | None = None
    _heard: int = 0

    def __post_init__(self) -> None:
        self.restart()

    def restart(self, *, reset_latch: bool = False) -> None:
        """As `custodes oracle run` opens the directory, but for the clock."""
        self.close()
        deployment = self.scene.system.ledger.deployment
        config = read_config(self.directory).override(rpc=tuple(self.urls), stall=self.stall)
        signer = Keystore(self.directory).find(KEY).open(PASSWORD)
        self.journal = open_journal(self.scene, self.directory, signer)
        if reset_latch:
            self.journal.reset_latch()
        self.rpcs = [
            Endpoint(
                url,
                deployment.chain_id,
                deployment.genesis_hash,
                timeout=self.timeout,
                name=name,
                monotonic=self.clock,
            )
            for url, name in zip(self.urls, NAMES, strict=False)
        ]
        self.node = Node(
            config=config,
            deployment=deployment,
            rpcs=self.rpcs,
            signer=signer,
            store=SecretStore.open(self.directory / "secrets", PASSWORD),
            journal=self.journal,
            report=Report(self.journal, stream=self.said),
            monotonic=self.clock,
        )

    def close(self) -> None:
        if self.journal is not None:
            self.journal.close()
        for rpc in self.rpcs:
            rpc.close()

    def look(self, times: int = 1, *, blocks: int = 1, seconds: float = 11.0) -> bool:
        """Looks, each after so many blocks and seconds; the last one's success."""
        worked = True
        for _ in range(times):
            self.scene.mine(blocks)
            self.clock.now += seconds
            worked = self.node.look()
        return worked

    def hear(self) -> str:
        """What was said since the last time, without the times."""
        said = self.said.getvalue()
        new, self._heard = said[self._heard :], len(said)
        return new

    def lines(self, event: str | None = None) -> list[dict[str, Any]]:
        """Everything that was said in this life, of that event."""
        lines = [json.loads(line) for line in self.said.getvalue().splitlines()]
        return [line for line in lines if event in (None, line["event"])]

    def assert_recovers(self, looks: int = 8, *, transactions: int = 2, finality: int = 3) -> None:
        """One approval and one answer stand on the chain within so many looks, and nothing else was ever sent."""
        for _ in range(looks):
            self.look()
            if self.scene.count() >= transactions:
                break
        self.look(finality)
        self.assert_done(transactions=transactions)
        assert self.journal is not None
        assert self.journal.is_closed(self.scene.approved)

    def assert_done(self, *, transactions: int = 2) -> None:
        """One approval and one answer of ours stand on the chain, the answer as it was written down."""
        assert self.scene.count() == transactions, self.said.getvalue()[-3000:]
        events = self.scene.own_events()
        assert sorted(type(event).__name__ for event in events) == ["PartialPosted", "UnlockApproved"], (
            self.said.getvalue()
        )
        (posted,) = (event for event in events if isinstance(event, PartialPosted))
        assert self.journal is not None
        assert self.journal.answer(self.scene.approved) == posted.partial_key
        assert posted.request_id == self.scene.approved


def open_journal(scene: FaultScene, directory: Path, signer: Signer) -> Journal:
    deployment = scene.system.ledger.deployment
    about = {
        "chain": str(deployment.chain_id),
        "genesis": deployment.genesis_hash.hex(),
        "committee": deployment.addresses["Committee"],
        "oracle": signer.address,
    }
    return Journal(directory / "journal.sqlite", about)


@contextmanager
def fault_scene(directory: Path) -> Iterator[FaultScene]:
    """The scene is set; it ends with the block."""
    with live_system(directory) as system:
        deployment = directory / "deployment.json"
        system.ledger.deployment.write(deployment)
        (oracle,) = make_oracles(directory, 1, system.anvil.url, deployment)
        scene = FaultScene(system, oracle, [Signer.random() for _ in range(4)])
        system.fund(scene.worker.address, oracle.address, *(signer.address for signer in scene.others))
        epoch = form_committee(system, [oracle.address, *(signer.address for signer in scene.others)])
        scene.players = [Player(system, signer, epoch) for signer in scene.others]
        ours = Life(scene, oracle.directory, [scene.url])
        _make_key(scene, ours)
        action = RegisterModel(
            registrar=scene.worker.address,
            seal_nonce=1,
            parent_model=ModelId(bytes(32)),
            manifest_hash=Hash32(b"\x01" * 32),
            content_root=Hash32(b"\x02" * 32),
            key_commitment=Hash32(b"\x03" * 32),
            committee_key_hash=system.ledger.committee.get_key_hash(),
            identities=(IdentityRequest(Mode.PLAIN, 0),),
            name="a model",
        )
        system.enact(ActionKind.REGISTER_MODEL, action, QUORUM)
        releases = scene.releases = [scene.grant() for _ in range(3)]
        scene.approved = scene.ask(releases[0])[0].request_id
        ours.look(3, blocks=3)
        ours.close()
        scene.approve(scene.approved, *scene.players[:2])
        scene.asked = scene.ask(releases[1])[0].request_id
        scene.mine(4)
        assert system.ledger.committee.get_request(scene.approved).approvals == 0b00111
        scene.block = int(system.anvil.rpc.block()["number"], 16)
        scene._index = system.ledger.committee.get_members(epoch)[0].index
        scene._sent = int(system.anvil.rpc.call("eth_getTransactionCount", oracle.address, "latest"), 16)
        yield scene


def _make_key(scene: FaultScene, ours: Life) -> None:
    committee, players = scene.system.ledger.committee, scene.players
    ours.look(2, blocks=3)
    for player in players:
        player.register()
    ours.look(2, blocks=3)
    for player in players:
        player.deal()
    ours.look(2, blocks=3)  # it is the first of the list, and settles
    for player in players:
        player.acknowledge()
    ours.look(2, blocks=3)
    assert committee.get_epoch(players[0].epoch).phase is Phase.IN_FORCE
