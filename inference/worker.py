"""A worker: unlocked by the committee, watched by itself, enforcing what was voted, and dark as soon as it must be.

Order matters. The watch runs before the weights are asked for, and every answer is judged under the lease. When the
lease is lost the tensors are zeroed and the model is dropped in the watch's own thread; a generation that runs ends at
its next token.

Source: DESIGN section 7.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from governance.constraints.scope import ReleaseScope, read_scope
from governance.encoding.documents import compute_document_hash, encode_document
from governance.ledger.client import Ledger
from governance.types import Hash32, ReleaseId
from governance.types.events.releases import ReleaseGranted
from inference.constraints_in_force import rebuild_constraints
from inference.enforcement import ConstraintInForce, Denied, Spent, Use, judge_use
from inference.errors import CannotEnforce, ConstraintsMismatch, UseRefused, WorkerDark
from inference.lease import Dark
from inference.model import Completion, LanguageModel
from inference.receipts import ReceiptLog, Served
from inference.sealed import Anchor, open_sealed, read_manifest
from inference.unlock import Report, Unlocked, unlock
from inference.watch import Look, Watch


@dataclass(frozen=True)
class Question:
    """One request for a completion."""

    messages: tuple[dict[str, str], ...] = field(repr=False)
    capability: str
    purpose: str | None = None
    audience: str | None = None
    max_tokens: int | None = None

    def to_bytes(self) -> bytes:
        """What the receipt commits to."""
        return encode_document(
            {"messages": [dict(message) for message in self.messages], "capability": self.capability}
        )


@dataclass(frozen=True)
class Answer:
    """A completion with its signed receipt."""

    completion: Completion
    receipt: dict[str, Any]


class Worker:
    """One model under one release. Thread-safe; one answer at a time."""

    def __init__(
        self,
        ledger: Ledger,
        signer: Any,
        release_id: ReleaseId,
        sealed: Path,
        receipts: ReceiptLog,
        make_watch: Callable[[Callable[[Dark], None]], Watch],
    ) -> None:
        self._ledger, self._signer, self._release_id, self._sealed = ledger, signer, release_id, sealed
        self._receipts = receipts
        self._asking = threading.Lock()  # one answer at a time
        self._changing = threading.Lock()  # held for an instant, where the worker gets or loses its model
        self._dark: Dark | None = None
        self._dark_event = threading.Event()
        self._model: LanguageModel | None = None
        self._spent = Spent(0, 0)
        self._constraints: tuple[Hash32, list[ConstraintInForce]] | None = None
        self._watch = make_watch(self._go_dark)
        self._manifest_hash = b""

    @property
    def dark(self) -> Dark | None:
        return self._dark

    @property
    def model(self) -> LanguageModel:
        """Raises: WorkerDark."""
        if self._dark is not None:
            raise WorkerDark(f"the worker is dark: {self._dark.reason}", rule=self._dark.rule)
        if self._model is None:
            raise WorkerDark("the worker has not unlocked its model", rule="R-Worker-01")
        return self._model

    def start(self, *, names: Callable[[bytes], str], stall_limit: float, report: Report) -> Unlocked:
        """The model is unlocked, opened in memory and loaded, and the lease is watched.

        Raises: WorkerDark, CannotEnforce, ConstraintsMismatch, UnlockTimedOut, LedgerRefused, VerificationError,
        InvalidInput.
        """
        look = self._first_look()
        release = self._ledger.releases.get_release(self._release_id, at=look.block.number)
        record = self._ledger.releases.get_model(release.model_id, at=look.block.number)
        identity = self._ledger.releases.get_worker_identity(
            self._release_id, self._signer.address, at=look.block.number
        )
        anchor = Anchor(record.manifest_hash, record.content_root, record.key_commitment, identity)
        manifest = read_manifest(self._sealed, anchor)
        self._manifest_hash = bytes(record.manifest_hash)
        self._scope = self._read_scope(release.scope_hash)
        self._refresh_constraints(look)
        self._watch.start()
        try:
            unlocked = unlock(
                self._ledger,
                self._signer,
                self._release_id,
                manifest,
                names=names,
                stall_limit=stall_limit,
                report=report,
            )
            try:
                opened = open_sealed(self._sealed, unlocked.data_key, expected=anchor)
            finally:
                unlocked.data_key.wipe()
            model = LanguageModel(opened)
        except BaseException:
            self._watch.stop()
            raise
        with self._changing:
            if self._dark is None:
                self._model = model
                return unlocked
        model.close()  # the lease was lost while the weights were on their way
        raise WorkerDark(f"the worker went dark: {self._dark.reason}", rule=self._dark.rule)

    def ask(self, question: Question) -> Answer:
        """The model's answer, if the scope, the constraints and the lease permit it, with its receipt.

        Raises: WorkerDark, UseRefused, CannotEnforce, ConstraintsMismatch.
        """
        with self._asking:
            model = self.model
            look = self._watch.last
            if look is None:
                raise WorkerDark("the worker has not seen the chain", rule="R-Worker-03")
            self._refresh_constraints(look)
            assert self._constraints is not None  # noqa: S101 - _refresh_constraints has set it
            use = Use(
                question.capability,
                question.purpose,
                question.audience,
                model.count_tokens(question.messages),
                question.max_tokens,
            )
            verdict = judge_use(use, self._scope, self._constraints[1], self._spent, look.newest.timestamp)
            if isinstance(verdict, Denied):
                kind = CannotEnforce if verdict.rule == "R-Worker-06" else UseRefused
                raise kind(verdict.reason, rule=verdict.rule)
            completion = model.generate(question.messages, verdict.max_tokens, self._dark_event)
            if completion.stopped or self._dark is not None:
                reason = self._dark.reason if self._dark else "the lease was lost"
                raise WorkerDark(f"the worker went dark while it answered: {reason}", rule="R-Worker-02")
            self._spent = Spent(self._spent.requests + 1, self._spent.output_tokens + len(completion.token_ids))
            return Answer(completion, self._write_receipt(question, completion, look))

    def anchor_receipts(self) -> None:
        """Every receipt of this worker under this release is under an anchored root.

        Raises: LedgerRefused, RpcUnavailable.
        """
        state = self._ledger.releases.get_receipts(self._release_id, self._signer.address)
        batch = self._receipts.batch(state.receipts)
        if batch is not None:
            root, count = batch
            self._ledger.send(self._ledger.releases.anchor_receipts(self._release_id, root, count), self._signer)

    def close(self) -> None:
        """The weights are gone from memory, and the watch has ended."""
        self._watch.stop()
        self._go_dark(Dark("R-Worker-07", "the worker was closed"))

    def _go_dark(self, dark: Dark) -> None:
        with self._changing:
            if self._dark is None:
                self._dark = dark
            model, self._model = self._model, None
        self._dark_event.set()
        if model is not None:
            model.close()  # waits for the token in the making, no longer

    def _first_look(self) -> Look:
        look = self._watch.look()
        if isinstance(look, Dark):
            raise WorkerDark(look.reason, rule=look.rule)
        return look

    def _read_scope(self, scope_hash: bytes) -> ReleaseScope:
        """The scope whose hash the release holds, from the event that granted it."""
        for record in self._ledger.events():
            event = record.event
            if isinstance(event, ReleaseGranted) and event.release_id == self._release_id:
                if compute_document_hash(event.scope) != scope_hash:
                    break
                return read_scope(event.scope)
        raise ConstraintsMismatch("no scope document hashes to what the release holds")

    def _refresh_constraints(self, look: Look) -> None:
        """R-Worker-06: the constraints are the ones that fold to the proven head, or the worker does not serve."""
        if self._constraints is not None and self._constraints[0] == look.ledger_head:
            return
        events = [record.event for record in self._ledger.events()]
        genesis = self._ledger.constraints.get_genesis_head()
        constraints = rebuild_constraints(events, self._ledger.deployment, genesis, look.ledger_head)
        self._constraints = (look.ledger_head, constraints)

    def _write_receipt(self, question: Question, completion: Completion, look: Look) -> dict[str, Any]:
        served = Served(
            chain_id=self._ledger.chain_id,
            releases=self._ledger.releases.address,
            release_id="0x" + self._release_id.hex(),
            worker=self._signer.address,
            manifest_hash="0x" + self._manifest_hash.hex(),
            ledger_head="0x" + look.ledger_head.hex(),
            block_number=look.newest.number,
            block_time=look.newest.timestamp,
            capability=question.capability,
            prompt_tokens=completion.prompt_tokens,
            output_tokens=len(completion.token_ids),
        )
        return self._receipts.append(served, question.to_bytes(), completion.text.encode())


def to_messages(texts: Sequence[str]) -> tuple[dict[str, str], ...]:
    """A chat of one user."""
    return tuple({"role": "user", "content": text} for text in texts)
