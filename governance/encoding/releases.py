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
TRANSPORT_LABEL = "custodes/transport/v1"

TRANSPORT_KEY_BYTES = 128  # G1, EIP-2537


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


def compute_transport_hash(transport_key: bytes) -> Hash32:
    """keccak256 of an unlock request's transport key T.

    Raises: NotEncodable.
    """
    if len(transport_key) != TRANSPORT_KEY_BYTES:
        raise NotEncodable(f"a transport key has {TRANSPORT_KEY_BYTES} bytes, got {len(transport_key)}")
    return Hash32(keccak256(transport_key))


def compute_transport_context(
    chain_id: ChainId, committee: Address, release_id: ReleaseId, worker: Address, identity: Identity
) -> Hash32:
    """What a worker's proof about its transport key is bound to: it is worthless for another request.

    Source: BlsProofs.requireTransportKey.
    """
    preimage = encode_values(
        ("string", "uint256", "address", "bytes32", "address", "bytes32"),
        (TRANSPORT_LABEL, chain_id, committee, release_id, worker, identity),
    )
    return Hash32(keccak256(preimage))


def compute_request_id(
    chain_id: ChainId, committee: Address, epoch: Epoch, release_id: ReleaseId, worker: Address, transport_hash: Hash32
) -> RequestId:
    """The id of an unlock request: who asks whom, for what, with which transport key."""
    preimage = encode_values(
        ("string", "uint256", "address", "uint64", "bytes32", "address", "bytes32"),
        (UNLOCK_LABEL, chain_id, committee, epoch, release_id, worker, transport_hash),
    )
    return RequestId(keccak256(preimage))
