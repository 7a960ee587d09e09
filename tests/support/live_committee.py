"""A committee key in force on a live system, made by its members in this process."""

from __future__ import annotations

from collections.abc import Sequence

from committee_members import Oracle
from governance.encoding.committee import CommitteeDomain
from governance.encoding.names import compute_organisation_id
from governance.ledger.signer import Signer
from governance.types import ActionKind, Epoch, FormCommittee, OracleMember
from governance.types.events.committee import Dealt, TransportKeyRegistered
from live_system import LiveSystem

THRESHOLD, SLACK = 3, 1
ORACLE_SEATS = (0, 3, 6, 9, 12)  # organisations of different jurisdictions


def form_committee(system: LiveSystem, oracles: Sequence[Signer]) -> Epoch:
    """Voted for, generated, in force: oracle i belongs to the organisation of ORACLE_SEATS[i]."""
    members = tuple(
        OracleMember(compute_organisation_id(system.organisations[seat]), oracle.address)
        for seat, oracle in zip(ORACLE_SEATS, oracles, strict=True)
    )
    system.fund(*(oracle.address for oracle in oracles))
    system.enact(ActionKind.FORM_COMMITTEE, FormCommittee(THRESHOLD, SLACK, members))
    return make_key(system, oracles)


def make_key(system: LiveSystem, oracles: Sequence[Signer]) -> Epoch:
    """The key of the latest epoch is in force."""
    ledger, committee = system.ledger, system.ledger.committee
    epoch = committee.get_latest_epoch()
    domain = CommitteeDomain(ledger.chain_id, ledger.deployment.addresses["Committee"], epoch)
    records = {record.oracle: record.index for record in committee.get_members(epoch)}
    indices = list(records.values())
    members = [Oracle(signer.address, records[signer.address], domain, THRESHOLD, indices) for signer in oracles]
    keys, dealt = {}, {}
    for member, signer in zip(members, oracles, strict=True):
        call = committee.register(epoch, member.transport.public.data, member.committed)
        registered = ledger.send(call, signer).find(TransportKeyRegistered)
        keys[registered.index] = registered.transport_key
    for member, signer in zip(members, oracles, strict=True):
        call = committee.deal(epoch, member.commitments, member.proof, member.seal(keys))
        posted = ledger.send(call, signer).find(Dealt)
        dealt[posted.dealer] = (posted.commitments, posted.envelopes)
    ledger.send(committee.settle(epoch, [dealt[index][0] for index in indices]), oracles[0])
    for member, signer in zip(members, oracles, strict=True):
        member.receive(members, dealt)
        ledger.send(committee.acknowledge(epoch, member.acknowledge(committee.get_aggregate(epoch))), signer)
    system.warp(max(1, committee.get_epoch(epoch).phase_ends_at - ledger.now() + 1))
    if committee.get_current_epoch() != epoch:
        ledger.send(committee.advance(epoch), oracles[0])
    return epoch
