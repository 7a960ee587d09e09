"""Actions as bytes, and what identifies them: the action hash and the proposal id.

The bytes are `abi.encode(struct)`. The id of a proposal is a hash of what is proposed, by whom and where, so that no
reorganisation can put other content under a signature (R-Council-03).
Source: contracts/src/types/Actions.sol, ICouncil.computeProposalId.
"""

from __future__ import annotations

from governance.encoding.abi import decode_struct, encode_struct, encode_values
from governance.encoding.errors import NotDecodable, NotEncodable
from governance.encoding.keccak import keccak256
from governance.types import ACTION_OF_KIND, Action, ActionKind, Address, ChainId, Hash32, ProposalId

PROPOSAL_LABEL = "custodes/proposal/v1"


def encode_action(action: Action) -> bytes:
    """The action's bytes, as they stand in a proposal.

    Raises: NotEncodable.
    """
    if type(action) not in ACTION_OF_KIND.values():
        raise NotEncodable(f"{type(action).__name__} is no action")
    return encode_struct(action)


def decode_action(kind: ActionKind, data: bytes, *, strict: bool = True) -> Action:
    """The action that `data` is the encoding of. `strict=False` reads any bytes that Solidity would accept.

    Raises: NotDecodable.
    """
    struct = ACTION_OF_KIND.get(kind)
    if struct is None:
        raise NotDecodable(f"{kind!r} is no kind of action")
    return decode_struct(struct, data, strict=strict)


def compute_action_hash(kind: ActionKind, data: bytes) -> Hash32:
    """keccak256(abi.encode(kind, keccak256(data))): one action of one kind."""
    return Hash32(keccak256(encode_values((ActionKind, "bytes32"), (kind, keccak256(data)))))


def compute_proposal_id(
    chain_id: ChainId, council: Address, proposer: Address, nonce: int, kind: ActionKind, data: bytes
) -> ProposalId:
    """The id under which this account's `nonce`-th proposal (from 0) puts that action to vote."""
    preimage = encode_values(
        ("string", "uint256", "address", "address", "uint64", "bytes32"),
        (PROPOSAL_LABEL, chain_id, council, proposer, nonce, compute_action_hash(kind, data)),
    )
    return ProposalId(int.from_bytes(keccak256(preimage), "big"))
