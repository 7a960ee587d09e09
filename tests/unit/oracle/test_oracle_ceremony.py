"""A key generation whose events say something else than the chain's state: nothing is sent on what cannot be right."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from committee_player import Player, form_committee
from governance.crypto.envelope import EnvelopeKeyPair
from governance.ledger.signer import Signer
from governance.types import Phase
from governance.types.events.committee import Dealt, TransportKeyRegistered
from live_system import live_system
from oracle.board import read_facts
from oracle.errors import WrongBoard
from oracle.messages import decode_log, event_topic
from oracle.node import Node
from oracle_world import OracleWorld

pytestmark = pytest.mark.chain


@pytest.fixture
def world(tmp_path: Path) -> Iterator[OracleWorld]:
    with live_system(tmp_path) as system:
        signers = [Signer.random() for _ in range(5)]
        system.fund(*(signer.address for signer in signers))
        epoch = form_committee(system, [signer.address for signer in signers])
        yield OracleWorld(system, tmp_path, signers[0], signers[1:], epoch)


def replace_in_journal(world: OracleWorld, event: str, old: bytes, new: bytes) -> None:
    """What a liar would have had the oracle read, if receipts were not proven."""
    assert len(old) == len(new)
    (log,) = [log for log in world.journal.logs(event_topic(event)) if old in log.data]
    data = log.data.replace(old, new)
    world.journal._db.execute("UPDATE events SET data = ? WHERE block = ? AND place = ?", (data, log.block, log.index))


def drop_from_journal(world: OracleWorld, event: str) -> None:
    (log, *_) = world.journal.logs(event_topic(event))
    world.journal._db.execute("DELETE FROM events WHERE block = ? AND place = ?", (log.block, log.index))


def read_only(world: OracleWorld, node: Node) -> None:
    """The oracle has read what happened, and done nothing about it yet."""
    world.mine(3)
    node._read(node._refresh())


def act(world: OracleWorld, node: Node) -> None:
    world.mine(3)
    heads = node._refresh()
    node._read(heads)
    node.ceremony.act(heads)


def all_registered(world: OracleWorld) -> tuple[Node, list[Player]]:
    node = world.node()
    world.look(node)
    players = [Player(world.system, signer, world.epoch) for signer in world.others]
    for player in players:
        player.register()
    read_only(world, node)
    return node, players


def all_dealt(world: OracleWorld) -> tuple[Node, list[Player]]:
    """Dealt and settled: what comes next is to acknowledge or to complain."""
    node, players = all_registered(world)
    world.look(node)
    for player in players:
        player.deal()
    players[0].settle()
    read_only(world, node)
    return node, players


def test_envelope_key_that_a_liar_slips_in_is_sent_no_share(world: OracleWorld) -> None:
    node, _ = all_registered(world)
    registered = [decode_log(log) for log in world.journal.logs(event_topic("TransportKeyRegistered"))]
    victim = registered[2]
    assert isinstance(victim, TransportKeyRegistered)
    replace_in_journal(world, "TransportKeyRegistered", victim.transport_key, EnvelopeKeyPair.generate().public.data)
    with pytest.raises(WrongBoard, match=f"envelope key of member {victim.index}"):
        act(world, node)
    assert world.term.dealt == 0


def test_envelope_key_that_is_hidden_is_missed(world: OracleWorld) -> None:
    node, _ = all_registered(world)
    drop_from_journal(world, "TransportKeyRegistered")
    with pytest.raises(WrongBoard, match="envelope key"):
        act(world, node)


def test_dealing_that_a_liar_changes_is_neither_believed_nor_held_against_its_dealer(world: OracleWorld) -> None:
    node, _ = all_dealt(world)
    dealt = decode_log(world.journal.logs(event_topic("Dealt"))[1])
    assert isinstance(dealt, Dealt)
    envelope = next(each for each in dealt.envelopes if each)
    replace_in_journal(world, "Dealt", envelope, bytes(len(envelope)))
    with pytest.raises(WrongBoard, match=f"dealing of member {dealt.dealer}"):
        act(world, node)
    assert world.term.acknowledged == 0
    assert not [each for each in world.events("sent") if each["action"].startswith("complain")]


def test_dealing_that_is_hidden_is_missed(world: OracleWorld) -> None:
    node, _ = all_dealt(world)
    drop_from_journal(world, "Dealt")
    with pytest.raises(WrongBoard, match="dealing"):
        act(world, node)


def test_registration_of_another_copy_of_this_oracle_is_dealt_nothing_under(world: OracleWorld) -> None:
    for signer in (world.me, *world.others):
        Player(world.system, signer, world.epoch).register()
    node = world.node()
    with pytest.raises(WrongBoard, match="does not hold"):
        act(world, node)


def test_stranger_to_the_committee_does_nothing(world: OracleWorld) -> None:
    world.me = Signer.random()
    node = world.node()
    world.look(node, times=2)
    assert node.ceremony.board is not None
    assert world.events("sent") == []


def test_epoch_with_too_few_acknowledgements_is_aborted_after_its_deadline(world: OracleWorld) -> None:
    node, _ = all_dealt(world)
    world.look(node)
    assert world.term.acknowledged == 1
    world.system.warp(world.term.phase_ends_at - world.system.ledger.now() + 1)
    world.look(node, times=2)
    assert world.term.phase.name == "ABORTED"  # one acknowledgement of the four that are needed
    assert [each["action"].split("/")[0] for each in world.events("sent")][-1] == "advance"


def test_epoch_with_enough_acknowledgements_comes_in_force_after_its_deadline(world: OracleWorld) -> None:
    node, players = all_registered(world)
    world.look(node)
    for player in players:
        player.deal()
    world.look(node, times=3)
    for player in players[:3]:
        player.acknowledge()
    world.look(node)
    assert world.term.acknowledged == 4
    world.system.warp(world.term.phase_ends_at - world.system.ledger.now() + 1)
    world.look(node, times=3)
    assert world.term.phase.name == "IN_FORCE"
    assert "advance" in [each["action"].split("/")[0] for each in world.events("sent")]


def test_false_complaint_is_answered_with_the_share_of_who_complained(world: OracleWorld) -> None:
    node, players = all_dealt(world)
    mine = next(member.index for member in players[0].facts.members if member.oracle == world.me.address)
    players[0].complain(mine)
    for player in players[1:]:
        player.acknowledge()
    world.look(node, times=2)  # acknowledges itself, and is accused
    world.look(node, times=2)  # answers
    assert world.term.phase is Phase.CONFIRMING
    players[0].acknowledge()
    world.look(node)
    assert world.term.phase is Phase.IN_FORCE


def test_answer_is_refused_where_it_would_publish_what_was_dealt(world: OracleWorld) -> None:
    """The contract asks for no such answer; a board that says otherwise is not that contract's."""
    node, _ = all_dealt(world)
    world.look(node)
    board = node.ceremony.board
    assert board is not None
    mine = next(at for at, dealer in enumerate(board.dealers) if dealer.oracle == world.me.address)
    for complaints, answers in ((0b0110, True), (0b1110, False)):
        dealings = list(board.dealings)
        dealings[mine] = replace(dealings[mine], complainants=complaints)
        asking = replace(board, term=replace(board.term, phase=Phase.ANSWERING), dealings=tuple(dealings))
        if answers:
            assert node.ceremony._answer(asking, read_facts(asking))
        else:
            with pytest.raises(WrongBoard, match="publish"):
                node.ceremony._answer(asking, read_facts(asking))


def test_share_of_former_sums_is_replaced_when_a_dealer_is_disqualified(world: OracleWorld) -> None:
    node, players = all_dealt(world)
    world.look(node, times=2)
    assert world.term.acknowledged == 1
    before = node.ceremony.share_of(world.epoch)
    for player in players[:3]:
        player.complain(players[3].index)
    players[3].acknowledge()
    world.look(node, times=4)  # settles without the disqualified, and acknowledges again
    after = node.ceremony.share_of(world.epoch)
    assert before is not None
    assert after is not None
    assert before.verification_key != after.verification_key
    assert (world.term.phase, world.term.acknowledged) == (Phase.CONFIRMING, 1)
    for player in players:
        player.acknowledge()
    world.look(node)
    assert world.term.phase is Phase.IN_FORCE
