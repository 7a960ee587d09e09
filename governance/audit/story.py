"""The ledger's whole history as people tell it: one line for each thing that happened, with names instead of hashes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from governance.encoding.names import read_short_name
from governance.ledger.events import EventRecord
from governance.ledger.history import History
from governance.ledger.names import Names, short
from governance.ledger.wording import describe_action, format_expiry, format_time
from governance.types import ProposalId, Timestamp
from governance.types.enums import StopStatus, Support
from governance.types.events import Event
from governance.types.events.brake import (
    IncidentAnswered,
    IncidentReported,
    Pulled,
    StopConfirmed,
    StopInherited,
    StopLapsed,
    Stopped,
    StopResumed,
    SuccessorNamed,
)
from governance.types.events.committee import (
    DealerAccused,
    DealerDisqualified,
    EpochAborted,
    EpochInForce,
    EpochStarted,
    PartialPosted,
    PartialRefused,
    ShareRevealed,
    UnlockApproved,
    UnlockRequested,
)
from governance.types.events.constraints import (
    ConstraintAdded,
    ConstraintAmended,
    ConstraintRetired,
    LedgerInherited,
    ParameterChanged,
)
from governance.types.events.council import (
    ActionExecuted,
    ActionProposed,
    Activated,
    BallotSkipped,
    Objected,
    ProposalCanceled,
    ProposalExtended,
    ProposalVetoed,
    VetoCast,
    VoteCast,
)
from governance.types.events.releases import (
    ModelRegistered,
    ReceiptsAnchored,
    ReleaseGranted,
    ReleaseRenewed,
    ReleaseRevoked,
)
from governance.types.events.seats import (
    KeyRotated,
    RecoveryKeyRotated,
    RotationStarted,
    SeatChallenged,
    SeatGranted,
    SeatReclassified,
    SeatRemoved,
    SeatSuspended,
    SilenceCounted,
    SilenceEnded,
    SuspensionWithheld,
)

_ENDS = {StopConfirmed: "is confirmed", StopResumed: "is resumed", StopLapsed: "lapses"}


@dataclass(frozen=True)
class Line:
    """One thing that happened."""

    block: int
    time: Timestamp
    text: str
    event: str
    transaction: bytes

    def __str__(self) -> str:
        return f"{format_time(self.time)}  block {self.block:>6}  {self.text}"


def tell(history: History, times: dict[int, Timestamp]) -> Iterator[Line]:
    """The story, oldest first. Events that only repeat another one say nothing."""
    records: Sequence[EventRecord] = history.events
    for record in records:
        text = _governance(record.event, history) or _models(record.event, history.names)
        if text:
            yield Line(record.block, times[record.block], text, record.name, record.transaction)


def _governance(event: Event, history: History) -> str | None:
    names = history.names
    match event:
        case SeatGranted():
            return f"seat {event.seat} granted to {event.organisation} ({event.jurisdiction.decode(errors='replace')})"
        case SeatRemoved() | SeatSuspended():
            end = "removed" if isinstance(event, SeatRemoved) else "suspended"
            return f"seat {event.seat} ({names.of_seat(event.seat)}) is {end}"
        case SeatReclassified() | SuspensionWithheld() | SilenceCounted() | SeatChallenged() | SilenceEnded():
            return _seats(event, names)
        case RotationStarted():
            return f"{names.of_seat(event.seat)} starts to rotate its key, ready {format_time(event.ready_at)}"
        case KeyRotated():
            by = "its recovery key" if event.by_recovery_key else "its voting key"
            return f"{names.of_seat(event.seat)} rotated its key by {by}"
        case RecoveryKeyRotated():
            return f"{names.of_seat(event.seat)} has another recovery key"
        case Activated():
            return f"the system is active under charter {short(event.charter_hash)}"
        case ActionProposed():
            proposal = history.get_proposal(event.proposal_id)
            what = describe_action(event.kind, proposal.action, names)
            return (
                f"{names.of_seat(event.seat)} proposes {_number(names, event.proposal_id)}: {what} (tier {event.tier})"
            )
        case VoteCast() | BallotSkipped():
            skipped = "" if isinstance(event, VoteCast) else "; the ballot is skipped"
            number = _number(names, event.proposal_id)
            return f"{names.of_account(event.voter)} votes {_support(event.support)} on {number}{skipped}"
        case ProposalExtended():
            number = _number(names, event.proposal_id)
            return f"{number} turns late, and is extended until {format_time(event.extended_deadline)}"
        case VetoCast():
            number, tally = _number(names, event.proposal_id), f"{event.vetoes} of {event.needed}"
            return f"{names.of_seat(event.seat)} vetoes {number} ({tally}): {event.reason!r}"
        case ProposalVetoed():
            return f"{_number(names, event.proposal_id)} is vetoed"
        case Objected():
            number = _number(names, event.proposal_id)
            return f"{names.of_seat(event.seat)} objects to {number}: {event.statement!r}; second round at tier 3"
        case ProposalCanceled():
            return f"{_number(names, event.proposal_id)} is cancelled"
        case ActionExecuted():
            return f"{_number(names, event.proposal_id)} is executed at tier {event.tier}"
        case Pulled():
            who, where = names.of_seat(event.seat), names.of_scope(event.scope)
            return f"{who} pulls the brake on {where} (severity {event.severity}): {event.statement!r}"
        case Stopped():
            return f"STOP {event.stop_id} on {names.of_scope(event.scope)}, lapses {format_time(event.lapses_at)}"
        case SuccessorNamed():
            return f"the system ends: its successor is {event.successor}"
        case StopInherited():
            stands = ", which stands until a resume" if event.status is StopStatus.CONFIRMED else ""
            return f"stop {event.stop_id} on {names.of_scope(event.scope)} is taken over{stands}"
        case LedgerInherited():
            return f"the system follows {event.predecessor}: {event.entries} entries, head {short(event.head)}"
        case IncidentReported():
            who, about = names.of_account(event.reporter), names.of_subject(event.subject)
            return (
                f"{who} reports on {about} (report {event.report_id}, severity {event.severity}): {event.statement!r}"
            )
        case IncidentAnswered():
            return f"{names.of_account(event.respondent)} answers report {event.report_id}: {event.statement!r}"
        case StopConfirmed() | StopResumed() | StopLapsed():
            return f"stop {event.stop_id} on {names.of_scope(event.scope)} {_ENDS[type(event)]}"
        case _:
            return None


def _seats(event: Event, names: Names) -> str | None:
    match event:
        case SeatReclassified():
            where = event.jurisdiction.decode(errors="replace")
            return f"{names.of_seat(event.seat)} is reclassified under {where}, affiliation {short(event.affiliation)}"
        case SuspensionWithheld():
            why = f"tier {event.tier} could not pass any more"
            return f"{names.of_seat(event.seat)} would be suspended for its labels, but {why}"
        case SilenceCounted():
            when = format_time(event.challengeable_at)
            return f"{names.of_seat(event.by)} has the silence of {names.of_seat(event.seat)} counted, until {when}"
        case SeatChallenged():
            by, until = names.of_seat(event.by), format_time(event.answer_by)
            return f"{by} challenges {names.of_seat(event.seat)}, which may answer until {until}"
        case SilenceEnded():
            return f"{names.of_seat(event.seat)} is silent no more"
        case _:
            return None


def _models(event: Event, names: Names) -> str | None:
    match event:
        case ConstraintAdded():
            return f"constraint {event.name} is in force, expires: {format_expiry(event.expires_at)}"
        case ConstraintAmended():
            return f"constraint {names.of_constraint(event.constraint_id)} is amended"
        case ConstraintRetired():
            return f"constraint {names.of_constraint(event.constraint_id)} is retired"
        case ParameterChanged():
            key, name = read_short_name(event.key), names.of_constraint(event.constraint_id)
            return f"{name}: {key} is {event.new_value}" + (f", was {event.old_value}" if event.old_value else "")
        case ModelRegistered():
            return f"model {event.name} is registered, manifest {short(event.manifest_hash)}"
        case ReleaseGranted():
            proposal = _number(names, ProposalId(int.from_bytes(event.release_id, "big")))
            return f"{names.of_model(event.model_id)} is released by {proposal} until {format_time(event.expires_at)}"
        case ReleaseRenewed() | ReleaseRevoked():
            proposal = _number(names, ProposalId(int.from_bytes(event.release_id, "big")))
            return f"the release of {proposal} is {'renewed' if isinstance(event, ReleaseRenewed) else 'revoked'}"
        case ReceiptsAnchored():
            return f"{names.of_account(event.worker)} anchors {event.count} receipts under {short(event.root)}"
        case EpochStarted():
            what = f"resharing of epoch {event.predecessor} to" if event.predecessor else "key generation of"
            return f"{what} epoch {event.epoch} begins, {event.threshold} of {event.size}"
        case DealerAccused():
            return f"member {event.accuser} complains of the share from dealer {event.dealer} in epoch {event.epoch}"
        case ShareRevealed():
            return f"dealer {event.dealer} of epoch {event.epoch} reveals the share of member {event.recipient}"
        case DealerDisqualified():
            fault = event.fault.name.lower().replace("_", " ")
            return f"dealer {event.dealer} ({event.oracle}) of epoch {event.epoch} is disqualified: {fault}"
        case EpochInForce():
            return f"the committee of epoch {event.epoch} is in force, key {short(event.key_hash)}"
        case EpochAborted():
            return f"epoch {event.epoch} is aborted: {event.reason}"
        case UnlockRequested():
            return f"{names.of_account(event.worker)} asks for an unlock, request {short(event.request_id)}"
        case UnlockApproved():
            return f"oracle {event.index} approves request {short(event.request_id)} ({event.approvals} approvals)"
        case PartialPosted():
            return f"oracle {event.index} answers request {short(event.request_id)} ({event.partials} partials)"
        case PartialRefused():
            culprit = f"oracle {event.index} ({event.oracle})"
            return f"{culprit} answers request {short(event.request_id)} with a wrong partial, which is refused"
        case _:
            return None


def _number(names: Names, proposal: ProposalId) -> str:
    return f"proposal {names.of_proposal(proposal)}"


def _support(support: int) -> str:
    return Support(support).name.lower() if support in list(Support) else f"support {support}"
