"""kill -9 at every step of key generation and unlock: what was begun is finished, and nothing is done twice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from committee_player import THRESHOLD
from committee_system import CommitteeSystem, Unlockable, committee_system
from governance.types import Phase
from oracle_fleet import OracleProcess, wait_until

pytestmark = [pytest.mark.chain, pytest.mark.timeout(300)]

CEREMONY = 3  # transactions of a member: register, deal, acknowledge


def has_said(event: str, action: str) -> Callable[[OracleProcess], bool]:
    return lambda oracle: any(said["action"].startswith(action) for said in oracle.lines(event))


def holds(secret: str) -> Callable[[OracleProcess], bool]:
    return lambda oracle: any((oracle.directory / "secrets").glob(f"{secret}-*.sealed"))


def has_seen(phase: str) -> Callable[[OracleProcess], bool]:
    return lambda oracle: any(said["phase"] == phase for said in oracle.lines("epoch"))


# Where an oracle dies: between any two things that it does.
MOMENTS = [
    has_seen("registering"),
    holds("dealing"),
    holds("envelope"),
    has_said("sent", "register"),
    has_said("mined", "register"),
    has_seen("dealing"),
    has_said("sent", "deal"),
    has_seen("settling"),
    has_seen("acknowledging"),
    holds("share"),
    has_said("sent", "acknowledge"),
]


def kill_at(moment: Callable[[OracleProcess], bool], oracle: OracleProcess, patience: float = 60) -> None:
    """The oracle is killed as soon as that can be seen, and started again."""
    wait_until(lambda: moment(oracle), patience=patience, what="the moment to die", oracles=[oracle])
    oracle.kill()
    oracle.start()


def assert_nothing_twice(committee: CommitteeSystem) -> None:
    """Each has done its part once. To settle is anybody's right: who was slow to see it done may have tried, too."""
    sent = sent_by(committee)
    assert all(CEREMONY <= each <= CEREMONY + 1 for each in sent), sent
    assert sum(sent) > CEREMONY * len(sent)


@pytest.mark.slow
def test_oracle_killed_at_every_step_of_the_key_generation_finishes_it(tmp_path: Path) -> None:
    with committee_system(tmp_path) as committee:
        for oracle in committee.oracles:
            oracle.start()
        epoch = committee.form()
        for moment in MOMENTS:
            kill_at(moment, committee.oracles[0])
        committee.wait_for_phase(epoch, Phase.IN_FORCE)
        committee.settle()
        assert_nothing_twice(committee)
        for oracle in committee.oracles:
            share, verification_key = oracle.key_share(epoch)
            assert verification_key == committee.system.ledger.committee.get_verification_key(epoch, share.member)


@pytest.mark.slow
def test_all_oracles_killed_at_once_after_each_phase_finish_the_key_generation(tmp_path: Path) -> None:
    with committee_system(tmp_path) as committee:
        for oracle in committee.oracles:
            oracle.start()
        epoch = committee.form()
        for phase in ("registering", "dealing", "settling", "acknowledging"):
            seen = has_seen(phase)
            wait_until(lambda seen=seen: any(map(seen, committee.oracles)), patience=60, what=phase)
            for oracle in committee.oracles:
                oracle.kill()
            for oracle in committee.oracles:
                oracle.start()
        committee.wait_for_phase(epoch, Phase.IN_FORCE)
        assert_nothing_twice(committee)


def sent_by(committee: CommitteeSystem) -> list[int]:
    return [committee.transactions_of(oracle) for oracle in committee.oracles]


@pytest.mark.parametrize(
    ("event", "action"), [("sent", "approve/"), ("mined", "approve/"), ("sent", "post/"), ("mined", "post/")]
)
def test_oracle_killed_during_an_unlock_finishes_it_and_does_nothing_twice(
    unlockable: Unlockable, event: str, action: str
) -> None:
    committee = unlockable.committee
    before = sent_by(committee)
    asked = committee.ask(unlockable.release)
    mine = f"{action}0x{asked.request_id.hex()}"

    def who() -> OracleProcess | None:
        return next((oracle for oracle in committee.oracles if has_said(event, mine)(oracle)), None)

    oracle = wait_until(who, patience=60, what=f"{event} {action}", oracles=committee.oracles)
    oracle.kill()
    oracle.start()
    committee.wait_for_partials(asked, THRESHOLD)
    committee.settle(10)
    partials = [partial.member for partial in committee.partials(asked)]
    assert len(partials) == len(set(partials)) == THRESHOLD
    approvals = committee.approvals(asked)
    assert len(approvals) == len(set(approvals))
    # One approval and one answer at most: an answer may come just too late, when a reserve has stepped in.
    assert max(now - then for now, then in zip(sent_by(committee), before, strict=True)) <= 2


def test_oracle_without_its_journal_reads_the_chain_again_and_does_nothing_twice(unlockable: Unlockable) -> None:
    committee = unlockable.committee
    asked = committee.ask(unlockable.release)
    committee.wait_for_partials(asked, THRESHOLD)
    committee.settle()
    oracle, before = committee.oracles[0], sent_by(committee)
    oracle.kill()
    for path in oracle.directory.glob("journal.sqlite*"):
        path.unlink()
    oracle.start()
    oracle.wait_ready()
    again = committee.ask(unlockable.release)
    committee.wait_for_partials(again, THRESHOLD)
    committee.settle()
    assert committee.approvals(again).count(oracle.key_share(unlockable.epoch)[0].member) == 1
    assert max(now - then for now, then in zip(sent_by(committee), before, strict=True)) <= 2
