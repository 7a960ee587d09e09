"""The end of a system: once, for a successor whose code was pinned when it was proposed.

What code stands at an address is the chain's to say, not the rules': the contract refuses other code than was voted for
(R-Brake-15), and the audit compares the code itself.
Source: contracts/src/brake/Succession.sol.
"""

from __future__ import annotations

import dataclasses
from dataclasses import astuple

from governance.spec.outcome import Outcome, with_entry
from governance.spec.rules import Refusal, refuse
from governance.spec.state import SystemState
from governance.types import EVERYTHING, NameSuccessor, ProposalId, Tier
from governance.types.events.brake import SuccessorNamed

MAX_PARTS = 16


def check_successor(state: SystemState, action: NameSuccessor) -> Tier | Refusal:
    """The tier that the end needs, if what follows is whole and not ours."""
    count = len(action.parts)
    if not 1 <= count <= MAX_PARTS:
        message = f"a successor has 1 to {MAX_PARTS} parts, got {count}"
        return refuse("R-Brake-15", "BadSuccessor", message, actual=count, required=(1, MAX_PARTS))
    own = astuple(state.system)
    for part in action.parts:
        if part.account in own:
            message = f"{part.account} is a part of this system, and cannot follow it"
            return refuse("R-Brake-15", "OwnPart", message, actual=part.account)
    return Tier.CONSTITUTE


def execute_successor(state: SystemState, action: NameSuccessor, proposal_id: ProposalId) -> Outcome | Refusal:
    """Every release is barred by the generation of everything (R-Brake-16), and the Council closes (R-Council-30)."""
    checked = check_successor(state, action)
    if isinstance(checked, Refusal):
        return checked
    successor = action.parts[0].account
    everything = state.brake.get_scope(EVERYTHING)
    barred = dataclasses.replace(everything, generation=everything.generation + 1)
    brake = dataclasses.replace(
        state.brake, scopes=with_entry(state.brake.scopes, EVERYTHING, barred), successor_parts=action.parts
    )
    council = dataclasses.replace(state.council, successor=successor)
    event = SuccessorNamed(proposal_id, successor, action.parts)
    return Outcome(dataclasses.replace(state, brake=brake, council=council), (event,))
