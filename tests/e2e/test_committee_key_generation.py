"""Five real oracles make a key without a dealer and without anybody who tells them what to do, or end it cleanly."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from committee_player import SIZE, THRESHOLD, Player, form_committee
from committee_system import CommitteeSystem, committee_system
from governance.ledger.signer import Signer
from governance.types import Epoch, Fault, Phase
from governance.types.events.committee import DealerAccused, DealerDisqualified, EpochAborted
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
            # Register, deal, acknowledge, and one of them settles: nothing twice, nothing refused.
            assert committee.transactions_of(oracle) == 3 + (oracle is committee.oracles[0])


def test_too_few_that_register_lead_to_an_abort_at_the_deadline_by_anybody(troubled: CommitteeSystem) -> None:
    honest, ledger = troubled.oracles[:2], troubled.system.ledger
    strangers = [Signer.random().address for _ in range(SIZE - 2)]
    epoch = form_committee(troubled.system, [*(oracle.address for oracle in honest), *strangers])
    wait_until(lambda: ledger.committee.get_epoch(epoch).registered == 2, patience=60, what="2 register")
    miss_the_deadline(troubled, epoch)
    assert wait_for_abort(troubled, epoch) == "too few registered"
    wait_until(lambda: all(not o.store().names() for o in honest), patience=20, what="the secrets are erased")
    assert all(oracle.is_running for oracle in honest)


def test_one_traitor_of_five_cannot_end_a_key_generation(troubled: CommitteeSystem) -> None:
    """It sends one member a wrong share and falsely complains of another; the four others make the key without it."""
    epoch = troubled.form()
    honest, ledger = troubled.oracles[:IMPOSTOR], troubled.system.ledger
    liar = Player(troubled.system, troubled.oracles[IMPOSTOR].signer(), epoch)
    victim, slandered = liar.facts.members[1], liar.facts.members[2]
    liar.register()
    wait_until(lambda: ledger.committee.get_epoch(epoch).phase is Phase.DEALING, patience=60, what="dealing")
    liar.deal(wrong_share_for=victim.index)
    troubled.wait_for_phase(epoch, Phase.ACKNOWLEDGING)
    liar.complain(slandered.index)
    troubled.wait_for_phase(epoch, Phase.ANSWERING)
    wait_until(lambda: ledger.committee.get_dealing(epoch, 2).answered, patience=60, what="the slandered answers")
    liar.answer(bytes(31) + b"\x01")  # no share of its polynomial
    troubled.wait_for_phase(epoch, Phase.CONFIRMING)
    wait_until(lambda: ledger.committee.get_epoch(epoch).acknowledged == IMPOSTOR, patience=60, what="4 acknowledge")
    miss_the_deadline(troubled, epoch)
    troubled.wait_for_phase(epoch, Phase.IN_FORCE)
    events = [record.event for record in ledger.events()]
    accused = [(event.dealer, event.accuser) for event in events if isinstance(event, DealerAccused)]
    assert sorted(accused) == sorted([(liar.index, victim.index), (slandered.index, liar.index)])
    culprits = [(event.oracle, event.fault) for event in events if isinstance(event, DealerDisqualified)]
    assert culprits == [(liar.signer.address, Fault.WRONG_SHARE)]
    assert any(str(liar.index) in said["reason"] for said in troubled.oracles[1].lines("refused"))
    wait_until(lambda: all(o.store().names() == [f"share-{epoch}"] for o in honest), patience=20, what="only shares")
    for oracle in honest:
        share, verification_key = oracle.key_share(epoch)
        assert verification_key == ledger.committee.get_verification_key(epoch, share.member)


def test_oracle_is_light_in_memory_and_idle_work(troubled: CommitteeSystem) -> None:
    ticks = os.sysconf("SC_CLK_TCK")

    def measure(pid: int) -> tuple[float, int]:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        resident = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        return (int(fields[11]) + int(fields[12])) / ticks, resident

    running = [oracle.process.pid for oracle in troubled.oracles if oracle.process is not None]
    before = [measure(pid) for pid in running]
    troubled.settle(20)  # about five seconds
    after = [measure(pid) for pid in running]
    worked = sum(now[0] - then[0] for now, then in zip(after, before, strict=True)) / len(running)
    assert worked < 2.5  # [seconds] of CPU in about 5 s, at four times the block rate and look rate of a devnet
    assert max(resident for _, resident in after) < 120 * 2**20
