"""What may not be proposed may not be carried out either: every precondition is checked at both ends."""

from __future__ import annotations

import dataclasses

import pytest

from governance.encoding.names import compute_constraint_id, compute_organisation_id, make_short_name
from governance.spec import council
from governance.spec.actions import compute_tier, execute_action
from governance.spec.rules import Refusal
from governance.types import (
    ACTION_OF_KIND,
    ZERO_HASH,
    Action,
    ActionKind,
    AddConstraint,
    AmendConstraint,
    ChangeSeats,
    ConfirmStop,
    FormCommittee,
    GrantRelease,
    Jurisdiction,
    Mode,
    ModelId,
    NameSuccessor,
    OracleMember,
    ProposalId,
    Reclassify,
    RegisterModel,
    ReleaseId,
    RenewRelease,
    ReplaceSeat,
    Resume,
    RetireConstraint,
    RevokeRelease,
    SeatNumber,
    SetParameter,
    SetParameters,
    ShortName,
    StopId,
    SuspendSeat,
    Timestamp,
)
from spec_charter import DAY, DEPLOYER, PARAMETERS, address_of, label, make_grant
from spec_world import World

ID, KEY = compute_constraint_id("nothing"), make_short_name("nothing")
AGAINST_A_RULE: dict[ActionKind, tuple[Action, str]] = {
    ActionKind.ADD_CONSTRAINT: (AddConstraint("x", Timestamp(0), (), b""), "R-Constraints-03"),
    ActionKind.TIGHTEN_PARAMETER: (SetParameter(ID, ZERO_HASH, KEY, 1), "R-Constraints-08"),
    ActionKind.LOOSEN_PARAMETER: (SetParameter(ID, ZERO_HASH, KEY, 1), "R-Constraints-08"),
    ActionKind.AMEND_TIGHTER: (AmendConstraint(ID, ZERO_HASH, Timestamp(0), b"{}"), "R-Constraints-08"),
    ActionKind.AMEND_LOOSER: (AmendConstraint(ID, ZERO_HASH, Timestamp(0), b"{}"), "R-Constraints-08"),
    ActionKind.RETIRE_CONSTRAINT: (RetireConstraint(ID, ZERO_HASH), "R-Constraints-08"),
    ActionKind.REVOKE_RELEASE: (RevokeRelease(ReleaseId(ZERO_HASH), ""), "R-Releases-07"),
    ActionKind.CONFIRM_STOP: (ConfirmStop(StopId(1)), "R-Brake-04"),
    ActionKind.RESUME: (Resume((StopId(1),)), "R-Brake-04"),
    ActionKind.SUSPEND_SEAT: (SuspendSeat(SeatNumber(63), ZERO_HASH), "R-Seats-13"),
    ActionKind.REGISTER_MODEL: (
        RegisterModel(DEPLOYER, 1, ModelId(ZERO_HASH), ZERO_HASH, ZERO_HASH, ZERO_HASH, ZERO_HASH, (), ""),
        "R-Releases-10",
    ),
    ActionKind.GRANT_RELEASE: (
        GrantRelease(ModelId(ZERO_HASH), Mode.PLAIN, Timestamp(0), (), b""),
        "R-Releases-02",
    ),
    ActionKind.RENEW_RELEASE: (RenewRelease(ReleaseId(ZERO_HASH), Timestamp(0)), "R-Releases-07"),
    ActionKind.CHANGE_SEATS: (ChangeSeats((), ()), "R-Seats-16"),
    ActionKind.FORM_COMMITTEE: (
        FormCommittee(1, 0, (OracleMember(compute_organisation_id("org-0"), address_of("oracle")),)),
        "R-Committee-01",
    ),
    ActionKind.NAME_SUCCESSOR: (NameSuccessor(()), "R-Brake-15"),
    ActionKind.RECLASSIFY: (
        Reclassify(SeatNumber(3), Jurisdiction(bytes(2)), label("group"), ShortName(ZERO_HASH), ZERO_HASH),
        "R-Seats-15",
    ),
    ActionKind.REPLACE_SEAT: (ReplaceSeat(SeatNumber(3), make_grant(15, 0)), "R-Seats-23"),
    ActionKind.SET_PARAMETERS: (SetParameters(dataclasses.replace(PARAMETERS, pull_seats=1)), "R-Council-14"),
}


@pytest.mark.parametrize("kind", sorted(ACTION_OF_KIND))
def test_action_against_a_rule_is_refused_at_both_ends(kind: ActionKind) -> None:
    world, (action, rule) = World(), AGAINST_A_RULE[kind]
    proposed = compute_tier(world.state, kind, action, world.now)
    executed = execute_action(world.state, kind, action, ProposalId(1), 4, world.now)
    assert isinstance(proposed, Refusal)
    assert isinstance(executed, Refusal)
    # a replacement is judged by the time of its proposal, and there is none
    assert proposed == executed or kind is ActionKind.REPLACE_SEAT
    assert (proposed.rule, executed.rule) == (rule, rule)


def test_action_is_refused_below_the_tier_that_it_needs() -> None:
    world = World()
    add = AddConstraint("x", Timestamp(0), (), b"{}")
    refusal = execute_action(world.state, ActionKind.ADD_CONSTRAINT, add, ProposalId(1), 0, world.now)
    assert isinstance(refusal, Refusal)
    assert refusal.rule == "R-Council-18"

    world.form_committee()
    model = world.register_model()
    release = world.grant_release(model)
    granted = world.state.council.proposals[ProposalId(int.from_bytes(release, "big"))]
    state = dataclasses.replace(
        world.state, council=dataclasses.replace(world.state.council, proposals={ProposalId(1): granted})
    )
    ends = state.releases.releases[release].expires_at
    for kind, action in (
        (ActionKind.GRANT_RELEASE, world.make_release(model)),
        (ActionKind.RENEW_RELEASE, RenewRelease(release, Timestamp(ends + DAY))),
    ):
        refusal = execute_action(state, kind, action, ProposalId(1), 1, world.now)
        assert isinstance(refusal, Refusal)
        assert (refusal.rule, refusal.required) == ("R-Council-18", 2)


def test_objection_is_refused_from_a_seat_that_came_later() -> None:
    world = World()
    world.carry(ActionKind.ADD_CONSTRAINT, AddConstraint("x", Timestamp(0), (), b"{}"))
    identifier = compute_constraint_id("x")
    version = world.state.constraints.constraints[identifier].version
    grant = world.propose(ActionKind.CHANGE_SEATS, ChangeSeats((), (make_grant(15, 0), make_grant(16, 1))))
    world.vote(grant, range(15))
    world.pass_time_until_eta(grant)
    amendment = world.propose(
        ActionKind.AMEND_TIGHTER, AmendConstraint(identifier, version, Timestamp(0), b"[]"), seat=1
    )
    world.take(world.try_execute(grant))
    result = council.process_object(world.state, world.key(15), amendment, label("c"), "", world.now)
    assert isinstance(result, Refusal)
    assert result.rule == "R-Council-04"
