"""Blocks that are replaced before they are final, at the moment of a request, an approval, an answer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from catalogue import fault_case
from fault_scene import FaultScene, Life
from governance.types.events.committee import PartialPosted, UnlockApproved
from lies import final_after
from lying_rpc import LyingRpc, lying_rpcs

pytestmark = pytest.mark.chain

FINALITY = 6  # [blocks] more than any reorganisation here goes back; anvil's own is 2


@pytest.fixture
def life(scene: FaultScene) -> Iterator[Life]:
    """Our oracle on a chain whose blocks are final late, with both of its transactions in a block that is not."""
    with lying_rpcs(scene.url, 1) as (rpc,):
        delay_finality(rpc, scene)
        life = scene.live([rpc])
        scene.mine(FINALITY)
        life.look(2)
        assert scene.count() == 2
        yield life


def delay_finality(rpc: LyingRpc, scene: FaultScene) -> None:
    rpc.lie("eth_getBlockByNumber", final_after(scene.system.anvil.rpc, FINALITY))


def reorganise(scene: FaultScene, depth: int, *kept: tuple[str, int]) -> None:
    """So many blocks are others now, empty but for the transactions `kept`, each in the block of that place."""
    scene.system.anvil.rpc.call("anvil_reorg", depth, [list(each) for each in kept])


@pytest.mark.parametrize(
    "depth",
    [
        fault_case(
            f"REORG-{depth:02}",
            f"{depth} {'block' if depth == 1 else 'blocks'} replaced, an unlock request in the oldest of them",
            "nothing is done about the request that is gone; the one that is made again is approved once",
            depth,
        )
        for depth in range(1, 6)
    ],
)
def test_request_that_a_reorganisation_takes_away(scene: FaultScene, life: Life, depth: int) -> None:
    life.look(2)  # what was to be done is out of the way
    gone, _ = scene.ask(scene.spare)
    scene.mine(depth - 1)
    life.look(blocks=0)
    reorganise(scene, depth)
    life.look(2)
    assert scene.system.ledger.committee.get_request(gone.request_id).expires_at == 0
    assert scene.count() == 2
    asked, _ = scene.ask(scene.spare)
    life.look(FINALITY + 4)
    assert scene.count() == 3
    approvals = [event.request_id for event in scene.own_events() if isinstance(event, UnlockApproved)]
    assert sorted(approvals) == sorted([scene.asked, asked.request_id])


@pytest.mark.parametrize(
    ("depth", "lost"),
    [
        fault_case(
            f"REORG-{depth + 5:02}",
            f"{depth} {'block' if depth == 1 else 'blocks'} replaced, "
            + ("the approval among them" if depth == 1 else "an approval and an answer among them"),
            "what is gone is sent again, the answer as it was; one of each stands",
            depth,
            min(depth, 2),
        )
        for depth in range(1, 6)
    ],
)
def test_approval_and_answer_that_a_reorganisation_takes_away(
    scene: FaultScene, life: Life, depth: int, lost: int
) -> None:
    scene.mine(max(0, depth - 2))
    life.look(blocks=0)  # it has seen its transactions in their blocks
    reorganise(scene, depth)
    assert scene.count() == 2 - lost
    life.assert_recovers(FINALITY + 6, finality=FINALITY + 2)
    assert life.lines("mined")


@pytest.mark.fault(
    "REORG-11",
    "3 blocks replaced, the approval and the answer in other blocks and in another order of blocks",
    "they count where they are; nothing is sent again",
)
def test_transactions_that_a_reorganisation_moves(scene: FaultScene, life: Life) -> None:
    assert life.journal is not None
    first, second = sorted(life.journal.sent(last=2), key=lambda sent: sent.nonce)
    scene.mine(1)
    life.look(blocks=0)
    reorganise(scene, 3, ("0x" + first.raw.hex(), 1), ("0x" + second.raw.hex(), 2))
    life.look(FINALITY + 4)
    life.assert_done()
    assert len(life.lines("sent")) == 2


@pytest.mark.fault(
    "REORG-12",
    "2 blocks replaced with an approval and an answer in them, and 2 again as soon as both were sent again",
    "what is gone is sent again, the answer as it was; one of each stands, no event is lost",
)
def test_reorganisation_of_what_was_sent_again(scene: FaultScene, life: Life) -> None:
    reorganise(scene, 2)
    for _ in range(2 * FINALITY):
        life.look()
        if scene.count() == 2:
            break
    assert scene.count() == 2
    reorganise(scene, 2)
    life.assert_recovers(2 * FINALITY, finality=FINALITY + 2)
    kinds = {type(event) for event in scene.own_events()}
    assert kinds == {UnlockApproved, PartialPosted}
