"""The messages of the committee: what its members hash, sign and encrypt to, byte for byte as the contract does.

Points enter as EIP-2537 bytes (G2: 256), since this layer knows no group. Chain id, contract, epoch and the index of
the speaker stand in every message: without them a dealing, a proof of possession or an envelope could be copied from
another chain, contract, epoch or dealer and pass for one's own.

Source: DESIGN section 4; EIP-2537 (encodings); RFC 9380 section 3.1 (domain separation tags).
"""

from __future__ import annotations

from dataclasses import dataclass

from governance.encoding.abi import encode_values
from governance.encoding.errors import NotEncodable
from governance.encoding.keccak import keccak256
from governance.types import Address, ChainId, Epoch, Identity
from governance.types import Hash32 as Hash32  # the argument types, for callers
from governance.types import MemberIndex as MemberIndex

# One suite, one tag for each use: a signature made for one use is worthless for another.
_SUITE = b"_BLS12381G1_XMD:SHA-256_SSWU_RO_"
DST_IDENTITY = b"CUSTODES-V1-IDENTITY" + _SUITE
DST_POP_DEALER = b"CUSTODES-V1-POP-DEALER" + _SUITE
DST_POP_SHARE = b"CUSTODES-V1-POP-SHARE" + _SUITE

DEALT_SHARE_LABEL = b"custodes/dealt-share/v1"
WRAP_LABEL = "custodes/wrap/v1"

G1_BYTES = 128
G2_BYTES = 256


@dataclass(frozen=True, slots=True)
class CommitteeDomain:
    """Where and when a committee speaks: one contract on one chain in one epoch."""

    chain_id: ChainId
    committee: Address
    epoch: Epoch


def compute_commitments_hash(domain: CommitteeDomain, dealer: MemberIndex, commitments: bytes) -> Hash32:
    """The hash that a dealer posts before it reveals its `commitments` (t points of G2, 256 bytes each, in order).

    Raises: NotEncodable.
    """
    if not commitments or len(commitments) % G2_BYTES:
        raise NotEncodable(f"commitments are whole points of {G2_BYTES} bytes, got {len(commitments)} bytes")
    return _bound_hash(domain, dealer, keccak256(commitments))


def compute_dealer_possession_message(domain: CommitteeDomain, dealer: MemberIndex, commitments_hash: Hash32) -> Hash32:
    """The message under a dealer's proof of possession of its constant term (hashed to G1 with DST_POP_DEALER)."""
    return _bound_hash(domain, dealer, commitments_hash)


def compute_share_possession_message(domain: CommitteeDomain, member: MemberIndex, public_key_share: bytes) -> Hash32:
    """The message under a member's acknowledgement that it holds x_j of PK_j (hashed to G1 with DST_POP_SHARE)."""
    return _bound_hash(domain, member, compute_public_key_hash(public_key_share))


def compute_public_key_hash(public_key: bytes) -> Hash32:
    """keccak256 of a point of G2 in its 256-byte form.

    Raises: NotEncodable.
    """
    if len(public_key) != G2_BYTES:
        raise NotEncodable(f"a public key is {G2_BYTES} bytes, got {len(public_key)}")
    return Hash32(keccak256(public_key))


def make_dealt_share_info(
    domain: CommitteeDomain, dealer: MemberIndex, recipient: MemberIndex, commitments_hash: Hash32
) -> bytes:
    """The HPKE `info` of one envelope: it opens for this recipient, of this dealing, and nowhere else."""
    return DEALT_SHARE_LABEL + encode_values(
        ("uint256", "address", "uint64", "uint16", "uint16", "bytes32"),
        (domain.chain_id, domain.committee, domain.epoch, dealer, recipient, commitments_hash),
    )


def compute_wrap_context(public_key: bytes, identity: Identity, content_root: Hash32, key_commitment: Hash32) -> Hash32:
    """The context of a wrapped data key: committee key, identity, sealed content and the commitment to the key."""
    return Hash32(
        keccak256(
            encode_values(
                ("string", "bytes32", "bytes32", "bytes32", "bytes32"),
                (
                    WRAP_LABEL,
                    compute_public_key_hash(public_key),
                    identity,
                    content_root,
                    key_commitment,
                ),
            )
        )
    )


def split_words(point: bytes) -> tuple[bytes, ...]:
    """The words of a point (G1: 4, G2: 8), as a call takes it that needs no lengths.

    Raises: NotEncodable.
    """
    if len(point) not in (G1_BYTES, G2_BYTES):
        raise NotEncodable(f"a point is {G1_BYTES} or {G2_BYTES} bytes, got {len(point)}")
    return tuple(point[at : at + 32] for at in range(0, len(point), 32))


def require_32(value: bytes) -> bytes:
    """`value` itself, 32 bytes long; it may be secret, so no error shows it.

    Raises: NotEncodable.
    """
    if len(value) != 32:
        raise NotEncodable(f"32 bytes are required, got {len(value)}")
    return value


def _bound_hash(domain: CommitteeDomain, index: MemberIndex, content: bytes) -> Hash32:
    return Hash32(
        keccak256(
            encode_values(
                ("uint256", "address", "uint64", "uint16", "bytes32"),
                (domain.chain_id, domain.committee, domain.epoch, index, content),
            )
        )
    )
