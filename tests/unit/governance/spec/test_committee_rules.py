"""A key that nobody holds."""

from __future__ import annotations

import dataclasses

import pytest

from governance.encoding.names import compute_organisation_id
from governance.spec import committee, disputes
from governance.spec.outcome import Outcome
from governance.spec.rules import Refusal
from governance.types import (
    ZERO_ADDRESS,
    ActionKind,
    Epoch,
    Fault,
    FormCommittee,
    Hash32,
    MemberIndex,
    OracleMember,
    Phase,
    Resume,
    SeatNumber,
    StopId,
    SuspendSeat,
)
from governance.types.events.committee import DealerDisqualified, EpochAborted, EpochInForce, PhaseAdvanced
from refusals import refused
from spec_charter import DAY, STRANGER, address_of, label
from spec_committee import ONE, acknowledging, members, try_deal, try_register
from spec_world import World

# --- forming


@pytest.mark.parametrize(
    "action",
    [
        FormCommittee(1, 0, members(0, 1, 2)),
        FormCommittee(3, 0, members(0, 1, 2, 3)),  # 2t - 1 = 5
        FormCommittee(3, 3, members(0, 1, 2, 3, 4)),
        FormCommittee(2, 0, (*members(0, 1), OracleMember(compute_organisation_id("org-2"), address_of("oracle", 1)))),
        FormCommittee(2, 0, (*members(0, 1), OracleMember(compute_organisation_id("org-2"), ZERO_ADDRESS))),
        FormCommittee(2, 0, members(*range(15)) * 3),
    ],
)
def test_committee_is_refused_when_it_is_malformed(world: World, action: FormCommittee) -> None:
    refused(world.try_propose(ActionKind.FORM_COMMITTEE, action), "R-Committee-01")


def test_oracle_is_refused_without_a_live_seat_of_its_own(world: World) -> None:
    twice = (*members(0, 1), OracleMember(compute_organisation_id("org-0"), address_of("second oracle")))
    refused(world.try_propose(ActionKind.FORM_COMMITTEE, FormCommittee(2, 0, twice)), "R-Committee-02")
    unknown = (*members(0, 1), OracleMember(compute_organisation_id("nobody"), address_of("oracle", 99)))
    refused(world.try_propose(ActionKind.FORM_COMMITTEE, FormCommittee(2, 0, unknown)), "R-Committee-02")
    world.carry(ActionKind.SUSPEND_SEAT, SuspendSeat(SeatNumber(4), label("evidence")))
    suspended = FormCommittee(2, 0, members(0, 1, 4))
    refused(world.try_propose(ActionKind.FORM_COMMITTEE, suspended), "R-Committee-02")


def test_committee_is_refused_when_a_jurisdiction_could_answer_alone(world: World) -> None:
    # org-0 and org-8 are both DE: with t = 2 they are the threshold
    refused(world.try_propose(ActionKind.FORM_COMMITTEE, FormCommittee(2, 0, members(0, 1, 8))), "R-Committee-03")
    assert not isinstance(
        world.try_propose(ActionKind.FORM_COMMITTEE, FormCommittee(3, 0, members(0, 1, 8, 2, 3))), Refusal
    )


def test_committee_is_refused_while_one_is_made_or_in_force(forming: World) -> None:
    action = FormCommittee(2, 0, members(1, 2, 3))
    refused(forming.try_propose(ActionKind.FORM_COMMITTEE, action), "R-Committee-11")
    forming.wait(DAY + 1)
    forming.take(committee.process_advance(forming.state, ONE, forming.now))
    assert not isinstance(forming.try_propose(ActionKind.FORM_COMMITTEE, action), Refusal)
    forming.form_committee()
    refused(forming.try_propose(ActionKind.FORM_COMMITTEE, action), "R-Committee-11")


def test_oracle_keeps_its_index_in_a_later_epoch(forming: World) -> None:
    forming.wait(DAY + 1)
    forming.take(committee.process_advance(forming.state, ONE, forming.now))
    forming.carry(ActionKind.FORM_COMMITTEE, FormCommittee(2, 0, members(9, 2, 0)))
    assert [member.index for member in forming.state.committee.members[Epoch(2)]] == [4, 6, 1]


# --- making the key


def test_registration_of_a_member_is_refused_by_its_rule(forming: World) -> None:
    refused(try_register(forming, 0, epoch=Epoch(2)), "R-Committee-04")
    refused(try_register(forming, 0, caller=STRANGER), "R-Committee-06")
    refused(try_register(forming, 0, transport_key=bytes(1215)), "R-Committee-08")
    refused(try_register(forming, 0, commitments_hash=bytes(32)), "R-Committee-08")
    forming.register(ONE, 0)
    refused(try_register(forming, 0), "R-Committee-07")
    forming.wait(DAY)
    forming.register(ONE, 1)
    forming.wait(1)
    refused(try_register(forming, 2), "R-Committee-05")


