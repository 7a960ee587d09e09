"""The Council: proposing, objecting, cancelling, vetoing, executing. Its ballots are in `governance.spec.voting`.

Source: contracts/src/Council.sol.
"""

from __future__ import annotations

import dataclasses

from governance.encoding.actions import compute_proposal_id
from governance.encoding.charter import compute_charter_hash
from governance.spec.actions import compute_tier, execute_action, read_action
from governance.spec.ballots import NO_BALLOTS, voted
from governance.spec.dormancy import hear
from governance.spec.inheritance import take_over
from governance.spec.outcome import Outcome, Result, with_entry
from governance.spec.proposals import (
    FLAG_CANCELED,
    FLAG_ESCALATED,
    FLAG_EXECUTED,
    FLAG_EXTENDED,
    FLAG_VETOED,
    OPEN_STATES,
    eta_of,
    is_closed,
    state_of,
)
from governance.spec.rules import Refusal, refuse
from governance.spec.state import CouncilState, ProposedAction, SystemState
from governance.spec.tally import chambers_of
from governance.spec.tiers import TARGETS, is_extendable, is_vetoable
from governance.types import (
    ZERO_ADDRESS,
    ActionKind,
    Address,
    Hash32,
    ProposalId,
    ProposalRecord,
    ProposalState,
    SeatMask,
    SeatNumber,
    Seconds,
    Standing,
    Tier,
    Timestamp,
)
from governance.types.events import Event
from governance.types.events.council import (
    ActionExecuted,
    ActionProposed,
    Activated,
    Objected,
    ProposalCanceled,
    ProposalCreated,
    ProposalExecuted,
    ProposalVetoed,
    VetoCast,
)

BEGINNING = Timestamp(0)  # of who follows nobody: nothing of it is dated


def process_activate(state: SystemState, now: Timestamp = BEGINNING, before: SystemState | None = None) -> Result:
    """The system accepts proposals: its parts agree about the charter. A repetition changes nothing.

    `before` is the predecessor, where there is one: it must have named this system, and is taken over.
    """
    council = state.council
    if council.active:
        return Outcome(state)
    computed = compute_charter_hash(council.legal_text_hash, state.seats.genesis_hash, council.parameters_hash)
    if computed != council.charter_hash:
        message = "legal text, seats and parameters do not give the charter hash"
        return refuse("R-Council-16", "ActivationMismatch", message, actual=computed, required=council.charter_hash)
    state = dataclasses.replace(state, council=dataclasses.replace(council, active=True))
    activated = Activated(council.charter_hash)
    if state.predecessor == ZERO_ADDRESS:
        return Outcome(state, (activated,))
    taken = take_over(state, before, now)
    return taken if isinstance(taken, Refusal) else Outcome(taken.state, (activated, *taken.events))


def process_propose(
    state: SystemState, caller: Address, kind: ActionKind, data: bytes, description: str, now: Timestamp
) -> Result:
    """The action is put to vote, and its round is open."""
    if not state.council.active:
        return refuse("R-Council-16", "NotActive", "the system is not active yet")
    if is_closed(state.council, kind):
        message = f"the system has a successor at {state.council.successor}"
        return refuse("R-Council-30", "HasSuccessor", message, actual=state.council.successor)
    seat = _require_live(state, caller)
    if isinstance(seat, Refusal):
        return seat
    heard: list[Event] = []
    state = hear(state, seat, heard)
    action = read_action(kind, data)
    if isinstance(action, Refusal):
        return action
    tier = compute_tier(state, kind, action, now)
    if isinstance(tier, Refusal):
        return tier
    nonce = state.council.nonces.get(caller, 0)
    proposal_id = compute_proposal_id(state.chain_id, state.system.council, caller, nonce, kind, data)
    slots = _take_slot(state, seat, tier, proposal_id, now)
    if isinstance(slots, Refusal):
        return slots
    proposal = ProposalRecord(
        eligible=state.seats.present,
        created_at=now,
        closes_at=Timestamp(now + state.parameters.tier(tier).period),
        parameters_version=state.council.version,
        roster_version=state.seats.roster_version,
        kind=kind,
        tier=int(tier),
        round=1,
        proposer_seat=seat,
        flags=0,
        late_window=state.parameters.late_window if is_extendable(kind) else Seconds(0),
        proposer=caller,
        nonce=nonce,
        ballots=(NO_BALLOTS, NO_BALLOTS),
        vetoes=SeatMask(0),
    )
    council = dataclasses.replace(
        state.council,
        proposals=with_entry(state.council.proposals, proposal_id, proposal),
        actions=with_entry(state.council.actions, proposal_id, ProposedAction(kind, data, description)),
        nonces=with_entry(state.council.nonces, caller, nonce + 1),
        slots=with_entry(state.council.slots, seat, slots),
    )
    state = dataclasses.replace(state, council=council)
    proposed = ActionProposed(
        proposal_id,
        kind,
        seat,
        int(tier),
        nonce,
        proposal.parameters_version,
        proposal.roster_version,
        proposal.closes_at,
        eta_of(state, proposal),
    )
    target = getattr(state.system, TARGETS[kind][0])
    created = ProposalCreated(
        proposal_id, caller, (target,), (0,), ("",), (data,), now, proposal.closes_at, description
    )
    return Outcome(state, (*heard, proposed, created))


