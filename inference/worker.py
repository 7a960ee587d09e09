"""A worker: unlocked by the committee, watched by itself, enforcing what was voted, and dark as soon as it must be.

Order matters. The watch runs before the weights are asked for, and every answer is judged under the lease. When the
lease is lost the tensors are zeroed in the watch's own thread, whatever else goes on; a generation that runs ends at
its next token, and its answer is given to nobody.

Source: DESIGN section 7.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from governance.chain.proofs import BadProof
from governance.ledger.client import Ledger
from governance.ledger.transactions import TransactionSigner
from governance.types import Mode, ReleaseId
from governance.types.events import Event
from governance.types.events.releases import ReceiptsAnchored
from inference.desk import Desk, Work
from inference.embedding import EmbeddingModel
from inference.errors import (
    DoubtfulProof,
    NotFinalYet,
    UnsupportedModel,
    WorkerDark,
    WorkerNotReady,
)
from inference.lease import Dark
from inference.loading import load, warmed_up
from inference.mandate import Mandate
from inference.model import GovernedModel, LanguageModel
from inference.question import WHOLE, Answer, Ear, Embeddings, Question, Texts
from inference.receipts import MessageSigner, ReceiptLog
from inference.sealed import Manifest, OpenedModel, PreparedOpening, read_manifest
from inference.sight import Sight
from inference.terms import Terms
from inference.unlock import Report, Unlocked, Waiting, unlock
from inference.watch import Look, Watch

ANCHOR_PATIENCE = 20.0  # [seconds] until a root is in a block; a worker that ends does not wait for a dead chain


class WorkerSigner(TransactionSigner, MessageSigner, Protocol):
    """The worker's key: it asks for unlocks, anchors, and signs receipts."""


@dataclass(frozen=True)
class Post:
    """Where a worker works: on which ledger, as whom, under which release, with which sealed directory."""

    ledger: Ledger
    signer: WorkerSigner
    release_id: ReleaseId
    sealed: Path
    names: Mapping[bytes, str]  # of organisations, for messages


@dataclass(frozen=True)
class Patience:
    """How long a start waits [seconds]. For partials, None is until the request expires by the chain's time."""

    finality: float = 120.0
    partials: float | None = None