def test_no_key_is_made_while_everything_is_stopped(forming: World) -> None:
    forming.pull([0, 5, 10])
    refused(try_register(forming, 0), "R-Committee-12")
    forming.wait(DAY + 1)
    forming.take(committee.process_advance(forming.state, ONE, forming.now))  # the safe direction never waits
    refused(forming.try_propose(ActionKind.FORM_COMMITTEE, FormCommittee(2, 0, members(1, 2, 3))), "R-Committee-12")
    forming.answer()
    forming.carry(ActionKind.RESUME, Resume((StopId(1),)))
    assert not forming.state.is_everything_stopped()


def test_scope_of_everything_that_was_never_opened_is_no_permission(forming: World) -> None:
    unopened = dataclasses.replace(forming.state.brake, scopes={})
    forming.state = dataclasses.replace(forming.state, brake=unopened)
    refused(try_register(forming, 0), "R-Committee-12")


def test_dealing_is_refused_by_its_rule(forming: World) -> None:
    refused(try_deal(forming, 0), "R-Committee-04")
    for place in range(5):
        forming.register(ONE, place)
    points = forming.commitments(ONE, 0)
    refused(try_deal(forming, 0, caller=STRANGER), "R-Committee-06")
    refused(try_deal(forming, 0, commitments=points + bytes(256)), "R-Committee-08")  # one more bricks the key
    refused(try_deal(forming, 0, commitments=points[:-256]), "R-Committee-08")
    refused(try_deal(forming, 0, commitments=forming.commitments(ONE, 1)), "R-Committee-08")  # another's
    envelopes = forming.envelopes(ONE, 0)
    refused(try_deal(forming, 0, envelopes=envelopes[:-1]), "R-Committee-08")
    refused(try_deal(forming, 0, envelopes=[b"x"] * 5), "R-Committee-08")
    refused(try_deal(forming, 0, envelopes=[b""] * 5), "R-Committee-08")
    forming.deal(ONE, 0)
    refused(try_deal(forming, 0), "R-Committee-07")
    forming.wait(DAY + 1)
    refused(try_deal(forming, 1), "R-Committee-05")


def test_epoch_goes_through_its_phases(forming: World) -> None:
    for place in range(5):
        forming.register(ONE, place)
        forming.wait(60)
    advanced = forming.logs[-1].event
    assert advanced == PhaseAdvanced(ONE, Phase.DEALING, forming.now - 60 + DAY)
    for place in range(5):
        forming.deal(ONE, place)
    assert forming.state.committee.epochs[ONE].phase is Phase.SETTLING
    forming.settle(ONE)
    assert forming.state.committee.epochs[ONE].phase is Phase.ACKNOWLEDGING
    for place in range(4):
        forming.acknowledge(ONE, place)
        assert forming.state.committee.current_epoch == 0
    forming.acknowledge(ONE, 4)
    assert isinstance(forming.logs[-1].event, EpochInForce)
    assert (forming.state.committee.current_epoch, any(forming.state.committee.key_hash)) == (1, True)


def test_acknowledgement_is_refused_by_its_rule(forming: World) -> None:
    world = acknowledging(forming, 1)
    acknowledge = committee.process_acknowledge
    refused(acknowledge(world.state, world.oracle(0), ONE, None, world.now), "R-Committee-07")
    refused(acknowledge(world.state, STRANGER, ONE, None, world.now), "R-Committee-06")
    world.wait(DAY + 1)
    refused(acknowledge(world.state, world.oracle(1), ONE, None, world.now), "R-Committee-05")


def test_phase_is_ended_only_after_its_time(forming: World) -> None:
    refused(committee.process_advance(forming.state, ONE, forming.now), "R-Committee-05")
    world = acknowledging(forming, 3)
    refused(committee.process_advance(world.state, ONE, world.now), "R-Committee-05")
    world.wait(DAY + 1)
    world.take(committee.process_advance(world.state, ONE, world.now))
    assert world.logs[-1].event == EpochAborted(ONE, Phase.ACKNOWLEDGING, "too few acknowledged")  # R-Committee-20
    refused(committee.process_advance(world.state, ONE, world.now), "R-Committee-04")


def test_epoch_comes_in_force_with_threshold_and_slack_though_one_is_silent(forming: World) -> None:
    world = acknowledging(forming, 4)
    world.wait(DAY + 1)
    key = world.committee_key(ONE)
    stopped = dataclasses.replace(world.state.brake, scopes={})
    aborted = committee.process_advance(dataclasses.replace(world.state, brake=stopped), ONE, world.now, key=key)
    assert isinstance(aborted, Outcome)
    assert aborted.events == (EpochAborted(ONE, Phase.ACKNOWLEDGING, "everything is stopped"),)
    world.take(committee.process_advance(world.state, ONE, world.now, key=key))
    assert world.state.committee.current_epoch == 1


