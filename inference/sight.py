"""What a worker sees of its release: proven at the finalized block, and by every node at its latest block."""

from __future__ import annotations

import time
from dataclasses import dataclass

from governance.chain.view import ChainView, Heads, JsonRpc, NoAgreement, prove
from governance.errors import Unavailable, VerificationError
from governance.ledger.proven import ProvenLedger, Prover, ReleaseFacts
from governance.types import Address, ReleaseId
from inference.errors import DoubtfulProof
from inference.terms import ProvenTerms

TRIES, PAUSE = 10, 0.1  # [seconds] between two tries


@dataclass(frozen=True)
class Sight:
    """A verified view with what is read through it, and how many nodes must show that the chain moves."""

    view: ChainView
    proven: ProvenLedger
    terms: ProvenTerms
    agreement: int
    stall_limit: float  # [seconds]

    def see_now(self, release_id: ReleaseId, worker: Address) -> tuple[Heads, ReleaseFacts, list[ReleaseFacts]]:
        """The heads, and the release as of them; tried again a few times where a proof was doubtful.

        Raises: DoubtfulProof, VerificationError, Unavailable.
        """
        for attempt in range(TRIES):
            heads = self.view.refresh()
            try:
                return heads, *self.see_release(heads, release_id, worker)
            except DoubtfulProof:
                if attempt + 1 == TRIES:
                    raise
                time.sleep(PAUSE)
        raise AssertionError("the last try returns or raises")

    def see_release(
        self, heads: Heads, release_id: ReleaseId, worker: Address
    ) -> tuple[ReleaseFacts, list[ReleaseFacts]]:
        """The release at the finalized block, and as each node that answers proves it at its latest block.

        A node whose proof does not verify has shown neither a permission nor a stop: nothing can be renewed on that,
        and a stop that another node shows counts. (anvil answers so when it makes a block at the same moment.)
        Raises: DoubtfulProof, Unavailable.
        """
        try:
            finalized = self.proven.release(self.view.prove, heads.finalized, release_id, worker)
        except VerificationError as e:
            raise DoubtfulProof(f"the finalized state is not proven: {e.message}") from e
        latest: list[ReleaseFacts] = []
        doubt: VerificationError | None = None
        for rpc, header in heads.latest:
            try:
                latest.append(self.proven.release(_by(rpc), header, release_id, worker))
            except Unavailable:
                continue  # it loses its voice
            except VerificationError as e:
                doubt = e
        if doubt is not None and all(facts.releasability is finalized.releasability for facts in latest):
            raise DoubtfulProof(f"the latest state is not proven: {doubt.message}") from doubt
        if not latest:
            raise NoAgreement("no node proves the state of its latest block")
        return finalized, latest


def _by(rpc: JsonRpc) -> Prover:
    return lambda header, address, code_hash, slots: prove(rpc, header, address, code_hash, slots)
