"""Reading a proposal: its state, its eta, its tally, and what is missing.

Nothing is written when time passes: the state of a proposal is a function of its record and of now.
Source: contracts/src/Council.sol; the order of states is OpenZeppelin's.
"""

from __future__ import annotations

from collections.abc import Sequence

from governance.encoding.names import read_short_name
from governance.spec.ballots import chosen
from governance.spec.dormancy import compute_replacement_bar
from governance.spec.state import CouncilState, SystemState
from governance.spec.tally import Bar, chambers_required, compute_needed, tally_chambers
from governance.spec.tiers import URGENT, for_replacement
from governance.types import (
    ZERO_ADDRESS,
    ActionKind,
    BallotWord,
    Choice,
    ProposalRecord,
    ProposalState,
    QuorumState,
    SeatMask,
    ShortName,
    TierRule,
    Timestamp,
)

# Bits of a proposal's flags (contracts/src/types/Proposals.sol).
FLAG_EXECUTED = 1
FLAG_CANCELED = 2
FLAG_ESCALATED = 4
FLAG_EXTENDED = 8
FLAG_VETOED = 16

OPEN_STATES = frozenset({ProposalState.ACTIVE, ProposalState.QUEUED, ProposalState.SUCCEEDED})
TERMINAL_STATES = frozenset(
    {ProposalState.CANCELED, ProposalState.DEFEATED, ProposalState.EXPIRED, ProposalState.EXECUTED}
)


def rule_of(state: SystemState, proposal: ProposalRecord) -> TierRule:
    """What the proposal needs: its tier's rule among the parameters of its creation (R-Council-23)."""
    return state.council.get_parameters(proposal.parameters_version).tier(proposal.tier)


def bar_of(state: SystemState, proposal: ProposalRecord) -> Bar:
    """What the proposal needs, of which seats."""
    rule = rule_of(state, proposal)
    if proposal.kind is ActionKind.REPLACE_SEAT:
        rule, version = for_replacement(rule), proposal.roster_version
        return compute_replacement_bar(state.seats, rule, version, proposal.created_at)
    return Bar.of(rule, state.seats.get_roster(proposal.roster_version))


def ballots_of(proposal: ProposalRecord) -> BallotWord:
    """The ballots of the round in progress or last."""
    return proposal.ballots[proposal.round - 1]


def yes_of(state: SystemState, proposal: ProposalRecord) -> SeatMask:
    """The yes that count now: those of seats that are live still (R-Council-21)."""
    return SeatMask(chosen(ballots_of(proposal), Choice.FOR) & state.seats.live)


def eta_of(state: SystemState, proposal: ProposalRecord) -> Timestamp:
    """The earliest time of execution. A claimed tightening also waits out the objection window."""
    delay = rule_of(state, proposal).timelock
    if proposal.kind is ActionKind.AMEND_TIGHTER and proposal.round == 1:
        delay = max(delay, state.council.get_parameters(proposal.parameters_version).objection_window)
    if proposal.kind is ActionKind.REPLACE_SEAT:
        delay = state.council.get_parameters(proposal.parameters_version).replacement_delay
    return Timestamp(proposal.closes_at + delay)


def expiry_of(state: SystemState, proposal: ProposalRecord) -> Timestamp:
    """The last time of execution (R-Council-09)."""
    return Timestamp(eta_of(state, proposal) + state.council.get_parameters(proposal.parameters_version).grace)


def is_late(proposal: ProposalRecord, now: Timestamp) -> bool:
    """Whether a ballot now is one of the last part of a round that can still be extended (R-Council-24)."""
    return now + proposal.late_window > proposal.closes_at and not proposal.flags & FLAG_EXTENDED


def is_passing(state: SystemState, proposal: ProposalRecord) -> bool:
    """Whether the proposal would pass if nothing more were cast."""
    return bar_of(state, proposal).is_passed(yes_of(state, proposal))


def is_closed(council: CouncilState, kind: ActionKind) -> bool:
    """R-Council-30: with a successor only the safe direction is open, since stops outlive the system."""
    return council.successor != ZERO_ADDRESS and kind not in URGENT


def state_of(state: SystemState, proposal: ProposalRecord, now: Timestamp) -> ProposalState:
    """The proposal's state at that time."""
    if proposal.flags & FLAG_EXECUTED:
        return ProposalState.EXECUTED
    if proposal.flags & FLAG_CANCELED:
        return ProposalState.CANCELED
    urgent = proposal.kind in URGENT
    is_open = now <= proposal.closes_at
    if is_open and not urgent:
        return ProposalState.ACTIVE
    if not is_passing(state, proposal):
        return ProposalState.ACTIVE if is_open else ProposalState.DEFEATED
    if now > expiry_of(state, proposal) or is_closed(state.council, proposal.kind):
        return ProposalState.EXPIRED
    return ProposalState.SUCCEEDED if urgent or now >= eta_of(state, proposal) else ProposalState.QUEUED


def quorum_state(state: SystemState, proposal: ProposalRecord, now: Timestamp) -> QuorumState:
    """Each chamber's tally beside its threshold, as the contract answers it."""
    bar = bar_of(state, proposal)
    rule = bar.rule
    chambers = tally_chambers(bar, ballots_of(proposal), state.seats.live)
    size = sum(chamber.size for chamber in chambers)
    return QuorumState(
        state=state_of(state, proposal, now),
        tier=proposal.tier,
        round=proposal.round,
        chambers_agreeing=sum(chamber.agrees for chamber in chambers),
        chambers_required=chambers_required(rule, len(chambers)),
        size=size,
        yes=sum(chamber.yes for chamber in chambers),
        needed=compute_needed(size, rule.overall_num, rule.overall_den, strict=rule.overall_strict),
        passing=is_passing(state, proposal),
        closes_at=proposal.closes_at,
        eta=eta_of(state, proposal),
        expires_at=expiry_of(state, proposal),
        chambers=chambers,
    )


def explain_missing(quorum: QuorumState, names: Sequence[ShortName]) -> tuple[str, ...]:
    """What is missing, in words: "public needs 1 more". Empty if the proposal passes."""
    missing = []
    short = [
        f"{read_short_name(name)} needs {chamber.missing} more"
        for name, chamber in zip(names, quorum.chambers, strict=True)
        if not chamber.agrees
    ]
    lacking = quorum.chambers_required - quorum.chambers_agreeing
    if lacking > 0:
        # Where not every chamber has to agree, any of those that do not may be the one.
        missing = short if lacking == len(short) else [f"{lacking} of: {', '.join(short)}"]
    if quorum.missing:
        missing.append(f"{quorum.missing} more of all {quorum.size} seats")
    return tuple(missing)
