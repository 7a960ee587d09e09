"""Unlock requests as one oracle handles them, on a real chain: what it believes, when it acts, and how often."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from committee_player import THRESHOLD, Player, form_committee
from governance.chain.receipts import Log
from governance.crypto.group import Scalar
from governance.crypto.partial import TransportKey
from governance.crypto.points import g1_to_eip2537
from governance.crypto.vss import KeyShare
from governance.encoding.names import release_id_of
from governance.encoding.releases import compute_model_id
from governance.ledger.signer import Signer
from governance.types import (
    ActionKind,
    GrantRelease,
    Hash32,
    IdentityRequest,
    Mode,
    ModelId,
    RegisterModel,
    ReleaseId,
    RequestId,
    RevokeRelease,
    Timestamp,
    WorkerGrant,
)
from governance.types.events.committee import PartialPosted, UnlockRequested
from live_system import live_system
from oracle.messages import event_topic
from oracle.node import Node
from oracle_world import PATIENCE, OracleWorld
from transport import make_transport, multiply_share, request_call

pytestmark = pytest.mark.chain


@dataclass
class Scene:
    """A committee with its key in force, a model, and a worker; `node` is our oracle."""

    world: OracleWorld
    node: Node
    players: list[Player]
    worker: Signer
    model: ModelId

    def grant(self) -> ReleaseId:
        system = self.world.system
        workers = (WorkerGrant(self.worker.address, 0, system.organisations[0]),)
        expires_at = Timestamp(system.ledger.now() + 20 * 86_400)
        action = GrantRelease(self.model, Mode.PLAIN, expires_at, workers, b"{}")
        return release_id_of(system.enact(ActionKind.GRANT_RELEASE, action)[0])

    def ask(self) -> tuple[UnlockRequested, TransportKey]:
        """An unlock request under a release of its own."""
        ledger, release = self.world.system.ledger, self.grant()
        transport = make_transport(ledger, release, self.worker.address)
        receipt = ledger.send(request_call(ledger, release, transport.public), self.worker)
        return receipt.find(UnlockRequested), transport

    def approve(self, asked: UnlockRequested, *players: Player) -> None:
        for player in players:
            player.send(self.world.system.ledger.committee.approve(asked.request_id))

    def post(self, asked: UnlockRequested, transport: TransportKey, player: Player) -> None:
        partial = multiply_share(player.acknowledged, transport.public)
        committee = self.world.system.ledger.committee
        key = committee.get_verification_key(player.epoch, player.index)
        player.send(committee.post(asked, g1_to_eip2537(partial.point), verification_key=key))

    def look(self, times: int = 1) -> None:
        self.world.look(self.node, times)

    def said(self, event: str, request_id: bytes) -> list[dict[str, Any]]:
        name = "0x" + request_id.hex()
        return [
            line
            for line in self.world.events(event)
            if name in (line.get("request"), str(line.get("subject", line.get("action"))).partition("/")[2])
        ]

    def request(self, request_id: RequestId) -> Any:
        return self.world.system.ledger.committee.get_request(request_id)

    def restart(self) -> None:
        self.world.journal.close()
        self.node = self.world.node()


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    directory = tmp_path_factory.mktemp("unlocks")
    with live_system(directory) as system:
        signers = [Signer.random() for _ in range(5)]
        worker = Signer.random()
        system.fund(worker.address, *(signer.address for signer in signers))
        epoch = form_committee(system, [signer.address for signer in signers])
        world = OracleWorld(system, directory, signers[0], signers[1:], epoch)
        node = world.node()
        players = world.make_key(node)
        action = RegisterModel(
            registrar=worker.address,
            seal_nonce=1,
            parent_model=ModelId(bytes(32)),
            manifest_hash=Hash32(b"\x01" * 32),
            content_root=Hash32(b"\x02" * 32),
            key_commitment=Hash32(b"\x03" * 32),
            committee_key_hash=system.ledger.committee.get_key_hash(),
            identities=(IdentityRequest(Mode.PLAIN, 0),),
            name="a model",
        )
        system.enact(ActionKind.REGISTER_MODEL, action)
        yield Scene(world, node, players, worker, compute_model_id(worker.address, 1))


def replace_share(player: Player, other: Player) -> Player:
    """The member with the share of another."""
    liar = copy.copy(player)
    liar.acknowledged = replace(player.acknowledged, secret=other.acknowledged.secret)
    return liar


def forge(scene: Scene, asked: UnlockRequested, **changes: bytes) -> None:
    """The event of that request in the journal says something else, as a liar's would if receipts were not proven."""
    (log,) = scene.world.journal.logs(event_topic("UnlockRequested"), asked.request_id)
    data = log.data
    for name, value in changes.items():
        assert data.count(getattr(asked, name)) == 1
        data = data.replace(getattr(asked, name), value)
    scene.world.journal._db.execute(
        "UPDATE events SET data = ? WHERE block = ? AND place = ?", (data, log.block, log.index)
    )
    scene.world.journal._db.execute("DELETE FROM refusals")


