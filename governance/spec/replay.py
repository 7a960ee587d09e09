"""Replaying a chain's events through the rules: every event must be one that the rules emit for some step.

An event is never applied as it stands. It says which step was taken; the rules take that step from the state before,
and the events that they emit are compared with those of the chain, one by one. So a log that no rule allows (an
execution before its eta, a ballot of a removed seat, a head that is not the fold) is found where it stands.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from governance.spec import (
    brake,
    committee,
    council,
    disputes,
    dormancy,
    incidents,
    inheritance,
    keys,
    releases,
    unlocks,
    voting,
)
from governance.spec.curve import Curve
from governance.spec.genesis import Genesis, process_genesis
from governance.spec.outcome import Outcome, Result
from governance.spec.state import SystemState
from governance.spec.steps import Divergence, Logged, Step, compare, diverge
from governance.types import ZERO_ADDRESS, Address, Epoch, Fault, Hash32, MemberIndex, RequestId, SeatNumber, Timestamp
from governance.types.events import Event
from governance.types.events import brake as brake_events
from governance.types.events import committee as committee_events
from governance.types.events import council as council_events
from governance.types.events import releases as releases_events
from governance.types.events import seats as seats_events

EventT = TypeVar("EventT")

# The state of the system before this one, right before a log of this one.
Predecessor = Callable[[Logged], SystemState]
LOOK_AHEAD = 40  # logs that one step may need to see: an answer reveals a share for each complaint


def replay(genesis: Genesis, logs: Iterable[Logged], curve: Curve | None = None) -> SystemState:
    """The state after all events.

    Raises: Divergence.
    """
    return deque(replay_steps(genesis, logs, curve), maxlen=1).pop().state


def replay_steps(
    genesis: Genesis, logs: Iterable[Logged], curve: Curve | None = None, predecessor: Predecessor | None = None
) -> Iterator[Step]:
    """Each step with the state after it, beginning with the constructors; over the seam to the `predecessor`'s history.

    Raises: Divergence.
    """
    remaining = list(logs)
    granted = next((log.time for log in remaining if isinstance(log.event, seats_events.SeatGranted)), Timestamp(0))
    opened = next((log.time for log in remaining if isinstance(log.event, brake_events.ScopeOpened)), granted)
    first = process_genesis(genesis, granted, opened)
    step = compare(first, remaining)
    yield step
    at = len(step.logs)
    while at < len(remaining):
        before = None if predecessor is None else predecessor(remaining[at])
        step = compare(apply(step.state, remaining[at : at + LOOK_AHEAD], curve, before), remaining[at:])
        yield step
        at += len(step.logs)


def apply(
    state: SystemState, logs: Sequence[Logged], curve: Curve | None = None, before: SystemState | None = None
) -> Result:
    """The step that the first of these events stands for, taken by the rules. The next ones may complete it.

    `before` is the predecessor at that moment, where there is one.

    Raises: Divergence, for an event that no step begins with.
    """
    event, now = logs[0].event, logs[0].time
    following = logs[1].event if len(logs) > 1 else None
    match event:
        case council_events.Activated():
            return council.process_activate(state, now, before)
        case council_events.ActionProposed():
            created = _follow(following, council_events.ProposalCreated, logs[0])
            data = created.calldatas[0] if created.calldatas else b""
            return council.process_propose(state, created.proposer, event.kind, data, created.description, now)
        case council_events.VoteCast():
            return voting.process_ballot(state, event.voter, event.proposal_id, event.support, event.reason, now)
        case council_events.BallotSkipped():
            return voting.process_skipped(state, event, now)
        case council_events.VetoCast():
            caller = _voting_key(state, event.seat)
            return council.process_veto(state, caller, event.proposal_id, event.reason, now)
        case council_events.Objected():
            caller = _voting_key(state, event.seat)
            return council.process_object(
                state, caller, event.proposal_id, event.counterexample_hash, event.statement, now
            )
        case council_events.ProposalCanceled():
            proposal = state.council.proposals.get(event.proposal_id)
            caller = ZERO_ADDRESS if proposal is None else _voting_key(state, proposal.proposer_seat)
            return council.process_cancel(state, caller, event.proposal_id, now)
        case council_events.ActionExecuted():
            action = state.council.actions.get(event.proposal_id)
            data = b"" if action is None else action.data
            return council.process_execute(state, event.executor, event.proposal_id, event.kind, data, now)
        case seats_events.RotationStarted():
            return keys.process_start_rotation(state, _voting_key(state, event.seat), event.new_key, now)
        case seats_events.RotationCancelled():
            return _end_rotation(state, event, following, logs)
        case seats_events.SilenceEnded():
            return _end_silence(state, event, logs, curve)
        case seats_events.SilenceCounted():
            return dormancy.process_count_silence(state, _voting_key(state, event.by), event.seat, now)
        case seats_events.SeatChallenged():
            return dormancy.process_challenge(state, _voting_key(state, event.by), event.seat, now)
        case seats_events.RecoveryKeyRotated():
            return keys.process_rotate_recovery_key(state, event.old_key, event.seat, event.new_key)
        case seats_events.KeyRotated() if event.by_recovery_key:
            return keys.process_recover_key(state, _recovery_key(state, event.seat), event.seat, event.new_key)
        case seats_events.KeyRotated():
            return keys.process_complete_rotation(state, event.seat, now)
        case releases_events.ReceiptsAnchored():
            return releases.process_anchor_receipts(state, event.worker, event.release_id, event.root, event.count)
        case brake_events.Pulled() if event.report_id:
            caller = _voting_key(state, event.seat)
            return brake.process_pull_citing(state, caller, event.scope, event.report_id, event.statement, now)
        case brake_events.Pulled():
            caller = _voting_key(state, event.seat)
            return brake.process_pull(
                state, caller, event.scope, event.report_hash, event.severity, event.statement, now
            )
        case brake_events.StopInherited():
            return inheritance.process_import_stop(state, before, now)
        case brake_events.StopLapsed():
            return brake.process_lapse(state, event.stop_id, now)
        case brake_events.IncidentReported():
            return incidents.process_report(
                state, event.reporter, event.subject, event.evidence_hash, event.severity, event.statement, now
            )
        case brake_events.IncidentAnswered():
            return incidents.process_respond(
                state, event.respondent, event.report_id, event.response_hash, event.statement
            )
        case _:
            return _apply_committee(state, logs, following, curve)


def _apply_committee(
    state: SystemState, logs: Sequence[Logged], following: Event | None, curve: Curve | None
) -> Result:
    event, now = logs[0].event, logs[0].time
    match event:
        case committee_events.TransportKeyRegistered():
            caller = _oracle(state, event.epoch, event.index)
            return committee.process_register(
                state, caller, event.epoch, event.transport_key, event.commitments_hash, now
            )
        case committee_events.Dealt():
            caller = _dealer(state, event.epoch, event.dealer)
            return committee.process_deal(
                state, caller, event.epoch, event.commitments, event.proof, event.envelopes, now, curve
            )
        case committee_events.DealerAccused():
            caller = _oracle(state, event.epoch, event.accuser)
            named = [
                log.event.dealer
                for log in _together(logs)
                if isinstance(log.event, committee_events.DealerAccused) and log.event.accuser == event.accuser
            ]
            return disputes.process_complain(state, caller, event.epoch, named, now)
        case committee_events.ShareRevealed():
            caller = _dealer(state, event.epoch, event.dealer)
            shares, is_wrong = _read_answer(_together(logs), event.dealer)
            return disputes.process_answer(state, caller, event.epoch, None, shares, now, curve, claimed_wrong=is_wrong)
        case committee_events.Settled():
            return committee.process_settle(state, event.epoch, None, now, curve, key_hash=event.key_hash)
        case committee_events.Acknowledged():
            caller = _oracle(state, event.epoch, event.index)
            key = following.key if isinstance(following, committee_events.EpochInForce) else b""
            return committee.process_acknowledge(
                state, caller, event.epoch, None, now, curve, verification_key=event.verification_key, key=key
            )
        case committee_events.EpochInForce():
            return committee.process_advance(state, event.epoch, now, key=event.key)
        case committee_events.EpochAborted() | committee_events.PhaseAdvanced() | committee_events.DealerDisqualified():
            return committee.process_advance(state, event.epoch, now)
        case committee_events.UnlockRequested():
            return unlocks.process_request(
                state, event.worker, event.release_id, event.transport_key, event.proof, now, curve
            )
        case committee_events.UnlockApproved():
            caller = _request_oracle(state, event.request_id, event.index)
            return unlocks.process_approve(state, caller, event.request_id, now)
        case committee_events.PartialPosted():
            caller = _request_oracle(state, event.request_id, event.index)
            return unlocks.process_post(state, caller, event.request_id, event.partial_key, now, curve)
        case committee_events.PartialRefused():
            request_id, partial_key = event.request_id, event.partial_key
            return unlocks.process_post(state, event.oracle, request_id, partial_key, now, curve, claimed_wrong=True)
        case _:
            raise diverge(logs[0], f"no step begins with {type(event).__name__}")


def _end_silence(
    state: SystemState, event: seats_events.SilenceEnded, logs: Sequence[Logged], curve: Curve | None
) -> Result:
    """A seat is silent no more by what it does next in the same transaction, or else by its word."""
    if len(logs) > 1 and logs[1].transaction == logs[0].transaction:
        try:
            result = apply(state, logs[1:], curve)
        except Divergence:
            result = None
        if isinstance(result, Outcome) and result.events[:1] == (event,):
            return result
    return dormancy.process_answer(state, _voting_key(state, event.seat), event.seat)


def _end_rotation(
    state: SystemState, event: seats_events.RotationCancelled, following: Event | None, logs: Sequence[Logged]
) -> Result:
    """A pending rotation ends by the recovery key, or because another one, or a recovery, takes its place."""
    seat, now = event.seat, logs[0].time
    together = len(logs) > 1 and logs[1].transaction == logs[0].transaction
    if together and isinstance(following, seats_events.RotationStarted) and following.seat == seat:
        return keys.process_start_rotation(state, _voting_key(state, seat), following.new_key, now)
    caller = _recovery_key(state, seat)
    if together and isinstance(following, seats_events.KeyRotated) and following.seat == seat:
        return keys.process_recover_key(state, caller, seat, following.new_key)
    return keys.process_cancel_rotation(state, caller, seat, now)


def _together(logs: Sequence[Logged]) -> list[Logged]:
    """The logs of the first one's transaction."""
    return [log for log in logs if log.transaction == logs[0].transaction and log.block == logs[0].block]


