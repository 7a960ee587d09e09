"""Committees of real processes, shared by the tests of one file where they leave it as they found it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from committee_system import Unlockable, committee_system
from governance.types import Phase


@pytest.fixture(scope="module")
def unlockable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Unlockable]:
    """Five running oracles, and everything that an unlock needs. A test leaves all five running."""
    with committee_system(tmp_path_factory.mktemp("committee")) as committee:
        for oracle in committee.oracles:
            oracle.start()
        epoch = committee.form()
        committee.wait_for_phase(epoch, Phase.IN_FORCE)
        model = committee.register_model()
        yield Unlockable(committee, epoch, model, committee.grant(model))
