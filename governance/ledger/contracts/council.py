"""Council: proposals, ballots, parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from governance.encoding.actions import encode_action
from governance.encoding.signatures import Ballot, SigningDomain
from governance.ledger.artifacts import ContractName
from governance.ledger.codec import Call
from governance.ledger.contracts.base import Block, ContractClient
from governance.types import (
    Action,
    ActionKind,
    Address,
    Bounds,
    ChainId,
    Choice,
    Hash32,
    Parameters,
    ProposalId,
    ProposalRecord,
    ProposalState,
    QuorumState,
    SeatNumber,
    SignedBallotRecord,
    Support,
    Timestamp,
)


class CouncilClient(ContractClient):
    """Reads and calls of Council."""

    name: ClassVar[ContractName] = "Council"

    def domain(self, chain_id: ChainId) -> SigningDomain:
        """What a ballot's signature is bound to."""
        return SigningDomain(chain_id, self.address)

    # --- reads

    def get_charter_hash(self, *, at: Block = "latest") -> Hash32:
        return Hash32(self._read("charterHash", returns=["bytes32"], at=at))

    def get_legal_text_hash(self, *, at: Block = "latest") -> Hash32:
        return Hash32(self._read("legalTextHash", returns=["bytes32"], at=at))

    def is_active(self, *, at: Block = "latest") -> bool:
        return bool(self._read("active", returns=["bool"], at=at))

    def get_successor(self, *, at: Block = "latest") -> Address:
        """What follows this system; the zero address if nothing does."""
        return Address(self._read("successor", returns=["address"], at=at))

    def get_parameters(self, *, at: Block = "latest") -> tuple[int, Parameters]:
        """The version in force and its numbers."""
        version, parameters = self._read("parameters", returns=["uint32", Parameters], at=at)
        return version, parameters

    def get_parameters_at(self, version: int, *, at: Block = "latest") -> Parameters:
        found: Parameters = self._read("parametersAt", version, returns=[Parameters], at=at)
        return found

    def get_bounds(self, *, at: Block = "latest") -> Bounds:
        found: Bounds = self._read("bounds", returns=[Bounds], at=at)
        return found

    def get_state(self, proposal_id: ProposalId, *, at: Block = "latest") -> ProposalState:
        return ProposalState(self._read("state", proposal_id, returns=[ProposalState], at=at))

    def get_states(self, proposal_ids: Sequence[ProposalId], *, at: Block = "latest") -> list[ProposalState]:
        """The states of several proposals, in one request."""
        return self._read_many([("state", [i]) for i in proposal_ids], returns=[ProposalState], at=at)

    def get_quorum(self, proposal_id: ProposalId, *, at: Block = "latest") -> QuorumState:
        """Each chamber's tally beside what it needs."""
        found: QuorumState = self._read("quorumState", proposal_id, returns=[QuorumState], at=at)
        return found

    def get_quorums(self, proposal_ids: Sequence[ProposalId], *, at: Block = "latest") -> list[QuorumState]:
        return self._read_many([("quorumState", [i]) for i in proposal_ids], returns=[QuorumState], at=at)

    def get_proposal(self, proposal_id: ProposalId, *, at: Block = "latest") -> ProposalRecord:
        found: ProposalRecord = self._read("getProposal", proposal_id, returns=[ProposalRecord], at=at)
        return found

    def get_eta(self, proposal_id: ProposalId, *, at: Block = "latest") -> Timestamp:
        return Timestamp(self._read("proposalEta", proposal_id, returns=["uint256"], at=at))

    def get_proposal_nonce(self, proposer: Address, *, at: Block = "latest") -> int:
        """How many proposals that account has made: the nonce of its next one."""
        return int(self._read("proposalNonce", proposer, returns=["uint64"], at=at))

    def get_ballot(self, proposal_id: ProposalId, seat: SeatNumber, *, at: Block = "latest") -> tuple[Choice, int, int]:
        """The seat's choice in the present round, the round, and how many ballots it has cast in it."""
        choice, round_, count = self._read("ballotOf", proposal_id, seat, returns=[Choice, "uint8", "uint8"], at=at)
        return Choice(choice), round_, count

    def get_ballot_digest(self, ballot: Ballot, *, at: Block = "latest") -> Hash32:
        """The digest as the contract computes it."""
        return Hash32(
            self._read(
                "ballotDigest",
                ballot.proposal_id,
                ballot.support,
                ballot.voter,
                ballot.round,
                ballot.count,
                ballot.reason,
                returns=["bytes32"],
                at=at,
            )
        )

    def count_signed_batch(
        self, proposal_id: ProposalId, ballots: Sequence[tuple[Ballot, bytes]], *, at: Block = "latest"
    ) -> int:
        """How many of them would count now. Raises: LedgerRefused, if the proposal takes no ballots."""
        return int(self._read("castSignedVotes", proposal_id, _batch(ballots), returns=["uint256"], at=at))

    # --- calls

    def activate(self) -> Call:
        return self._call("activate")

    def propose(self, kind: ActionKind, action: Action, description: str) -> Call:
        """Raises: NotEncodable."""
        return self._call("propose", kind, encode_action(action), description)

    def vote(self, proposal_id: ProposalId, support: Support, reason: str = "") -> Call:
        if reason:
            return self._call("castVoteWithReason", proposal_id, support, reason)
        return self._call("castVote", proposal_id, support)

    def vote_signed(self, ballot: Ballot, signature: bytes) -> Call:
        """A ballot that its voter signed off line; anybody sends it."""
        return self._call(
            "castSignedVote",
            ballot.proposal_id,
            ballot.support,
            ballot.voter,
            ballot.round,
            ballot.count,
            ballot.reason,
            signature,
        )

    def vote_signed_batch(self, proposal_id: ProposalId, ballots: Sequence[tuple[Ballot, bytes]]) -> Call:
        """Ballots of one proposal that their voters signed off line, in one transaction; a bad one is skipped."""
        return self._call("castSignedVotes", proposal_id, _batch(ballots))

    def veto(self, proposal_id: ProposalId, reason: str) -> Call:
        return self._call("veto", proposal_id, reason)

    def object(self, proposal_id: ProposalId, counterexample_hash: Hash32, statement: str) -> Call:
        return self._call("object", proposal_id, counterexample_hash, statement)

    def cancel(self, proposal_id: ProposalId) -> Call:
        return self._call("cancel", proposal_id)

    def execute(self, proposal_id: ProposalId, kind: ActionKind, action: bytes) -> Call:
        """`action` byte for byte as it was proposed."""
        return self._call("execute", proposal_id, kind, action)


def _batch(ballots: Sequence[tuple[Ballot, bytes]]) -> tuple[SignedBallotRecord, ...]:
    return tuple(
        SignedBallotRecord(ballot.voter, int(ballot.support), ballot.round, ballot.count, ballot.reason, signature)
        for ballot, signature in ballots
    )
