"""The oracle's decision, case by case: every way to say no first."""

from __future__ import annotations

from dataclasses import replace

import pytest

from governance.ledger.proven import ReleaseFacts
from governance.types.enums import Phase, Releasability
from oracle.policy import Answer, Approve, OracleView, Refuse, RequestFacts, Wait, decide

IDENTITY = b"\x11" * 32
GOOD = ReleaseFacts(Releasability.RELEASABLE, IDENTITY, 9000, 1000)
REQUEST = RequestFacts(
    request_id=b"\x01" * 32,
    release_id=b"\x02" * 32,
    identity=IDENTITY,
    worker="0x" + "ab" * 20,
    epoch=1,
    expires_at=2000,
    approvals=3,
    approved_by_me=True,
    answered_by_me=False,
    partials=0,
)
VIEW = OracleView(
    finalized=GOOD,
    latest=(GOOD, GOOD),
    my_epoch=1,
    epoch_phase=Phase.IN_FORCE,
    threshold=3,
    transport_ok=True,
    stalled=False,
    latched=False,
)


def test_decide_answers_when_everything_holds() -> None:
    assert decide(REQUEST, VIEW) == Answer()


def test_decide_approves_first_even_if_enough_others_approved() -> None:
    assert decide(replace(REQUEST, approved_by_me=False), VIEW) == Approve()


def test_decide_waits_for_t_final_approvals_before_it_answers() -> None:  # R-Oracle-04
    assert decide(replace(REQUEST, approvals=2), VIEW) == Wait("2 of 3 approvals are final")


@pytest.mark.parametrize("done", [{"answered_by_me": True}, {"partials": 3}])
def test_decide_does_nothing_twice(done: dict[str, object]) -> None:
    assert isinstance(decide(replace(REQUEST, **done), VIEW), Wait)  # type: ignore[arg-type]


def test_decide_waits_when_the_request_is_not_final() -> None:
    assert isinstance(decide(replace(REQUEST, expires_at=0), VIEW), Wait)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"latched": True}, "R-Oracle-05"),
        ({"stalled": True}, "R-Oracle-03"),
        ({"my_epoch": 2}, "R-Oracle-06"),
        ({"my_epoch": None}, "R-Oracle-06"),
        ({"epoch_phase": Phase.ABORTED}, "R-Oracle-06"),
        ({"transport_ok": False}, "R-Oracle-06"),
        ({"latest": ()}, "R-Oracle-02"),
        ({"finalized": replace(GOOD, identity=bytes(32))}, "R-Oracle-06"),
    ],
)
def test_decide_refuses_by_the_rule(change: dict[str, object], rule: str) -> None:
    decision = decide(REQUEST, replace(VIEW, **change))  # type: ignore[arg-type]
    assert isinstance(decision, Refuse)
    assert decision.rule == rule


def test_decide_refuses_an_identity_that_is_barred() -> None:
    """A resume revives the release, not the identity: one more partial could be pooled with those before the stop."""
    for approved in (True, False):
        decision = decide(replace(REQUEST, is_barred=True, approved_by_me=approved), VIEW)
        assert isinstance(decision, Refuse)
        assert decision.rule == "R-Committee-18"


def test_decide_says_why_a_latest_block_is_no_fact() -> None:
    doubtful = replace(GOOD, releasability=Releasability.UNKNOWN_RELEASE, doubt="rpc-2: the proof does not lead to it")
    decision = decide(REQUEST, replace(VIEW, latest=(GOOD, doubtful)))
    assert decision == Refuse("R-Oracle-02", "rpc-2: the proof does not lead to it")


@pytest.mark.parametrize(
    ("rank", "waited", "answers"),
    [(0, 0, True), (2, 0, True), (3, 0, False), (3, 9, False), (3, 10, True), (4, 19, False), (4, 20, True)],
)
def test_decide_leaves_the_answer_to_those_who_approved_first(rank: int, waited: int, answers: bool) -> None:
    request = replace(REQUEST, approvals=5, rank=rank, waited=waited)
    decision = decide(request, replace(VIEW, patience=10))
    assert (decision == Answer()) is answers
    assert answers or decision == Wait("the 3 that approved first answer first")


def test_decide_refuses_a_request_without_an_identity() -> None:
    nobody = bytes(32)
    view = replace(VIEW, finalized=replace(GOOD, identity=nobody))
    assert isinstance(decide(replace(REQUEST, identity=nobody), view), Refuse)


@pytest.mark.parametrize("reason", [reason for reason in Releasability if reason is not Releasability.RELEASABLE])
@pytest.mark.parametrize("approved", [True, False])
def test_decide_refuses_when_the_finalized_state_is_not_releasable(reason: Releasability, approved: bool) -> None:
    decision = decide(
        replace(REQUEST, approved_by_me=approved), replace(VIEW, finalized=replace(GOOD, releasability=reason))
    )
    assert isinstance(decision, Refuse)
    assert decision.rule == "R-Oracle-01"


@pytest.mark.parametrize("reason", [reason for reason in Releasability if reason is not Releasability.RELEASABLE])
@pytest.mark.parametrize("which", [0, 1, 2])
def test_decide_refuses_when_one_rpc_of_three_shows_a_stop(reason: Releasability, which: int) -> None:
    latest = [GOOD, GOOD, GOOD]
    latest[which] = replace(GOOD, releasability=reason)
    decision = decide(REQUEST, replace(VIEW, latest=tuple(latest)))
    assert isinstance(decision, Refuse)
    assert decision.rule == "R-Oracle-02"


@pytest.mark.parametrize("where", ["finalized", "latest"])
def test_decide_judges_expiry_by_the_newest_block_and_never_the_host(where: str) -> None:
    late = replace(GOOD, block_time=2001)
    view = replace(VIEW, finalized=late) if where == "finalized" else replace(VIEW, latest=(GOOD, late))
    assert isinstance(decide(REQUEST, view), Refuse)
    on_time = replace(GOOD, block_time=2000)
    assert decide(REQUEST, replace(VIEW, finalized=on_time, latest=(on_time,))) == Answer()
