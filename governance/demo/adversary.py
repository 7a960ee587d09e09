"""What dishonest parties try, with their real keys: each attempt is a transaction that the contract has to refuse.

The committee's members cannot be trusted to run our software, so none of this uses the oracle's own policy: an oracle
that was modified is an account and some points.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from governance.crypto.errors import ThresholdNotMet
from governance.crypto.group import Scalar, multiply
from governance.crypto.partial import Partial, TransportKey, combine, generate_transport_key
from governance.crypto.points import g1_to_eip2537, g2_from_eip2537
from governance.crypto.vss import KeyShare
from governance.demo.errors import DemoFailed
from governance.demo.runner import Refusal
from governance.encoding.releases import compute_transport_context
from governance.ledger.client import Ledger
from governance.ledger.codec import Call
from governance.ledger.errors import LedgerRefused
from governance.ledger.signer import Signer
from governance.types import Identity, MemberIndex, ReleaseId
from governance.types.events.committee import PartialRefused, UnlockRequested

PATIENCE = 60.0  # [seconds] for approvals


@dataclass(frozen=True)
class Probe:
    """An unlock request of the worker's own, made only to attack it."""

    event: UnlockRequested
    transport: TransportKey


def ask_before_quorum(ledger: Ledger, worker: Signer, release_id: ReleaseId) -> Refusal:
    """A worker asks for an unlock under a release that is still being voted on."""
    _, call = _ask(ledger, worker, release_id, Identity(bytes(32)))  # no release, and no identity to ask for
    return _must_refuse("unlock-before-quorum", ledger, call, worker)


def open_probe(ledger: Ledger, worker: Signer, release_id: ReleaseId) -> Probe:
    """A real request, whose transport key is at hand. Raises: LedgerRefused."""
    identity = ledger.releases.get_worker_identity(release_id, worker.address)
    transport, call = _ask(ledger, worker, release_id, identity)
    return Probe(ledger.send(call, worker).find(UnlockRequested), transport)


def answer_alone(ledger: Ledger, oracle: Signer, probe: Probe) -> Refusal:
    """One oracle answers at once, without waiting for anybody's approval."""
    return _must_refuse("one-oracle-alone", ledger, _forged_answer(ledger, oracle, probe), oracle)


def answer_with_wrong_share(ledger: Ledger, oracle: Signer, probe: Probe) -> Refusal:
    """Once t oracles have approved, one posts a partial that was made with another share than its own."""
    threshold = ledger.committee.get_epoch(probe.event.epoch).threshold
    deadline = time.monotonic() + PATIENCE
    while ledger.committee.get_request(probe.event.request_id).approvals.bit_count() < threshold:
        if time.monotonic() > deadline:
            raise DemoFailed(f"{threshold} approvals of the probe did not come")
        time.sleep(0.1)
    receipt = ledger.send(_forged_answer(ledger, oracle, probe), oracle)
    refused = next((record.event for record in receipt.events if isinstance(record.event, PartialRefused)), None)
    if refused is None:
        raise DemoFailed("wrong-share: a partial of another share should have been refused, and was not")
    message = f"the partial of member {refused.index} ({refused.oracle}) does not verify, and that is on record"
    return Refusal("wrong-share", "R-Committee-17", type(refused).__name__, message)


def combine_too_few(ledger: Ledger, probe: Probe) -> Refusal:
    """One partial, however valid, is no key: the combination needs t of them."""
    epoch = ledger.committee.get_epoch(probe.event.epoch)
    share = KeyShare(probe.event.epoch, MemberIndex(1), Scalar.random())
    partial = _answer(share, probe)
    try:
        public_key = g2_from_eip2537(ledger.committee.get_key())
        combine([partial], epoch.threshold, probe.transport, probe.event.identity, public_key)
    except ThresholdNotMet as e:
        return Refusal("too-few-partials", "Lagrange at t points", e.name, e.message)
    raise DemoFailed("one partial made an identity key")


def _forged_answer(ledger: Ledger, oracle: Signer, probe: Probe) -> Call:
    members = ledger.committee.get_members(probe.event.epoch)
    member = next(member for member in members if member.oracle == oracle.address)
    share = KeyShare(probe.event.epoch, member.index, Scalar.random())
    key = ledger.committee.get_verification_key(probe.event.epoch, member.index)
    return ledger.committee.post(probe.event, g1_to_eip2537(_answer(share, probe).point), verification_key=key)


def _answer(share: KeyShare, probe: Probe) -> Partial:
    """What a member with that share would answer, whom nothing but its share binds."""
    return Partial(share.epoch, share.member, multiply(probe.transport.public.point, share.secret))


def _ask(ledger: Ledger, worker: Signer, release_id: ReleaseId, identity: Identity) -> tuple[TransportKey, Call]:
    deployment = ledger.deployment
    committee = deployment.addresses["Committee"]
    context = compute_transport_context(deployment.chain_id, committee, release_id, worker.address, identity)
    transport = generate_transport_key(identity, context)
    key = g1_to_eip2537(transport.public.point)
    return transport, ledger.committee.request_unlock(release_id, key, transport.public.proof)


def _must_refuse(name: str, ledger: Ledger, call: Call, signer: Signer) -> Refusal:
    try:
        ledger.send(call, signer)
    except LedgerRefused as e:
        return Refusal(name, e.rule or "the ledger", e.error, e.message)
    raise DemoFailed(f"{name}: {call} should have been refused, and was not")
