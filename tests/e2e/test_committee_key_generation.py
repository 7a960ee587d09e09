"""Five real oracles make a key without a dealer and without anybody who tells them what to do, or end it cleanly."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from committee_player import SIZE, THRESHOLD, Player
from committee_system import CommitteeSystem, committee_system
from governance.crypto.envelope import PUBLIC_KEY_BYTES
from governance.types import Epoch, Phase
from governance.types.events.committee import DealerAccused, EpochAborted
from oracle_fleet import wait_until

pytestmark = [pytest.mark.chain, pytest.mark.timeout(300)]

IMPOSTOR = 4


@pytest.fixture(scope="module")
def troubled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommitteeSystem]:
    """Four honest oracles that run, and a fifth whose part a test plays. Each test forms a committee that fails."""
    with committee_system(tmp_path_factory.mktemp("committee")) as committee:
        for oracle in committee.oracles[:IMPOSTOR]:
            oracle.start()
        yield committee


def wait_for_abort(committee: CommitteeSystem, epoch: Epoch) -> str:
    """The epoch is aborted; returns why."""
    committee.wait_for_phase(epoch, Phase.ABORTED)
    events = [record.event for record in committee.system.ledger.events()]
    return next(event.reason for event in events if isinstance(event, EpochAborted) and event.epoch == epoch)


def miss_the_deadline(committee: CommitteeSystem, epoch: Epoch) -> None:
    ledger = committee.system.ledger
    committee.system.warp(ledger.committee.get_epoch(epoch).phase_ends_at - ledger.now() + 1)


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
            assert oracle.status["epoch"]["hasShare"]
            assert oracle.stop() == 0
            share, verification_key = oracle.key_share(epoch)
            assert verification_key == ledger.committee.get_verification_key(epoch, share.member)
            assert oracle.store().names() == [f"share-{epoch}"]  # the polynomial and the envelope key are gone
            assert committee.transactions_of(oracle) == 3  # register, deal, acknowledge: nothing twice, nothing refused


def test_silent_member_leads_to_an_abort_at_the_deadline_by_anybody(troubled: CommitteeSystem) -> None:
    epoch = troubled.form()
    honest = troubled.oracles[:IMPOSTOR]
    wait_until(
        lambda: troubled.system.ledger.committee.get_epoch(epoch).registered == IMPOSTOR, patience=60, what="4 register"
    )
    troubled.settle()
    assert troubled.system.ledger.committee.get_epoch(epoch).phase is Phase.REGISTERING
    miss_the_deadline(troubled, epoch)
    assert wait_for_abort(troubled, epoch) == "a deadline was missed"
    wait_until(lambda: all(not o.store().names() for o in honest), patience=20, what="the registrations are erased")
    assert all(oracle.is_running for oracle in honest)


def test_silent_dealer_leads_to_an_abort_at_the_deadline_by_anybody(troubled: CommitteeSystem) -> None:
    epoch = troubled.form()
    Player(troubled.system, troubled.oracles[IMPOSTOR].signer(), epoch).register()
    ledger = troubled.system.ledger
    wait_until(lambda: ledger.committee.get_epoch(epoch).dealt == IMPOSTOR, patience=60, what="4 deal")
    miss_the_deadline(troubled, epoch)
    assert wait_for_abort(troubled, epoch) == "a deadline was missed"


def test_wrong_share_is_noticed_by_its_recipient_alone_and_ends_the_epoch(troubled: CommitteeSystem) -> None:
    epoch = troubled.form()
    liar = Player(troubled.system, troubled.oracles[IMPOSTOR].signer(), epoch)
    victim = liar.facts.members[1]
    liar.register()
    wait_until(
        lambda: troubled.system.ledger.committee.get_epoch(epoch).phase is Phase.DEALING, patience=60, what="dealing"
    )
    liar.deal(wrong_share_for=victim.index)
    assert wait_for_abort(troubled, epoch) == "a dealer was accused"
    accused = [e.event for e in troubled.system.ledger.events() if isinstance(e.event, DealerAccused)]
    assert [(event.dealer, event.accuser) for event in accused] == [(liar.index, victim.index)]
    assert any(str(liar.index) in said["reason"] for said in troubled.oracles[1].lines("refused"))


def test_unusable_envelope_key_is_named_and_ends_in_a_clean_abort(troubled: CommitteeSystem) -> None:
    epoch = troubled.form()
    saboteur = Player(troubled.system, troubled.oracles[IMPOSTOR].signer(), epoch)
    saboteur.register(transport_key=b"\xff" * PUBLIC_KEY_BYTES)
    honest = troubled.oracles[:IMPOSTOR]

    def have_named_it() -> bool:
        name = f"member {saboteur.index} registered a key"
        return all(any(name in said["reason"] for said in oracle.lines("refused")) for oracle in honest)

    wait_until(have_named_it, patience=60, what="the member is named", oracles=honest)
    troubled.settle()
    assert troubled.system.ledger.committee.get_epoch(epoch).dealt == 0
    miss_the_deadline(troubled, epoch)
    assert wait_for_abort(troubled, epoch) == "a deadline was missed"
    assert all(oracle.is_running for oracle in honest)


def test_committee_makes_its_key_after_the_aborted_epochs(troubled: CommitteeSystem) -> None:
    troubled.oracles[IMPOSTOR].start()
    epoch = troubled.form()
    troubled.wait_for_phase(epoch, Phase.IN_FORCE)
    troubled.settle()
    for oracle in troubled.oracles:
        assert oracle.store().names() == [f"share-{epoch}"]


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="reads /proc")
def test_oracle_is_light_in_memory_and_idle_work(troubled: CommitteeSystem) -> None:
    ticks = os.sysconf("SC_CLK_TCK")

    def measure(pid: int) -> tuple[float, int]:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        resident = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        return (int(fields[11]) + int(fields[12])) / ticks, resident

    running = [oracle.process.pid for oracle in troubled.oracles if oracle.process is not None]
    before = [measure(pid) for pid in running]
    wait_until(lambda: True, patience=1, what="")
    troubled.settle(20)  # about five seconds
    after = [measure(pid) for pid in running]
    worked = sum(now[0] - then[0] for now, then in zip(after, before, strict=True)) / len(running)
    assert worked < 2.5  # [seconds] of CPU in about 5 s, at four times the block rate and look rate of a devnet
    assert max(resident for _, resident in after) < 120 * 2**20
