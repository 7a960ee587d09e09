"""A chain with the six contracts beside a world of rules, whose seats have keys that sign."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from committee_duel import Duel
from governance.chain.rpc import Rpc
from spec_charter import START
from spec_world import World
from walk_accounts import WALK_GENESIS


@pytest.fixture
def duel(start_anvil: Callable[..., object]) -> Iterator[Duel]:
    """Both at the beginning: deployed, active."""
    anvil = start_anvil("--timestamp", str(START - 1), "--auto-impersonate", "--gas-limit", "60000000")
    with Rpc(anvil.url) as rpc:  # type: ignore[attr-defined]
        duel = Duel(rpc, World(WALK_GENESIS))
        duel.deploy()
        yield duel