class Worker:
    """One model under one release. Thread-safe; one answer at a time."""

    def __init__(self, post: Post, sight: Sight, receipts: ReceiptLog) -> None:
        self._post, self._sight, self._receipts = post, sight, receipts
        self._desk = Desk(self, receipts)
        self._anchoring = threading.Lock()  # no receipt is anchored twice
        self._changing = threading.Lock()  # held for an instant, where the worker gets or loses its model
        self._dark: Dark | None = None
        self._model: GovernedModel | None = None
        self._mandate: Mandate | None = None
        self._unlocked: Unlocked | None = None
        self._waits_for = "the chain"
        self._since = 0
        self._took: dict[str, float] = {}  # [seconds] by part of the start
        self._report: Report = lambda _: None
        self._watch = Watch(sight, post.release_id, post.signer.address, on_dark=self._go_dark)

    @property
    def dark(self) -> Dark | None:
        return self._dark

    @property
    def unlocked(self) -> Unlocked | None:
        """How the data key came about, once it did (the key itself is wiped)."""
        return self._unlocked

    @property
    def waits_for(self) -> str:
        """What the worker waits for before it serves; empty once it does."""
        return self._waits_for

    @property
    def since(self) -> int:
        """When the worker first knew what it may do, by the chain's time [Unix seconds]; 0 before."""
        return self._since

    @property
    def model(self) -> GovernedModel:
        """Raises: WorkerDark, WorkerNotReady."""
        if self._dark is not None:
            raise WorkerDark(f"the worker is dark: {self._dark.reason}", rule=self._dark.rule)
        if self._model is None:
            raise WorkerNotReady(f"the worker does not serve yet: {self._waits_for}")
        return self._model

    def prepare(
        self, *, report: Report, patience: Patience | None = None, intended: Question | None = None
    ) -> tuple[Mandate, Manifest]:
        """What the worker may do is known. Nothing was signed, and the committee was not asked.

        Refuses at once if the question that is `intended` would not be permitted.
        Raises: WorkerDark, NotFinalYet, NotRegistered, UseRefused, CannotEnforce, ConstraintsMismatch, BadReceipt,
        VerificationError, InvalidInput, Unavailable.
        """
        self._report = report
        with self._timed("terms"):
            terms, look = self._await_terms((patience or Patience()).finality)
            manifest = read_manifest(self._post.sealed, terms.anchor)
            events = [record.event for record in self._post.ledger.whole_story()]
            mandate = self._mandate = Mandate(self._post.ledger, terms, events, look)
            self._receipts.verify_anchored(self._select_anchored(events))
        self._since = look.newest.timestamp
        if intended is not None:
            mandate.judge(intended, 0, self._receipts.spent, look)
        return mandate, manifest

    def start(
        self,
        *,
        report: Report,
        patience: Patience | None = None,
        threads: int = 2,
        intended: Question | None = None,
    ) -> Unlocked:
        """The model is unlocked, opened in memory and loaded, and the lease is watched.

        Raises: as `prepare`, and UnlockTimedOut, LedgerRefused, UnsupportedModel.
        """
        patience = patience or Patience()
        mandate, manifest = self.prepare(report=report, patience=patience, intended=intended)
        self._watch.start()
        try:
            with PreparedOpening(self._post.sealed, expected=mandate.terms.anchor) as prepared:
                with self._timed("unlock"), warmed_up(prepared):
                    unlocked = self._unlock(mandate.terms, manifest, patience.partials)
                self._tell("opening the weights")
                try:
                    # R-Worker-07: all of it is verified, or there are no tensors; and none without a lease.
                    with self._timed("open"):
                        opened = prepared.open(
                            unlocked.data_key, threads=threads, progress=lambda done, total: self.check_lease()
                        )
                finally:
                    unlocked.data_key.wipe()
            with self._timed("load"):
                self._take_up(_load(opened))
        except BaseException:
            self._watch.stop()
            raise
        self._unlocked = unlocked
        self._waits_for = ""
        return unlocked

    def ask(self, question: Question, ear: Ear = WHOLE) -> Answer:
        """As `Desk.ask`."""
        return self._desk.ask(question, ear)

    def embed(self, texts: Texts, ear: Ear = WHOLE) -> Embeddings:
        """As `Desk.embed`."""
        return self._desk.embed(texts, ear)

    def describe(self) -> dict[str, Any]:
        """What the worker is at, as JSON values."""
        dark, look, mandate, spent = self._dark, self._watch.last, self._mandate, self._receipts.spent
        terms = mandate.terms if mandate is not None else None
        state = "dark" if dark is not None else "starting" if self._waits_for else "serving"
        return {
            "schema": "custodes.worker/1",
            "state": state,
            "reason": dark.reason if dark is not None else None,
            "rule": dark.rule if dark is not None else None,
            "waitsFor": self._waits_for or None,
            "worker": self._post.signer.address,
            "releaseId": "0x" + self._post.release_id.hex(),
            "modelId": "0x" + terms.model_id.hex() if terms is not None else None,
            "manifestHash": "0x" + terms.anchor.manifest_hash.hex() if terms is not None else None,
            "block": look.newest.number if look is not None else None,
            "finalized": look.block.number if look is not None else None,
            "expiresAt": look.expires_at if look is not None else None,
            "scope": mandate.scope.model_dump(mode="json", by_alias=True) if mandate is not None else None,
            "startSeconds": dict(self._took),
            "served": {"requests": spent.requests, "outputTokens": spent.output_tokens},
        }

    def anchor_receipts(self) -> int:
        """Every receipt of this worker under this release is under an anchored root; returns how many are new.

        Raises: LedgerRefused, TransactionPending, Unavailable.
        """
        releases, release_id = self._post.ledger.releases, self._post.release_id
        with self._anchoring:
            # With what is sent and not mined yet: receipts that are anchored twice would be counted twice.
            state = releases.get_receipts(release_id, self._post.signer.address, at="pending")
            with self._desk.turns:
                batch = self._receipts.batch(state.receipts)
            if batch is None:
                return 0
            call = releases.anchor_receipts(release_id, *batch)
            self._post.ledger.send(call, self._post.signer, patience=ANCHOR_PATIENCE)
            return batch[1]

    def prove_receipt(self, sequence: int) -> dict[str, Any]:
        """Where that receipt lies under an anchored root, None until it does. Raises: NotEncodable, Unavailable."""
        batches = self._select_anchored([record.event for record in self._post.ledger.events()])
        return {"schema": "custodes.receipt-inclusion/1", "inclusion": self._receipts.prove(sequence, batches)}

    def abandon(self) -> None:
        """What goes on ends soon, with WorkerDark: a wait for the committee, or an answer. The weights are gone."""
        self._go_dark(Dark("R-Worker-01", "the worker is ending"))

    def close(self) -> None:
        """The weights are gone from memory, the watch has ended, and another process may serve."""
        self._watch.stop()
        self.abandon()
        with self._desk.turns:  # an answer that was cut short still writes its receipt
            self._receipts.close()

    # --- the beginning

    @contextmanager
    def _timed(self, part: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        self._took[part] = round(time.monotonic() - began, 3)

    def _tell(self, what: str) -> None:
        self._waits_for = what
        self._report(what)

    def _unlock(self, terms: Terms, manifest: Manifest, patience: float | None) -> Unlocked:
        waiting = Waiting(self._tell, self.check_lease, self._post.names, patience)
        return unlock(self._post.ledger, self._post.signer, terms.release_id, terms.identity, manifest, waiting)

    def _await_terms(self, patience: float) -> tuple[Terms, Look]:
        """R-Worker-01: what a good look showed, once the release is in force at a finalized block."""
        deadline = time.monotonic() + patience
        appeared = 0
        while True:
            try:
                look = self._watch.look()
                if isinstance(look, Look):
                    return self._read_terms(look), look
            except DoubtfulProof:
                self.check_lease()
                time.sleep(0.1)
                continue
            if not look.is_early:
                raise WorkerDark(look.reason, rule=look.rule)
            heads = self._sight.view.refresh()
            appeared = appeared or heads.newest.number
            blocks = max(1, appeared - heads.finalized.number)
            self._tell(f"waiting for finality, {blocks} block{'s' if blocks > 1 else ''}")
            if time.monotonic() > deadline:
                raise NotFinalYet(f"the release was not final within {patience:.0f} s")
            self.check_lease()
            time.sleep(0.2)

    def _read_terms(self, look: Look) -> Terms:
        """Raises: WorkerDark, NotRegistered, UnsupportedModel, DoubtfulProof."""
        sight, post = self._sight, self._post
        try:
            terms = sight.terms.terms(sight.view.prove, look.block, post.release_id, post.signer.address)
        except BadProof as e:
            raise DoubtfulProof(e.message) from e
        if terms.mode is Mode.MPC:
            raise UnsupportedModel("the release is for a party of MPC, which does not hold a whole model")
        return terms

    def _take_up(self, model: GovernedModel) -> None:
        with self._changing:
            if self._dark is None:
                self._model = model
                return
        model.close()  # the lease was lost while the weights were on their way
        self.check_lease()

    # --- what the desk asks of its worker

    def take_up_work(self) -> Work:
        """What answers are made of now. Raises: WorkerDark, WorkerNotReady, ConstraintsMismatch, Unavailable."""
        model = self.model
        look, mandate = self._watch.last, self._mandate
        if look is None or mandate is None:
            raise WorkerNotReady("the worker has not seen the chain")
        mandate.refresh(look)
        return Work(model, mandate, look)

    def must_stop(self) -> bool:
        """Whether what is being made is for nobody any more."""
        return self._dark is not None or not self._watch.is_fresh

    def check_lease(self) -> None:
        """Raises: WorkerDark."""
        if self._dark is not None:
            raise WorkerDark(f"the worker went dark: {self._dark.reason}", rule=self._dark.rule)
        if not self._watch.is_fresh:
            raise WorkerDark("no new block came within the stall limit", rule="R-Worker-03")

    # --- the lease

    def _go_dark(self, dark: Dark) -> None:
        """R-Worker-02: no weight is in memory any more."""
        with self._changing:
            if self._dark is None:
                self._dark = dark
            model, self._model = self._model, None
        if model is not None:
            model.close()
            self._report(f"dark: {self._dark.reason} [{self._dark.rule}]")

    # --- receipts

    def _select_anchored(self, events: Sequence[Event]) -> list[ReceiptsAnchored]:
        mine = self._post.release_id, self._post.signer.address
        batches = [event for event in events if isinstance(event, ReceiptsAnchored)]
        return [batch for batch in batches if (batch.release_id, batch.worker) == mine]


def _load(opened: OpenedModel) -> GovernedModel:
    """Raises: UnsupportedModel; `opened` is wiped then."""
    try:
        loaded = load(opened)
    except BaseException:
        opened.wipe()
        raise
    return LanguageModel(opened, loaded) if loaded.is_causal else EmbeddingModel(opened, loaded)
