"""Proposals, ballots, objections, execution: refusals first."""

from __future__ import annotations

import dataclasses

import pytest

from governance.encoding.actions import encode_action
from governance.encoding.names import compute_constraint_id, make_short_name
from governance.spec import council, voting
from governance.spec.ballots import chosen, count_of
from governance.spec.genesis import process_genesis
from governance.spec.outcome import Outcome
from governance.spec.proposals import (
    OPEN_STATES,
    TERMINAL_STATES,
    ballots_of,
    eta_of,
    explain_missing,
    quorum_state,
)
from governance.spec.voting import RelayedBallot
from governance.types import (
    ActionKind,
    AddConstraint,
    AmendConstraint,
    ChangeSeats,
    Choice,
    Direction,
    Hash32,
    ParameterSetting,
    ProposalId,
    ProposalState,
    RevokeRelease,
    SeatNumber,
    SetParameter,
    SetParameters,
    SuspendSeat,
    Timestamp,
)
from refusals import refused
from spec_world import CHAMBERS, DAY, GENESIS, PARAMETERS, START, STRANGER, World, label, make_grant

KEY = make_short_name("max_output_tokens")
ADD = AddConstraint("no weapons", Timestamp(0), (ParameterSetting(KEY, Direction.MAX, 100),), b"{}")
TIER1, TIER3 = range(8), [0, 1, 2, 3, 5, 6, 7, 8, 10, 11, 12, 13]


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def amended(world: World) -> tuple[World, ProposalId]:
    """An amendment that is claimed to tighten, proposed by seat 0."""
    world.carry(ActionKind.ADD_CONSTRAINT, ADD)
    return world, world.propose(ActionKind.AMEND_TIGHTER, amendment(world))


def amendment(world: World) -> AmendConstraint:
    identifier = compute_constraint_id("no weapons")
    return AmendConstraint(identifier, world.state.constraints.constraints[identifier].version, Timestamp(0), b"[]")


# --- activation


def test_proposal_is_refused_before_activation() -> None:
    state = process_genesis(GENESIS, START)
    assert isinstance(state, Outcome)
    data = encode_action(ADD)
    key = GENESIS.grants[0].voting_key
    refused(council.process_propose(state.state, key, ActionKind.ADD_CONSTRAINT, data, "", START), "R-Council-16")


def test_activation_is_refused_when_the_charter_hash_is_another() -> None:
    outcome = process_genesis(GENESIS, START)
    assert isinstance(outcome, Outcome)
    other = dataclasses.replace(outcome.state.council, charter_hash=label("another"))
    state = dataclasses.replace(outcome.state, council=other)
    refused(council.process_activate(state), "R-Council-16", "ActivationMismatch")


def test_activation_changes_nothing_when_it_is_repeated(world: World) -> None:
    outcome = council.process_activate(world.state)
    assert outcome == Outcome(world.state)


# --- proposing


def test_proposal_is_refused_from_a_stranger_and_from_a_suspended_seat(world: World) -> None:
    data = encode_action(ADD)
    refused(
        council.process_propose(world.state, STRANGER, ActionKind.ADD_CONSTRAINT, data, "", world.now), "R-Council-01"
    )
    world.carry(ActionKind.SUSPEND_SEAT, SuspendSeat(SeatNumber(4), label("evidence")))
    refused(world.try_propose(ActionKind.ADD_CONSTRAINT, ADD, seat=4), "R-Council-01")


@pytest.mark.parametrize(
    ("kind", "data"), [(ActionKind.NONE, b""), (ActionKind.ADD_CONSTRAINT, b""), (ActionKind.RESUME, bytes(31))]
)
def test_proposal_is_refused_when_its_bytes_are_no_action(world: World, kind: ActionKind, data: bytes) -> None:
    refused(council.process_propose(world.state, world.key(0), kind, data, "", world.now), "R-Council-20")


