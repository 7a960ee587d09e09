"""A proposal from its creation to its execution: what is missing, urgency, objection."""

from __future__ import annotations

import dataclasses

import pytest

from governance.encoding.actions import encode_action
from governance.encoding.names import compute_constraint_id, make_short_name
from governance.spec import council, voting
from governance.spec.proposals import ballots_of, eta_of, explain_missing, quorum_state
from governance.types import (
    ActionKind,
    AddConstraint,
    AmendConstraint,
    ChangeSeats,
    Direction,
    Hash32,
    ParameterSetting,
    ProposalId,
    ProposalState,
    RevokeRelease,
    SeatNumber,
    SetParameter,
    SuspendSeat,
    Timestamp,
)
from refusals import refused
from spec_charter import CHAMBERS, DAY, PARAMETERS, STRANGER, label, make_grant
from spec_world import World

KEY = make_short_name("max_output_tokens")
ADD = AddConstraint("no weapons", Timestamp(0), (ParameterSetting(KEY, Direction.MAX, 100),), b"{}")
TIER1, TIER3 = range(8), [0, 1, 2, 3, 5, 6, 7, 8, 10, 11, 12, 13]


@pytest.fixture
def amended(world: World) -> tuple[World, ProposalId]:
    """An amendment that is claimed to tighten, proposed by seat 0."""
    world.carry(ActionKind.ADD_CONSTRAINT, ADD)
    return world, world.propose(ActionKind.AMEND_TIGHTER, amendment(world))


def amendment(world: World) -> AmendConstraint:
    identifier = compute_constraint_id("no weapons")
    return AmendConstraint(identifier, world.state.constraints.constraints[identifier].version, Timestamp(0), b"[]")


# --- time


def test_proposal_passes_through_its_states(world: World) -> None:
    proposal_id = world.propose(ActionKind.CHANGE_SEATS, ChangeSeats((SeatNumber(14),), (make_grant(20, 2),)))
    world.vote(proposal_id, range(15))
    proposal = world.proposal(proposal_id)
    eta = eta_of(world.state, proposal)
    expected = {
        proposal.closes_at: ProposalState.ACTIVE,
        proposal.closes_at + 1: ProposalState.QUEUED,
        eta - 1: ProposalState.QUEUED,
        eta: ProposalState.SUCCEEDED,
        eta + PARAMETERS.grace: ProposalState.SUCCEEDED,
        eta + PARAMETERS.grace + 1: ProposalState.EXPIRED,
    }
    assert eta == proposal.closes_at + 30 * DAY
    for time, state in expected.items():
        world.now = Timestamp(time)
        assert world.state_of(proposal_id) is state


@pytest.mark.parametrize("early", [1, 30 * DAY])
def test_execution_is_refused_before_its_eta(world: World, early: int) -> None:
    proposal_id = world.propose(ActionKind.CHANGE_SEATS, ChangeSeats((SeatNumber(14),), (make_grant(20, 2),)))
    world.vote(proposal_id, range(15))
    world.now = Timestamp(eta_of(world.state, world.proposal(proposal_id)) - early)
    refused(world.try_execute(proposal_id), "R-Council-05", "UnexpectedState")


def test_execution_is_refused_after_its_grace(world: World) -> None:
    proposal_id = world.propose(ActionKind.ADD_CONSTRAINT, ADD)
    world.vote(proposal_id, range(15))
    world.now = Timestamp(eta_of(world.state, world.proposal(proposal_id)) + PARAMETERS.grace + 1)
    assert refused(world.try_execute(proposal_id), "R-Council-05").actual is ProposalState.EXPIRED


def test_execution_is_refused_twice(world: World) -> None:
    proposal_id = world.carry(ActionKind.ADD_CONSTRAINT, ADD)
    assert refused(world.try_execute(proposal_id), "R-Council-05").actual is ProposalState.EXECUTED


