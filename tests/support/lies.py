"""What an RPC can say that is not so, about blocks, proofs, receipts and transactions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from governance.chain import headers
from governance.chain.rpc import Rpc
from governance.encoding import rlp
from governance.encoding.keccak import keccak256
from lying_rpc import Lie, change

Block = dict[str, Any]


def rehash(block: Block, **changes: str) -> Block:
    """The block with these changes and the hash that it then has: a header that proves itself."""
    changed = {**block, **changes}
    return {**changed, "hash": "0x" + keccak256(rlp.encode_list(headers._fields(changed))).hex()}


def about(*tags: str, how: Callable[[Block], Any]) -> Lie:
    """The blocks that are asked for by these tags are changed; "number" stands for all numbers but 0."""

    def lie(parameters: Sequence[Any], ask: Callable[[], Any]) -> Any:
        tag = parameters[0]
        kind = "number" if tag.startswith("0x") and tag != "0x0" else tag
        return how(ask()) if kind in tags else ask()

    return lie


def frozen(rpc: Rpc, *tags: str, behind: int = 0) -> Lie:
    """Those tags stay where they are now, or so many blocks before."""
    kept: dict[str, Any] = {}
    for tag in tags:
        number = int(rpc.block(tag)["number"], 16) - behind
        kept[tag] = rpc.block(number)
    return lambda parameters, ask: kept[parameters[0]] if parameters[0] in kept else ask()


def cut_proof(answer: Any) -> Any:
    """The last node of every proof is missing."""
    entries = [{**entry, "proof": entry["proof"][:-1]} for entry in answer["storageProof"]]
    return {**answer, "accountProof": answer["accountProof"][:-1], "storageProof": entries}


def bend_proof(answer: Any) -> Any:
    """The last node of every proof of storage holds another value."""
    entries = [
        {**entry, "proof": [*entry["proof"][:-1], entry["proof"][-1][:-2] + "7f"] if entry["proof"] else []}
        for entry in answer["storageProof"]
    ]
    return {**answer, "storageProof": entries}


def swap_proofs(answer: Any) -> Any:
    """Every slot has the proof of the one after it; without slots, no proof of the account."""
    entries = answer["storageProof"]
    proofs = [entry["proof"] for entry in entries[1:] + entries[:1]]
    if len(entries) < 2:
        return cut_proof(answer)
    swapped = [{**entry, "proof": proof} for entry, proof in zip(entries, proofs, strict=True)]
    return {**answer, "storageProof": swapped}


def without_slots(answer: Any) -> Any:
    return {**answer, "storageProof": [], "accountProof": answer["accountProof"] if answer["storageProof"] else []}


def proof_of(rpc: Rpc, *, address: str | None = None, block: str | None = None) -> Lie:
    """A right proof, of another account or another block than was asked for."""

    def lie(parameters: Sequence[Any], ask: Callable[[], Any]) -> Any:
        return rpc.call("eth_getProof", address or parameters[0], parameters[1], block or parameters[2])

    return lie


def without_logs(receipts: Any) -> Any:
    return [{**receipt, "logs": []} for receipt in receipts]


def bend_log(receipts: Any) -> Any:
    """Every log tells of another request."""
    return [
        {**receipt, "logs": [{**log, "topics": [*log["topics"][:1], "0x" + "11" * 32]} for log in receipt["logs"]]}
        for receipt in receipts
    ]


def add_log(receipts: Any) -> Any:
    """Every log is there twice."""
    return [{**receipt, "logs": receipt["logs"] * 2} for receipt in receipts]


def fail_receipt(receipts: Any) -> Any:
    return [{**receipt, "status": "0x0"} for receipt in receipts]


def receipts_of(rpc: Rpc, number: int) -> Lie:
    """Right receipts, of another block."""
    return lambda parameters, ask: rpc.call("eth_getBlockReceipts", hex(number))


def swallow(parameters: Sequence[Any], ask: Callable[[], Any]) -> Any:
    """The transaction is taken, and goes nowhere."""
    return "0x" + keccak256(bytes.fromhex(parameters[0][2:])).hex()


def take_and_deny(parameters: Sequence[Any], ask: Callable[[], Any]) -> Any:
    """The transaction is passed on, and said to be refused."""
    from lying_rpc import NodeSays

    ask()
    raise NodeSays("transaction underpriced")


def shift(by: int) -> Lie:
    """A number, so much larger."""
    return change(lambda answer: hex(max(0, int(answer, 16) + by)))


def final_after(rpc: Rpc, depth: int) -> Lie:
    """No lie: blocks are final only so many blocks later than anvil has it."""

    def answer(parameters: Sequence[Any], ask: Callable[[], Any]) -> Any:
        if parameters[0] != "finalized":
            return ask()
        return rpc.block(max(0, int(rpc.block()["number"], 16) - depth))

    return answer