def process_object(
    state: SystemState,
    caller: Address,
    proposal_id: ProposalId,
    counterexample_hash: Hash32,
    statement: str,
    now: Timestamp,
) -> Result:
    """The amendment is in its second round: tier 3, a full period, empty ballots, the same numbers (R-Council-12)."""
    seat = _require_live(state, caller)
    if isinstance(seat, Refusal):
        return seat
    proposal = _require_proposal(state, proposal_id)
    if isinstance(proposal, Refusal):
        return proposal
    if refusal := _check_eligible(proposal, seat):
        return refusal
    if proposal.kind is not ActionKind.AMEND_TIGHTER or proposal.round != 1:
        message = f"a {proposal.kind.name.lower()} in round {proposal.round} is not open to objection"
        return refuse("R-Council-11", "NotObjectable", message, actual=(proposal.kind, proposal.round))
    actual = state_of(state, proposal, now)
    if actual not in OPEN_STATES:
        return _unexpected(actual, ProposalState.QUEUED)
    rule = state.council.get_parameters(proposal.parameters_version).tier(Tier.LOOSEN)
    escalated = dataclasses.replace(
        proposal,
        tier=int(Tier.LOOSEN),
        round=2,
        closes_at=Timestamp(now + rule.period),
        flags=proposal.flags & ~FLAG_EXTENDED | FLAG_ESCALATED,
    )
    state = _with_proposal(state, proposal_id, escalated)
    eta = eta_of(state, escalated)
    heard: list[Event] = []
    state = hear(state, seat, heard)
    event = Objected(proposal_id, seat, counterexample_hash, statement, escalated.closes_at, eta)
    return Outcome(state, (*heard, event))


def process_cancel(state: SystemState, caller: Address, proposal_id: ProposalId, now: Timestamp) -> Result:
    """The proposal is cancelled by the seat that made it, before another one voted."""
    proposal = _require_proposal(state, proposal_id)
    if isinstance(proposal, Refusal):
        return proposal
    actual = state_of(state, proposal, now)
    if actual is not ProposalState.ACTIVE:
        return _unexpected(actual, ProposalState.ACTIVE)
    seat, standing = state.seats.seat_of(caller)
    others = (voted(proposal.ballots[0]) | voted(proposal.ballots[1])) & ~(1 << proposal.proposer_seat)
    if standing is not Standing.LIVE or seat != proposal.proposer_seat or others:
        message = "only the proposing seat cancels, and only before another seat's ballot"
        return refuse("R-Council-13", "NotCancellable", message, actual=caller)
    canceled = dataclasses.replace(proposal, flags=proposal.flags | FLAG_CANCELED)
    heard: list[Event] = []
    state = hear(state, seat, heard)
    return Outcome(_with_proposal(state, proposal_id, canceled), (*heard, ProposalCanceled(proposal_id)))


def process_veto(state: SystemState, caller: Address, proposal_id: ProposalId, reason: str, now: Timestamp) -> Result:
    """The caller's seat vetoes; with more than half of its chamber's seats the proposal is over (R-Council-26)."""
    seat = _require_live(state, caller)
    if isinstance(seat, Refusal):
        return seat
    proposal = _require_proposal(state, proposal_id)
    if isinstance(proposal, Refusal):
        return proposal
    if refusal := _check_eligible(proposal, seat):
        return refusal
    if not is_vetoable(proposal.kind, proposal.tier):
        message = f"a {proposal.kind.name.lower()} at tier {proposal.tier} is not open to a veto"
        return refuse("R-Council-25", "NotVetoable", message, actual=(proposal.kind, proposal.tier))
    actual = state_of(state, proposal, now)
    if actual not in (ProposalState.ACTIVE, ProposalState.QUEUED):
        return _unexpected(actual, ProposalState.QUEUED)
    if proposal.vetoes >> seat & 1:
        return refuse("R-Council-26", "AlreadyVetoed", f"seat {seat} has vetoed it already", actual=seat)
    vetoes = SeatMask(proposal.vetoes | 1 << seat)
    chambers = chambers_of(state.seats.get_roster(proposal.roster_version))
    chamber, members = next((at, mask) for at, mask in enumerate(chambers) if mask >> seat & 1)
    agreeing = (vetoes & members & state.seats.live).bit_count()
    needed = members.bit_count() // 2 + 1
    events: list[Event] = []
    state = hear(state, seat, events)
    events.append(VetoCast(proposal_id, seat, chamber, agreeing, needed, reason))
    proposal = dataclasses.replace(proposal, vetoes=vetoes)
    if agreeing >= needed:
        proposal = dataclasses.replace(proposal, flags=proposal.flags | FLAG_CANCELED | FLAG_VETOED)
        events += [ProposalVetoed(proposal_id, chamber), ProposalCanceled(proposal_id)]
    return Outcome(_with_proposal(state, proposal_id, proposal), tuple(events))


