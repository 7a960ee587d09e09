"""A worker's life on a real chain: what it needs to begin, what it serves, and what makes it dark."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path
from unittest.mock import patch

import pytest

from governance.constraints.scope import Budget
from governance.errors import CustodesError
from governance.ledger.errors import TransactionPending
from governance.ledger.signer import Signer
from governance.types import ReleaseId
from hiring import HELLO, Hire, endless, silent
from inference.errors import (
    BadReceipt,
    BadRequest,
    CannotEnforce,
    NotFinalYet,
    UnlockTimedOut,
    UseRefused,
    WorkerDark,
    WorkerNotReady,
)
from inference.question import Question, ask_user
from inference.receipts import verify_receipt
from inference.sealed import DataKey, open_sealed
from inference.sealed.errors import ManifestMismatch, TamperedChunk, WrongDataKey
from inference.worker import Patience
from worker_world import CHAT, Released, WorkerWorld, wait_for

pytestmark = pytest.mark.chain


@pytest.fixture(scope="module")
def released(world: WorkerWorld) -> Released:
    """A release that no test of this file stops."""
    return world.release()


# --- beginning


def test_worker_answers_as_its_release_permits(world: WorkerWorld, released: Released, hire: Hire) -> None:
    said: list[str] = []
    worker = hire(released)
    with pytest.raises(WorkerNotReady):
        worker.ask(HELLO)
    world.committee.alive = set()  # until the worker has said who is missing

    def report(line: str) -> None:
        said.append(line)
        if line.startswith("0 of 3 partials approved"):
            world.committee.alive = set(range(5))

    with world.committee.answering():
        unlocked = worker.start(report=report)
    assert len(unlocked.answers) >= 3
    assert said[-1] == "opening the weights"
    assert any(line.startswith("0 of 3 partials approved: missing oracle-1 (Aurora Labs), oracle-2") for line in said)
    with pytest.raises(ValueError, match="wiped"):
        unlocked.data_key.expose()
    answer = worker.ask(HELLO)
    assert len(answer.completion.token_ids) == 8
    assert answer.completion.is_cut
    verify_receipt(answer.receipt, HELLO.to_bytes(), answer.completion.text.encode())
    assert answer.receipt["body"]["manifestHash"] == "0x" + released.manifest.compute_hash().hex()
    assert worker.describe()["state"] == "serving"
    worker.close()
    assert worker.describe()["state"] == "dark"
    with pytest.raises(WorkerDark, match="ending"):
        worker.ask(HELLO)


def test_worker_refuses_a_release_that_was_never_granted(world: WorkerWorld, released: Released, hire: Hire) -> None:
    unknown = dataclasses.replace(released, release_id=ReleaseId(b"\x05" * 32))
    worker = hire(unknown)
    with pytest.raises(WorkerDark, match="no such release was executed") as refused:
        worker.start(report=silent)
    assert refused.value.rule == "R-Worker-01"


def test_worker_refuses_a_release_of_another_worker(
    world: WorkerWorld, released: Released, tmp_path: Path, hire: Hire
) -> None:
    stranger = dataclasses.replace(released, worker=Signer.random())
    worker = hire(stranger, receipts=tmp_path)
    with pytest.raises(WorkerDark, match="does not name this worker"):
        worker.start(report=silent)


def test_worker_waits_for_finality_and_no_longer_than_it_was_told(world: WorkerWorld, hire: Hire) -> None:
    model = world.register(world.seal())
    worker_key = Signer.random()
    world.system.fund(worker_key.address)
    with world.pulse.held():
        release = world.grant(model, worker_key)
        report = world.directory / f"sealed-{world.count}"
        released = Released(report, world.tiny, None, model, release, worker_key)  # type: ignore[arg-type]
        worker = hire(released)
        said: list[str] = []
        with pytest.raises(NotFinalYet):
            worker.start(report=said.append, patience=Patience(finality=1))
    assert said
    assert all(line == "waiting for finality, 2 blocks" for line in said)


@pytest.mark.parametrize("where", ["manifest.json", "model.safetensors.sealed"])
def test_worker_refuses_a_tampered_directory(
    world: WorkerWorld, released: Released, tmp_path: Path, where: str, hire: Hire
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(released.directory, copy)
    content = bytearray((copy / where).read_bytes())
    content[-100] ^= 1
    (copy / where).write_bytes(content)
    worker = hire(dataclasses.replace(released, directory=copy))
    with world.committee.answering(), pytest.raises((ManifestMismatch, TamperedChunk)) as refused:
        worker.start(report=silent)
    assert type(refused.value) is (ManifestMismatch if where == "manifest.json" else TamperedChunk)
    with pytest.raises(CustodesError):
        worker.ask(HELLO)


def test_worker_refuses_the_directory_of_another_model(world: WorkerWorld, released: Released, hire: Hire) -> None:
    other = world.seal()
    worker = hire(dataclasses.replace(released, directory=other.directory))
    with pytest.raises(ManifestMismatch):
        worker.start(report=silent)


def test_wrong_data_key_opens_nothing(released: Released) -> None:
    with pytest.raises(WrongDataKey):
        open_sealed(released.directory, DataKey.generate(), expected=released.manifest.compute_anchor())


def test_worker_must_unlock_again_after_a_restart(world: WorkerWorld, released: Released, hire: Hire) -> None:
    with world.serving(released) as first:
        assert first.unlocked is not None
        asked = first.unlocked.request_id
    again = hire(released)
    with pytest.raises(WorkerNotReady):
        again.ask(HELLO)
    with pytest.raises(UnlockTimedOut):  # nobody answers now: what the first process was given is gone with it
        again.start(report=silent, patience=Patience(partials=2))
    again.close()
    with world.serving(released) as third:
        assert third.unlocked is not None
        assert third.unlocked.request_id != asked


# --- what was voted


@pytest.mark.parametrize(
    ("question", "match"),
    [
        (ask_user("x", "code"), "capability 'code' is not in the release's scope"),
        (ask_user("x", "chat", max_tokens=17), "17 tokens were asked for, and 16 are permitted"),
    ],
)
def test_worker_refuses_what_the_scope_does_not_name(
    world: WorkerWorld, released: Released, question: Question, match: str
) -> None:
    with world.serving(released) as worker:
        with pytest.raises(UseRefused, match=match) as refused:
            worker.ask(question)
        assert refused.value.rule == "R-Worker-04"
        assert refused.value.exit_code == 4


def test_worker_refuses_a_release_whose_scope_is_for_another_mode(world: WorkerWorld, hire: Hire) -> None:
    worker = hire(world.release(CHAT.model_copy(update={"mode": "eval"})))
    with pytest.raises(UseRefused, match="another mode than its scope") as refused:
        worker.start(report=silent)
    assert refused.value.rule == "R-Worker-04"


def test_worker_asks_nobody_for_what_would_be_refused(world: WorkerWorld, released: Released, hire: Hire) -> None:
    ledger, worker = world.system.ledger, hire(released)
    before = ledger.committee.get_last_request(released.release_id, released.worker.address)
    with pytest.raises(UseRefused):
        worker.start(report=silent, intended=ask_user("x", "code"))
    assert ledger.committee.get_last_request(released.release_id, released.worker.address) == before


def test_worker_counts_its_budget_over_restarts(world: WorkerWorld, hire: Hire) -> None:
    budgeted = world.release(CHAT.model_copy(update={"budget": Budget(requests=2, output_tokens=1_000)}))
    with world.serving(budgeted) as worker:
        worker.ask(HELLO)
        assert worker.anchor_receipts() == 1
        assert worker.anchor_receipts() == 0
    with world.serving(budgeted) as worker:
        worker.ask(HELLO)
        with pytest.raises(UseRefused, match="budget is used up"):
            worker.ask(HELLO)
    log = world.directory / f"receipts-{budgeted.release_id.hex()[:16]}"
    shutil.rmtree(log)
    forgetful = hire(budgeted)
    with pytest.raises(BadReceipt, match="anchored"):
        forgetful.start(report=silent)


def test_worker_anchors_no_receipt_twice_when_its_transaction_is_slow(world: WorkerWorld) -> None:
    released = world.release()
    rpc = world.system.anvil.rpc
    with world.serving(released) as worker:
        worker.ask(HELLO)
        with world.pulse.held():
            rpc.call("evm_setAutomine", False)
            try:
                with patch("inference.worker.ANCHOR_PATIENCE", 1.0), pytest.raises(TransactionPending):
                    worker.anchor_receipts()
                assert worker.anchor_receipts() == 0
            finally:
                rpc.call("evm_setAutomine", True)
        world.settle()
        assert worker.anchor_receipts() == 0
    state = world.system.ledger.releases.get_receipts(released.release_id, released.worker.address)
    assert (state.batches, state.receipts) == (1, 1)


def test_worker_takes_up_a_constraint_that_was_added_while_it_served(world: WorkerWorld) -> None:
    released = world.release(CHAT.model_copy(update={"capabilities": ("chat", "poetry")}))
    question = ask_user("Hello, who are you?", "poetry")
    with world.serving(released) as worker:
        endless(worker)
        before = worker.ask(question)
        assert len(before.completion.token_ids) == 16
        world.constrain("short poems", {"max_output_tokens": 5}, capabilities=("poetry",))
        world.settle()
        wait_for(
            lambda: worker.ask(question).receipt["body"]["ledgerHead"] != before.receipt["body"]["ledgerHead"],
            what="it",
        )
        assert len(worker.ask(question).completion.token_ids) == 5
        with pytest.raises(UseRefused, match="6 tokens were asked for, and 5 are permitted"):
            worker.ask(dataclasses.replace(question, max_tokens=6))
        assert len(worker.ask(HELLO).completion.token_ids) == 8


def test_worker_denies_what_a_constraint_governs_that_it_cannot_enforce(world: WorkerWorld) -> None:
    released = world.release(CHAT.model_copy(update={"capabilities": ("chat", "agent")}))
    world.constrain("new kind of limit", {"max_tool_calls": 3}, capabilities=("agent",))
    with world.serving(released) as worker:
        with pytest.raises(CannotEnforce, match="max_tool_calls") as refused:
            worker.ask(ask_user("x", "agent"))
        assert refused.value.rule == "R-Worker-06"
        worker.ask(HELLO)


def test_worker_refuses_a_question_longer_than_its_model_reads(world: WorkerWorld, released: Released) -> None:
    with world.serving(released) as worker, pytest.raises(BadRequest, match="the model reads 512 at most"):
        worker.ask(ask_user("x" * 600, "chat"))
