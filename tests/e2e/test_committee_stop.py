"""The brake against a committee of real processes: a stop comes in time at every moment before an answer."""

from __future__ import annotations

import pytest

from committee_player import THRESHOLD
from committee_system import Unlockable
from governance.types import RequestId
from oracle_fleet import OracleProcess, wait_until

pytestmark = [pytest.mark.chain, pytest.mark.timeout(300)]


def refusals_of(oracle: OracleProcess, request_id: RequestId) -> list[str]:
    subject = f"request/0x{request_id.hex()}"
    return [said["rule"] for said in oracle.lines("refused") if said["subject"] == subject]


def test_stop_between_approval_and_partial_leaves_no_partial(unlockable: Unlockable) -> None:
    committee = unlockable.committee
    release = committee.grant(unlockable.model)
    asked = committee.ask(release)
    with committee.blocks_by_hand():
        committee.mine(2)  # the request is final
        committee.wait_for_pending(5)  # five approvals
        committee.mine(1)
        assert len(committee.approvals(asked)) == 5
        committee.pull(wait=False)
        committee.mine(1)  # a stop stands at the latest block; approvals are not final yet
        assert committee.system.ledger.brake.is_stopped(unlockable.model)
        committee.look_around()
        committee.mine(1)  # approvals are final, the stop is not: any latest block that shows it suffices
        committee.look_around()
        committee.mine(3)  # and now it is
        committee.look_around()
        assert committee.partials(asked) == []
        assert int(committee.system.anvil.rpc.call("txpool_status")["pending"], 16) == 0
        for oracle in committee.oracles:
            assert set(refusals_of(oracle, asked.request_id)) == {"R-Oracle-02", "R-Oracle-01"}
    committee.resume()
    committee.wait_for_partials(asked, THRESHOLD)  # the same request, once the quorum has lifted the stop


def test_stop_between_two_partials_bars_the_identity_after_the_stop_is_lifted(unlockable: Unlockable) -> None:
    committee = unlockable.committee
    model = committee.register_model()
    release = committee.grant(model)
    asked = committee.ask(release)
    with committee.blocks_by_hand():
        committee.mine(2)
        committee.wait_for_pending(5)
        committee.mine(3)  # five approvals, final
        committee.wait_for_pending(1)
        for oracle in committee.oracles:
            oracle.freeze()
        committee.look_around(0.5)  # what was on its way is in the pool
        pending = committee.system.anvil.rpc.call("txpool_content")["pending"]
        posted = sorted(pending)
        for sender in posted[1:]:  # all but one of the answers are lost
            for transaction in pending[sender].values():
                committee.system.anvil.rpc.call("anvil_dropTransaction", transaction["hash"])
        committee.mine(1)
        assert len(committee.partials(asked)) == 1
        committee.pull(wait=False)
        committee.mine(3)
        for oracle in committee.oracles:
            oracle.thaw()
    committee.resume()
    committee.settle(10)
    assert len(committee.partials(asked)) == 1
    assert committee.is_barred(unlockable.epoch, committee.identity(model))
    said = [refusals_of(oracle, asked.request_id) for oracle in committee.oracles]
    assert sum("R-Committee-18" in rules for rules in said) >= 2
    wait_until(lambda: all(oracle.is_running for oracle in committee.oracles), patience=1, what="all run")
