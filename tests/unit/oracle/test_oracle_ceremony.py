"""A key generation whose events say something else than the chain's state: nothing is sent on what cannot be right."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from committee_player import Player, form_committee
from governance.crypto.envelope import EnvelopeKeyPair
from governance.ledger.signer import Signer
from governance.types.events.committee import Dealt, TransportKeyRegistered
from live_system import live_system
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


def all_dealt(world: OracleWorld) -> Node:
    node, players = all_registered(world)
    world.look(node)
    for player in players:
        player.deal()
    read_only(world, node)
    return node


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
    node = all_dealt(world)
    dealt = decode_log(world.journal.logs(event_topic("Dealt"))[1])
    assert isinstance(dealt, Dealt)
    envelope = next(each for each in dealt.envelopes if each)
    replace_in_journal(world, "Dealt", envelope, bytes(len(envelope)))
    with pytest.raises(WrongBoard, match=f"dealing of member {dealt.dealer}"):
        act(world, node)
    assert world.term.acknowledged == 0
    assert not [each for each in world.events("sent") if each["action"].startswith("accuse")]


def test_dealing_that_is_hidden_is_missed(world: OracleWorld) -> None:
    node = all_dealt(world)
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
    node = all_dealt(world)
    world.look(node)
    assert world.term.acknowledged == 1
    world.system.warp(world.term.phase_ends_at - world.system.ledger.now() + 1)
    world.look(node, times=2)
    assert world.term.phase.name == "ABORTED"  # one acknowledgement of the four that are needed
    assert [each["action"].split("/")[0] for each in world.events("sent")][-1] == "abort"


def test_epoch_with_enough_acknowledgements_is_finalised_after_its_deadline(world: OracleWorld) -> None:
    node, players = all_registered(world)
    world.look(node)
    for player in players:
        player.deal()
    world.look(node)
    for player in players[:3]:
        player.acknowledge()
    world.look(node)
    assert world.term.acknowledged == 4
    world.system.warp(world.term.phase_ends_at - world.system.ledger.now() + 1)
    world.look(node, times=3)
    assert world.term.phase.name == "IN_FORCE"
    assert "finalise" in [each["action"].split("/")[0] for each in world.events("sent")]
