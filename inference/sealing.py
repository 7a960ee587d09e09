"""Sealing to the committee in force, and judging a sealed directory by the ledger."""

from __future__ import annotations

from pathlib import Path

from governance.crypto.ibe import DataKey as PlainDataKey
from governance.crypto.ibe import WrapContext, wrap
from governance.crypto.points import g2_from_eip2537
from governance.encoding.committee import compute_public_key_hash
from governance.encoding.releases import compute_identity, compute_model_id
from governance.ledger.deployment import Deployment
from governance.ledger.proven_committee import ProvenCommittee
from governance.types import Address, Hash32, Mode, Phase
from inference.access import Access
from inference.errors import NoCommitteeKey, WrongCommittee
from inference.sealed import Anchor, DataKey, Manifest, Registration, SealReport, parse_manifest, seal_directory
from inference.sealed.directory import Kept
from inference.sealed.files import SealedDirectory
from inference.sealed.parallel import Progress


def get_committee_key(access: Access) -> bytes:
    """The committee's public key (256 bytes) that is proven to be in force at a finalized block.

    An RPC that could slip in a key of its own would be sent every weight that is sealed by it.
    Raises: NoCommitteeKey, WrongCommittee, BadProof, Unavailable.
    """
    view = access.sight.view
    block = view.refresh().finalized
    committee = ProvenCommittee.of(access.ledger.deployment)
    current, _ = committee.epochs(view.prove, block)
    term = committee.board(view.prove, block, current).term if current else None
    if term is None or term.phase is not Phase.IN_FORCE:
        raise NoCommitteeKey("no committee key is in force at the finalized block")
    key = access.ledger.committee.get_key()
    if compute_public_key_hash(key) != term.key_hash:
        raise WrongCommittee("the RPC gives another committee key than the one that is proven to be in force")
    return key


def seal_to_committee(
    deployment: Deployment,
    committee_key: bytes,
    source: Path,
    out: Path,
    *,
    registrar: Address,
    seal_nonce: int,
    name: str,
    threads: int = 2,
    progress: Progress | None = None,
    kept: Kept | None = None,
) -> SealReport:
    """`out` is `source`, sealed for use in the clear by the workers of releases to come.

    `seal_nonce` is fresh, or that of `kept`: a model id belongs to one seal for ever. Raises: as `seal_directory`.
    """
    public_key = g2_from_eip2537(committee_key)
    key_hash = compute_public_key_hash(committee_key)
    model_id = compute_model_id(registrar, seal_nonce)
    releases = deployment.addresses["Releases"]
    identity = compute_identity(deployment.chain_id, releases, Hash32(key_hash), model_id, Mode.PLAIN, 0)
    registration = Registration(
        model=name,
        model_id=model_id,
        registrar=bytes.fromhex(registrar.removeprefix("0x")),
        seal_nonce=seal_nonce.to_bytes(32, "big"),
        committee_key_hash=key_hash,
    )
    return seal_directory(
        source,
        out,
        registration,
        identity=identity,
        wrap=lambda data_key, root, commitment: _wrap(
            data_key, WrapContext(public_key, identity, Hash32(root), Hash32(commitment))
        ),
        threads=threads,
        progress=progress,
        kept=kept,
    )


def read_anchor(access: Access, directory: Path) -> Anchor:
    """What the ledger is proven to hold of the model that the directory says it is.

    Raises: NotRegistered, NotSealed, MalformedManifest, VerificationError, Unavailable.
    """
    with SealedDirectory(directory) as opened:
        manifest = parse_manifest(opened.read_manifest_bytes())
    return find_anchor(access, manifest)


def find_anchor(access: Access, manifest: Manifest) -> Anchor:
    """What the ledger is proven to hold of the model that the manifest names.

    Raises: NotRegistered, VerificationError, Unavailable.
    """
    sight = access.sight
    return sight.terms.anchor(sight.view.prove, sight.view.refresh().finalized, manifest)


def _wrap(data_key: DataKey, context: WrapContext) -> bytes:
    return wrap(PlainDataKey(data_key.expose()), context)