def test_execution_is_refused_for_other_bytes(world: World) -> None:
    proposal_id = world.propose(ActionKind.ADD_CONSTRAINT, ADD)
    world.vote(proposal_id, range(15))
    world.now = Timestamp(world.proposal(proposal_id).closes_at + 1)
    other = encode_action(dataclasses.replace(ADD, document=b"[]"))
    result = council.process_execute(world.state, STRANGER, proposal_id, ActionKind.ADD_CONSTRAINT, other, world.now)
    refused(result, "R-Council-03")


def test_execution_is_refused_when_its_ground_has_moved(world: World) -> None:
    first, second = (world.propose(ActionKind.ADD_CONSTRAINT, ADD, seat) for seat in (0, 1))
    world.vote(first, range(15))
    world.vote(second, range(15))
    world.now = Timestamp(world.proposal(first).closes_at + 1)
    world.take(world.try_execute(first))
    refused(world.try_execute(second), "R-Constraints-01")


@pytest.mark.parametrize(
    ("yes", "missing"),
    [
        ([0, 1, 2, 3, 4], ("1 of: oversight needs 1 more, public needs 1 more", "3 more of all 15 seats")),
        ([0, 1, 2, 5, 6, 7, 8], ("1 more of all 15 seats",)),
        (list(range(8)), ()),
    ],
)
def test_tier_1_says_what_is_missing(world: World, yes: list[int], missing: tuple[str, ...]) -> None:
    proposal_id = world.propose(ActionKind.ADD_CONSTRAINT, ADD)
    world.vote(proposal_id, yes)
    world.wait(4 * DAY)
    quorum = quorum_state(world.state, world.proposal(proposal_id), world.now)
    assert explain_missing(quorum, CHAMBERS) == missing
    assert quorum.passing is (missing == ())
    assert quorum.state is (ProposalState.DEFEATED if missing else ProposalState.SUCCEEDED)


def test_one_chamber_short_defeats_what_all_others_want(world: World) -> None:
    proposal_id = world.propose(ActionKind.CHANGE_SEATS, ChangeSeats((SeatNumber(14),), (make_grant(20, 2),)))
    world.vote(proposal_id, range(13))  # public: 3 of 5
    world.vote(proposal_id, [13], support=2)
    world.wait(15 * DAY)
    quorum = quorum_state(world.state, world.proposal(proposal_id), world.now)
    assert explain_missing(quorum, CHAMBERS) == ("public needs 1 more",)
    assert (quorum.chambers[2].abstain, quorum.chambers[2].missing, quorum.yes) == (1, 1, 13)
    assert quorum.state is ProposalState.DEFEATED


def test_yes_of_a_suspended_seat_counts_no_more_but_its_place_does(world: World) -> None:
    proposal_id = world.propose(ActionKind.CHANGE_SEATS, ChangeSeats((SeatNumber(14),), (make_grant(20, 2),)))
    world.vote(proposal_id, [0, 1, 2, 3, 5, 6, 7, 8, 10, 11, 12, 13])
    world.wait(14 * DAY + 1)
    assert world.state_of(proposal_id) is ProposalState.QUEUED
    suspension = world.propose(ActionKind.SUSPEND_SEAT, SuspendSeat(SeatNumber(3), label("evidence")), seat=1)
    world.vote(suspension, range(15))
    world.wait(3 * DAY + 1)
    world.take(world.try_execute(suspension))
    assert world.state_of(proposal_id) is ProposalState.DEFEATED
    quorum = quorum_state(world.state, world.proposal(proposal_id), world.now)
    assert (quorum.size, quorum.chambers[0].size, quorum.chambers[0].yes) == (15, 5, 3)


# --- urgent


def test_revocation_is_executable_as_soon_as_it_passes(world: World) -> None:
    world.form_committee()
    release_id = world.grant_release(world.register_model())
    proposal_id = world.propose(ActionKind.REVOKE_RELEASE, RevokeRelease(release_id, "misuse"))
    world.vote(proposal_id, range(7))
    refused(world.try_execute(proposal_id), "R-Council-05")
    world.vote(proposal_id, [7])
    assert world.state_of(proposal_id) is ProposalState.SUCCEEDED
    world.vote(proposal_id, [8], support=0)  # ballots are still taken
    world.take(world.try_execute(proposal_id))
    refused(voting.process_ballot(world.state, world.key(9), proposal_id, 1, "", world.now), "R-Council-05")


