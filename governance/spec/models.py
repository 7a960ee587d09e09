"""Models: sealed weights, their identities, their lineage.

Source: contracts/src/Releases.sol.
"""

from __future__ import annotations

import dataclasses

from governance.encoding.releases import compute_identity, compute_model_id
from governance.spec.brake import open_scope
from governance.spec.outcome import Outcome, with_entry
from governance.spec.rules import Refusal, refuse
from governance.spec.state import SystemState
from governance.types import (
    ZERO_ADDRESS,
    Identity,
    Mode,
    ModelId,
    ModelRecord,
    ProposalId,
    RegisterModel,
    ScopeId,
    Tier,
    Timestamp,
)
from governance.types.events import Event
from governance.types.events.releases import IdentityRegistered, ModelRegistered

MAX_IDENTITIES = 16


def check_register(state: SystemState, action: RegisterModel) -> Tier | Refusal:
    """The tier that the registration needs, if the model may be registered now."""
    releases, model_id = state.releases, compute_model_id(action.registrar, action.seal_nonce)
    if releases.find_model(model_id) is not None:
        return _exists(model_id)
    hashes = (action.manifest_hash, action.content_root, action.key_commitment)
    if action.registrar == ZERO_ADDRESS or not all(any(value) for value in hashes):
        return _malformed("a model has a registrar, and no hash of its record is zero")
    # No data key seals twice: the same commitment is the same sealed model again, perhaps in a lineage without stops.
    if (before := releases.find_sealed(action.key_commitment)) is not None:
        return _exists(before)
    if any(action.parent_model) and releases.find_model(action.parent_model) is None:
        message = f"the parent 0x{action.parent_model.hex()} is not registered"
        return refuse("R-Releases-02", "UnknownModel", message, actual=action.parent_model)
    required = state.committee.key_hash
    if not any(required) or action.committee_key_hash != required:
        message = "the model was sealed to another committee key than the one in force"
        return refuse(
            "R-Releases-03", "WrongCommitteeKey", message, actual=action.committee_key_hash, required=required
        )
    return _check_identities(state, action) or Tier.RELEASE


def execute_register(
    state: SystemState, action: RegisterModel, proposal_id: ProposalId, now: Timestamp
) -> Outcome | Refusal:
    """The model and its identities are registered; the first model of a lineage opens its scope."""
    checked = check_register(state, action)
    if isinstance(checked, Refusal):
        return checked
    model_id = compute_model_id(action.registrar, action.seal_nonce)
    parent = state.releases.find_model(action.parent_model)
    lineage = model_id if parent is None else parent.lineage
    model = ModelRecord(
        lineage=lineage,
        parent_model=action.parent_model,
        manifest_hash=action.manifest_hash,
        content_root=action.content_root,
        key_commitment=action.key_commitment,
        committee_key_hash=action.committee_key_hash,
        registrar=action.registrar,
        seal_nonce=action.seal_nonce,
        index=len(state.releases.models) + 1,
        registered_at=now,
    )
    events: list[Event] = [
        ModelRegistered(
            model_id,
            lineage,
            proposal_id,
            action.registrar,
            action.seal_nonce,
            action.parent_model,
            action.manifest_hash,
            action.content_root,
            action.key_commitment,
            action.committee_key_hash,
            action.name,
        )
    ]
    identities = dict(state.releases.identities)
    for identity, mode, party in _identities(state, action, model_id):
        identities[identity] = model_id
        events.append(IdentityRegistered(identity, model_id, mode, party))
    releases = dataclasses.replace(
        state.releases,
        models=with_entry(state.releases.models, model_id, model),
        names=with_entry(state.releases.names, model_id, action.name),
        sealed=with_entry(state.releases.sealed, action.key_commitment, model_id),
        identities=identities,
    )
    brake = state.brake
    if not brake.get_scope(ScopeId(lineage)).opened_at:  # a root, or the first here of a predecessor's lineage
        brake, opened = open_scope(brake, ScopeId(lineage), now)
        events.append(opened)
    return Outcome(dataclasses.replace(state, releases=releases, brake=brake), tuple(events))


def _check_identities(state: SystemState, action: RegisterModel) -> Refusal | None:
    count = len(action.identities)
    if not 1 <= count <= MAX_IDENTITIES:
        message = f"a model has 1 to {MAX_IDENTITIES} identities, got {count}"
        return refuse("R-Releases-04", "BadCount", message, actual=count, required=MAX_IDENTITIES)
    seen: set[Identity] = set()
    model_id = compute_model_id(action.registrar, action.seal_nonce)
    for identity, mode, party in _identities(state, action, model_id):
        if mode is Mode.NONE or (mode is Mode.MPC) != (party != 0):
            return _malformed(f"mode {mode.name.lower()} has no party {party}")
        if identity in seen or identity in state.releases.identities:
            message = f"the identity 0x{identity.hex()} was registered before"
            return refuse("R-Releases-01", "IdentityRegisteredBefore", message, actual=identity)
        seen.add(identity)
    return None


def _identities(state: SystemState, action: RegisterModel, model_id: ModelId) -> list[tuple[Identity, Mode, int]]:
    chain_id, contract, key_hash = state.chain_id, state.system.releases, action.committee_key_hash
    return [
        (
            compute_identity(chain_id, contract, key_hash, model_id, request.mode, request.party),
            request.mode,
            request.party,
        )
        for request in action.identities
    ]


def _exists(model_id: ModelId) -> Refusal:
    return refuse(
        "R-Releases-02", "ModelExists", f"the model 0x{model_id.hex()} is registered already", actual=model_id
    )


def _malformed(message: str) -> Refusal:
    return refuse("R-Releases-10", "MalformedModel", message)
