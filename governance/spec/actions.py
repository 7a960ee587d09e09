"""What a vote can do: each kind of action goes to the one part of the system that checks it and carries it out.

Every precondition is checked when an action is proposed, and again when it is executed.
"""

from __future__ import annotations

from typing import assert_never

from governance.encoding.actions import decode_action
from governance.encoding.errors import NotDecodable
from governance.spec import brake, constraints, formation, labels, models, parameters, releases, seats, succession
from governance.spec.outcome import Outcome
from governance.spec.rules import Refusal, refuse
from governance.spec.state import SystemState
from governance.spec.tiers import floor_of
from governance.types import (
    Action,
    ActionKind,
    AddConstraint,
    AmendConstraint,
    ChangeSeats,
    ConfirmStop,
    FormCommittee,
    GrantRelease,
    NameSuccessor,
    ProposalId,
    Reclassify,
    RegisterModel,
    RenewRelease,
    ReplaceSeat,
    Resume,
    RetireConstraint,
    RevokeRelease,
    SetParameter,
    SetParameters,
    SuspendSeat,
    Tier,
    Timestamp,
)


def read_action(kind: ActionKind, data: bytes) -> Action | Refusal:
    """The action that these bytes are, as Solidity would read them."""
    if kind is ActionKind.NONE:
        return refuse("R-Council-20", "UnknownAction", "no contract carries out that kind of action", actual=kind)
    try:
        return decode_action(kind, data, strict=False)
    except NotDecodable as error:
        # A contract has no name for this: its decoder reverts without a word.
        return Refusal("R-Council-20", f"the bytes are no {kind.name.lower()}: {error.message}", "")


def compute_tier(state: SystemState, kind: ActionKind, action: Action, now: Timestamp) -> Tier | Refusal:
    """The tier that the action needs now, never less than its kind's floor; or why it cannot be carried out now."""
    checked = _check(state, kind, action, now)
    return checked if isinstance(checked, Refusal) else max(checked, floor_of(kind))


def execute_action(
    state: SystemState, kind: ActionKind, action: Action, proposal_id: ProposalId, tier: int, now: Timestamp
) -> Outcome | Refusal:
    """The action is carried out under that proposal, which was voted at `tier`."""
    match action:
        case AddConstraint() | SetParameter() | AmendConstraint() | RetireConstraint():
            return constraints.execute_constraint_action(state, kind, action, proposal_id, tier, now)
        case RegisterModel():
            return models.execute_register(state, action, proposal_id, now)
        case GrantRelease():
            return releases.execute_grant(state, action, proposal_id, tier, now)
        case RenewRelease():
            return releases.execute_renew(state, action, proposal_id, tier, now)
        case RevokeRelease():
            return releases.execute_revoke(state, action, proposal_id)
        case ConfirmStop():
            return brake.execute_confirm(state, action, proposal_id)
        case Resume():
            return brake.execute_resume(state, action, proposal_id)
        case SuspendSeat():
            return seats.execute_suspension(state, action)
        case ChangeSeats():
            return seats.execute_change(state, action, now)
        case Reclassify():
            return labels.execute_labels(state, action)
        case ReplaceSeat():
            return seats.execute_replacement(state, action, proposal_id, now)
        case FormCommittee():
            return formation.execute_formation(state, action, proposal_id, now)
        case NameSuccessor():
            return succession.execute_successor(state, action, proposal_id)
        case SetParameters():
            return parameters.execute_parameters(state, action, proposal_id)
        case _:
            assert_never(action)


def _check(state: SystemState, kind: ActionKind, action: Action, now: Timestamp) -> Tier | Refusal:
    match action:
        case AddConstraint() | SetParameter() | AmendConstraint() | RetireConstraint():
            return constraints.check_constraint_action(state, kind, action, now)
        case RegisterModel():
            return models.check_register(state, action)
        case GrantRelease():
            return releases.check_grant(state, action, now)
        case RenewRelease():
            return releases.check_renew(state, action, now)
        case RevokeRelease():
            return releases.check_revoke(state, action)
        case ConfirmStop():
            return brake.check_confirm(state, action)
        case Resume():
            return brake.check_resume(state, action)
        case SuspendSeat():
            return seats.check_suspension(state, action)
        case ChangeSeats():
            return seats.check_change(state, action, now)
        case Reclassify():
            return labels.check_labels(state, action)
        case ReplaceSeat():
            return seats.check_replacement(state, action, now)
        case FormCommittee():
            return formation.check_formation(state, action)
        case NameSuccessor():
            return succession.check_successor(state, action)
        case SetParameters():
            return parameters.check_parameters(state, action)
        case _:
            assert_never(action)
