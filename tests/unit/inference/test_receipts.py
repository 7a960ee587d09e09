"""R-Worker-08. Receipts: what was changed, left out, or signed by another is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from governance.encoding.errors import NotEncodable
from governance.encoding.receipts import (
    compute_receipt_hash,
    compute_receipt_path,
    compute_receipts_root,
    compute_root_by_path,
)
from governance.ledger.signer import Signer
from governance.types import Hash32, ReleaseId
from governance.types.events.releases import ReceiptsAnchored
from inference.enforcement import Spent
from inference.errors import BadReceipt, NotAnchored, WorkerBusy
from inference.receipts import ReceiptLog, Served, verify_inclusion, verify_receipt

WORKER = Signer.random()
SERVED = Served(
    chain_id=31337,
    releases="0x" + "11" * 20,
    release_id="0x" + "22" * 32,
    worker=WORKER.address,
    manifest_hash="0x" + "33" * 32,
    ledger_head="0x" + "44" * 32,
    block_number=12,
    block_time=1_900_000_000,
    capability="chat",
    prompt_tokens=7,
    output_tokens=9,
)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[ReceiptLog]:
    made = ReceiptLog(tmp_path, WORKER)
    yield made
    made.close()


def reopen(log: ReceiptLog, directory: Path, signer: Signer = WORKER) -> ReceiptLog:
    """As another process would."""
    log.close()
    return ReceiptLog(directory, signer)


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


@pytest.mark.parametrize("opening", [None, {}, {"requestSalt": "zz"}, {"requestSalt": "0x00"}])
def test_receipt_refuses_to_be_opened_without_its_salt(log: ReceiptLog, opening: object) -> None:
    receipt: dict[str, Any] = {**log.append(SERVED, b"question", b"answer"), "opening": opening}
    with pytest.raises(BadReceipt, match="salt"):
        verify_receipt(receipt, b"question")


def test_receipt_refuses_a_body_that_has_no_canonical_form(log: ReceiptLog) -> None:
    receipt: dict[str, Any] = log.append(SERVED, b"question", b"answer")
    receipt["body"]["blockTime"] = 1.5
    with pytest.raises(BadReceipt):
        verify_receipt(receipt)


def test_log_refuses_to_sign_for_another_worker_unnoticed(tmp_path: Path) -> None:
    log = ReceiptLog(tmp_path, Signer.random())
    receipt = log.append(SERVED, b"q", b"a")
    log.close()
    with pytest.raises(BadReceipt):
        verify_receipt(receipt)


def test_log_of_another_worker_is_refused(log: ReceiptLog, tmp_path: Path) -> None:
    log.append(SERVED, b"q", b"a")
    with pytest.raises(BadReceipt, match="holds the receipts of"):
        reopen(log, tmp_path, Signer.random())


def test_log_is_refused_while_another_process_writes_to_it(log: ReceiptLog, tmp_path: Path) -> None:
    with pytest.raises(WorkerBusy, match=ReceiptLog.FILE):
        ReceiptLog(tmp_path, WORKER)


def test_log_continues_its_chain_after_a_restart(log: ReceiptLog, tmp_path: Path) -> None:
    first = log.append(SERVED, b"1", b"1")
    again = reopen(log, tmp_path)
    second = again.append(SERVED, b"2", b"2")
    assert second["body"]["previous"] == "0x" + compute_receipt_hash(first["body"]).hex()
    assert second["body"]["sequence"] == 1
    assert again.spent == Spent(2, 18)
    again.close()


def test_log_forgets_a_receipt_that_was_half_written(log: ReceiptLog, tmp_path: Path) -> None:
    log.append(SERVED, b"1", b"1")
    with (tmp_path / ReceiptLog.FILE).open("a") as file:
        file.write('{"body": {"sequ')
    again = reopen(log, tmp_path)
    assert again.append(SERVED, b"2", b"2")["body"]["sequence"] == 1
    assert reopen(again, tmp_path).count == 2


@pytest.mark.parametrize("drop", [0, 1])
def test_log_with_a_missing_receipt_is_refused(log: ReceiptLog, tmp_path: Path, drop: int) -> None:
    for _ in range(3):
        log.append(SERVED, b"q", b"a")
    lines = (tmp_path / ReceiptLog.FILE).read_text().splitlines()
    del lines[drop]
    (tmp_path / ReceiptLog.FILE).write_text("\n".join(lines) + "\n")
    with pytest.raises(BadReceipt):
        reopen(log, tmp_path)


@pytest.mark.parametrize("line", ["nonsense", "[]", "{}", '{"body": {"sequence": 0}}', '{"body": 1.5}'])
def test_log_with_a_line_that_is_no_receipt_is_refused(log: ReceiptLog, tmp_path: Path, line: str) -> None:
    (tmp_path / ReceiptLog.FILE).write_text(line + "\n")
    with pytest.raises(BadReceipt):
        reopen(log, tmp_path)


def test_log_with_a_changed_last_receipt_is_refused(log: ReceiptLog, tmp_path: Path) -> None:
    log.append(SERVED, b"q", b"a")
    path = tmp_path / ReceiptLog.FILE
    path.write_text(path.read_text().replace('"outputTokens": 9', '"outputTokens": 1'))
    with pytest.raises(BadReceipt):
        reopen(log, tmp_path)


def test_log_that_lacks_what_was_anchored_is_refused(log: ReceiptLog) -> None:
    for n in range(3):
        log.append(SERVED, b"q%d" % n, b"a")
    batch = log.batch(1)
    assert batch is not None
    root, count = batch
    anchored = ReceiptsAnchored(ReleaseId(bytes(32)), WORKER.address, 1, root, 1, count)
    log.verify_anchored([anchored])
    for wrong in (
        replace(anchored, count=3),
        replace(anchored, root=Hash32(bytes(32))),
        replace(anchored, batch=2, first_sequence=2),
    ):
        with pytest.raises(BadReceipt, match="anchored"):
            log.verify_anchored([anchored, wrong])


def test_batch_root_binds_order_and_number(log: ReceiptLog) -> None:
    assert log.batch(0) is None
    receipts = [log.append(replace(SERVED, block_number=n), b"q", b"a") for n in range(5)]
    hashes = [compute_receipt_hash(receipt["body"]) for receipt in receipts]
    assert log.batch(0) == (compute_receipts_root(hashes), 5)
    assert log.batch(3) == (compute_receipts_root(hashes[3:]), 2)
    roots = {compute_receipts_root(hashes[:n]) for n in range(1, 6)} | {compute_receipts_root(hashes[::-1])}
    assert len(roots) == 6


# --- under an anchored root


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 8, 13])
def test_every_receipt_of_a_batch_has_a_path_to_its_root_at_its_own_place_alone(count: int) -> None:
    hashes = [Hash32(bytes([number]) * 32) for number in range(count)]
    root = compute_receipts_root(hashes)
    for index, digest in enumerate(hashes):
        path = compute_receipt_path(hashes, index)
        assert compute_root_by_path(digest, index, count, path) == root
        with pytest.raises(NotEncodable, match="steps"):
            compute_root_by_path(digest, index, count, [*path, bytes(32)])
        for other in range(count):
            if other != index:
                try:
                    assert compute_root_by_path(digest, other, count, path) != root
                except NotEncodable:
                    continue
    for index in (-1, count):
        with pytest.raises(NotEncodable, match="has no number"):
            compute_receipt_path(hashes, index)
        with pytest.raises(NotEncodable, match="has no number"):
            compute_root_by_path(hashes[0], index, count, ())


def anchor(log: ReceiptLog, sizes: list[int]) -> list[ReceiptsAnchored]:
    """As the chain tells it."""
    batches, first = [], 0
    for number, size in enumerate(sizes):
        root = compute_receipts_root(log._hashes[first : first + size])
        release = ReleaseId(bytes.fromhex("22" * 32))
        batches.append(ReceiptsAnchored(release, WORKER.address, number, root, first, size))
        first += size
    return batches


def test_receipt_is_found_under_the_root_of_its_batch(log: ReceiptLog) -> None:
    receipts = [log.append(SERVED, b"q", b"a") for _ in range(6)]
    batches = anchor(log, [2, 3])
    for sequence, batch in enumerate([0, 0, 1, 1, 1]):
        proven = {**receipts[sequence], "inclusion": log.prove(sequence, batches)}
        anchored = verify_inclusion(json.loads(json.dumps(proven)))
        assert [anchored.is_said_by(event) for event in batches] == [batch == 0, batch == 1]
        assert not anchored.is_said_by(replace(batches[batch], worker=Signer.random().address))
    assert log.prove(5, batches) is None
    with pytest.raises(NotAnchored):
        verify_inclusion(receipts[5])
    with pytest.raises(NotEncodable, match="none with number 6"):
        log.prove(6, batches)


@pytest.mark.parametrize(
    "change",
    [
        {"path": []},
        {"path": ["0x" + "00" * 32]},
        {"path": 7},
        {"path": ["zz"]},
        {"count": 3},
        {"firstSequence": 1},
        {"firstSequence": "x"},
        {"root": "0x" + "00" * 32},
        {"batch": None},
    ],
)
def test_receipt_with_another_place_is_refused(log: ReceiptLog, change: dict[str, Any]) -> None:
    receipts = [log.append(SERVED, b"q", b"a") for _ in range(2)]
    inclusion = log.prove(1, anchor(log, [2]))
    assert inclusion is not None
    with pytest.raises(BadReceipt):
        verify_inclusion({**receipts[1], "inclusion": {**inclusion, **change}})
    with pytest.raises(BadReceipt):
        verify_inclusion({**receipts[0], "inclusion": inclusion})