def _read_answer(logs: Sequence[Logged], dealer: MemberIndex) -> tuple[list[Hash32], bool]:
    """The shares that a dealer revealed, and whether the last of them is said to be wrong."""
    shares: list[Hash32] = []
    for log in logs:
        match log.event:
            case committee_events.ShareRevealed(dealer=accused) if accused == dealer:
                shares.append(log.event.share)
            case committee_events.DealerDisqualified(dealer=accused, fault=Fault.WRONG_SHARE) if accused == dealer:
                return shares, True
            case _:
                break
    return shares, False


def _follow(following: Event | None, wanted: type[EventT], log: Logged) -> EventT:
    if isinstance(following, wanted):
        return following
    raise diverge(log, f"{wanted.__name__} does not follow it")


def _voting_key(state: SystemState, seat: SeatNumber) -> Address:
    return state.seats.get_seat(seat).voting_key


def _recovery_key(state: SystemState, seat: SeatNumber) -> Address:
    return state.seats.get_seat(seat).recovery_key


def _oracle(state: SystemState, epoch: Epoch, index: MemberIndex) -> Address:
    members = state.committee.members.get(epoch, ())
    return next((member.oracle for member in members if member.index == index), ZERO_ADDRESS)


def _dealer(state: SystemState, epoch: Epoch, index: MemberIndex) -> Address:
    term = state.committee.epochs.get(epoch)
    return _oracle(state, epoch if term is None else term.predecessor or epoch, index)


def _request_oracle(state: SystemState, request_id: RequestId, index: MemberIndex) -> Address:
    request = state.committee.requests.get(request_id)
    return ZERO_ADDRESS if request is None else _oracle(state, request.epoch, index)
