"""What a lying node might do to oracles and workers that read the chain through it, and what stands in its way.

Each has a patch in defences/ without which it comes through.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from governance.chain.headers import BadHeader, verify_header
from governance.encoding.keccak import keccak256
from governance.ledger.deployment import Deployment
from governance.ledger.proven import ReleaseFacts
from governance.types import Address, ChainId, Hash32
from governance.types.enums import Phase, Releasability
from inference.constraints_in_force import rebuild_constraints
from inference.errors import ConstraintsMismatch
from oracle.policy import OracleView, Refuse, RequestFacts, decide
from simulated_chain import make_block

IDENTITY = b"\x11" * 32
RELEASABLE = ReleaseFacts(Releasability.RELEASABLE, IDENTITY, 9000, 1000)
STOPPED = replace(RELEASABLE, releasability=Releasability.STOPPED)
READY = RequestFacts(
    request_id=b"\x01" * 32,
    release_id=b"\x02" * 32,
    identity=IDENTITY,
    worker="0x" + "ab" * 20,
    epoch=1,
    expires_at=2000,
    approvals=3,
    approved_by_me=True,
    answered_by_me=False,
    partials=0,
)


def test_attack_two_nodes_hide_a_stop_that_the_third_shows() -> None:
    view = OracleView(
        finalized=RELEASABLE,
        latest=(RELEASABLE, RELEASABLE, STOPPED),
        my_epoch=1,
        epoch_phase=Phase.IN_FORCE,
        threshold=3,
        transport_ok=True,
        stalled=False,
        latched=False,
    )
    decision = decide(READY, view)
    assert isinstance(decision, Refuse)
    assert decision.rule == "R-Oracle-02"


def test_attack_node_invents_a_state_root_under_a_true_hash() -> None:
    block = make_block(make_block(None))
    with pytest.raises(BadHeader, match="hashes to"):
        verify_header({**block, "stateRoot": "0x" + keccak256(b"a state of the node's own").hex()})


def test_attack_node_withholds_every_constraint() -> None:
    """A worker that was shown no constraint would serve without one; the proven head says that there are some."""
    deployment = Deployment(
        name="devnet",
        chain_id=ChainId(31337),
        genesis_hash=Hash32(bytes(32)),
        addresses={"Constraints": Address("0x" + "0c" * 20)},
        code_hashes={},
        charter_hash=Hash32(b"\x0d" * 32),
        block=0,
    )
    proven_head = Hash32(keccak256(b"the head after the last constraint"))
    with pytest.raises(ConstraintsMismatch, match="fold to"):
        rebuild_constraints([], deployment, proven_head)