def process_execute(
    state: SystemState, caller: Address, proposal_id: ProposalId, kind: ActionKind, data: bytes, now: Timestamp
) -> Result:
    """The action is carried out. By anybody; the time and the votes decide (R-Council-09, R-Council-10)."""
    proposal = _require_proposal(state, proposal_id)
    if isinstance(proposal, Refusal):
        return proposal
    actual = state_of(state, proposal, now)
    if actual is not ProposalState.SUCCEEDED:
        return _unexpected(actual, ProposalState.SUCCEEDED)
    computed = compute_proposal_id(state.chain_id, state.system.council, proposal.proposer, proposal.nonce, kind, data)
    if computed != proposal_id:
        message = "the action is not the one that was voted under this id"
        return refuse("R-Council-03", "ActionMismatch", message, actual=computed, required=proposal_id)
    action = read_action(kind, data)
    if isinstance(action, Refusal):
        return action
    tier = compute_tier(state, kind, action, now)
    if isinstance(tier, Refusal):
        return tier
    if proposal.tier < tier:
        message = f"the action now needs tier {tier:d}, and was voted at tier {proposal.tier}"
        return refuse("R-Council-18", "TierTooLow", message, actual=proposal.tier, required=tier)
    state = _with_proposal(state, proposal_id, dataclasses.replace(proposal, flags=proposal.flags | FLAG_EXECUTED))
    outcome = execute_action(state, kind, action, proposal_id, proposal.tier, now)
    if isinstance(outcome, Refusal):
        return outcome
    executed = (ActionExecuted(proposal_id, kind, proposal.tier, caller), ProposalExecuted(proposal_id))
    return Outcome(outcome.state, (*executed, *outcome.events))


def _take_slot(
    state: SystemState, seat: SeatNumber, tier: Tier, proposal_id: ProposalId, now: Timestamp
) -> tuple[ProposalId, ...] | Refusal:
    """R-Council-02. Nobody has to close a proposal: a slot whose proposal is no longer open is taken over."""
    slots = state.council.slots.get(seat, ())
    closed = [
        at for at, other in enumerate(slots) if state_of(state, state.council.proposals[other], now) not in OPEN_STATES
    ]
    # What is meant to stop something must not wait for what is meant to start something.
    allowed = state.parameters.open_proposals + (tier is Tier.TIGHTEN)
    if len(slots) - len(closed) >= allowed:
        message = f"seat {seat} has {len(slots) - len(closed)} open proposals, and {allowed} are allowed"
        return refuse("R-Council-02", "TooManyOpenProposals", message, actual=len(slots), required=allowed)
    if not closed:
        return (*slots, proposal_id)
    return (*slots[: closed[-1]], proposal_id, *slots[closed[-1] + 1 :])


def _require_live(state: SystemState, account: Address) -> SeatNumber | Refusal:
    seat, standing = state.seats.seat_of(account)
    if standing is Standing.LIVE:
        return seat
    return refuse("R-Council-01", "NotLiveSeat", f"{account} holds no live seat", actual=account)


def _require_proposal(state: SystemState, proposal_id: ProposalId) -> ProposalRecord | Refusal:
    proposal = state.council.proposals.get(proposal_id)
    if proposal is not None:
        return proposal
    return refuse("R-Council-17", "UnknownProposal", f"no proposal has the id {proposal_id}", actual=proposal_id)


def _check_eligible(proposal: ProposalRecord, seat: SeatNumber) -> Refusal | None:
    if proposal.eligible >> seat & 1:
        return None
    return refuse("R-Council-04", "NotEligible", f"seat {seat} was not there when the proposal was made", actual=seat)


def _unexpected(actual: ProposalState, required: ProposalState) -> Refusal:
    message = f"the proposal is {actual.name.lower()}, and this needs it {required.name.lower()}"
    return refuse("R-Council-05", "UnexpectedState", message, actual=actual, required=required)


def _with_proposal(state: SystemState, proposal_id: ProposalId, proposal: ProposalRecord) -> SystemState:
    proposals = with_entry(state.council.proposals, proposal_id, proposal)
    council: CouncilState = dataclasses.replace(state.council, proposals=proposals)
    return dataclasses.replace(state, council=council)
