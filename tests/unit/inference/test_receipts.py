"""Receipts: what was changed, left out, or signed by another is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account

from governance.encoding.receipts import compute_receipt_hash, compute_receipts_root
from inference.errors import BadReceipt
from inference.receipts import ReceiptLog, Served, verify_receipt

ACCOUNT = Account.create()
SERVED = Served(
    chain_id=31337,
    releases="0x" + "11" * 20,
    release_id="0x" + "22" * 32,
    worker=ACCOUNT.address,
    manifest_hash="0x" + "33" * 32,
    ledger_head="0x" + "44" * 32,
    block_number=12,
    block_time=1_900_000_000,
    capability="chat",
    prompt_tokens=7,
    output_tokens=9,
)


@pytest.fixture
def log(tmp_path: Path) -> ReceiptLog:
    return ReceiptLog(tmp_path, bytes(ACCOUNT.key))


def test_receipt_verifies_with_request_and_response(log: ReceiptLog) -> None:
    receipt = log.append(SERVED, b"question", b"answer")
    verify_receipt(receipt, b"question", b"answer")
    assert b"question" not in json.dumps(receipt).encode()


@pytest.mark.parametrize(("request_", "response"), [(b"other", b"answer"), (b"question", b"other")])
def test_receipt_refuses_another_content(log: ReceiptLog, request_: bytes, response: bytes) -> None:
    receipt = log.append(SERVED, b"question", b"answer")
    with pytest.raises(BadReceipt):
        verify_receipt(receipt, request_, response)


@pytest.mark.parametrize("member", ["sequence", "previous", "manifestHash", "blockTime", "worker", "request"])
def test_receipt_refuses_any_changed_member(log: ReceiptLog, member: str) -> None:
    receipt: dict[str, Any] = log.append(SERVED, b"question", b"answer")
    old = receipt["body"][member]
    receipt["body"][member] = old + 1 if isinstance(old, int) else old[:-1] + ("0" if old[-1] != "0" else "1")
    with pytest.raises(BadReceipt):
        verify_receipt(receipt)


@pytest.mark.parametrize("signature", ["0x", "0x" + "00" * 65, "nonsense", None])
def test_receipt_refuses_a_malformed_signature(log: ReceiptLog, signature: str | None) -> None:
    receipt: dict[str, Any] = {**log.append(SERVED, b"question", b"answer"), "signature": signature}
    with pytest.raises(BadReceipt):
        verify_receipt(receipt)


def test_log_refuses_to_sign_for_another_worker_unnoticed(tmp_path: Path) -> None:
    receipt = ReceiptLog(tmp_path, bytes(Account.create().key)).append(SERVED, b"q", b"a")
    with pytest.raises(BadReceipt):
        verify_receipt(receipt)


def test_log_continues_its_chain_after_a_restart(log: ReceiptLog, tmp_path: Path) -> None:
    first = log.append(SERVED, b"1", b"1")
    again = ReceiptLog(tmp_path, bytes(ACCOUNT.key))
    second = again.append(SERVED, b"2", b"2")
    assert second["body"]["previous"] == "0x" + compute_receipt_hash(first["body"]).hex()
    assert second["body"]["sequence"] == 1


@pytest.mark.parametrize("drop", [0, 1])
def test_log_with_a_missing_receipt_is_refused(log: ReceiptLog, tmp_path: Path, drop: int) -> None:
    for _ in range(3):
        log.append(SERVED, b"q", b"a")
    lines = (tmp_path / ReceiptLog.FILE).read_text().splitlines()
    del lines[drop]
    (tmp_path / ReceiptLog.FILE).write_text("\n".join(lines) + "\n")
    with pytest.raises(BadReceipt):
        ReceiptLog(tmp_path, bytes(ACCOUNT.key))


def test_batch_root_binds_order_and_number(log: ReceiptLog) -> None:
    assert log.batch(0) is None
    receipts = [log.append(replace(SERVED, block_number=n), b"q", b"a") for n in range(5)]
    hashes = [compute_receipt_hash(receipt["body"]) for receipt in receipts]
    assert log.batch(0) == (compute_receipts_root(hashes), 5)
    assert log.batch(3) == (compute_receipts_root(hashes[3:]), 2)
    roots = {compute_receipts_root(hashes[:n]) for n in range(1, 6)} | {compute_receipts_root(hashes[::-1])}
    assert len(roots) == 6