def test_proposal_is_refused_when_the_seat_has_too_many_open(world: World) -> None:
    action = ChangeSeats((SeatNumber(14),), (make_grant(20, 2),))
    for _ in range(PARAMETERS.open_proposals):
        world.propose(ActionKind.CHANGE_SEATS, action)
    refused(world.try_propose(ActionKind.CHANGE_SEATS, action), "R-Council-02")
    world.propose(ActionKind.ADD_CONSTRAINT, ADD)  # the safe direction has one more
    refused(world.try_propose(ActionKind.ADD_CONSTRAINT, ADD), "R-Council-02")
    world.propose(ActionKind.CHANGE_SEATS, action, seat=1)


def test_slot_is_free_again_when_its_proposal_is_dead(world: World) -> None:
    action = ChangeSeats((SeatNumber(14),), (make_grant(20, 2),))
    for _ in range(PARAMETERS.open_proposals):
        world.propose(ActionKind.CHANGE_SEATS, action)
    world.wait(15 * DAY)  # nobody voted
    world.propose(ActionKind.CHANGE_SEATS, action)
    assert len(world.state.council.slots[SeatNumber(0)]) == PARAMETERS.open_proposals


def test_two_equal_proposals_have_distinct_ids(world: World) -> None:
    assert world.propose(ActionKind.ADD_CONSTRAINT, ADD) != world.propose(ActionKind.ADD_CONSTRAINT, ADD)


# --- voting


def test_ballot_is_refused_for_an_unknown_proposal(world: World) -> None:
    refused(
        voting.process_ballot(world.state, world.key(0), ProposalId(1), 1, "", world.now),
        "R-Council-17",
        "UnknownProposal",
    )


def test_ballot_is_refused_from_a_seat_that_came_later(world: World) -> None:
    proposal_id = world.propose(ActionKind.CHANGE_SEATS, ChangeSeats((), (make_grant(15, 0), make_grant(16, 1))))
    world.vote(proposal_id, range(15))
    late = world.propose(ActionKind.CHANGE_SEATS, ChangeSeats((SeatNumber(9),), ()), seat=1)
    other = world.propose(ActionKind.SET_PARAMETERS, SetParameters(PARAMETERS), seat=2)
    world.pass_time_until_eta(proposal_id)
    world.take(world.try_execute(proposal_id))
    assert world.state.seats.present == 2**17 - 1
    world.now = Timestamp(world.proposal(late).created_at + 1)  # as if the first had been quicker
    refused(voting.process_ballot(world.state, world.key(15), other, 1, "", world.now), "R-Council-04")


@pytest.mark.parametrize("support", [3, 255])
def test_ballot_is_refused_when_it_says_nothing(world: World, support: int) -> None:
    proposal_id = world.propose(ActionKind.ADD_CONSTRAINT, ADD)
    refused(voting.process_ballot(world.state, world.key(0), proposal_id, support, "", world.now), "R-Council-08")


def test_fourth_ballot_of_a_round_is_refused(world: World) -> None:
    proposal_id = world.propose(ActionKind.ADD_CONSTRAINT, ADD)
    for support in (1, 0, 2):
        world.vote(proposal_id, [3], support)
    refused(voting.process_ballot(world.state, world.key(3), proposal_id, 1, "", world.now), "R-Council-06")
    assert chosen(ballots_of(world.proposal(proposal_id)), Choice.ABSTAIN) == 1 << 3


def test_ballot_is_refused_when_the_round_is_closed(world: World) -> None:
    proposal_id = world.propose(ActionKind.ADD_CONSTRAINT, ADD)
    world.now = Timestamp(world.proposal(proposal_id).closes_at)
    world.vote(proposal_id, [0])
    world.wait(1)
    refused(voting.process_ballot(world.state, world.key(1), proposal_id, 1, "", world.now), "R-Council-05")


