"""Five real oracles make a key without a dealer and without anybody who tells them what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from committee_system import SIZE, THRESHOLD, committee_system
from governance.types import Phase

pytestmark = [pytest.mark.chain, pytest.mark.timeout(300)]


def test_five_oracles_make_a_key_without_a_coordinator(tmp_path: Path) -> None:
    with committee_system(tmp_path) as committee:
        for oracle in committee.oracles:
            oracle.start()
        epoch = committee.form()
        committee.wait_for_phase(epoch, Phase.IN_FORCE)
        committee.settle()
        ledger = committee.system.ledger
        assert ledger.committee.get_current_epoch() == epoch
        assert len(ledger.committee.get_key()) == 256
        term = ledger.committee.get_epoch(epoch)
        assert (term.threshold, term.size, term.acknowledged) == (THRESHOLD, SIZE, SIZE)
        for oracle in committee.oracles:
            assert oracle.stop() == 0
            share, verification_key = oracle.key_share(epoch)
            assert verification_key == ledger.committee.get_verification_key(epoch, share.member)
