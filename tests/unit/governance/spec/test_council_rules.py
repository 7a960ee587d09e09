"""Proposals, ballots, objections, execution: refusals first."""

from __future__ import annotations

import dataclasses

import pytest

from governance.encoding.actions import encode_action
from governance.encoding.names import make_short_name
from governance.spec import council, voting
from governance.spec.ballots import chosen, count_of
from governance.spec.genesis import process_genesis
from governance.spec.outcome import Outcome
from governance.spec.proposals import OPEN_STATES, TERMINAL_STATES, ballots_of, eta_of
from governance.spec.voting import RelayedBallot
from governance.types import (
    ActionKind,
    AddConstraint,
    ChangeSeats,
    Choice,
    Direction,
    ParameterSetting,
    ProposalId,
    ProposalState,
    SeatNumber,
    SetParameters,
    SuspendSeat,
    Timestamp,
)
from refusals import refused
from spec_charter import DAY, GENESIS, PARAMETERS, START, STRANGER, label, make_grant
from spec_world import World

KEY = make_short_name("max_output_tokens")
ADD = AddConstraint("no weapons", Timestamp(0), (ParameterSetting(KEY, Direction.MAX, 100),), b"{}")
TIER1, TIER3 = range(8), [0, 1, 2, 3, 5, 6, 7, 8, 10, 11, 12, 13]


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