@pytest.mark.parametrize(("round_", "count"), [(1, 0), (1, 2), (2, 1), (0, 1)])
def test_signed_ballot_is_refused_for_another_round_or_count(world: World, round_: int, count: int) -> None:
    proposal_id = world.propose(ActionKind.ADD_CONSTRAINT, ADD)
    world.vote(proposal_id, [3])  # what the relayer held back was signed before this one
    ballot = RelayedBallot(world.key(3), 0, round_, count)
    result = voting.process_signed_ballot(world.state, proposal_id, ballot, world.now)
    refused(result, "R-Council-07", "StaleBallot")


def test_signed_ballot_is_refused_without_its_voters_signature(world: World) -> None:
    proposal_id = world.propose(ActionKind.ADD_CONSTRAINT, ADD)
    ballot = RelayedBallot(world.key(3), 0, 1, 0)
    for wrong, rule in [
        (dataclasses.replace(ballot, signed=False), "R-Council-07"),
        (dataclasses.replace(ballot, voter=STRANGER), "R-Council-01"),
    ]:
        refused(voting.process_signed_ballot(world.state, proposal_id, wrong, world.now), rule)
    signed = world.take(voting.process_signed_ballot(world.state, proposal_id, ballot, world.now)).state
    assert count_of(ballots_of(signed.council.proposals[proposal_id]), SeatNumber(3)) == 1


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


# --- cancelling


def test_cancelling_is_refused_to_others_and_after_another_seats_ballot(world: World) -> None:
    proposal_id = world.propose(ActionKind.ADD_CONSTRAINT, ADD)
    world.vote(proposal_id, [0])
    refused(council.process_cancel(world.state, world.key(1), proposal_id, world.now), "R-Council-13")
    refused(council.process_cancel(world.state, STRANGER, proposal_id, world.now), "R-Council-13")
    world.vote(proposal_id, [1])
    refused(council.process_cancel(world.state, world.key(0), proposal_id, world.now), "R-Council-13")


def test_cancelled_proposal_is_dead(world: World) -> None:
    refused(council.process_cancel(world.state, world.key(0), ProposalId(4), world.now), "R-Council-17")
    proposal_id = world.propose(ActionKind.ADD_CONSTRAINT, ADD)
    world.vote(proposal_id, [0])
    world.take(council.process_cancel(world.state, world.key(0), proposal_id, world.now))
    assert world.state_of(proposal_id) is ProposalState.CANCELED
    refused(voting.process_ballot(world.state, world.key(0), proposal_id, 1, "", world.now), "R-Council-05")
    refused(council.process_cancel(world.state, world.key(0), proposal_id, world.now), "R-Council-05")
    refused(world.try_execute(proposal_id), "R-Council-05")


def test_states_are_open_or_terminal_or_never_seen() -> None:
    assert set(ProposalState) - {ProposalState.PENDING} == OPEN_STATES | TERMINAL_STATES
    assert not OPEN_STATES & TERMINAL_STATES


# --- parameters


def test_parameters_are_refused_when_unsound_or_out_of_bounds(world: World) -> None:
    for changes, rule in (({"brake_term": 20 * DAY}, "R-Council-15"), ({"grace": 90 * DAY}, "R-Council-14")):
        action = SetParameters(dataclasses.replace(PARAMETERS, **changes))  # type: ignore[arg-type]
        refused(world.try_propose(ActionKind.SET_PARAMETERS, action), rule)


def test_proposal_keeps_the_parameters_of_its_creation(world: World) -> None:
    proposal_id = world.propose(ActionKind.CHANGE_SEATS, ChangeSeats((SeatNumber(14),), (make_grant(20, 2),)), seat=5)
    world.vote(proposal_id, range(15))
    eta = eta_of(world.state, world.proposal(proposal_id))
    tiers = (*PARAMETERS.tiers[:3], dataclasses.replace(PARAMETERS.tiers[3], timelock=60 * DAY))
    change = SetParameters(dataclasses.replace(PARAMETERS, tiers=tiers))  # type: ignore[arg-type]
    world.carry(ActionKind.SET_PARAMETERS, change)
    assert world.state.council.version == 2
    assert eta_of(world.state, world.proposal(proposal_id)) == eta
