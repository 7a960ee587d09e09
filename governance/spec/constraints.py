"""Constraints: the ratchet, and the hash chain over all changes.

The contract itself compares numbers, so a tighter value cannot be stalled and a looser one cannot pass for tighter.
Source: contracts/src/Constraints.sol.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from governance.encoding.documents import compute_document_hash
from governance.encoding.ledger import NO_DOCUMENT, compute_head, compute_parameter_hash, fold_entry
from governance.encoding.names import hash_text, read_short_name
from governance.spec.outcome import Outcome, with_entry
from governance.spec.rules import Refusal, refuse
from governance.spec.state import ConstraintsState, SystemState
from governance.types import (
    ZERO_HASH,
    ActionKind,
    AddConstraint,
    AmendConstraint,
    ConstraintId,
    ConstraintParameter,
    ConstraintRecord,
    ConstraintStatus,
    Direction,
    Hash32,
    LedgerEntry,
    ProposalId,
    RetireConstraint,
    SetParameter,
    ShortName,
    Tier,
    Timestamp,
)
from governance.types.events import Event
from governance.types.events.constraints import (
    ConstraintAdded,
    ConstraintAmended,
    ConstraintRetired,
    LedgerAdvanced,
    ParameterChanged,
)

ConstraintAction = AddConstraint | SetParameter | AmendConstraint | RetireConstraint

NO_CONSTRAINT = ConstraintRecord(ConstraintStatus.NONE, Timestamp(0), ZERO_HASH, ZERO_HASH)


def is_tighter(direction: Direction, old: int, new: int) -> bool:
    """Whether the new value permits less. Never true of equal values."""
    return new < old if direction is Direction.MAX else new > old


def is_looser(direction: Direction, old: int, new: int) -> bool:
    """Whether the new value permits more. Never true of equal values."""
    return new > old if direction is Direction.MAX else new < old


def is_expired(record: ConstraintRecord, now: Timestamp) -> bool:
    """Whether a constraint in force has outlived its text: it then denies its whole scope."""
    return record.status is ConstraintStatus.IN_FORCE and 0 < record.expires_at <= now


def fold_head(genesis_head: Hash32, entries: Sequence[LedgerEntry], first: int = 0) -> Hash32:
    """R-Constraints-07: the head that these entries give, each put upon the one before, the first as number `first`."""
    head = genesis_head
    for n, entry in enumerate(entries, first):
        head = fold_entry(head, n, entry)
    return head


def check_constraint_action(
    state: SystemState, kind: ActionKind, action: ConstraintAction, now: Timestamp
) -> Tier | Refusal:
    """The tier that the change needs, if it may be carried out now."""
    match action:
        case AddConstraint():
            return _check_add(state, action, now) or Tier.TIGHTEN
        case SetParameter():
            tier = Tier.TIGHTEN if kind is ActionKind.TIGHTEN_PARAMETER else Tier.LOOSEN
            return _check_set(state.constraints, kind, action) or tier
        case AmendConstraint():
            tier = Tier.TIGHTEN if kind is ActionKind.AMEND_TIGHTER else Tier.LOOSEN
            return _check_amend(state, kind, action, now) or tier
        case RetireConstraint():
            return _check_standing(state.constraints, action.constraint_id, action.expected_parent) or Tier.LOOSEN


def execute_constraint_action(
    state: SystemState,
    kind: ActionKind,
    action: ConstraintAction,
    proposal_id: ProposalId,
    tier: int,
    now: Timestamp,
) -> Outcome | Refusal:
    """The change is in the ledger. Its preconditions are checked again."""
    checked = check_constraint_action(state, kind, action, now)
    if isinstance(checked, Refusal):
        return checked
    if tier < checked:
        message = f"the change now needs tier {checked}, and was voted at tier {tier}"
        return refuse("R-Council-18", "TierTooLow", message, actual=tier, required=checked)
    ledger = _Ledger(state.constraints, kind, proposal_id, tier, now)
    match action:
        case AddConstraint():
            ledger.add(action)
        case SetParameter():
            ledger.set_parameter(action)
        case AmendConstraint():
            ledger.amend(action)
        case RetireConstraint():
            ledger.retire(action)
    return Outcome(dataclasses.replace(state, constraints=ledger.state), tuple(ledger.events))


class _Ledger:
    """One change under way: the only writer of the head."""

    def __init__(
        self, state: ConstraintsState, kind: ActionKind, proposal_id: ProposalId, tier: int, now: Timestamp
    ) -> None:
        self.state = state
        self.events: list[Event] = []
        self._kind, self._proposal_id, self._tier, self._now = kind, proposal_id, tier, now

    def add(self, action: AddConstraint) -> None:
        identifier = ConstraintId(hash_text(action.name))
        parameters = dict(self.state.parameters)
        for setting in action.parameters:
            parameters[identifier, setting.key] = ConstraintParameter(setting.direction, setting.value)
            self._changed(identifier, setting.key, setting.direction, 0, setting.value)
        self.state = dataclasses.replace(
            self.state, parameters=parameters, names=with_entry(self.state.names, identifier, action.name)
        )
        self._write(identifier, ZERO_HASH, action.expires_at, action.document)
        self.events.append(
            ConstraintAdded(identifier, self._proposal_id, action.name, action.expires_at, action.document)
        )

    def set_parameter(self, action: SetParameter) -> None:
        identifier, key = action.constraint_id, action.key
        old = self.state.parameters[identifier, key]
        changed = ConstraintParameter(old.direction, action.value)
        self.state = dataclasses.replace(
            self.state, parameters=with_entry(self.state.parameters, (identifier, key), changed)
        )
        self._changed(identifier, key, old.direction, old.value, action.value)
        change_hash = compute_parameter_hash(key, old.direction, old.value, action.value)
        version = self._advance(identifier, change_hash, action.expected_parent)
        self._replace(identifier, dataclasses.replace(self.state.constraints[identifier], version=version))

    def amend(self, action: AmendConstraint) -> None:
        self._write(action.constraint_id, action.expected_parent, action.expires_at, action.document)
        self.events.append(
            ConstraintAmended(action.constraint_id, self._proposal_id, self._kind, action.expires_at, action.document)
        )

    def retire(self, action: RetireConstraint) -> None:
        identifier = action.constraint_id
        version = self._advance(identifier, NO_DOCUMENT, action.expected_parent)
        retired = dataclasses.replace(
            self.state.constraints[identifier], status=ConstraintStatus.RETIRED, version=version
        )
        self._replace(identifier, retired)
        self.events.append(ConstraintRetired(identifier, self._proposal_id))

    def _write(self, identifier: ConstraintId, parent: Hash32, expires_at: Timestamp, document: bytes) -> None:
        document_hash = compute_document_hash(document)
        version = self._advance(identifier, document_hash, parent)
        self._replace(identifier, ConstraintRecord(ConstraintStatus.IN_FORCE, expires_at, version, document_hash))
        self.state = dataclasses.replace(self.state, documents=with_entry(self.state.documents, identifier, document))

    def _advance(self, identifier: ConstraintId, document_hash: Hash32, parent: Hash32) -> Hash32:
        n = len(self.state.entries)
        head = compute_head(
            self.state.head,
            n,
            kind=self._kind,
            constraint_id=identifier,
            document_hash=document_hash,
            parent=parent,
            tier=self._tier,
            proposal_id=self._proposal_id,
            time=self._now,
        )
        entry = LedgerEntry(
            head, self._kind, identifier, document_hash, parent, self._tier, self._proposal_id, self._now
        )
        self.state = dataclasses.replace(self.state, head=head, entries=(*self.state.entries, entry))
        self.events.append(
            LedgerAdvanced(
                n, identifier, self._proposal_id, head, self._kind, document_hash, parent, self._tier, self._now
            )
        )
        return head

    def _replace(self, identifier: ConstraintId, record: ConstraintRecord) -> None:
        self.state = dataclasses.replace(self.state, constraints=with_entry(self.state.constraints, identifier, record))

    def _changed(self, identifier: ConstraintId, key: ShortName, direction: Direction, old: int, new: int) -> None:
        self.events.append(ParameterChanged(identifier, key, self._proposal_id, direction, old, new))


def _check_add(state: SystemState, action: AddConstraint, now: Timestamp) -> Refusal | None:
    identifier = ConstraintId(hash_text(action.name))
    if identifier in state.constraints.constraints:
        message = f"the constraint {action.name!r} exists, or existed; ids are never used again"
        return refuse("R-Constraints-01", "ConstraintExists", message, actual=action.name)
    if refusal := _check_expiry(action.expires_at, now) or _check_document(state, action.document):
        return refusal
    seen: set[ShortName] = set()
    for setting in action.parameters:
        if not any(setting.key) or setting.direction is Direction.NONE or setting.key in seen:
            return _bad_parameter(setting.key, "has no name or no direction, or stands twice")
        seen.add(setting.key)
    return None


def _check_set(state: ConstraintsState, kind: ActionKind, action: SetParameter) -> Refusal | None:
    if refusal := _check_standing(state, action.constraint_id, action.expected_parent):
        return refusal
    old = state.parameters.get((action.constraint_id, action.key))
    if old is None:
        return _bad_parameter(action.key, "is no parameter of that constraint")
    key = read_short_name(action.key)
    bound = "upper" if old.direction is Direction.MAX else "lower"
    message = (
        f"{key} is an {bound} bound of {old.value}" if bound == "upper" else f"{key} is a lower bound of {old.value}"
    )
    if kind is ActionKind.TIGHTEN_PARAMETER and not is_tighter(old.direction, old.value, action.value):
        text = f"{message}, and {action.value} is not tighter"
        return refuse("R-Constraints-04", "NotTighter", text, actual=action.value, required=old.value)
    if kind is ActionKind.LOOSEN_PARAMETER and not is_looser(old.direction, old.value, action.value):
        text = f"{message}, and {action.value} is not looser"
        return refuse("R-Constraints-05", "NotLooser", text, actual=action.value, required=old.value)
    return None


def _check_amend(state: SystemState, kind: ActionKind, action: AmendConstraint, now: Timestamp) -> Refusal | None:
    if refusal := _check_standing(state.constraints, action.constraint_id, action.expected_parent):
        return refusal
    if refusal := _check_expiry(action.expires_at, now):
        return refusal
    if kind is ActionKind.AMEND_TIGHTER:
        old = state.constraints.constraints[action.constraint_id].expires_at
        if refusal := _check_expiry(old, now):  # an expired constraint denies its scope: to revive it is to loosen
            return refusal
        if action.expires_at and (old == 0 or action.expires_at < old):
            message = f"the expiry would move from {old or 'never'} to {action.expires_at}, which is a loosening"
            return refuse("R-Constraints-06", "ExpiryShortened", message, actual=action.expires_at, required=old)
    return _check_document(state, action.document)


def _check_standing(state: ConstraintsState, identifier: ConstraintId, parent: Hash32) -> Refusal | None:
    record = state.constraints.get(identifier, NO_CONSTRAINT)
    if record.status is not ConstraintStatus.IN_FORCE:
        message = f"the constraint is {record.status.name.lower().replace('none', 'unknown')}"
        return refuse(
            "R-Constraints-08", "NotInForce", message, actual=record.status, required=ConstraintStatus.IN_FORCE
        )
    if record.version != parent:
        message = f"the constraint is at version 0x{record.version.hex()}, the change was written against another"
        return refuse("R-Constraints-02", "UnexpectedParent", message, actual=record.version, required=parent)
    return None


def _check_expiry(expires_at: Timestamp, now: Timestamp) -> Refusal | None:
    if expires_at == 0 or expires_at > now:
        return None
    message = f"the expiry {expires_at} is not after {now}"
    return refuse("R-Constraints-06", "ExpiryPast", message, actual=expires_at, required=now)


def _check_document(state: SystemState, document: bytes) -> Refusal | None:
    allowed = state.parameters.document_bytes
    if 0 < len(document) <= allowed:
        return None
    message = f"the document has {len(document)} bytes, and 1 to {allowed} are allowed"
    return refuse("R-Constraints-03", "DocumentSize", message, actual=len(document), required=allowed)


def _bad_parameter(key: ShortName, complaint: str) -> Refusal:
    message = f"the parameter {read_short_name(key) or '(empty)'} {complaint}"
    return refuse("R-Constraints-09", "BadParameter", message, actual=key)
