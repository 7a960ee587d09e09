"""The state right after the six constructors, from what the charter says.

Source: the constructors in contracts/src.
"""

from __future__ import annotations

from dataclasses import dataclass

from governance.encoding.charter import compute_charter_hash, compute_genesis_hash, compute_parameters_hash
from governance.encoding.ledger import compute_genesis_head
from governance.spec.brake import open_scope
from governance.spec.independence import check_chambers
from governance.spec.outcome import Outcome, Result
from governance.spec.rules import Refusal
from governance.spec.seats import apply_batch, judge_set
from governance.spec.state import (
    BrakeState,
    CommitteeState,
    ConstraintsState,
    CouncilState,
    ReleasesState,
    SeatsState,
    SystemState,
)
from governance.spec.tiers import check_bounds, check_sound
from governance.types import (
    EVERYTHING,
    ZERO_ADDRESS,
    ZERO_HASH,
    Address,
    Bounds,
    ChainId,
    ChangeSeats,
    Hash32,
    Parameters,
    ProposalId,
    SeatGrant,
    ShortName,
    System,
    Timestamp,
)
from governance.types.events.council import ParametersSet


@dataclass(frozen=True, slots=True)
class Genesis:
    """What a deployment is made of: the constructors' arguments, and the chain."""

    chain_id: ChainId
    system: System
    legal_text_hash: Hash32
    chamber_names: tuple[ShortName, ...]
    grants: tuple[SeatGrant, ...]
    initial: Parameters
    bounds: Bounds
    predecessor: Address = ZERO_ADDRESS  # the Council of the system that this one follows

    @property
    def genesis_hash(self) -> Hash32:
        return compute_genesis_hash(self.chamber_names, self.grants)

    @property
    def parameters_hash(self) -> Hash32:
        return compute_parameters_hash(self.initial, self.bounds)

    @property
    def charter_hash(self) -> Hash32:
        return compute_charter_hash(self.legal_text_hash, self.genesis_hash, self.parameters_hash)


def process_genesis(genesis: Genesis, seats_at: Timestamp, brake_at: Timestamp | None = None) -> Result:
    """The six stand, not yet active. `seats_at` and `brake_at` are the times of the two constructors that keep them."""
    seats = SeatsState(chamber_names=genesis.chamber_names, genesis_hash=genesis.genesis_hash)
    if refusal := check_chambers(genesis.chamber_names):
        return refusal
    batch = ChangeSeats((), genesis.grants)
    judged = judge_set(seats, batch, seats_at, rest=0)
    if isinstance(judged, Refusal):
        return judged
    seats, granted = apply_batch(seats, batch, judged, seats_at)
    refusal = check_bounds(genesis.initial, genesis.bounds) or check_sound(genesis.initial, seats.roster, seats.live)
    if refusal:
        return refusal
    council = CouncilState(
        legal_text_hash=genesis.legal_text_hash,
        charter_hash=genesis.charter_hash,
        parameters_hash=genesis.parameters_hash,
        bounds=genesis.bounds,
        versions=(genesis.initial,),
    )
    # A ledger that follows another one has no head until it has taken that one's over (R-Constraints-10).
    head = (
        compute_genesis_head(genesis.chain_id, genesis.system.constraints, genesis.charter_hash)
        if genesis.predecessor == ZERO_ADDRESS
        else ZERO_HASH
    )
    brake, opened = open_scope(BrakeState(), EVERYTHING, seats_at if brake_at is None else brake_at)
    state = SystemState(
        chain_id=genesis.chain_id,
        system=genesis.system,
        seats=seats,
        council=council,
        constraints=ConstraintsState(genesis_head=head, head=head),
        releases=ReleasesState(),
        brake=brake,
        committee=CommitteeState(),
        predecessor=genesis.predecessor,
    )
    return Outcome(state, (*granted, ParametersSet(1, ProposalId(0), genesis.initial), opened))
