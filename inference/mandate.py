"""What was voted and binds a worker: its terms, the release's scope, and the constraints in force."""

from __future__ import annotations

from collections.abc import Sequence

from governance.ledger.client import Ledger
from governance.types.events import Event
from inference.constraints_in_force import read_scope_of, rebuild_constraints
from inference.enforcement import Denied, Permitted, Spent, Use, judge_use
from inference.errors import CannotEnforce, UseRefused
from inference.question import Question, Texts
from inference.receipts import Served
from inference.terms import Terms
from inference.watch import Look


class Mandate:
    """One release's scope, and the constraints as the ledger has them now."""

    def __init__(self, ledger: Ledger, terms: Terms, events: Sequence[Event], look: Look) -> None:
        """From everything that happened. Raises: ConstraintsMismatch, MalformedDocument, NotCanonical, UseRefused."""
        self._ledger = ledger
        self.terms = terms
        self.scope = read_scope_of(events, terms)
        if self.scope.to_mode() is not terms.mode:
            raise UseRefused(f"the release is for another mode than its scope: {self.scope.mode}", rule="R-Worker-04")
        self._head = look.ledger_head
        self._constraints = rebuild_constraints(events, ledger.deployment, look.ledger_head)

    def refresh(self, look: Look) -> None:
        """R-Worker-05: the constraints are those that fold to the proven head, or nothing is served.

        Raises: ConstraintsMismatch, Unavailable.
        """
        if self._head != look.ledger_head:
            events = [record.event for record in self._ledger.whole_story()]
            self._constraints = rebuild_constraints(events, self._ledger.deployment, look.ledger_head)
            self._head = look.ledger_head

    def judge(self, question: Question | Texts, tokens: int, spent: Spent, look: Look) -> Permitted:
        """R-Worker-04: how long the answer to a question of so many tokens may be.

        Raises: UseRefused, CannotEnforce.
        """
        use = Use(question.capability, question.purpose, question.audience, tokens, question.max_tokens)
        verdict = judge_use(use, self.scope, self._constraints, spent, look.newest.timestamp)
        if isinstance(verdict, Denied):
            if verdict.rule == "R-Worker-06":
                raise CannotEnforce(verdict.reason, rule=verdict.rule)
            raise UseRefused(verdict.reason, rule=verdict.rule)
        return verdict

    def record(self, question: Question | Texts, prompt_tokens: int, output_tokens: int, look: Look) -> Served:
        """What a receipt says of a use under this mandate."""
        return Served(
            chain_id=self._ledger.chain_id,
            releases=self._ledger.releases.address,
            release_id="0x" + self.terms.release_id.hex(),
            worker=self.terms.worker,
            manifest_hash="0x" + self.terms.anchor.manifest_hash.hex(),
            ledger_head="0x" + look.ledger_head.hex(),
            block_number=look.newest.number,
            block_time=look.newest.timestamp,
            capability=question.capability,
            prompt_tokens=prompt_tokens,
            output_tokens=output_tokens,
        )
