"""Transport keys as a worker makes them: for one release, one worker and one identity of one ledger."""

from __future__ import annotations

from governance.crypto.group import multiply
from governance.crypto.partial import Partial, TransportKey, TransportPublicKey, generate_transport_key
from governance.crypto.points import g1_from_eip2537, g1_to_eip2537
from governance.crypto.vss import KeyShare
from governance.encoding.releases import compute_transport_context
from governance.ledger.client import Ledger
from governance.ledger.codec import Call
from governance.types import Address, Hash32, Identity, ReleaseId
from governance.types.events.committee import UnlockRequested


def context_of(ledger: Ledger, release: ReleaseId, worker: Address, identity: Identity) -> Hash32:
    """What the proof of that worker's transport key is bound to."""
    deployment = ledger.deployment
    bus = deployment.addresses["Committee"]
    return compute_transport_context(deployment.chain_id, bus, release, worker, identity)


def make_transport(
    ledger: Ledger, release: ReleaseId, worker: Address, identity: Identity | None = None
) -> TransportKey:
    """A fresh key, for the identity that the release gives the worker unless another one is meant."""
    meant = ledger.releases.get_worker_identity(release, worker) if identity is None else identity
    return generate_transport_key(meant, context_of(ledger, release, worker, meant))


def request_call(ledger: Ledger, release: ReleaseId, public: TransportPublicKey) -> Call:
    """The unlock request with that transport key."""
    return ledger.committee.request_unlock(release, g1_to_eip2537(public.point), public.proof)


def shown_by(asked: UnlockRequested) -> TransportPublicKey:
    """The transport key that stands on the chain."""
    return TransportPublicKey(g1_from_eip2537(asked.transport_key), asked.proof)


def multiply_share(share: KeyShare, transport: TransportPublicKey) -> Partial:
    """What a member with that share answers, right or wrong, to whoever asks."""
    return Partial(share.epoch, share.member, multiply(transport.point, share.secret))
