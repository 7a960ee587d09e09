"""Ids of models, identities and unlock requests. The contracts compute them too; nobody passes them in.

Source: IReleases.computeModelId, IReleases.computeIdentity, ICommittee.computeRequestId.
"""

from __future__ import annotations

from governance.encoding.abi import encode_values
from governance.encoding.errors import NotEncodable
from governance.encoding.keccak import keccak256
from governance.types import Address, ChainId, Epoch, Hash32, Identity, Mode, ModelId, ReleaseId, RequestId

MODEL_LABEL = "custodes/model/v1"
IDENTITY_LABEL = "custodes/identity/v1"
UNLOCK_LABEL = "custodes/unlock/v1"

T1_BYTES, T2_BYTES = 128, 256  # G1 and G2, EIP-2537


def compute_model_id(registrar: Address, seal_nonce: int) -> ModelId:
    """A model's id, known before sealing: its registrar and a nonce that it never used before."""
    return ModelId(keccak256(encode_values(("string", "address", "uint64"), (MODEL_LABEL, registrar, seal_nonce))))


def compute_identity(
    chain_id: ChainId, releases: Address, committee_key_hash: Hash32, model_id: ModelId, mode: Mode, party: int
) -> Identity:
    """What the weights are sealed to: this model, for this use and party, under this committee key, on this chain."""
    preimage = encode_values(
        ("string", "uint256", "address", "bytes32", "bytes32", Mode, "uint16"),
        (IDENTITY_LABEL, chain_id, releases, committee_key_hash, model_id, mode, party),
    )
    return Identity(keccak256(preimage))


def compute_transport_hash(t1: bytes, t2: bytes) -> Hash32:
    """keccak256(T1 || T2) of an unlock request's transport key.

    Raises: NotEncodable.
    """
    if len(t1) != T1_BYTES or len(t2) != T2_BYTES:
        raise NotEncodable(f"T1 has {T1_BYTES} bytes and T2 {T2_BYTES}, got {len(t1)} and {len(t2)}")
    return Hash32(keccak256(t1 + t2))


def compute_request_id(
    chain_id: ChainId, committee: Address, epoch: Epoch, release_id: ReleaseId, worker: Address, transport_hash: Hash32
) -> RequestId:
    """The id of an unlock request: who asks whom, for what, with which transport key."""
    preimage = encode_values(
        ("string", "uint256", "address", "uint64", "bytes32", "address", "bytes32"),
        (UNLOCK_LABEL, chain_id, committee, epoch, release_id, worker, transport_hash),
    )
    return RequestId(keccak256(preimage))
