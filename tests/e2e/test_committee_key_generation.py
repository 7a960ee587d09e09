"""Five real oracles make a key without a dealer and without anybody who tells them what to do."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from committee_player import SIZE, THRESHOLD
from committee_system import CommitteeSystem, committee_system
from governance.types import Phase

pytestmark = [pytest.mark.chain, pytest.mark.timeout(300)]


def assert_light(committee: CommitteeSystem) -> None:
    """Each oracle is light in memory, and in work when there is nothing to do."""
    ticks = os.sysconf("SC_CLK_TCK")

    def measure(pid: int) -> tuple[float, int]:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        resident = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        return (int(fields[11]) + int(fields[12])) / ticks, resident

    running = [oracle.process.pid for oracle in committee.oracles if oracle.process is not None]
    before = [measure(pid) for pid in running]
    committee.settle(20)  # about five seconds
    after = [measure(pid) for pid in running]
    worked = sum(now[0] - then[0] for now, then in zip(after, before, strict=True)) / len(running)
    assert worked < 2.5  # [seconds] of CPU in about 5 s, at four times the block rate and look rate of a devnet
    assert max(resident for _, resident in after) < 120 * 2**20


def test_five_oracles_make_a_key_without_a_coordinator(tmp_path: Path) -> None:
    with committee_system(tmp_path) as committee:
        for oracle in committee.oracles:
            oracle.start()
        epoch = committee.form()
        committee.wait_for_phase(epoch, Phase.IN_FORCE)
        assert_light(committee)
        ledger = committee.system.ledger
        assert ledger.committee.get_current_epoch() == epoch
        assert len(ledger.committee.get_key()) == 256
        term = ledger.committee.get_epoch(epoch)
        assert (term.threshold, term.size, term.acknowledged) == (THRESHOLD, SIZE, SIZE)
        for oracle in committee.oracles:
            assert oracle.status["epoch"]["hasShare"]
            assert oracle.stop() == 0
            share, verification_key = oracle.key_share(epoch)
            assert verification_key == ledger.committee.get_verification_key(epoch, share.member)
            assert oracle.store().names() == [f"share-{epoch}"]  # the polynomial and the envelope key are gone
            # Register, deal, acknowledge, and one of them settles: nothing twice, nothing refused.
            assert committee.transactions_of(oracle) == 3 + (oracle is committee.oracles[0])
