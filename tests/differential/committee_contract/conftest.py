"""A chain with the six contracts beside a world of rules, for one test."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from committee_duel import OPTIONS, Duel
from governance.chain.rpc import Rpc


@pytest.fixture
def duel(start_anvil: Callable[..., object]) -> Iterator[Duel]:
    """Both at the beginning: deployed, active, no committee yet."""
    anvil = start_anvil(*OPTIONS)
    with Rpc(anvil.url) as rpc:  # type: ignore[attr-defined]
        duel = Duel(rpc)
        duel.deploy()
        duel.wait()
        yield duel
