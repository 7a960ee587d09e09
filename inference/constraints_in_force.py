"""Scope and constraints in force, rebuilt from the ledger so that nothing in them rests on an RPC's word.

Every entry folds into the head, and the head is proven in storage. An entry names its proposal, whose id is a hash over
the action's bytes: so the document, the limits and the expiry that were voted are recomputed from what the id commits
to, and a withheld, changed or invented constraint cannot fold to the proven head.

Source: DESIGN sections 3 (constraints) and 7.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from governance.constraints.document import ConstraintDocument, read_constraint
from governance.constraints.scope import ReleaseScope, read_scope
from governance.encoding.actions import compute_proposal_id, decode_action
from governance.encoding.documents import compute_document_hash
from governance.encoding.errors import NotDecodable
from governance.encoding.ledger import NO_DOCUMENT, compute_genesis_head, compute_head, compute_parameter_hash
from governance.encoding.names import compute_constraint_id, read_short_name
from governance.errors import CustodesError
from governance.ledger.deployment import Deployment
from governance.types import (
    Action,
    ActionKind,
    AddConstraint,
    AmendConstraint,
    ConstraintId,
    ConstraintParameter,
    Hash32,
    ProposalId,
    RetireConstraint,
    SetParameter,
    ShortName,
)
from governance.types.events import Event
from governance.types.events.constraints import LedgerAdvanced
from governance.types.events.council import ActionProposed, ProposalCreated
from governance.types.events.releases import ReleaseGranted
from inference.enforcement import ConstraintInForce
from inference.errors import ConstraintsMismatch
from inference.terms import Terms


@dataclass
class _Standing:
    document: bytes
    expires_at: int
    parameters: dict[ShortName, ConstraintParameter] = field(default_factory=dict)


def rebuild_constraints(
    events: Sequence[Event], deployment: Deployment, proven_head: Hash32
) -> list[ConstraintInForce]:
    """R-Worker-05: the constraints in force at the block whose Constraints contract was proven to hold `proven_head`.

    `events` begin with those of the systems that this one follows: its ledger goes on from theirs.
    Raises: ConstraintsMismatch.
    """
    actions = _read_actions(events, deployment)
    standing: dict[ConstraintId, _Standing] = {}
    # Computed and not asked for: an RPC that named the present head as the first one would hide every constraint.
    first = next(deployment.line())
    head = compute_genesis_head(first.chain_id, first.addresses["Constraints"], first.charter_hash)
    for entry in (event for event in events if isinstance(event, LedgerAdvanced)):
        if head == proven_head:
            break  # later entries than the proven block's
        head = compute_head(
            head,
            entry.n,
            kind=entry.kind,
            constraint_id=entry.constraint_id,
            document_hash=entry.document_hash,
            parent=entry.parent,
            tier=entry.tier,
            proposal_id=entry.proposal_id,
            time=entry.time,
        )
        _apply(standing, entry, actions.get(entry.proposal_id))
    if head != proven_head:
        raise ConstraintsMismatch(
            f"the entries fold to 0x{head.hex()[:16]}…, and the ledger's head is 0x{proven_head.hex()[:16]}…"
        )
    return [_to_constraint(constraint) for constraint in standing.values()]


def read_scope_of(events: Sequence[Event], terms: Terms) -> ReleaseScope:
    """The scope whose hash the release is proven to hold, from the event that granted it.

    Raises: ConstraintsMismatch, MalformedDocument, NotCanonical.
    """
    for event in events:
        if isinstance(event, ReleaseGranted) and event.release_id == terms.release_id:
            if compute_document_hash(event.scope) != terms.scope_hash:
                break
            return read_scope(event.scope)
    raise ConstraintsMismatch("no scope document hashes to what the release holds")


def _read_actions(events: Sequence[Event], deployment: Deployment) -> dict[ProposalId, Action]:
    """The actions whose bytes hash to the id of their proposal; all others are left out."""
    proposed = {event.proposal_id: event for event in events if isinstance(event, ActionProposed)}
    actions: dict[ProposalId, Action] = {}
    for created in (event for event in events if isinstance(event, ProposalCreated)):
        facts = proposed.get(created.proposal_id)
        if facts is None or len(created.calldatas) != 1:
            continue
        data = created.calldatas[0]
        councils = [system.addresses["Council"] for system in deployment.line()]
        if created.proposal_id in (
            compute_proposal_id(deployment.chain_id, council, created.proposer, facts.nonce, facts.kind, data)
            for council in councils
        ):
            try:
                actions[created.proposal_id] = decode_action(facts.kind, data, strict=False)
            except NotDecodable:
                continue  # it never passed the contract's own decoder either, and has no entry
    return actions


def _apply(standing: dict[ConstraintId, _Standing], entry: LedgerAdvanced, action: Action | None) -> None:
    key = entry.constraint_id
    if isinstance(action, AddConstraint) and entry.kind is ActionKind.ADD_CONSTRAINT:
        _require(compute_constraint_id(action.name) == key, entry)
        _require(compute_document_hash(action.document) == entry.document_hash, entry)
        parameters = {p.key: ConstraintParameter(p.direction, p.value) for p in action.parameters}
        standing[key] = _Standing(action.document, action.expires_at, parameters)
        return
    current = standing.get(key)
    _require(current is not None and getattr(action, "constraint_id", None) == key, entry)
    assert current is not None  # noqa: S101 - for the type checker; _require has raised
    if isinstance(action, SetParameter):
        old = current.parameters.get(action.key)
        _require(old is not None, entry)
        assert old is not None  # noqa: S101
        recorded = compute_parameter_hash(action.key, old.direction, old.value, action.value)
        _require(recorded == entry.document_hash, entry)
        current.parameters[action.key] = ConstraintParameter(old.direction, action.value)
    elif isinstance(action, AmendConstraint):
        _require(compute_document_hash(action.document) == entry.document_hash, entry)
        current.document, current.expires_at = action.document, action.expires_at
    else:
        _require(isinstance(action, RetireConstraint) and entry.document_hash == NO_DOCUMENT, entry)
        del standing[key]


def _require(holds: bool, entry: LedgerAdvanced) -> None:
    if not holds:
        raise ConstraintsMismatch(f"entry {entry.n} of the ledger is not what its proposal says")


def _to_constraint(standing: _Standing) -> ConstraintInForce:
    parameters = {read_short_name(key): value for key, value in standing.parameters.items()}
    return ConstraintInForce(_read_document(standing.document), parameters, standing.expires_at)


def _read_document(data: bytes) -> ConstraintDocument:
    """The document; one of a schema that is not known here becomes a constraint that denies everything."""
    try:
        return read_constraint(data)
    except CustodesError as e:
        return ConstraintDocument(
            name="unreadable",
            title="unreadable",
            text=f"cannot be enforced: {e.message}"[:10_000],
            rules=("unreadable",),
        )
