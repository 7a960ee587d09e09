"""The ledger: one deployed system on one node, read and written with types.

ledger = Ledger(Rpc(url), Deployment.read(path))
quorum = ledger.council.get_quorum(proposal)
mined = ledger.send(ledger.council.vote(proposal, Support.FOR), signer)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from governance.chain.rpc import Rpc
from governance.ledger.codec import Call, encode_transaction
from governance.ledger.contracts import (
    BrakeClient,
    CommitteeClient,
    ConstraintsClient,
    CouncilClient,
    ReleasesClient,
    SeatsClient,
)
from governance.ledger.deployment import Deployment
from governance.ledger.events import EventRecord, decode_logs, get_events, get_inherited_events
from governance.ledger.transactions import PATIENCE, Draft, TransactionSigner, draft, send
from governance.types import Address, ChainId, Timestamp
from governance.types.events import Event

EventT = TypeVar("EventT", bound=Event)


@dataclass(frozen=True)
class Receipt:
    """A write that is in a block: where, what it cost, and what it changed."""

    transaction: bytes
    block: int
    gas_used: int
    events: tuple[EventRecord, ...]

    def find(self, kind: type[EventT]) -> EventT:
        """The first event of that type.

        Raises: LookupError, if the write caused none: a bug, or another contract than ours.
        """
        for record in self.events:
            if isinstance(record.event, kind):
                return record.event
        raise LookupError(f"the transaction emitted no {kind.__name__}")


class Ledger:
    """One deployed system on one node. The deployment is checked against the chain before the first write."""

    def __init__(self, rpc: Rpc, deployment: Deployment) -> None:
        self.rpc = rpc
        self.deployment = deployment
        addresses = deployment.addresses
        self.seats = SeatsClient(rpc, addresses["Seats"])
        self.council = CouncilClient(rpc, addresses["Council"])
        self.constraints = ConstraintsClient(rpc, addresses["Constraints"])
        self.releases = ReleasesClient(rpc, addresses["Releases"])
        self.brake = BrakeClient(rpc, addresses["Brake"])
        self.committee = CommitteeClient(rpc, addresses["Committee"])
        self._is_verified = False

    @property
    def chain_id(self) -> ChainId:
        return self.deployment.chain_id

    def now(self) -> Timestamp:
        """The time of the latest block."""
        return self.rpc.now()

    def verify(self) -> None:
        """Returns if the chain is the one of the deployment, and the system active; asked once.

        Raises: DeploymentMismatch, RpcUnavailable.
        """
        if not self._is_verified:
            self.deployment.verify_against_chain(self.rpc)
            self._is_verified = True

    def verify_standing(self) -> None:
        """As `verify`, of a system that may still wait for its predecessor's vote.

        Raises: DeploymentMismatch, RpcUnavailable.
        """
        if self.deployment.predecessor is None:
            self.verify()
        else:
            self.deployment.verify_against_chain(self.rpc, active=False)

    def try_call(self, call: Call, sender: Address) -> Draft:
        """The transaction that `sender` would sign, found to succeed now; nothing is sent.

        Raises: LedgerRefused, DeploymentMismatch, TransactionRejected, RpcUnavailable.
        """
        self.verify()
        to = self.deployment.addresses[call.contract]
        return draft(
            self.rpc, self.chain_id, sender, to, encode_transaction(call), what=str(call), contract=call.contract
        )

    def send(self, call: Call, signer: TransactionSigner, *, patience: float = PATIENCE) -> Receipt:
        """The call is in a block and succeeded. Units: `patience` in seconds.

        Raises: LedgerRefused, DeploymentMismatch, TransactionRejected, TransactionPending, RpcUnavailable.
        """
        mined = send(self.rpc, signer, self.try_call(call, signer.address), what=str(call), patience=patience)
        return Receipt(mined.hash, mined.block, mined.gas_used, tuple(decode_logs(self.deployment, mined.logs)))

    @property
    def predecessor(self) -> Ledger | None:
        """The system that this one follows, on the same node."""
        before = self.deployment.predecessor
        return None if before is None else Ledger(self.rpc, before)

    def events(
        self, *, first: int | None = None, last: int | None = None, topics: Sequence[Any] | None = None
    ) -> list[EventRecord]:
        """The events of blocks first..last, by default all of them, oldest first. Raises: RpcUnavailable."""
        return get_events(self.rpc, self.deployment, first=first, last=last, topics=topics)

    def whole_story(self) -> list[EventRecord]:
        """All events, those of the systems that this one follows first: what its ledger folds from."""
        return [*get_inherited_events(self.rpc, self.deployment), *self.events()]
