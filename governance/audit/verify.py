"""`custodes audit verify`: every event replayed through the rules, and every result compared with storage.

This first form trusts one RPC for what it shows, and checks that what it shows is consistent. Who controls the chain
alone can rewrite it consistently; re-execution and witnesses expose that, and are another layer.

Source: DESIGN section 9.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from governance.audit.compare import Compared, compare_storage
from governance.audit.curve import ArkworksCurve
from governance.audit.errors import StorageDiffers
from governance.audit.history import History, read_history
from governance.ledger.client import Ledger
from governance.spec.replay import replay_steps
from governance.spec.state import SystemState
from governance.spec.steps import Step
from governance.spec.timeline import Timeline

SHOWN = 5  # differences in a message


@dataclass(frozen=True)
class AuditReport:
    """What was checked, and found right."""

    block: int
    events: int
    steps: int
    compared: dict[str, int]  # contract -> values
    timeline: Timeline
    predecessor: AuditReport | None = None

    @property
    def state(self) -> SystemState:
        """After all events."""
        return self.timeline.last

    def to_json(self) -> dict[str, object]:
        before = {} if self.predecessor is None else {"predecessor": self.predecessor.to_json()}
        return {
            "schema": "custodes.verify/1",
            "ok": True,
            "block": self.block,
            "events": self.events,
            "steps": self.steps,
            "compared": self.compared,
            "ledgerHead": "0x" + self.state.constraints.head.hex(),
            "charterHash": "0x" + self.state.council.charter_hash.hex(),
            **before,
        }


def audit(ledger: Ledger, *, report: Callable[[int, int], None] = lambda done, total: None) -> AuditReport:
    """The chain's history follows from the rules, and storage holds what follows.

    Raises: DeploymentMismatch, WrongGenesis, Divergence, StorageDiffers, RpcUnavailable.
    """
    ledger.verify()
    return audit_history(ledger, read_history(ledger), report=report)


def audit_history(
    ledger: Ledger, history: History, *, report: Callable[[int, int], None] = lambda done, total: None
) -> AuditReport:
    """As `audit`, of events that were read already; first of the system that this one follows, then over the seam.

    Raises: Divergence, StorageDiffers, RpcUnavailable.
    """
    before: AuditReport | None = None
    if ledger.predecessor is not None and history.predecessor is not None:
        before = audit_history(ledger.predecessor, history.predecessor)
    logs = history.logs
    steps: list[Step] = []
    done = 0
    for step in replay_steps(history.genesis, logs, ArkworksCurve(), None if before is None else before.timeline):
        steps.append(step)
        done += len(step.logs)
        report(done, len(logs))
    if not steps:
        raise StorageDiffers("there are no events at all")
    timeline = Timeline(steps)
    state = timeline.last
    compared: Counter[str] = Counter()
    differences: list[Compared] = []
    for comparison in compare_storage(ledger, state, history.block, history.time):
        compared[comparison.contract] += 1
        if not comparison.agrees:
            differences.append(comparison)
    if differences:
        more = f" (and {len(differences) - SHOWN} more)" if len(differences) > SHOWN else ""
        raise StorageDiffers(
            "; ".join(str(difference) for difference in differences[:SHOWN]) + more,
            details={"differences": len(differences), "contract": differences[0].contract, "block": history.block},
        )
    return AuditReport(history.block, len(logs), len(steps), dict(compared), timeline, before)
