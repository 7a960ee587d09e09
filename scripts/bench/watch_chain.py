"""The chain of the watch benchmark: our contracts, and a relayer whose stale ballots are skipped with an event each.

A skipped ballot is a real event of the Council with six fields, two of them indexed and one of any length; it is cheap
because nothing is stored for it. A block holds several transactions, a transaction several events, as a busy day would.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gas_council import CouncilSide
from gas_members import MEMBERS, assemble
from governance.chain.anvil import mine
from governance.encoding.keccak import keccak256
from governance.encoding.signatures import Ballot
from governance.errors import Unavailable
from governance.ledger.client import Ledger
from governance.ledger.codec import encode_transaction
from governance.ledger.transactions import Draft, draft, submit
from governance.types import Hash32, Support

TRANSACTIONS = 4  # a block
BALLOTS = 25  # a transaction
FINAL_AFTER = 3  # blocks


@dataclass(frozen=True)
class EventfulChain:
    """A running chain whose blocks first..last hold `events` events BallotSkipped."""

    ledger: Ledger
    url: str
    first: int
    last: int
    events: int


@contextmanager
def eventful_chain(directory: Path, events: int) -> Iterator[EventfulChain]:
    """At least so many events, all of them in final blocks; the chain ends with the block."""
    blocks = -(-events // (TRANSACTIONS * BALLOTS))
    release = Hash32(keccak256(b"watched"))
    with assemble(directory) as members:
        council = CouncilSide.deploy(members, [release])
        _, proposal = council.propose(0, release)
        rpc, relayer = members.anvil.rpc, members.relayer
        voters = [members.voters[at % MEMBERS].address for at in range(BALLOTS)]
        stale = [(Ballot(proposal, Support.FOR, voter, round=1, count=1), bytes(65)) for voter in voters]
        call = council.ledger.council.vote_signed_batch(proposal, stale)
        to, data = council.ledger.deployment.addresses["Council"], encode_transaction(call)
        drafted = draft(rpc, rpc.chain_id(), relayer.address, to, data, what=str(call), contract="Council")
        rpc.call("evm_setAutomine", False)
        nonce, first = int(drafted.fields["nonce"]), int(rpc.block()["number"], 16) + 1
        for _ in range(blocks):
            for _ in range(TRANSACTIONS):
                submit(rpc, relayer, Draft({**drafted.fields, "nonce": nonce}), what=str(call))
                nonce += 1
            rpc.call("anvil_mine", "0x1")
        mine(rpc, FINAL_AFTER)
        chain = EventfulChain(
            council.ledger, members.anvil.url, first, first + blocks - 1, blocks * TRANSACTIONS * BALLOTS
        )
        if (found := len(council.ledger.events(first=chain.first, last=chain.last))) != chain.events:
            raise Unavailable(f"{chain.events} events were to be emitted, and there are {found}")
        yield chain
