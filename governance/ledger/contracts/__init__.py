"""One typed client a contract. Reads ask the chain; writes build a `Call` that `Ledger.send` sends."""

from __future__ import annotations

from governance.ledger.contracts.brake import BrakeClient
from governance.ledger.contracts.committee import CommitteeClient
from governance.ledger.contracts.constraints import ConstraintsClient
from governance.ledger.contracts.council import CouncilClient
from governance.ledger.contracts.releases import ReleasesClient
from governance.ledger.contracts.seats import SeatsClient

__all__ = ["BrakeClient", "CommitteeClient", "ConstraintsClient", "CouncilClient", "ReleasesClient", "SeatsClient"]
