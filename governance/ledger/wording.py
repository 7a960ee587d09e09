"""What a proposal does, in words that a member can agree to: one headline, then the details, and which way it goes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from governance.encoding.documents import compute_document_hash
from governance.encoding.names import read_short_name
from governance.ledger.names import Names, short
from governance.types import (
    Action,
    ActionKind,
    AddConstraint,
    AmendConstraint,
    ChangeSeats,
    ConfirmStop,
    ConstraintId,
    Direction,
    FormCommittee,
    GrantRelease,
    KeyKind,
    ModelId,
    NameSuccessor,
    Reclassify,
    RegisterModel,
    RenewRelease,
    ReplaceSeat,
    Resume,
    RetireConstraint,
    RevokeRelease,
    SetParameter,
    SetParameters,
    StopId,
    SuspendSeat,
)
from governance.types.events.brake import Stopped

# Which way an action of that kind goes, said to whoever is asked to agree.
WAYS: dict[ActionKind, str] = {
    ActionKind.ADD_CONSTRAINT: "tightens",
    ActionKind.TIGHTEN_PARAMETER: "tightens",
    ActionKind.AMEND_TIGHTER: "is claimed to tighten; any seat may object",
    ActionKind.REVOKE_RELEASE: "tightens",
    ActionKind.CONFIRM_STOP: "tightens",
    ActionKind.SUSPEND_SEAT: "takes a vote away",
    ActionKind.REGISTER_MODEL: "opens the way to releases",
    ActionKind.GRANT_RELEASE: "unlocks weights",
    ActionKind.RENEW_RELEASE: "unlocks weights for longer",
    ActionKind.LOOSEN_PARAMETER: "LOOSENS",
    ActionKind.AMEND_LOOSER: "LOOSENS",
    ActionKind.RETIRE_CONSTRAINT: "LOOSENS",
    ActionKind.RESUME: "LOOSENS: what was stopped runs again",
    ActionKind.CHANGE_SEATS: "changes who decides",
    ActionKind.FORM_COMMITTEE: "changes who holds the key",
    ActionKind.SET_PARAMETERS: "changes the rules of deciding",
    ActionKind.NAME_SUCCESSOR: "ENDS this system: every release and every vote, but the brake",
    ActionKind.RECLASSIFY: "changes what a seat is said to be; a breach of independence suspends the later seat",
    ActionKind.REPLACE_SEAT: "changes who decides; anything that the silent seat does ends it",
}


def describe_kind(kind: ActionKind) -> str:
    """`release a model` for GRANT_RELEASE: what stands in lists."""
    return kind.name.lower().replace("_", " ")


def describe_action(kind: ActionKind, action: Action | None, names: Names) -> str:
    """One line that says what would be done."""
    if action is None:
        return f"{describe_kind(kind)} (its content cannot be read)"
    return _HEADLINES[type(action)](kind, action, names)


def list_details(action: Action | None, names: Names) -> list[tuple[str, str]]:
    """(label, value) pairs that say the rest of it."""
    match action:
        case AddConstraint():
            settings = [(read_short_name(p.key), f"{_SIGN[p.direction]} {p.value}") for p in action.parameters]
            return [("document", _document(action.document)), ("expires", format_expiry(action.expires_at)), *settings]
        case AmendConstraint():
            return [
                ("document", _document(action.document)),
                ("expires", format_expiry(action.expires_at)),
                ("written against", short(action.expected_parent)),
            ]
        case SetParameter() | RetireConstraint():
            return [("written against", short(action.expected_parent))]
        case RegisterModel():
            parent = names.of_model(action.parent_model) if any(action.parent_model) else "none: a lineage of its own"
            return [
                ("registrar", action.registrar),
                ("derived from", parent),
                ("manifest", "0x" + action.manifest_hash.hex()),
                ("content root", "0x" + action.content_root.hex()),
                ("identities", ", ".join(f"{i.mode.name.lower()}/{i.party}" for i in action.identities)),
            ]
        case GrantRelease():
            workers = [("worker", f"{w.organisation or 'unnamed'} {w.worker}") for w in action.workers]
            return [
                ("mode", action.mode.name.lower()),
                ("expires", format_expiry(action.expires_at)),
                *workers,
                ("scope", _text(action.scope)),
            ]
        case RevokeRelease():
            return [("reason", action.reason)]
        case ChangeSeats():
            return [
                ("grant", f"{g.organisation} in chamber {g.chamber}, {_KEYS[g.kind]} {g.voting_key}")
                for g in action.grants
            ]
        case FormCommittee():
            members = [
                ("oracle", f"{names.organisations.get(m.organisation_id, short(m.organisation_id))} {m.oracle}")
                for m in action.members
            ]
            again = [("key", f"that of epoch {action.predecessor}, dealt again")] if action.predecessor else []
            return [*again, ("slack", str(action.slack)), *members]
        case NameSuccessor():
            return [("part", f"{part.account} with code 0x{part.code_hash.hex()}") for part in action.parts]
        case Resume():
            return [_resumed(names, stop) for stop in action.stop_ids]
        case Reclassify():
            return [
                ("affiliation", "0x" + action.affiliation.hex()),
                ("framework", read_short_name(action.framework) or "none"),
                ("evidence", "0x" + action.evidence_hash.hex()),
            ]
        case ReplaceSeat():
            grant = action.replacement
            return [("grant", f"{grant.organisation} in chamber {grant.chamber}, key {grant.voting_key}")]
        case SuspendSeat():
            return [("evidence", "0x" + action.evidence_hash.hex())]
        case _:
            return []


def format_time(at: int) -> str:
    """`2026-11-25 10:00:00 UTC`."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def format_expiry(at: int) -> str:
    return format_time(at) if at else "never"


