"""How a worker reaches the chain: one node to write through, a verified view over all of them to believe."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from governance.chain.rpc import Rpc
from governance.chain.view import ChainView, NoAgreement
from governance.errors import InvalidInput, Unavailable
from governance.ledger.client import Ledger
from governance.ledger.deployment import Deployment
from governance.ledger.proven import ProvenLedger
from inference.sight import Sight
from inference.terms import ProvenTerms
from oracle.endpoints import Endpoint

LOOK_TIMEOUT = 5.0  # [seconds] of one request of the watch, at most


@dataclass(frozen=True)
class Access:
    """A checked deployment, through a client and through a view of its own connections."""

    ledger: Ledger
    sight: Sight


def open_access(deployment: Deployment, urls: Sequence[str], agreement: int | None = None) -> Access:
    """The chain as these RPCs show it, found to hold this deployment. By default more than half of them must agree.

    Raises: InvalidInput, DeploymentMismatch, NoAgreement, RpcUnavailable.
    """
    required = agreement if agreement is not None else len(urls) // 2 + 1
    if len(set(urls)) != len(urls) or not len(urls) < 2 * required <= 2 * len(urls):
        raise InvalidInput(
            f"{required} of {len(urls)} nodes cannot be what must agree",
            hint="name each node once, and let more than half of them agree",
        )
    ledger = Ledger(Rpc(urls[0]), deployment)
    ledger.verify()
    deployment.verify_sources(ledger.rpc)  # storage layouts are those of the installed artifacts
    stall_limit = _read_stall_limit(deployment, urls)
    timeout = min(LOOK_TIMEOUT, stall_limit / 3)
    view = ChainView(
        [Endpoint(url, deployment.chain_id, deployment.genesis_hash, timeout=timeout) for url in urls],
        agreement=required,
        stall_limit=stall_limit,
        monotonic=time.monotonic,
    )
    sight = Sight(view, ProvenLedger.of(deployment), ProvenTerms.of(deployment), required, stall_limit)
    return Access(ledger, sight)


def _read_stall_limit(deployment: Deployment, urls: Sequence[str]) -> float:
    """The shortest that any RPC says: one that lies cannot lengthen the life of a frozen chain."""
    limits: list[float] = []
    for url in urls:
        try:
            limits.append(Ledger(Rpc(url), deployment).council.get_parameters()[1].stall_limit)
        except Unavailable:
            continue
    if not limits:
        raise NoAgreement("no RPC answers")
    return min(limits)
