"""A whole system on an anvil of its own, with every seat's key at hand: what tests of the real contracts begin from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from governance.chain.anvil import Anvil, Mining, start_fresh, warp
from governance.chain.genesis import Genesis
from governance.charter.deploy import deploy_charter
from governance.charter.document import parse_charter
from governance.charter.templates import read_template
from governance.encoding.actions import encode_action
from governance.ledger.client import Ledger, Receipt
from governance.ledger.signer import Signer
from governance.types import Action, ActionKind, Address, Hash32, ProposalId, Seconds, StopId, Support, Timestamp
from governance.types.events.council import ActionProposed

START = Timestamp(1_900_000_000)
ETHER = 10**18
SEATS = range(15)
CHAMBER = {"builders": range(5), "oversight": range(5, 10), "public": range(10, 15)}


@dataclass(frozen=True)
class LiveSystem:
    """Fifteen seats in three chambers, five each; `seats[i]` signs for seat i."""

    anvil: Anvil
    ledger: Ledger
    seats: Sequence[Signer]
    recovery: Sequence[Signer]
    organisations: Sequence[str]

    def propose(self, kind: ActionKind, action: Action, *, by: int = 0, description: str = "a test") -> ProposalId:
        receipt = self.ledger.send(self.ledger.council.propose(kind, action, description), self.seats[by])
        return receipt.find(ActionProposed).proposal_id

    def vote(self, proposal: ProposalId, voters: Iterable[int], support: Support = Support.FOR) -> None:
        for voter in voters:
            self.ledger.send(self.ledger.council.vote(proposal, support), self.seats[voter])

    def warp_to_eta(self, proposal: ProposalId) -> None:
        quorum = self.ledger.council.get_quorum(proposal)
        distance = quorum.eta - self.ledger.now() + 1
        if distance > 0:
            self.warp(distance)

    def execute(self, proposal: ProposalId, kind: ActionKind, action: Action) -> Receipt:
        call = self.ledger.council.execute(proposal, kind, encode_action(action))
        return self.ledger.send(call, self.seats[0])

    def enact(self, kind: ActionKind, action: Action, voters: Iterable[int] = SEATS) -> tuple[ProposalId, Receipt]:
        """Proposed, voted for, waited out, executed."""
        proposal = self.propose(kind, action)
        self.vote(proposal, voters)
        self.warp_to_eta(proposal)
        return proposal, self.execute(proposal, kind, action)

    def answer(self, *stops: StopId, by: int = 0) -> None:
        """A seat answers the reports that these stops cite."""
        brake = self.ledger.brake
        for stop in stops:
            report = brake.get_stop(stop).report_id
            self.ledger.send(brake.respond(report, Hash32(b"\x0a" * 32), "mended"), self.seats[by])

    def warp(self, seconds: int) -> None:
        warp(self.anvil.rpc, Seconds(seconds))

    def fund(self, *accounts: Address) -> None:
        for account in accounts:
            self.anvil.rpc.call("anvil_setBalance", account, hex(100 * ETHER))


@contextmanager
def live_system(
    directory: Path, *, mining: Mining = Mining.EACH_TRANSACTION, template: str | None = None
) -> Iterator[LiveSystem]:
    """A charter without keys (by default the devnet's), deployed with fresh ones; it ends with the block."""
    charter = parse_charter(template or read_template("devnet"))
    seats = [Signer.random() for _ in charter.organisations]
    recovery = [Signer.random() for _ in charter.organisations]
    organisations = [
        organisation.model_copy(update={"voting_key": seat.address, "recovery_key": spare.address})
        for organisation, seat, spare in zip(charter.organisations, seats, recovery, strict=True)
    ]
    charter = charter.model_copy(update={"organisations": organisations})
    deployer = Signer.random()
    balances = {signer.address: 100 * ETHER for signer in (deployer, *seats, *recovery)}
    with start_fresh(Genesis(START, balances), directory, mining=mining) as anvil:
        deployment = deploy_charter(charter, anvil.rpc, deployer)
        names = [organisation.name for organisation in organisations]
        yield LiveSystem(anvil, Ledger(anvil.rpc, deployment), seats, recovery, names)