def test_epoch_goes_on_without_who_missed_a_deadline(forming: World) -> None:
    for place in range(4):
        forming.register(ONE, place)
    forming.wait(DAY + 1)
    forming.take(committee.process_advance(forming.state, ONE, forming.now))
    assert forming.state.committee.epochs[ONE].phase is Phase.DEALING
    refused(try_deal(forming, 4), "R-Committee-08")  # it committed to nothing


def complain(world: World, place: int, *dealers: int) -> Outcome | Refusal:
    return disputes.process_complain(
        world.state, world.oracle(place), ONE, [MemberIndex(each) for each in dealers], world.now
    )


def answer(world: World, place: int, *shares: Hash32, commitments: bytes | None = None) -> Outcome | Refusal:
    given = world.commitments(ONE, place) if commitments is None else commitments
    return disputes.process_answer(world.state, world.oracle(place), ONE, given, shares, world.now)


def test_complaint_is_refused_by_its_rule(forming: World) -> None:
    refused(complain(forming, 0, 3), "R-Committee-04")
    world = acknowledging(forming, 1)
    refused(complain(world, 0, 3), "R-Committee-07")  # it has acknowledged
    refused(complain(world, 1), "R-Committee-21")
    refused(complain(world, 1, 2), "R-Committee-21")  # its own
    refused(complain(world, 1, 4, 3), "R-Committee-21")
    refused(complain(world, 1, 9), "R-Committee-21")
    world.take(complain(world, 1, 3))
    refused(complain(world, 1, 4), "R-Committee-07")


def test_t_complaints_disqualify_and_nothing_is_revealed(forming: World) -> None:
    world = acknowledging(forming, 0)
    for place in (0, 1):
        world.take(complain(world, place, 3))
    assert world.state.committee.epochs[ONE].accused == 1
    world.take(complain(world, 3, 3))
    assert world.logs[-1].event == DealerDisqualified(ONE, MemberIndex(3), world.oracle(2), Fault.MANY_COMPLAINTS)
    for place in (2, 4):
        world.acknowledge(ONE, place)
    assert world.state.committee.epochs[ONE].phase is Phase.SETTLING
    world.settle(ONE)
    assert world.state.committee.epochs[ONE].qualified == 0b11011
    assert world.state.committee.epochs[ONE].acknowledged == 0


def test_answer_is_refused_by_its_rule(forming: World) -> None:
    world = acknowledging(forming, 0)
    world.take(complain(world, 0, 3))
    refused(answer(world, 2, label("share")), "R-Committee-04")
    for place in range(1, 5):
        world.acknowledge(ONE, place)
    refused(answer(world, 1, label("share")), "R-Committee-23")
    refused(answer(world, 2), "R-Committee-08")
    refused(answer(world, 2, label("share"), commitments=world.commitments(ONE, 1)), "R-Committee-08")
    world.take(answer(world, 2, label("share")))
    assert world.state.committee.epochs[ONE].phase is Phase.CONFIRMING
    world.acknowledge(ONE, 0)
    assert world.state.committee.current_epoch == ONE


def test_key_is_dealt_again_by_the_epoch_in_force_alone(world: World) -> None:
    first = world.form_committee()
    again = FormCommittee(3, 1, members(1, 4, 7, 10, 13))
    refused(world.try_propose(ActionKind.FORM_COMMITTEE, again), "R-Committee-11")
    again = dataclasses.replace(again, predecessor=first)
    world.carry(ActionKind.FORM_COMMITTEE, again)
    second = world.state.committee.latest_epoch
    for place in range(5):
        world.register(second, place)
    assert world.state.committee.epochs[second].phase is Phase.DEALING
    points, envelopes = world.commitments(second, 0), [b"envelope"] * 5
    dealer = world.oracle(0, first)
    moved = world.commitments(second, 1)[:256] + points[256:]
    refused(committee.process_deal(world.state, dealer, second, moved, b"", envelopes, world.now), "R-Committee-22")
    refused(
        committee.process_deal(world.state, world.oracle(0, second), second, points, b"", envelopes, world.now),
        "R-Committee-06",
    )
    for place in (4, 2, 1, 0):  # dealer 4 of the old list is absent
        commitments = world.commitments(second, place)
        world.take(
            committee.process_deal(
                world.state, world.oracle(place, first), second, commitments, b"", envelopes, world.now
            )
        )
    world.wait(DAY + 1)
    world.take(committee.process_advance(world.state, second, world.now))
    moved_key = committee.process_settle(world.state, second, None, world.now, key_hash=label("another key"))
    refused(moved_key, "R-Committee-24")
    world.settle(second)
    assert world.state.committee.epochs[second].qualified == 0b00111  # R-Committee-25: the first three of four
    for place in range(5):
        world.acknowledge(second, place)
    assert world.state.committee.current_epoch == second
    assert world.state.committee.epochs[first].phase is Phase.SUPERSEDED
    assert world.state.committee.key_hash == world.state.committee.epochs[first].key_hash
