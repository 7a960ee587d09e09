"""Epochs, members and requests as they are proven from storage, against what the contract's getters say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from committee_player import Player, form_committee, play_key_generation
from governance.chain.headers import verify_header
from governance.chain.proofs import BadProof
from governance.chain.view import prove
from governance.crypto.points import g1_to_eip2537
from governance.encoding.keccak import keccak256
from governance.encoding.names import release_id_of
from governance.encoding.releases import compute_model_id, compute_transport_hash
from governance.ledger.proven_committee import Board, ProvenCommittee, UnlockFacts
from governance.ledger.signer import Signer
from governance.types import (
    EVERYTHING,
    ActionKind,
    Epoch,
    GrantRelease,
    Hash32,
    Identity,
    IdentityRequest,
    Mode,
    ModelId,
    Phase,
    RegisterModel,
    RequestId,
    Timestamp,
    WorkerGrant,
)
from governance.types.events.committee import UnlockRequested
from live_system import LiveSystem, live_system
from transport import make_transport, multiply_share, request_call

pytestmark = pytest.mark.chain


def proven_board(system: LiveSystem, epoch: Epoch) -> Board:
    """The board by proof, found equal to what the getters say."""
    committee, rpc = ProvenCommittee.of(system.ledger.deployment), system.anvil.rpc
    board = committee.board(lambda *where: prove(rpc, *where), verify_header(rpc.block()), epoch)
    assert board.term == system.ledger.committee.get_epoch(epoch)
    assert board.members == system.ledger.committee.get_members(epoch)
    dealings = tuple(system.ledger.committee.get_dealing(epoch, at) for at in range(len(board.dealings)))
    assert board.dealings == dealings
    return board


def test_board_is_proven_at_every_step_of_a_key_generation(tmp_path: Any) -> None:
    with live_system(tmp_path) as system:
        committee, rpc = ProvenCommittee.of(system.ledger.deployment), system.anvil.rpc

        def epochs() -> tuple[int, int]:
            return committee.epochs(lambda *where: prove(rpc, *where), verify_header(rpc.block()))

        assert epochs() == (0, 0)
        assert proven_board(system, Epoch(1)).members == ()
        signers = [Signer.random() for _ in range(5)]
        system.fund(*(signer.address for signer in signers))
        epoch = form_committee(system, [signer.address for signer in signers])
        assert epochs() == (0, epoch)
        players = [Player(system, signer, epoch) for signer in signers]
        assert proven_board(system, epoch).term.phase is Phase.REGISTERING
        for player in players:
            player.register()
            proven_board(system, epoch)
        for player in players:
            player.deal()
        assert all(any(dealing.dealing_hash) for dealing in proven_board(system, epoch).dealings)
        players[0].settle()
        assert any(proven_board(system, epoch).term.key_hash)
        for player in players:
            player.acknowledge()
        assert proven_board(system, epoch).term.phase is Phase.IN_FORCE
        assert epochs() == (epoch, epoch)


class Unlocking:
    """A request on a real chain, and its proven facts for each member."""

    def __init__(self, system: LiveSystem, players: list[Player]) -> None:
        self.system, self.players, self.worker = system, players, Signer.random()
        system.fund(self.worker.address)
        ledger = system.ledger
        register = RegisterModel(
            registrar=self.worker.address,
            seal_nonce=1,
            parent_model=ModelId(bytes(32)),
            manifest_hash=Hash32(b"\x01" * 32),
            content_root=Hash32(b"\x02" * 32),
            key_commitment=Hash32(b"\x03" * 32),
            committee_key_hash=ledger.committee.get_key_hash(),
            identities=(IdentityRequest(Mode.PLAIN, 0),),
            name="a model",
        )
        system.enact(ActionKind.REGISTER_MODEL, register)
        model = compute_model_id(self.worker.address, 1)
        workers = (WorkerGrant(self.worker.address, 0, system.organisations[0]),)
        grant = GrantRelease(model, Mode.PLAIN, Timestamp(ledger.now() + 20 * 86_400), workers, b"{}")
        release = release_id_of(system.enact(ActionKind.GRANT_RELEASE, grant)[0])
        self.transport = make_transport(ledger, release, self.worker.address)
        receipt = ledger.send(request_call(ledger, release, self.transport.public), self.worker)
        self.asked = receipt.find(UnlockRequested)

    def key_of(self, player: Player) -> bytes:
        return self.system.ledger.committee.get_verification_key(player.epoch, player.index)

    def facts(self, player: Player, **changes: Any) -> UnlockFacts:
        rpc = self.system.anvil.rpc
        named = {
            "epoch": player.epoch,
            "identity": self.asked.identity,
            "oracle": player.signer.address,
            "key_hash": Hash32(keccak256(self.key_of(player))),
            **changes,
        }
        committee = ProvenCommittee.of(self.system.ledger.deployment)
        request_id = named.pop("request_id", self.asked.request_id)
        return committee.unlock(lambda *where: prove(rpc, *where), verify_header(rpc.block()), request_id, **named)

    def post(self, player: Player) -> None:
        share = player.acknowledged
        partial = multiply_share(share, self.transport.public)
        committee = self.system.ledger.committee
        player.send(committee.post(self.asked, g1_to_eip2537(partial.point), verification_key=self.key_of(player)))


@pytest.fixture
def unlocking(tmp_path: Any) -> Iterator[Unlocking]:
    with live_system(tmp_path) as system:
        yield Unlocking(system, play_key_generation(system))


def test_request_is_proven_with_every_member_s_part_in_it(unlocking: Unlocking) -> None:
    ledger, first = unlocking.system.ledger, unlocking.players[0]
    facts = unlocking.facts(first)
    assert facts.request == ledger.committee.get_request(unlocking.asked.request_id)
    assert facts.request.transport_hash == compute_transport_hash(unlocking.asked.transport_key)
    assert facts.term == ledger.committee.get_epoch(first.epoch)
    for at, player in enumerate(unlocking.players):
        player.send(ledger.committee.approve(unlocking.asked.request_id))
        seen = unlocking.facts(player)
        assert (seen.place, seen.index) == (at, player.index)
        assert seen.request.approvals == (1 << (at + 1)) - 1
    unlocking.post(unlocking.players[2])
    assert unlocking.facts(first).request.partials == 0b100

    # what it is not: another request, another member's key, a stranger
    nothing = unlocking.facts(first, request_id=RequestId(b"\x07" * 32))
    assert (nothing.request.expires_at, nothing.request.identity) == (0, bytes(32))
    other_key = Hash32(keccak256(unlocking.key_of(unlocking.players[1])))
    assert unlocking.facts(first, key_hash=other_key).place is None
    assert unlocking.facts(first, oracle=unlocking.worker.address).place is None


def test_identity_is_proven_to_be_barred_by_a_stop_between_two_partials_alone(unlocking: Unlocking) -> None:
    system, first = unlocking.system, unlocking.players[0]
    ledger = system.ledger

    def pull() -> None:
        for seat in (2, 7, 12):
            system.ledger.send(ledger.brake.pull(EVERYTHING, Hash32(b"\x09" * 32), 3, "a test"), system.seats[seat])

    for player in unlocking.players[:3]:
        player.send(ledger.committee.approve(unlocking.asked.request_id))
    assert not unlocking.facts(first).is_barred
    unlocking.post(first)
    assert not unlocking.facts(first).is_barred
    pull()
    assert unlocking.facts(first).is_barred
    # an identity that nobody has answered for is not barred
    assert not unlocking.facts(first, identity=Identity(b"\x05" * 32)).is_barred


def test_identity_is_not_barred_once_t_partials_are_out(unlocking: Unlocking) -> None:
    ledger = unlocking.system.ledger
    for player in unlocking.players[:3]:
        player.send(ledger.committee.approve(unlocking.asked.request_id))
    for player in unlocking.players[:3]:
        unlocking.post(player)
    for seat in (2, 7, 12):
        ledger.send(ledger.brake.pull(EVERYTHING, Hash32(b"\x09" * 32), 3, "a test"), unlocking.system.seats[seat])
    assert not unlocking.facts(unlocking.players[0]).is_barred


def test_committee_is_not_proven_without_a_proof(unlocking: Unlocking) -> None:
    rpc = unlocking.system.anvil.rpc
    committee = ProvenCommittee.of(unlocking.system.ledger.deployment)

    def crooked(header: Any, address: str, code_hash: bytes, slots: Any) -> Any:
        return prove(rpc, header, address, b"\x01" * 32, slots)

    with pytest.raises(BadProof):
        committee.board(crooked, verify_header(rpc.block()), Epoch(1))
