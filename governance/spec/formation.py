"""Forming a committee: how many oracles of whom (R-Committee-01 to R-Committee-03, R-Committee-11).

Source: contracts/src/committee/DkgBoard.sol.
"""

from __future__ import annotations

import dataclasses
from collections import Counter

from governance.spec.outcome import Outcome, with_entry
from governance.spec.phases import BEING_MADE, NO_DEALING, NO_EPOCH_RECORD, check_not_stopped
from governance.spec.rules import Refusal, refuse
from governance.spec.state import SystemState
from governance.types import (
    ZERO_ADDRESS,
    ZERO_HASH,
    Address,
    Epoch,
    EpochRecord,
    FormCommittee,
    MemberIndex,
    MemberRecord,
    OrganisationId,
    Phase,
    ProposalId,
    Standing,
    Tier,
    Timestamp,
)
from governance.types.events import Event
from governance.types.events.committee import EpochStarted, MemberNamed

MAX_MEMBERS = 31


def check_formation(state: SystemState, action: FormCommittee) -> Tier | Refusal:
    """The tier that the formation needs, if this committee may be formed now."""
    committee = state.committee
    phase = committee.epochs.get(committee.latest_epoch, NO_EPOCH_RECORD).phase
    if action.predecessor != committee.current_epoch or phase in BEING_MADE:
        message = (
            f"epoch {committee.latest_epoch} is {phase.name.lower().replace('_', ' ')}, the key in force is that of "
            f"epoch {committee.current_epoch}, and this deals that of epoch {action.predecessor}"
        )
        return refuse("R-Committee-11", "CommitteeBusy", message, actual=phase)
    return check_not_stopped(state) or _check_shape(action) or _check_members(state, action) or Tier.CONSTITUTE


def execute_formation(
    state: SystemState, action: FormCommittee, proposal_id: ProposalId, now: Timestamp
) -> Outcome | Refusal:
    """A new epoch registers its members."""
    checked = check_formation(state, action)
    if isinstance(checked, Refusal):
        return checked
    committee = state.committee
    epoch, size = Epoch(committee.latest_epoch + 1), len(action.members)
    ends_at = Timestamp(now + state.parameters.dkg_phase)
    term = EpochRecord(Phase.REGISTERING, action.threshold, action.slack, size, 0, 0, 0, now, ends_at, ZERO_HASH)
    term = dataclasses.replace(term, predecessor=action.predecessor)
    started = EpochStarted(epoch, proposal_id, action.threshold, action.slack, size, ends_at, action.predecessor)
    events: list[Event] = [started]
    indices: dict[Address, MemberIndex] = dict(committee.indices)
    members = []
    for named in action.members:
        index = indices.setdefault(named.oracle, MemberIndex(len(indices) + 1))  # permanent, never reused
        members.append(MemberRecord(named.oracle, index, named.organisation_id, ZERO_HASH, ZERO_HASH, ZERO_HASH))
        events.append(MemberNamed(epoch, index, named.oracle, named.organisation_id))
    dealers = len(committee.members[action.predecessor]) if action.predecessor else size
    committee = dataclasses.replace(
        committee,
        latest_epoch=epoch,
        epochs=with_entry(committee.epochs, epoch, term),
        members=with_entry(committee.members, epoch, tuple(members)),
        dealings=with_entry(committee.dealings, epoch, (NO_DEALING,) * dealers),
        indices=indices,
    )
    return Outcome(dataclasses.replace(state, committee=committee), tuple(events))


def _check_shape(action: FormCommittee) -> Refusal | None:
    threshold, slack, size = action.threshold, action.slack, len(action.members)
    oracles = {member.oracle for member in action.members}
    distinct = len(oracles) == size and ZERO_ADDRESS not in oracles
    if threshold >= 2 and 2 * threshold - 1 <= size <= MAX_MEMBERS and threshold + slack <= size and distinct:
        return None
    message = f"t = {threshold}, slack {slack}, n = {size}: 2 <= t, 2t - 1 <= n <= 31, t + slack <= n, distinct oracles"
    return refuse("R-Committee-01", "MalformedCommittee", message, actual=(threshold, slack, size))


def _check_members(state: SystemState, action: FormCommittee) -> Refusal | None:
    seen: set[OrganisationId] = set()
    labels: Counter[bytes] = Counter()
    for member in action.members:
        seat, standing = state.seats.seat_of_organisation(member.organisation_id)
        if standing is not Standing.LIVE or member.organisation_id in seen:
            name = state.seats.organisations.get(member.organisation_id, "0x" + member.organisation_id.hex())
            message = f"{name} holds no live seat, or runs two oracles"
            return refuse("R-Committee-02", "BadOrganisation", message, actual=member.organisation_id)
        seen.add(member.organisation_id)
        record = state.seats.get_seat(seat)
        for label in (bytes(record.affiliation), bytes(record.jurisdiction)):  # of 32 and of 2 bytes
            labels[label] += 1
            if labels[label] >= action.threshold:
                shown = label.decode("ascii", "replace") if len(label) == 2 else "one affiliation group"
                message = f"{shown} would hold {labels[label]} oracles, as many as answer alone"
                allowed = action.threshold - 1
                return refuse("R-Committee-03", "TooConcentrated", message, actual=labels[label], required=allowed)
    return None
