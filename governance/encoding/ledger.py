"""The hash chain over all changes of constraints: genesis head, entries, and what an entry says of its change.

Source: IConstraints (genesisHead, Entry); DESIGN section 3.
"""

from __future__ import annotations

from governance.encoding.abi import encode_values
from governance.encoding.keccak import keccak256
from governance.types import (
    ZERO_HASH,
    ActionKind,
    Address,
    ChainId,
    ConstraintId,
    Direction,
    Hash32,
    LedgerEntry,
    ProposalId,
    ShortName,
    Timestamp,
)

LEDGER_LABEL = "custodes/ledger/v1"
NO_DOCUMENT = ZERO_HASH  # what the entry of a retirement says


def compute_genesis_head(chain_id: ChainId, constraints: Address, charter_hash: Hash32) -> Hash32:
    """The head before the first entry: no two deployments share a ledger."""
    preimage = encode_values(
        ("string", "uint256", "address", "bytes32"), (LEDGER_LABEL, chain_id, constraints, charter_hash)
    )
    return Hash32(keccak256(preimage))


def compute_head(
    head: Hash32,
    n: int,
    *,
    kind: ActionKind,
    constraint_id: ConstraintId,
    document_hash: Hash32,
    parent: Hash32,
    tier: int,
    proposal_id: ProposalId,
    time: Timestamp,
) -> Hash32:
    """The head after entry `n` (from 0) is put upon `head`."""
    preimage = encode_values(
        ("bytes32", "uint64", ActionKind, "bytes32", "bytes32", "bytes32", "uint8", "uint256", "uint40"),
        (head, n, kind, constraint_id, document_hash, parent, tier, proposal_id, time),
    )
    return Hash32(keccak256(preimage))


def fold_entry(head: Hash32, n: int, entry: LedgerEntry) -> Hash32:
    """The head that `entry` must have, as the `n`-th upon `head`."""
    return compute_head(
        head,
        n,
        kind=entry.kind,
        constraint_id=entry.constraint_id,
        document_hash=entry.document_hash,
        parent=entry.parent,
        tier=entry.tier,
        proposal_id=entry.proposal_id,
        time=entry.time,
    )


def compute_parameter_hash(key: ShortName, direction: Direction, old_value: int, new_value: int) -> Hash32:
    """What the entry of a parameter change has for its document hash."""
    preimage = encode_values(("bytes32", Direction, "int128", "int128"), (key, direction, old_value, new_value))
    return Hash32(keccak256(preimage))
