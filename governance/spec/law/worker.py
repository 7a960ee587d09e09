"""Rules that a worker keeps for the weights that it was given."""

from __future__ import annotations

from governance.spec.rules import Enforcer, rule

rule(
    "R-Worker-01",
    "A worker holds weights only under a release that names it, and only while its lease runs.",
    enforcer=Enforcer.WORKER,
)
rule(
    "R-Worker-02",
    "A worker drops weights and keys when its release expires, is revoked or stopped, as any RPC's latest block shows.",
    enforcer=Enforcer.WORKER,
)
rule("R-Worker-03", "A chain that stands still longer than the stall limit ends the lease.", enforcer=Enforcer.WORKER)
rule("R-Worker-04", "A worker does what the release's scope permits, and nothing else.", enforcer=Enforcer.WORKER)
rule(
    "R-Worker-05",
    "A worker serves only under the constraints whose documents match the ledger head; an expired one "
    "denies its scope.",
    enforcer=Enforcer.WORKER,
)
rule(
    "R-Worker-06",
    "No tensor is used before every chunk, the commitment and the content root of its file have passed.",
    enforcer=Enforcer.WORKER,
)
rule(
    "R-Worker-07",
    "Every inference leaves a signed receipt in an unbroken chain.",
    enforcer=Enforcer.WORKER,
)
