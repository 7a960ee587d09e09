"""Answers that nobody gives alone."""

from __future__ import annotations

from governance.spec import committee, unlocks
from governance.types import ActionKind, Epoch, ReleaseId, RequestId, Resume, RevokeRelease, StopId
from refusals import refused
from spec_charter import DAY, HOUR, STRANGER, label
from spec_committee import ONE, acknowledging
from spec_world import World

# --- asking, approving, answering


def test_request_is_refused_without_a_committee(world: World) -> None:
    refused(world.try_request(ReleaseId(label("nothing"))), "R-Committee-19")


def test_request_is_refused_unless_releasable(asked: tuple[World, ReleaseId, RequestId]) -> None:
    world, release, _ = asked
    refused(world.try_request(release, 1, STRANGER), "R-Committee-13")
    refused(world.try_request(ReleaseId(label("nothing")), 1), "R-Committee-13")


def test_second_request_is_refused_while_one_is_open_and_for_a_used_transport_key(
    asked: tuple[World, ReleaseId, RequestId],
) -> None:
    world, release, _ = asked
    refused(world.try_request(release, 1), "R-Committee-14")
    world.wait(HOUR)
    refused(world.try_request(release, 1), "R-Committee-14")
    world.wait(1)
    refused(world.try_request(release, 0), "R-Committee-14")
    world.request(release, 1)


def test_approval_is_refused_by_its_rule(asked: tuple[World, ReleaseId, RequestId]) -> None:
    world, _, request = asked
    refused(world.try_approve(RequestId(label("nothing")), 0), "R-Committee-15")
    refused(unlocks.process_approve(world.state, STRANGER, request, world.now), "R-Committee-06")
    world.take(world.try_approve(request, 0))
    refused(world.try_approve(request, 0), "R-Committee-07")
    world.pull([0, 5, 10])
    refused(world.try_approve(request, 1), "R-Committee-13")
    world.wait(HOUR + 1)
    refused(world.try_approve(request, 1), "R-Committee-15")


def test_answer_is_refused_before_the_threshold_approved(asked: tuple[World, ReleaseId, RequestId]) -> None:
    world, _, request = asked
    refused(world.try_post(request, 0), "R-Committee-16")
    for place in (0, 1):
        world.take(world.try_approve(request, place))
    refused(world.try_post(request, 0), "R-Committee-16")
    world.take(world.try_approve(request, 2))
    assert "not among them" in refused(world.try_post(request, 3), "R-Committee-16").message
    world.take(world.try_post(request, 0))
    refused(world.try_post(request, 0), "R-Committee-07")
    refused(unlocks.process_post(world.state, STRANGER, request, b"", world.now), "R-Committee-06")


def test_answer_is_refused_after_a_stop_or_a_revocation(asked: tuple[World, ReleaseId, RequestId]) -> None:
    world, release, request = asked
    for place in range(3):
        world.take(world.try_approve(request, place))
    before = world.state
    world.pull([0, 5, 10])
    refused(world.try_post(request, 0), "R-Committee-13")
    world.state = before
    world.carry(ActionKind.REVOKE_RELEASE, RevokeRelease(release, "misuse"))
    refused(world.try_post(request, 0), "R-Committee-13")


def test_member_that_never_proved_its_share_cannot_answer(forming: World) -> None:
    world = acknowledging(forming, 4)
    world.wait(DAY + 1)
    world.take(committee.process_advance(world.state, ONE, world.now, key=world.committee_key(ONE)))
    request = world.request(world.grant_release(world.register_model()))
    for place in range(5):
        world.take(world.try_approve(request, place))
    refused(world.try_post(request, 4), "R-Committee-17")


def test_request_closes_with_the_last_partial_that_is_needed(asked: tuple[World, ReleaseId, RequestId]) -> None:
    world, release, request = asked
    for place in range(4):
        world.take(world.try_approve(request, place))
    for place in range(3):
        world.take(world.try_post(request, place))
    refused(world.try_post(request, 3), "R-Committee-15")
    world.request(release, 1)


def resumed(world: World) -> None:
    world.answer()
    world.carry(ActionKind.RESUME, Resume((StopId(len(world.state.brake.stops)),)))


def test_stop_between_the_first_partial_and_the_last_bars_the_identity(
    asked: tuple[World, ReleaseId, RequestId],
) -> None:
    world, release, request = asked
    for place in range(3):
        world.take(world.try_approve(request, place))
    world.take(world.try_post(request, 0))
    world.pull([0, 5, 10])
    resumed(world)
    identity = world.state.committee.requests[request].identity
    assert unlocks.is_barred(world.state, ONE, identity)
    refused(world.try_request(release, 1), "R-Committee-18")
    assert not unlocks.is_barred(world.state, Epoch(2), identity)


def test_stop_before_the_first_partial_or_after_the_last_bars_nothing(
    asked: tuple[World, ReleaseId, RequestId],
) -> None:
    world, release, _ = asked
    world.pull([0, 5, 10])
    resumed(world)
    request = world.request(release, 1)
    for place in range(3):
        world.take(world.try_approve(request, place))
    for place in range(3):
        world.take(world.try_post(request, place))
    world.pull([1, 6, 11])
    resumed(world)
    world.request(release, 2)


def test_partials_of_several_requests_pool(asked: tuple[World, ReleaseId, RequestId]) -> None:
    # one partial now, two under a later request: the identity key is out, whoever counts them apart
    world, release, request = asked
    for place in range(3):
        world.take(world.try_approve(request, place))
    world.take(world.try_post(request, 0))
    world.wait(HOUR + 1)
    second = world.request(release, 1)
    for place in range(3):
        world.take(world.try_approve(second, place))
    for place in (1, 2):
        world.take(world.try_post(second, place))
    identity = world.state.committee.requests[second].identity
    assert world.state.committee.answered[ONE, identity].members == 0b111
    assert world.state.committee.requests[second].partials == 0b110
