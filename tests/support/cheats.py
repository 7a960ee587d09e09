"""What cheats put on a chain: transactions that no honest software sends, with accounts and shares that are real."""

from __future__ import annotations

from collections.abc import Sequence

from committee_system import Asked, CommitteeSystem
from governance.crypto.partial import Partial
from governance.crypto.points import g1_to_eip2537
from governance.crypto.vss import KeyShare
from governance.ledger.codec import Call, encode_call
from governance.ledger.errors import LedgerRefused
from governance.ledger.signer import Signer
from oracle_fleet import OracleProcess, wait_until
from transport import multiply_share

GAS = 3_000_000
FEE = 10**11


def force(committee: CommitteeSystem, call: Call, signer: Signer) -> LedgerRefused:
    """The transaction is in a block, where it failed and left nothing; returns why."""
    ledger = committee.system.ledger
    try:
        ledger.try_call(call, signer.address)
    except LedgerRefused as e:
        refusal = e
    else:
        raise AssertionError(f"{call} is not refused")
    fields = {
        "type": 2,
        "chainId": ledger.chain_id,
        "nonce": int(ledger.rpc.call("eth_getTransactionCount", signer.address, "latest"), 16),
        "to": ledger.deployment.addresses[call.contract],
        "data": "0x" + encode_call(call).hex(),
        "gas": GAS,
        "maxFeePerGas": FEE,
        "maxPriorityFeePerGas": 1,
        "value": 0,
    }
    sent = ledger.rpc.call("eth_sendRawTransaction", "0x" + signer.sign_transaction(fields).hex())
    receipt = wait_until(lambda: ledger.rpc.call("eth_getTransactionReceipt", sent), patience=20, what="a receipt")
    assert (int(receipt["status"], 16), receipt["logs"]) == (0, [])
    return refusal


def approve(committee: CommitteeSystem, asked: Asked, oracles: Sequence[OracleProcess]) -> None:
    """Each of them has approved, whatever its software thinks."""
    ledger = committee.system.ledger
    for oracle in oracles:
        ledger.send(ledger.committee.approve(asked.request_id), oracle.signer())


def make_answer(asked: Asked, share: KeyShare) -> Partial:
    """The partial that this share gives, right or wrong."""
    return multiply_share(share, asked.transport.public)


def post(committee: CommitteeSystem, asked: Asked, partial: Partial, verification_key: bytes) -> Call:
    """The call that answers with that partial, under that key."""
    ledger = committee.system.ledger
    return ledger.committee.post(asked.event, g1_to_eip2537(partial.point), verification_key=verification_key)
