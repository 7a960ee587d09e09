"""The rules and the contracts are one system told twice: random lives, step by step, and every record compared."""

from __future__ import annotations

import random

import pytest

from committee_duel import Duel
from duel_ledger import ledger_of
from governance.audit.compare import compare_storage
from governance.spec.replay import replay
from system_walk import Walk
from walk_accounts import WALK_GENESIS

pytestmark = pytest.mark.chain

STEPS = 200


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_random_life_is_the_same_for_the_rules_and_for_the_contracts(duel: Duel, seed: int) -> None:
    walk = Walk(duel, random.Random(seed))
    walk.constrain()
    if seed != 1:
        walk.form()
    walk.go(STEPS)
    duel.rpc.call("evm_setNextBlockTimestamp", hex(walk.world.now))
    duel.rpc.call("evm_mine")
    ledger = ledger_of(duel)
    block = int(duel.rpc.call("eth_blockNumber"), 16)
    compared = list(compare_storage(ledger, walk.world.state, block, walk.world.now))
    assert [str(one) for one in compared if not one.agrees] == []
    assert replay(WALK_GENESIS, walk.world.logs, duel.curve) == walk.world.state
    # a walk in which nothing happens, or in which nothing is refused, shows nothing
    assert len(walk.taken) >= 8, walk.taken
    assert len(walk.refused) >= 14, walk.refused
