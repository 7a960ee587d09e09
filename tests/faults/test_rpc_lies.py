"""An RPC that answers well, and says what is not so: alone, and as the first of three."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest

from catalogue import fault_case
from fault_scene import FaultScene, Life
from governance.encoding.abi import encode_values
from governance.encoding.keccak import keccak256
from lies import (
    about,
    add_log,
    bend_log,
    bend_proof,
    cut_proof,
    fail_receipt,
    frozen,
    proof_of,
    receipts_of,
    rehash,
    shift,
    swallow,
    swap_proofs,
    take_and_deny,
    without_logs,
    without_slots,
)
from lying_rpc import Lie, LyingRpc, change, lying_rpcs, refuse, tell
from oracle.errors import Latched
from oracle.outbox import MAX_TIP

pytestmark = pytest.mark.chain

ROOT = "0x" + "11" * 32
BLOCK, PROOF, RECEIPTS = "eth_getBlockByNumber", "eth_getProof", "eth_getBlockReceipts"
SEND, MINED = "eth_sendRawTransaction", "eth_getTransactionReceipt"
NO_REQUEST = (
    "0x"
    + (keccak256(b"NoOpenRequest(bytes32,uint40)")[:4] + encode_values(("bytes32", "uint40"), (bytes(32), 0))).hex()
)
DAYS_LATER = about("latest", how=lambda block: rehash(block, timestamp=hex(int(block["timestamp"], 16) + 2 * 86_400)))
FORGED_LATEST = about("latest", how=lambda block: rehash(block, stateRoot=ROOT))

Make = Callable[[FaultScene], Lie]


def plain(lie: Lie) -> Make:
    return lambda scene: lie


def old_proof(scene: FaultScene) -> Lie:
    return proof_of(scene.system.anvil.rpc, block=hex(scene.block - 20))


def foreign_proof(scene: FaultScene) -> Lie:
    return proof_of(scene.system.anvil.rpc, address=scene.system.ledger.deployment.addresses["Seats"])


# What is said, how, and what the log says about it.
NOTHING_IS_SENT: dict[str, tuple[str, Make, str]] = {
    "another chain id": ("eth_chainId", plain(tell("0x1")), "serves chain 1,"),
    "another block 0": (BLOCK, plain(about("0x0", how=lambda block: {**block, "hash": ROOT})), "another chain"),
    "a header with another state, under its old hash": (
        BLOCK,
        plain(about("latest", "finalized", how=lambda block: {**block, "stateRoot": ROOT})),
        "hashes to",
    ),
    "a header with a number that no database holds": (
        BLOCK,
        plain(about("latest", how=lambda block: rehash(block, number="0x" + "f" * 5000))),
        "malformed",
    ),
    "a header with a negative number": (
        BLOCK,
        plain(about("latest", how=lambda block: {**block, "number": "-0x1"})),
        "malformed",
    ),
    "a block that does not exist": (BLOCK, plain(about("latest", how=lambda block: None)), "does not have the block"),
    "a latest block of another state, with its right hash": (BLOCK, plain(FORGED_LATEST), "R-Oracle-02"),
    "a latest block of two days later, with its right hash": (BLOCK, plain(DAYS_LATER), "R-Oracle-06"),
    "heads that stand still": (
        BLOCK,
        lambda scene: frozen(scene.system.anvil.rpc, "latest", "finalized"),
        "R-Oracle-03",
    ),
    "proofs without their last node": (PROOF, plain(change(cut_proof)), "the proof does not lead"),
    "proofs of other values": (PROOF, plain(change(bend_proof)), "the proof does not lead"),
    "proofs of other slots": (PROOF, plain(change(swap_proofs)), "the proof does not lead"),
    "no proof of the slots": (PROOF, plain(change(without_slots)), "no proof was given|the proof is empty"),
    "proofs of an older block": (PROOF, old_proof, "the proof does not lead"),
    "proofs of another contract": (PROOF, foreign_proof, "the proof does not lead|hashes to"),
    "receipts without logs": (RECEIPTS, plain(change(without_logs)), "receipts hash to"),
    "receipts with another request in their logs": (RECEIPTS, plain(change(bend_log)), "receipts hash to"),
    "receipts with logs that are there twice": (RECEIPTS, plain(change(add_log)), "receipts hash to"),
    "receipts of transactions that failed": (RECEIPTS, plain(change(fail_receipt)), "receipts hash to"),
    "no receipts": (RECEIPTS, plain(tell([])), "receipts hash to"),
    "receipts of another block": (
        RECEIPTS,
        lambda scene: receipts_of(scene.system.anvil.rpc, scene.block - 20),
        "receipts hash to",
    ),
    "other code": ("eth_getCode", plain(change(lambda code: code[:-2] + "00")), "gives other code"),
    "no code": ("eth_getCode", plain(tell("0x")), "is not its code|gives other code"),
    "a refusal by the contract": (
        "eth_estimateGas",
        plain(refuse("execution reverted", NO_REQUEST)),
        "NoOpenRequest|overtaken",
    ),
    "a count of transactions that is too high": ("eth_getTransactionCount", plain(shift(5)), "counts"),
    "a count of transactions that is too low": ("eth_getTransactionCount", plain(shift(-3)), "counts"),
}
# One of three: what any RPC shows at its latest block counts if it is a stop, and a wrong proof is heard as one.
HEARD_AS_A_STOP = {name for name, (method, _, _) in NOTHING_IS_SENT.items() if method == PROOF} | {
    "a latest block of another state, with its right hash",
    "a latest block of two days later, with its right hash",
}
NOT_IRREVOCABLE = {
    "a refusal by the contract"
}  # any RPC's word suffices against an answer, and none against an approval


@pytest.fixture
def rpcs(scene: FaultScene) -> Iterator[list[LyingRpc]]:
    with lying_rpcs(scene.url, 3) as made:
        yield made


@pytest.mark.parametrize(
    ("method", "make", "reason"),
    [
        fault_case(
            f"RPC-{number:02}",
            f"the only RPC gives {name} (`{method}`)",
            "nothing is sent while it lies, the log says why; afterwards everything is done once",
            method,
            make,
            reason,
        )
        for number, (name, (method, make, reason)) in enumerate(NOTHING_IS_SENT.items(), 21)
    ],
)
def test_only_rpc_lies(scene: FaultScene, rpcs: list[LyingRpc], method: str, make: Make, reason: str) -> None:
    life = scene.live(rpcs[:1])
    rpcs[0].lie(method, make(scene))
    life.look(8 if "R-Oracle-03" in reason else 3)
    assert scene.count() == 0
    assert rpcs[0].told
    assert re.search(reason, life.said.getvalue()), life.said.getvalue()
    rpcs[0].be_honest()
    life.assert_recovers()


@pytest.mark.parametrize(
    ("name", "method", "make", "reason"),
    [
        fault_case(
            f"RPC-{number:02}",
            f"the first of three RPCs gives {name} (`{method}`)",
            "no answer is sent while it lies (the safe direction); afterwards everything is done once"
            if name in HEARD_AS_A_STOP | NOT_IRREVOCABLE
            else "everything is done once while it lies, by the other two; the log names it",
            name,
            method,
            make,
            reason,
        )
        for number, (name, (method, make, reason)) in enumerate(NOTHING_IS_SENT.items(), 51)
    ],
)
def test_first_of_three_rpcs_lies(
    scene: FaultScene, rpcs: list[LyingRpc], name: str, method: str, make: Make, reason: str
) -> None:
    life = scene.live(rpcs)
    rpcs[0].lie(method, make(scene))
    life.look(4)
    assert rpcs[0].told
    said = life.said.getvalue()
    if name in HEARD_AS_A_STOP | NOT_IRREVOCABLE:
        assert scene.count() == (1 if name in NOT_IRREVOCABLE else 0)
        assert re.search(reason, said), said
        rpcs[0].be_honest()
        life.assert_recovers()
    else:
        life.assert_done()
        if reason != "R-Oracle-03":  # who only lags has not lied
            assert '"rpc": "liar"' in said
            assert re.search(reason, said), said


@pytest.mark.parametrize(
    ("lies", "event", "transactions"),
    [
        fault_case(
            "RPC-81",
            "the only RPC takes transactions and passes none on (`eth_sendRawTransaction`)",
            "they are sent again, at the same nonces; everything is done once",
            {SEND: swallow},
            "sent_again",
            2,
        ),
        fault_case(
            "RPC-82",
            "the only RPC passes transactions on, and says that it refused them",
            "everything is done once; the log tells the refusal",
            {SEND: take_and_deny},
            "refused",
            2,
        ),
        fault_case(
            "RPC-83",
            "the only RPC passes no transaction on, and shows receipts of blocks to come",
            "they are not believed for ever: sent again; everything is done once",
            {SEND: swallow, MINED: tell({"blockNumber": hex(2**62), "status": "0x1"})},
            "mined",
            2,
        ),
        fault_case(
            "RPC-84",
            "the only RPC says that mined transactions failed",
            "the contract's state counts: everything is done once",
            {MINED: change(lambda receipt: receipt and {**receipt, "status": "0x0"})},
            "failed",
            2,
        ),
        fault_case(
            "RPC-85",
            "the only RPC knows of no receipt",
            "the proven count of transactions counts: everything is done once",
            {MINED: tell(None)},
            "dropped",
            2,
        ),
        fault_case(
            "RPC-86",
            "the only RPC says that a transaction needs little gas",
            "an answer fails in its block, and the same one is sent again; one approval and one answer stand",
            {"eth_estimateGas": tell("0x5208")},
            "failed",
            3,
        ),
    ],
)
def test_only_rpc_lies_about_what_was_sent(
    scene: FaultScene, rpcs: list[LyingRpc], lies: dict[str, Lie], event: str, transactions: int
) -> None:
    life = scene.live(rpcs[:1])
    for method, lie in lies.items():
        rpcs[0].lie(method, lie)
    life.look(3)
    assert rpcs[0].told
    rpcs[0].be_honest()
    life.assert_recovers(12, transactions=transactions)
    assert life.lines(event)


@pytest.mark.fault(
    "RPC-87",
    "the only RPC proposes a tip of an ether a gas (`eth_maxPriorityFeePerGas`)",
    "the tip has a limit; everything is done once",
)
def test_tip_is_not_what_an_rpc_likes(scene: FaultScene, rpcs: list[LyingRpc]) -> None:
    life = scene.live(rpcs[:1])
    rpcs[0].lie("eth_maxPriorityFeePerGas", tell(hex(10**18)))
    life.look(4)
    assert rpcs[0].told
    life.assert_done()
    assert life.journal is not None
    assert {sent.fields["maxPriorityFeePerGas"] for sent in life.journal.sent(last=2)} == {MAX_TIP}


@pytest.mark.fault(
    "RPC-88",
    "the only RPC forges every answer of a contract call (`eth_call`), the stall limit among them",
    "it is never asked: what counts is proven in storage; everything is done once",
)
def test_no_answer_of_a_contract_call_is_asked_for(scene: FaultScene, rpcs: list[LyingRpc]) -> None:
    life = scene.live(rpcs[:1])
    rpcs[0].lie("eth_call", tell("0x" + "00" * 1024))
    life.look(4)
    assert rpcs[0].told == 0
    life.assert_done()
    limit = scene.system.ledger.council.get_parameters()[1].stall_limit
    assert life.node._view.stall_limit == min(60.0, limit)


def lie_once_and_go_on(life: Life, rpc: LyingRpc) -> None:
    for _ in range(4):
        life.look(blocks=3)
        rpc.be_honest()


@pytest.mark.parametrize(
    "lie",
    [
        fault_case(
            "RPC-89",
            "the only RPC makes a final block of another state, with its right hash and parent",
            "nothing is proven under it; the true chain sets the latch; after a person's reset everything is done once",
            about("finalized", how=lambda block: rehash(block, stateRoot=ROOT)),
        ),
        fault_case(
            "RPC-90",
            "the only RPC gives final blocks that are not each other's children",
            "the latch is set; after a person's reset everything is done once",
            about("number", how=lambda block: rehash(block, parentHash=ROOT)),
        ),
    ],
)
def test_final_block_that_the_only_rpc_forged_sets_the_latch(scene: FaultScene, rpcs: list[LyingRpc], lie: Lie) -> None:
    life = scene.live(rpcs[:1])
    life.look()
    rpcs[0].lie(BLOCK, lie)
    with pytest.raises(Latched):
        lie_once_and_go_on(life, rpcs[0])
    assert scene.count() == 0
    assert "R-Oracle-05" in life.said.getvalue()
    rpcs[0].be_honest()
    life.restart()
    with pytest.raises(Latched):
        life.look()
    life.restart(reset_latch=True)
    life.assert_recovers()
