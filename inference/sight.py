"""What a worker sees of its release: proven at the finalized block, and by every node at its latest block."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from governance.chain.view import ChainView, Heads, JsonRpc, NoAgreement, prove
from governance.errors import Unavailable, VerificationError
from governance.ledger.proven import ProvenLedger, Prover, ReleaseFacts
from governance.types import Address, ReleaseId
from inference.errors import DoubtfulProof
from inference.terms import ProvenTerms

TRIES, PAUSE = 10, 0.1  # [seconds] between two tries
_Key: TypeAlias = tuple[bytes, ReleaseId, Address]  # of a block's hash
MOST_SEEN = 32  # blocks of which what was proven is kept


@dataclass(frozen=True)
class Sight:
    """A verified view with what is read through it, and how many nodes must show that the chain moves."""

    view: ChainView
    proven: ProvenLedger
    terms: ProvenTerms
    agreement: int
    stall_limit: float  # [seconds]
    _seen: dict[_Key, ReleaseFacts] = field(default_factory=dict, init=False, repr=False, compare=False)

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
        key = heads.finalized.hash, release_id, worker
        try:
            # What was proven of a block stays true of it, whoever proved it, and this one was a latest block before.
            finalized = self._seen.get(key) or self.proven.release(self.view.prove, heads.finalized, release_id, worker)
        except VerificationError as e:
            raise DoubtfulProof(f"the finalized state is not proven: {e.message}") from e
        latest: list[ReleaseFacts] = []
        doubt: VerificationError | None = None
        proven = {key: finalized}
        for rpc, header in heads.latest:
            try:
                facts = self.proven.release(_by(rpc), header, release_id, worker)
            except Unavailable:
                continue  # it loses its voice
            except VerificationError as e:
                doubt = e
            else:
                latest.append(facts)
                proven[header.hash, release_id, worker] = facts
        self._remember(proven)
        if doubt is not None and all(facts.releasability is finalized.releasability for facts in latest):
            raise DoubtfulProof(f"the latest state is not proven: {doubt.message}") from doubt
        if not latest:
            raise NoAgreement("no node proves the state of its latest block")
        return finalized, latest

    def _remember(self, proven: Mapping[_Key, ReleaseFacts]) -> None:
        self._seen.update(proven)
        for key in list(self._seen)[:-MOST_SEEN]:
            self._seen.pop(key, None)


def _by(rpc: JsonRpc) -> Prover:
    return lambda header, address, code_hash, slots: prove(rpc, header, address, code_hash, slots)
