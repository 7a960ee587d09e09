"""The chain, the members and the accounts of the gas benchmark: both systems have the same ones."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from governance.chain.anvil import Anvil, start_fresh
from governance.chain.genesis import Genesis
from governance.charter.document import Charter, Organisation, parse_charter
from governance.charter.templates import read_template
from governance.encoding.keccak import keccak256
from governance.encoding.names import make_address
from governance.ledger.signer import Signer
from governance.ledger.transactions import draft, send
from governance.types import Address, Timestamp

MEMBERS = 24  # eight a chamber
BATCH = 20  # ballots that a relayer brings in one transaction
START = Timestamp(1_900_000_000)
ETHER = 10**18
JURISDICTIONS = ("DE", "JP", "BR", "KE", "CA", "IN", "FR", "ZA")
REASON = "the key of one worker leaked"  # of the revocation that is voted for, on both sides
DESCRIPTION = "Revoke the release: the key of one worker leaked"


@dataclass(frozen=True)
class Members:
    """Who votes, who relays and executes for others, and the chain that they all are on."""

    anvil: Anvil
    voters: list[Signer]
    relayer: Signer

    def send(self, sender: Signer, to: Address | None, data: bytes, what: str) -> tuple[int, Address | None]:
        """Gas used by a transaction that succeeded, and what it created. Raises: LedgerRefused, TransactionRejected."""
        rpc = self.anvil.rpc
        drafted = draft(rpc, rpc.chain_id(), sender.address, to, data, what=what, contract=None)
        mined = send(rpc, sender, drafted, what=what)
        return mined.gas_used, mined.created


@contextmanager
def assemble(directory: Path) -> Iterator[Members]:
    """A chain of its own with funded members; it ends with the block."""
    voters = [_make_signer(f"member {number}") for number in range(MEMBERS)]
    relayer = _make_signer("relayer")
    balances = {signer.address: 100 * ETHER for signer in (relayer, *voters)}
    with start_fresh(Genesis(START, balances), directory) as anvil:
        yield Members(anvil, voters, relayer)


def _make_signer(name: str) -> Signer:
    """Always the same key: a zero byte in an address or a signature is cheaper than another, and gas must not vary."""
    from eth_account import Account

    secret = keccak256(name.encode())
    return Signer(make_address(Account.from_key(secret).address), secret)


def make_charter(members: Members) -> Charter:
    """The devnet's charter with these members: an equal number in each chamber."""
    charter = parse_charter(read_template("devnet"))
    each = MEMBERS // len(charter.chambers)
    organisations = [
        Organisation(
            name=f"Member {number}",
            chamber=charter.chambers[number // each],
            jurisdiction=JURISDICTIONS[number % each],
            framework="duty" if charter.chambers[number // each] == "oversight" else None,
            evidence="declared at the founding",
            voting_key=voter.address,
            recovery_key=_make_signer(f"recovery {number}").address,
        )
        for number, voter in enumerate(members.voters)
    ]
    return charter.model_copy(update={"organisations": organisations})
