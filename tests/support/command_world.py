"""How the commands of a worker are run: the question, and the release by its number."""

from __future__ import annotations

from governance.encoding.names import proposal_id_of
from governance.ledger.history import History
from governance.types import ReleaseId
from worker_world import WorkerWorld

QUESTION = "Hello, who are you?"


def number_of(world: WorkerWorld, release: ReleaseId) -> str:
    """The release's number, as people name it."""
    return str(History.of(world.system.ledger).get_proposal(proposal_id_of(release)).number)
