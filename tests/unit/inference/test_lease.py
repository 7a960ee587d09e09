"""The lease: everything but a release in force, everywhere, ends it; and so does a chain that stands still."""

from __future__ import annotations

from dataclasses import replace

import pytest

from governance.ledger.proven import ReleaseFacts
from governance.types.enums import Releasability
from inference.lease import Dark, Hold, Lease, decide_lease

IN_FORCE = ReleaseFacts(Releasability.RELEASABLE, b"\x01" * 32, 2_000, 1_000)
NOT = [reason for reason in Releasability if reason is not Releasability.RELEASABLE]


def test_lease_holds_while_the_release_is_in_force_everywhere() -> None:
    assert decide_lease(IN_FORCE, [IN_FORCE, replace(IN_FORCE, expires_at=1_500)]) == Hold(1_500)


@pytest.mark.parametrize("reason", NOT)
def test_lease_is_lost_when_any_latest_block_says_otherwise(reason: Releasability) -> None:
    decision = decide_lease(IN_FORCE, [IN_FORCE, replace(IN_FORCE, releasability=reason)])
    assert isinstance(decision, Dark)
    assert decision.rule == "R-Worker-02"
    assert not decision.is_early


@pytest.mark.parametrize("reason", NOT)
def test_lease_is_not_given_before_the_release_is_final(reason: Releasability) -> None:
    decision = decide_lease(replace(IN_FORCE, releasability=reason), [IN_FORCE])
    assert isinstance(decision, Dark)
    assert (decision.rule, decision.is_early) == ("R-Worker-01", True)


@pytest.mark.parametrize("reason", NOT)
def test_lease_is_refused_for_good_where_no_block_shows_the_release(reason: Releasability) -> None:
    nothing = replace(IN_FORCE, releasability=reason)
    decision = decide_lease(nothing, [nothing])
    assert isinstance(decision, Dark)
    assert (decision.rule, decision.is_early) == ("R-Worker-01", False)


def test_lease_is_lost_when_nobody_shows_a_latest_block() -> None:
    decision = decide_lease(IN_FORCE, [])
    assert isinstance(decision, Dark)
    assert decision.rule == "R-Worker-03"


def test_lease_is_lost_when_the_rpcs_disagree_on_the_identity() -> None:
    assert isinstance(decide_lease(IN_FORCE, [replace(IN_FORCE, identity=b"\x02" * 32)]), Dark)


def test_lease_ends_at_the_stall_limit_without_a_new_block() -> None:
    lease = Lease(30, now=100)
    lease.renew(block_time=1_000, now=110)
    lease.renew(block_time=1_000, now=139)
    assert lease.left(139.9) > 0
    assert lease.left(140) <= 0


def test_lease_is_not_renewed_by_old_blocks_shown_by_turns() -> None:
    lease = Lease(30, now=0)
    lease.renew(1_001, now=1)
    for now, block_time in ((10, 1_000), (20, 1_001), (29, 999)):
        lease.renew(block_time, now)
    assert lease.left(31) <= 0


def test_lease_is_renewed_by_a_later_block() -> None:
    lease = Lease(30, now=0)
    lease.renew(1_000, now=1)
    lease.renew(1_001, now=30)
    assert lease.left(59.9) > 0