_KEYS = {KeyKind.NONE: "?", KeyKind.EOA: "key", KeyKind.ERC1271: "contract"}
_SIGN = {Direction.MAX: "at most", Direction.MIN: "at least", Direction.NONE: "?"}


def _set_parameter(kind: ActionKind, action: SetParameter, names: Names) -> str:
    verb = "tighten" if kind is ActionKind.TIGHTEN_PARAMETER else "loosen"
    constraint = names.of_constraint(action.constraint_id)
    return f"{verb} {read_short_name(action.key)} of {constraint} to {action.value}"


def _amend(kind: ActionKind, action: AmendConstraint, names: Names) -> str:
    claim = "tighter" if kind is ActionKind.AMEND_TIGHTER else "looser"
    return f"amend {names.of_constraint(action.constraint_id)}, {claim}"


def _change_seats(kind: ActionKind, action: ChangeSeats, names: Names) -> str:
    removed = [f"remove {names.of_seat(seat)}" for seat in action.removals]
    granted = [f"seat {grant.organisation}" for grant in action.grants]
    return ", ".join([*removed, *granted]) or "change no seat"


def _release(action: RenewRelease | RevokeRelease, names: Names) -> str:
    from governance.encoding.names import proposal_id_of

    return f"release {names.of_proposal(proposal_id_of(action.release_id))}"


_HEADLINES: dict[type[Any], Callable[[ActionKind, Any, Names], str]] = {
    AddConstraint: lambda kind, action, names: f"add the constraint {action.name}",
    SetParameter: _set_parameter,
    AmendConstraint: _amend,
    RetireConstraint: lambda kind, action, names: f"retire {names.of_constraint(ConstraintId(action.constraint_id))}",
    RegisterModel: lambda kind, action, names: f"register the model {action.name or 'without a name'}",
    GrantRelease: lambda kind, action, names: (
        f"release {names.of_model(ModelId(action.model_id))} to {len(action.workers)} "
        f"worker{'s' if len(action.workers) != 1 else ''} until {format_expiry(action.expires_at)}"
    ),
    RenewRelease: lambda kind, action, names: (
        f"renew {_release(action, names)} until {format_expiry(action.expires_at)}"
    ),
    RevokeRelease: lambda kind, action, names: f"revoke {_release(action, names)}",
    ConfirmStop: lambda kind, action, names: f"confirm stop {action.stop_id}",
    Resume: lambda kind, action, names: f"resume what stops {', '.join(map(str, action.stop_ids))} hold",
    SuspendSeat: lambda kind, action, names: f"suspend the seat of {names.of_seat(action.seat)}",
    ChangeSeats: _change_seats,
    FormCommittee: lambda kind, action, names: (
        f"{'deal the key again to' if action.predecessor else 'form'} a committee: "
        f"{action.threshold} of {len(action.members)} unlock"
    ),
    SetParameters: lambda kind, action, names: "set the parameters of the Council",
    NameSuccessor: lambda kind, action, names: (
        f"end this system for its successor {action.parts[0].account}" if action.parts else "end this system"
    ),
    Reclassify: lambda kind, action, names: (
        f"reclassify {names.of_seat(action.seat)} under {action.jurisdiction.decode('ascii', 'replace')}"
    ),
    ReplaceSeat: lambda kind, action, names: (
        f"replace {names.of_seat(action.seat)}, which is silent, by {action.replacement.organisation}"
    ),
}


def _resumed(names: Names, stop: StopId) -> tuple[str, str]:
    made = names.stops.get(stop)
    if made is None:
        return f"stop {stop}", "unknown"
    said = repr(names.reports[made.report_id].statement) if isinstance(made, Stopped) else "taken over"
    return f"stop {stop}", f"{names.of_scope(made.scope)}, on report {made.report_id}: {said}"


def _document(data: bytes) -> str:
    return f"{len(data)} bytes, 0x{compute_document_hash(data).hex()}"


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
