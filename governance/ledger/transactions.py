"""A call becomes a transaction in a block: tried first, with explicit gas and fees, sent once, waited for with an end.

A call that would revert is never sent: the node is asked first, and the revert becomes a typed refusal. One account is
used by one process at a time; different accounts do not meet.

Source: EIP-1559 (fees), EIP-2718/2930 (transaction type 2).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from governance.chain.errors import RpcError, RpcUnavailable
from governance.chain.rpc import Rpc, as_bytes, as_int
from governance.encoding.keccak import keccak256
from governance.ledger.errors import LedgerRefused, TransactionPending, TransactionRejected
from governance.ledger.reverts import explain_revert
from governance.types import Address, ChainId

PATIENCE = 120.0  # [seconds] until a transaction is in a block
POLL = (0.05, 1.0)  # [seconds] first and longest pause between two looks
DEFAULT_TIP = 1_000_000_000  # [wei] a gas, where the node proposes none


class TransactionSigner(Protocol):
    """What sends: an address, and a way to sign for it."""

    @property
    def address(self) -> Address: ...

    def sign_transaction(self, transaction: Mapping[str, Any]) -> bytes: ...


@dataclass(frozen=True)
class MinedTransaction:
    """A transaction that succeeded, with its place in the chain and its raw logs."""

    hash: bytes
    block: int
    block_hash: bytes
    gas_used: int
    logs: tuple[Mapping[str, Any], ...]
    created: Address | None  # the contract that it created


@dataclass(frozen=True)
class Draft:
    """A transaction that would succeed now, not signed yet. `cost` is the most it can cost [wei]."""

    fields: Mapping[str, Any]

    @property
    def gas(self) -> int:
        return int(self.fields["gas"])

    @property
    def cost(self) -> int:
        return self.gas * int(self.fields["maxFeePerGas"])


def draft(
    rpc: Rpc, chain_id: ChainId, sender: Address, to: Address | None, data: bytes, *, what: str, contract: str | None
) -> Draft:
    """What `sender` would sign, found to succeed on the pending block.

    Raises: LedgerRefused, TransactionRejected, RpcUnavailable.
    """
    call: dict[str, Any] = {"from": sender, "data": "0x" + data.hex()}
    if to is not None:
        call["to"] = to
    try:
        # The pending block, because its time is the one that deadlines will be judged by.
        gas, nonce, block, tip = rpc.batch(
            [
                ("eth_estimateGas", [call, "pending"]),
                ("eth_getTransactionCount", [sender, "pending"]),
                ("eth_getBlockByNumber", ["latest", False]),
                ("eth_maxPriorityFeePerGas", []),
            ]
        )
    except RpcError as e:
        raise _translate(e, what=what, contract=contract) from e
    if not isinstance(block, Mapping):
        raise RpcUnavailable(f"{rpc.name} has no latest block")
    base_fee = as_int(block.get("baseFeePerGas"))
    tip_wei = as_int(tip) if isinstance(tip, str) else DEFAULT_TIP
    # Another ballot that is mined before ours can make a slot dearer than it was when we asked.
    limit = min(as_int(gas) * 5 // 4 + 50_000, as_int(block.get("gasLimit")))
    fields: dict[str, Any] = {
        "type": 2,
        "chainId": chain_id,
        "nonce": as_int(nonce),
        "gas": limit,
        "maxFeePerGas": 2 * base_fee + tip_wei,
        "maxPriorityFeePerGas": tip_wei,
        "value": 0,
        "data": "0x" + data.hex(),
    }
    if to is not None:
        fields["to"] = to
    return Draft(fields)


def send(
    rpc: Rpc, signer: TransactionSigner, draft: Draft, *, what: str, patience: float = PATIENCE
) -> MinedTransaction:
    """The transaction is in a block and succeeded.

    Raises: LedgerRefused (it failed in its block), TransactionRejected, TransactionPending, RpcUnavailable.
    """
    return await_mined(rpc, signer.address, draft, submit(rpc, signer, draft, what=what), what=what, patience=patience)


def submit(rpc: Rpc, signer: TransactionSigner, draft: Draft, *, what: str) -> str:
    """The node has taken the transaction; its hash. Raises: TransactionRejected, RpcUnavailable."""
    raw = signer.sign_transaction(draft.fields)
    try:
        rpc.call("eth_sendRawTransaction", "0x" + raw.hex())
    except RpcError as e:
        raise TransactionRejected(f"{what} was not taken: {e.message}") from e
    return "0x" + keccak256(raw).hex()  # not as the node says: it could name another one


def await_mined(
    rpc: Rpc, sender: Address, draft: Draft, sent: str, *, what: str, patience: float = PATIENCE
) -> MinedTransaction:
    """The transaction with that hash is in a block and succeeded.

    Raises: LedgerRefused (it failed in its block), TransactionPending.
    """
    receipt = _await_receipt(rpc, sent, what, patience)
    if as_int(receipt.get("status")) != 1:
        raise _explain_failure(rpc, sender, draft, receipt, what)
    created = receipt.get("contractAddress")
    return MinedTransaction(
        hash=bytes.fromhex(sent.removeprefix("0x")),
        block=as_int(receipt["blockNumber"]),
        block_hash=as_bytes(receipt.get("blockHash")),
        gas_used=as_int(receipt.get("gasUsed")),
        logs=tuple(receipt.get("logs") or ()),
        created=Address(created) if created else None,
    )


def _await_receipt(rpc: Rpc, sent: str, what: str, patience: float) -> dict[str, Any]:
    deadline, pause = time.monotonic() + patience, POLL[0]
    while True:
        try:
            receipt = rpc.call("eth_getTransactionReceipt", sent)
        except RpcUnavailable:  # it was sent: only the deadline ends the waiting
            receipt = None
        if isinstance(receipt, Mapping) and receipt.get("blockNumber") is not None:
            return dict(receipt)
        if time.monotonic() > deadline:
            raise TransactionPending(
                f"{what} was sent as {sent} and is in no block after {patience:g} s", details={"transaction": sent}
            )
        time.sleep(pause)
        pause = min(pause * 1.5, POLL[1])


def _explain_failure(
    rpc: Rpc, sender: Address, draft: Draft, receipt: Mapping[str, Any], what: str
) -> LedgerRefused | TransactionRejected:
    """The state has moved between the trial and the block: ask again, in the state right before that block."""
    call = {"from": sender, "data": draft.fields["data"], "gas": hex(draft.gas)}
    if "to" in draft.fields:
        call["to"] = draft.fields["to"]
    for block in (as_int(receipt["blockNumber"]), as_int(receipt["blockNumber"]) - 1):
        try:
            rpc.call("eth_call", call, hex(block))
        except RpcError as e:
            return _translate(e, what=what, contract=None)
        except RpcUnavailable:
            break
    return LedgerRefused(f"{what} failed in block {as_int(receipt['blockNumber'])}", error="")


def _translate(error: RpcError, *, what: str, contract: str | None) -> LedgerRefused | TransactionRejected:
    if error.data is None and "revert" not in error.message.lower():
        return TransactionRejected(f"{what} cannot be tried: {error.message}")
    return explain_revert(error.data, called=what, to=contract)


def transfer(rpc: Rpc, signer: TransactionSigner, to: Address, wei: int) -> MinedTransaction:
    """The account `to` has that much more. Raises: TransactionRejected, TransactionPending, RpcUnavailable."""
    drafted = draft(rpc, rpc.chain_id(), signer.address, to, b"", what="the transfer", contract=None)
    return send(rpc, signer, Draft({**drafted.fields, "value": wei}), what="the transfer")
