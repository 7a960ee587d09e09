"""The law: every rule's sentence, by the contract or the process that keeps it."""

from __future__ import annotations

from governance.spec.law import brake, committee, constraints, council, oracle, releases, seats, worker

__all__ = ["brake", "committee", "constraints", "council", "oracle", "releases", "seats", "worker"]
