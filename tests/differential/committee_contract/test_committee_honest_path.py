"""Key generation and unlock end to end: oracles with the project's cryptography, the contract on a real chain."""

from __future__ import annotations

import pytest

from committee_duel import Duel
from committee_members import form, make_key, read_points, release
from governance.crypto.ibe import DataKey, WrapContext, unwrap, wrap
from governance.crypto.partial import Partial, combine, generate_transport_key, hash_identity, verify_partial
from governance.crypto.points import g1_from_eip2537, g1_to_eip2537
from governance.encoding.releases import compute_transport_context
from governance.types import Epoch, Hash32, Phase
from governance.types.events.committee import PartialPosted, UnlockRequested
from spec_charter import WORKER

EPOCH = Epoch(1)

# Units: gas. An accepted partial is 1 transaction (21000), its data (13100), 3 pairings (135500), the cold slots and
# accounts of isReleasable (15700), 5 slots of its own read and 2 written (16300), its event (4800), and what Solidity
# adds (11000). The first for an identity costs no more than a later one.
PARTIAL_GAS = 179_000

pytestmark = pytest.mark.chain


@pytest.mark.parametrize(("threshold", "size"), [(3, 5), (2, 3), (8, 15)])
def test_committee_unlocks_what_was_wrapped_to_its_key(duel: Duel, threshold: int, size: int) -> None:
    oracles = form(duel, threshold, size)
    make_key(duel, oracles)
    duel.compare()
    key = duel.read("key", returns=["bytes"])
    assert duel.world.state.committee.epochs[EPOCH].phase is Phase.IN_FORCE
    for oracle in oracles:  # the contract derives each public key share as the library does
        share = duel.read("verificationKey", EPOCH, oracle.index, returns=["bytes"])
        assert share == duel.world.state.committee.verification_keys[EPOCH, oracle.index]

    release_id = release(duel)
    state = duel.world.state
    identity, bus = state.releases.workers[release_id, WORKER], state.system.committee
    transport = generate_transport_key(
        identity, compute_transport_context(state.chain_id, bus, release_id, WORKER, identity)
    )
    key_bytes = g1_to_eip2537(transport.public.point)
    duel.wait()
    asked = duel.took(UnlockRequested, duel.request(WORKER, release_id, key_bytes, transport.public.proof))
    assert asked.identity == identity
    assert duel.read("hashToG1", identity, returns=["bytes"]) == g1_to_eip2537(hash_identity(identity))

    (public_key,) = read_points(key)
    context = WrapContext(public_key, identity, Hash32(b"\1" * 32), Hash32(b"\2" * 32))
    data_key = DataKey(bytes(range(32)))
    wrapped = wrap(data_key, context)
    for oracle in oracles[:threshold]:
        duel.wait()
        duel.approve(oracle.address, asked.request_id)
    posted = []
    for oracle in oracles[:threshold]:
        duel.wait()
        partial = g1_to_eip2537(oracle.answer(transport.public).point)
        share = duel.world.state.committee.verification_keys[EPOCH, oracle.index]
        event = duel.took(PartialPosted, duel.post(oracle.address, asked.request_id, partial, key_bytes, share))
        posted.append(Partial(EPOCH, event.index, g1_from_eip2537(event.partial_key)))
    duel.compare()
    for answer in posted:
        (public,) = read_points(duel.world.state.committee.verification_keys[EPOCH, answer.member])
        verify_partial(answer, transport.public, public)
    assert unwrap(wrapped, combine(posted, threshold, transport, identity, public_key), context) == data_key
    assert max(duel.gas_used["Committee.post"]) <= PARTIAL_GAS
