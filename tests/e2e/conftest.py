"""Committees of real processes, shared by the tests of one file where they leave it as they found it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from committee_system import Unlockable, unlockable_committee


@pytest.fixture(scope="module")
def unlockable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Unlockable]:
    """Five running oracles, and everything that an unlock needs. A test leaves all five running."""
    with unlockable_committee(tmp_path_factory.mktemp("committee")) as made:
        yield made