def test_request_is_approved_once_and_answered_once_t_approvals_are_final(scene: Scene) -> None:
    asked, transport = scene.ask()
    scene.look(3)
    assert scene.request(asked.request_id).approvals == 0b00001
    assert [line["reason"] for line in scene.said("waiting", asked.request_id)] == ["1 of 3 approvals are final"]
    scene.approve(asked, *scene.players[:2])
    scene.node.look()  # they are in a block, but not final
    assert scene.world.journal.answer(asked.request_id) is None
    scene.look(3)
    assert scene.request(asked.request_id).partials == 0b00001
    scene.look(3)
    assert len(scene.said("sent", asked.request_id)) == 2
    assert [line["reason"] for line in scene.said("closed", asked.request_id)] == ["answered"]
    for player in scene.players[:2]:
        scene.post(asked, transport, player)


def test_partial_is_the_same_after_a_crash_before_it_was_sent(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, _ = scene.ask()
    scene.approve(asked, *scene.players[:2])
    scene.look()

    def die(*arguments: object, **options: object) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(scene.node.outbox, "send", die)
    with pytest.raises(KeyboardInterrupt):
        scene.look(3)
    made = scene.world.journal.answer(asked.request_id)
    assert made is not None
    monkeypatch.undo()
    scene.restart()
    scene.look(4)
    posted = [r.event for r in scene.world.system.ledger.events() if isinstance(r.event, PartialPosted)]
    mine = next(event for event in posted if event.request_id == asked.request_id)
    assert mine.partial_key == made


def test_answer_that_was_written_down_is_not_sent_after_a_crash_once_its_release_is_revoked(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was decided before a crash is decided anew: an answer cannot be taken back."""
    asked, _ = scene.ask()
    scene.look()
    scene.approve(asked, *scene.players[:2])

    def die(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(scene.node.outbox._relay, "broadcast", die)
    with pytest.raises(KeyboardInterrupt):
        scene.look(3)
    (made,) = scene.world.journal.sent(state="pending")
    assert made.action == f"post/0x{asked.request_id.hex()}"
    system = scene.world.system
    revocation = RevokeRelease(asked.release_id, "misuse")
    proposal = system.propose(ActionKind.REVOKE_RELEASE, revocation)
    system.vote(proposal, range(15))
    system.execute(proposal, ActionKind.REVOKE_RELEASE, revocation)
    scene.restart()
    scene.look(3)
    assert system.ledger.rpc.call("eth_getTransactionByHash", "0x" + made.hash.hex()) is None
    assert [sent.state for sent in scene.world.journal.sent(action=made.action)] == ["dropped"]
    assert scene.said("refused", asked.request_id)[-1]["rule"] == "R-Oracle-01"
    other, _ = scene.ask()
    scene.look(2)
    assert scene.request(other.request_id).approvals == 0b00001  # its nonce was free


def test_answer_of_a_share_that_decayed_is_never_sent(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, _ = scene.ask()
    scene.look(2)
    epoch = scene.world.epoch
    held = scene.node.ceremony.share_of(epoch)
    assert held is not None
    decayed = replace(held, share=KeyShare(epoch, held.share.member, Scalar.random()))
    monkeypatch.setitem(scene.node.ceremony._held, epoch, decayed)
    scene.approve(asked, *scene.players[:2])
    scene.look(3)
    assert scene.world.journal.answer(asked.request_id) is None
    assert "does not verify under its public key share" in scene.world.events("unlocks")[-1]["reason"]
    monkeypatch.undo()
    scene.look(2)
    assert scene.request(asked.request_id).partials == 0b00001


def test_wrong_partial_of_another_member_is_told_with_its_address(scene: Scene) -> None:
    asked, transport = scene.ask()
    scene.look(2)
    liar, other = scene.players[:2]
    scene.approve(asked, liar, other)
    scene.post(asked, transport, replace_share(liar, other))
    scene.look(3)
    (said,) = [line for line in scene.world.events("refused") if asked.request_id.hex() in line["subject"]]
    assert (said["rule"], liar.signer.address in said["reason"]) == ("R-Committee-17", True)
    assert scene.request(asked.request_id).partials == 0b00001
    scene.restart()
    scene.look(2)
    assert scene.world.events("refused")[-1] == said  # once


def test_request_that_t_others_answered_is_closed_without_an_answer(scene: Scene) -> None:
    asked, transport = scene.ask()
    scene.approve(asked, *scene.players[:THRESHOLD])
    scene.look(2)
    for player in scene.players[:THRESHOLD]:
        scene.post(asked, transport, player)
    scene.look(2)
    assert scene.request(asked.request_id).partials == 0b01110
    assert [line["reason"] for line in scene.said("closed", asked.request_id)] == ["answered by others"]


def test_member_that_approved_late_answers_only_when_the_others_do_not(scene: Scene) -> None:
    asked, _ = scene.ask()
    scene.approve(asked, *scene.players[:THRESHOLD])
    scene.look(3)  # three approved before this oracle
    assert scene.request(asked.request_id).approvals == 0b01111
    assert scene.request(asked.request_id).partials == 0
    scene.world.mine(PATIENCE)
    scene.look(2)
    assert scene.request(asked.request_id).partials == 0b00001


def test_request_that_expires_unanswered_is_refused_and_closed(scene: Scene) -> None:
    asked, _ = scene.ask()
    scene.look(2)
    lifetime = asked.expires_at - scene.world.system.ledger.now()
    scene.world.system.warp(lifetime + 1)
    scene.node.look()
    assert [line["rule"] for line in scene.said("refused", asked.request_id)] == ["R-Oracle-06"]
    scene.look(2)
    assert [line["reason"] for line in scene.said("closed", asked.request_id)] == ["expired"]


def other_key(scene: Scene, asked: UnlockRequested) -> dict[str, bytes]:
    other = make_transport(scene.world.system.ledger, asked.release_id, asked.worker).public
    return {"transport_key": g1_to_eip2537(other.point), "proof": other.proof}


def other_proof(scene: Scene, asked: UnlockRequested) -> dict[str, bytes]:
    """The key that is pinned; its proof is one that nobody could make who does not know the secret."""
    return {"proof": make_transport(scene.world.system.ledger, asked.release_id, asked.worker).public.proof}


@pytest.mark.parametrize(
    "changes",
    [
        other_key,
        other_proof,
        lambda scene, asked: {"proof": bytes(64)},
        lambda scene, asked: {"transport_key": bytes(128)},
        lambda scene, asked: {"transport_key": b"\xff" * 128},
    ],
    ids=["another transport key", "another proof", "no proof", "the identity", "no point"],
)
def test_transport_key_that_the_request_does_not_pin_is_never_answered(
    scene: Scene, changes: Callable[[Scene, UnlockRequested], dict[str, bytes]]
) -> None:
    asked, _ = scene.ask()
    scene.node.outbox._rests.clear()
    scene.world.mine(3)
    scene.node._read(scene.node._refresh())  # it has read the event, and not looked at it yet
    forge(scene, asked, **changes(scene, asked))
    scene.approve(asked, *scene.players[:THRESHOLD])
    scene.look(3)
    assert scene.said("sent", asked.request_id) == []
    assert [line["rule"] for line in scene.said("refused", asked.request_id)] == ["R-Oracle-06"]


def test_request_that_is_for_another_identity_than_its_event_says_is_no_request(scene: Scene) -> None:
    asked, _ = scene.ask()
    scene.world.mine(3)
    scene.node._read(scene.node._refresh())
    forge(scene, asked, identity=b"\x0d" * 32)
    scene.approve(asked, *scene.players[:THRESHOLD])
    scene.look(3)
    assert scene.said("sent", asked.request_id) == []
    assert scene.said("waiting", asked.request_id)[0]["reason"] == "the request is not final yet"


def test_request_of_an_epoch_without_a_share_is_refused(scene: Scene) -> None:
    asked, _ = scene.ask()
    scene.world.mine(3)
    heads = scene.node._refresh()
    scene.node._read(heads)
    (log,) = scene.world.journal.logs(event_topic("UnlockRequested"), asked.request_id)
    foreign = RequestId(b"\x0e" * 32)
    data = (9).to_bytes(32, "big") + log.data[32:]
    forged = replace(log, topics=(log.topics[0], foreign, *log.topics[2:]), data=data, index=log.index + 900)
    assert isinstance(forged, Log)
    scene.world.journal.advance(heads.finalized, [forged])
    scene.look(2)
    assert [line["rule"] for line in scene.said("refused", foreign)] == ["R-Oracle-06"]
    assert [line["reason"] for line in scene.said("closed", foreign)] == ["no share"]


def test_nothing_is_decided_before_the_chain_was_seen_to_move(scene: Scene) -> None:
    asked, _ = scene.ask()
    scene.world.mine(3)
    scene.restart()
    for _ in range(3):
        assert scene.node.look()  # a chain that was frozen before this process began looks like this
    assert scene.said("sent", asked.request_id) == []
    scene.look()
    assert len(scene.said("sent", asked.request_id)) == 1
