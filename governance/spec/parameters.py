"""The Council's own action: the numbers that govern.

Source: contracts/src/Council.sol.
"""

from __future__ import annotations

import dataclasses

from governance.spec.outcome import Outcome
from governance.spec.rules import Refusal
from governance.spec.state import SystemState
from governance.spec.tiers import check_bounds, check_sound
from governance.types import ProposalId, SetParameters, Tier
from governance.types.events.council import ParametersSet


def check_parameters(state: SystemState, action: SetParameters) -> Tier | Refusal:
    """The tier that the change needs, if the numbers are within bounds and sound for the seats of now."""
    refusal = check_bounds(action.parameters, state.council.bounds)
    if refusal is None:
        refusal = check_sound(action.parameters, state.seats.roster, state.seats.live)
    return refusal or Tier.CONSTITUTE


def execute_parameters(state: SystemState, action: SetParameters, proposal_id: ProposalId) -> Outcome | Refusal:
    """A new version is in force; proposals that exist keep theirs (R-Council-23)."""
    checked = check_parameters(state, action)
    if isinstance(checked, Refusal):
        return checked
    council = dataclasses.replace(state.council, versions=(*state.council.versions, action.parameters))
    event = ParametersSet(council.version, proposal_id, action.parameters)
    return Outcome(dataclasses.replace(state, council=council), (event,))
