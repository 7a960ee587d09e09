"""OpenZeppelin's Governor at work: deployed with a TimelockController, and each step of a proposal as a transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gas_members import DESCRIPTION, REASON, Members
from governance.chain.anvil import mine, warp
from governance.encoding.keccak import abi_encode, keccak256
from governance.encoding.names import make_address
from governance.ledger.signer import Signer
from governance.types import Address, Hash32, Seconds, Support

PERIOD = 200  # [blocks] as in the contracts
DELAY = Seconds(7 * 24 * 3600)
PROPOSE = "propose(address[],uint256[],bytes[],string)"
QUEUE = "queue(address[],uint256[],bytes[],bytes32)"
EXECUTE = "execute(address[],uint256[],bytes[],bytes32)"
HASH = "hashProposal(address[],uint256[],bytes[],bytes32)"
_BALLOT = (("proposalId", "uint256"), ("support", "uint8"), ("voter", "address"), ("nonce", "uint256"))
_DOMAIN = (("name", "string"), ("version", "string"), ("chainId", "uint256"), ("verifyingContract", "address"))


def encode(signature: str, *values: object) -> bytes:
    """The bytes of a call of the function with that signature; its types are flat."""
    types = signature[signature.index("(") + 1 : -1].split(",")
    return keccak256(signature.encode())[:4] + abi_encode(types, values)


@dataclass(frozen=True)
class GovernorSide:
    """One Governor with its timelock and the contract that its proposals change."""

    members: Members
    name: str
    address: Address
    releases: Address

    @classmethod
    def deploy(
        cls,
        members: Members,
        code: Mapping[str, bytes],
        contract: str,
        name: str,
        releases: Sequence[Hash32],
        *more: int,
    ) -> GovernorSide:
        """A Governor of that contract; `more` are the constructor's arguments after votes, timelock and quorum."""
        voters = [voter.address for voter in members.voters]
        rpc, deployer = members.anvil.rpc, members.relayer

        def create(unit: str, types: Sequence[str], *values: object) -> Address:
            _, created = members.send(deployer, None, code[unit] + abi_encode(types, values), f"creating {unit}")
            assert created is not None
            return make_address(created)

        votes = create("MemberVotes", ["address[]"], voters)
        nobody = Address("0x" + 40 * "0")
        # Executed by anybody, which is the cheapest way. The deployer stays its administrator to name the proposer.
        timelock = create(
            "TimelockController", ["uint256", "address[]", "address[]", "address"],
            DELAY, [], [nobody], deployer.address,
        )  # fmt: skip
        kinds = ["address", "address", "uint256", *("uint48" for _ in more)]
        governor = create(contract, kinds, votes, timelock, len(voters) // 2 + 1, *more)
        proposer_role = keccak256(b"PROPOSER_ROLE")
        members.send(deployer, timelock, encode("grantRole(bytes32,address)", proposer_role, governor), "grantRole")
        target = create("RevocableReleases", ["address", "bytes32[]"], timelock, list(releases))
        assert rpc.call("eth_getCode", governor, "latest") != "0x"
        return cls(members, name, governor, target)

    def propose(self, by: int, release: Hash32) -> tuple[int, int]:
        """Gas, and the proposal's id. Its voting begins with the next block."""
        targets, values, calldatas = self._operation(release)
        data = encode(PROPOSE, targets, values, calldatas, DESCRIPTION)
        gas, _ = self._send(self.members.voters[by], data, "propose")
        answer = self._call(encode(HASH, targets, values, calldatas, keccak256(DESCRIPTION.encode())))
        mine(self.members.anvil.rpc, 1)
        return gas, int.from_bytes(answer, "big")

    def vote(self, proposal: int, by: int) -> int:
        data = encode("castVote(uint256,uint8)", proposal, int(Support.FOR))
        return self._send(self.members.voters[by], data, "castVote")[0]

    def vote_by_sig(self, proposal: int, by: int) -> int:
        voter = self.members.voters[by]
        nonce = int.from_bytes(self._call(encode("nonces(address)", voter.address)), "big")
        message = {"proposalId": proposal, "support": int(Support.FOR), "voter": voter.address, "nonce": nonce}
        signature = voter.sign_typed_data(self._typed_data(message))
        data = encode(
            "castVoteBySig(uint256,uint8,address,bytes)", proposal, int(Support.FOR), voter.address, signature
        )
        return self._send(self.members.relayer, data, "castVoteBySig")[0]

    def queue(self, release: Hash32) -> int:
        """After the end of the voting period."""
        mine(self.members.anvil.rpc, PERIOD)
        data = encode(QUEUE, *self._operation(release), keccak256(DESCRIPTION.encode()))
        return self._send(self.members.relayer, data, "queue")[0]

    def execute(self, release: Hash32) -> int:
        """After the timelock's delay."""
        warp(self.members.anvil.rpc, Seconds(DELAY + 1))
        data = encode(EXECUTE, *self._operation(release), keccak256(DESCRIPTION.encode()))
        return self._send(self.members.relayer, data, "execute")[0]

    def _operation(self, release: Hash32) -> tuple[list[Address], list[int], list[bytes]]:
        return [self.releases], [0], [encode("revoke(bytes32,string)", release, REASON)]

    def _send(self, sender: Signer, data: bytes, what: str) -> tuple[int, Address | None]:
        return self.members.send(sender, self.address, data, f"{self.name}: {what}")

    def _call(self, data: bytes) -> bytes:
        answer = self.members.anvil.rpc.call("eth_call", {"to": self.address, "data": "0x" + data.hex()}, "latest")
        return bytes.fromhex(str(answer)[2:])

    def _typed_data(self, message: dict[str, Any]) -> dict[str, Any]:
        def declare(pairs: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
            return [{"name": member, "type": kind} for member, kind in pairs]

        domain = {
            "name": self.name,
            "version": "1",
            "chainId": self.members.anvil.rpc.chain_id(),
            "verifyingContract": self.address,
        }
        types = {"EIP712Domain": declare(_DOMAIN), "Ballot": declare(_BALLOT)}
        return {"types": types, "primaryType": "Ballot", "domain": domain, "message": message}