def test_revocation_that_fails_is_active_and_then_defeated(world: World) -> None:
    world.form_committee()
    release_id = world.grant_release(world.register_model())
    proposal_id = world.propose(ActionKind.REVOKE_RELEASE, RevokeRelease(release_id, "misuse"))
    assert world.state_of(proposal_id) is ProposalState.ACTIVE
    world.wait(3 * DAY + 1)
    assert world.state_of(proposal_id) is ProposalState.DEFEATED


# --- objection


def test_amendment_waits_out_the_objection_window(amended: tuple[World, ProposalId]) -> None:
    world, proposal_id = amended
    world.vote(proposal_id, range(15))
    world.now = Timestamp(world.proposal(proposal_id).closes_at + PARAMETERS.objection_window - 1)
    assert world.state_of(proposal_id) is ProposalState.QUEUED
    world.wait(1)
    world.take(world.try_execute(proposal_id))
    assert world.state.constraints.entries[-1].tier == 1


@pytest.mark.parametrize("wait", [0, 3 * DAY + 1, 8 * DAY, 22 * DAY])
def test_objection_opens_a_second_round_until_execution(amended: tuple[World, ProposalId], wait: int) -> None:
    world, proposal_id = amended
    world.vote(proposal_id, range(15))
    world.wait(wait)
    world.take(council.process_object(world.state, world.key(14), proposal_id, label("counterexample"), "", world.now))
    proposal = world.proposal(proposal_id)
    assert (proposal.tier, proposal.round, ballots_of(proposal)) == (3, 2, 0)
    assert proposal.closes_at == world.now + 10 * DAY
    world.vote(proposal_id, range(8))
    world.wait(10 * DAY + 1)
    assert world.state_of(proposal_id) is ProposalState.DEFEATED  # what sufficed at tier 1 no longer does


def test_escalated_amendment_executes_at_tier_3(amended: tuple[World, ProposalId]) -> None:
    world, proposal_id = amended
    world.take(council.process_object(world.state, world.key(14), proposal_id, label("counterexample"), "", world.now))
    world.vote(proposal_id, TIER3)
    world.pass_time_until_eta(proposal_id)
    assert eta_of(world.state, world.proposal(proposal_id)) == world.proposal(proposal_id).closes_at + 14 * DAY
    world.take(world.try_execute(proposal_id))
    assert world.state.constraints.entries[-1].tier == 3


def test_objection_is_refused_twice_and_to_what_is_decided(amended: tuple[World, ProposalId]) -> None:
    world, proposal_id = amended
    objection = (proposal_id, label("counterexample"), "")
    refused(council.process_object(world.state, STRANGER, *objection, world.now), "R-Council-01")
    refused(
        council.process_object(world.state, world.key(3), ProposalId(9), objection[1], "", world.now), "R-Council-17"
    )
    world.take(council.process_object(world.state, world.key(14), *objection, world.now))
    refused(council.process_object(world.state, world.key(13), *objection, world.now), "R-Council-11")

    other = world.propose(ActionKind.AMEND_TIGHTER, amendment(world), seat=1)
    world.wait(3 * DAY + 1)  # defeated
    refused(council.process_object(world.state, world.key(14), other, objection[1], "", world.now), "R-Council-05")


def test_objection_is_refused_to_a_number_that_the_contract_compares(world: World) -> None:
    world.carry(ActionKind.ADD_CONSTRAINT, ADD)
    identifier = compute_constraint_id("no weapons")
    change = SetParameter(identifier, world.state.constraints.constraints[identifier].version, KEY, 50)
    proposal_id = world.propose(ActionKind.TIGHTEN_PARAMETER, change)
    result = council.process_object(world.state, world.key(14), proposal_id, Hash32(bytes(32)), "", world.now)
    refused(result, "R-Council-11", "NotObjectable")
