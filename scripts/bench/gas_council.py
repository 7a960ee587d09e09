"""Custodes at work in the gas benchmark: the committed artifacts, deployed by the charter, each step a transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gas_members import DESCRIPTION, REASON, START, Members, make_charter
from governance.chain.rpc import Rpc
from governance.chain.storage import StorageLayout
from governance.charter.deploy import deploy_charter
from governance.encoding.actions import encode_action
from governance.encoding.signatures import Ballot, SigningDomain, shorten_signature
from governance.ledger.artifacts import load_artifact
from governance.ledger.ballots import SignedBallot
from governance.ledger.client import Ledger
from governance.types import ActionKind, Address, Hash32, ProposalId, ReleaseId, RevokeRelease, Support
from governance.types.events.council import ActionProposed

KIND = ActionKind.REVOKE_RELEASE
YEAR = 365 * 24 * 3600


@dataclass(frozen=True)
class CouncilSide:
    """The six contracts with the same members, and releases to revoke."""

    members: Members
    ledger: Ledger

    @classmethod
    def deploy(cls, members: Members, releases: Sequence[Hash32]) -> CouncilSide:
        """Active; the releases are alive.

        They are planted, since to have one takes a committee's key generation; only their revocation is measured.
        """
        rpc = members.anvil.rpc
        ledger = Ledger(rpc, deploy_charter(make_charter(members), rpc, members.relayer))
        plant_releases(rpc, ledger.deployment.addresses["Releases"], releases)
        return cls(members, ledger)

    def propose(self, by: int, release: Hash32) -> tuple[int, ProposalId]:
        call = self.ledger.council.propose(KIND, _action(release), DESCRIPTION)
        receipt = self.ledger.send(call, self.members.voters[by])
        return receipt.gas_used, receipt.find(ActionProposed).proposal_id

    def vote(self, proposal: ProposalId, by: int) -> int:
        return self.ledger.send(self.ledger.council.vote(proposal, Support.FOR), self.members.voters[by]).gas_used

    def vote_by_sig(self, proposal: ProposalId, by: int) -> int:
        signed = self.sign(proposal, by)
        call = self.ledger.council.vote_signed(signed.ballot, signed.signature)
        return self.ledger.send(call, self.members.relayer).gas_used

    def vote_batch(self, proposal: ProposalId, voters: Sequence[int]) -> int | None:
        """Gas of one transaction with all of these ballots, signed in the short form."""
        signed = [self.sign(proposal, by) for by in voters]
        pairs = [(one.ballot, shorten_signature(one.signature)) for one in signed]
        return self.ledger.send(self.ledger.council.vote_signed_batch(proposal, pairs), self.members.relayer).gas_used

    def sign(self, proposal: ProposalId, by: int) -> SignedBallot:
        """That member's first ballot of the first round."""
        voter = self.members.voters[by]
        ballot = Ballot(proposal, Support.FOR, voter.address, round=1, count=0)
        domain: SigningDomain = self.ledger.council.domain(self.ledger.chain_id)
        return SignedBallot.sign(domain, ballot, voter)

    def execute(self, proposal: ProposalId, release: Hash32) -> int:
        call = self.ledger.council.execute(proposal, KIND, encode_action(_action(release)))
        return self.ledger.send(call, self.members.relayer).gas_used


def _action(release: Hash32) -> RevokeRelease:
    return RevokeRelease(ReleaseId(release), REASON)


def plant_releases(rpc: Rpc, contract: Address, releases: Sequence[Hash32]) -> None:
    """Each is recorded as alive, with words in every slot that a granted one has."""
    layout = StorageLayout(load_artifact("Releases").storage_layout)
    alive = 1 | 1 << 8 | (START + YEAR) << 16 | START << 56  # status, mode, expiresAt, executedAt
    for release in releases:
        head, *rest = layout.slots(layout.place("releases", release))
        for slot, word in [(head, alive), *((slot, int.from_bytes(release, "big")) for slot in rest)]:
            rpc.call("anvil_setStorageAt", contract, f"0x{slot:064x}", f"0x{word:064x}")
