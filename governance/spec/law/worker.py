"""Rules that a worker keeps for the weights that it was given."""

from __future__ import annotations

from governance.spec.rules import Enforcer, rule

rule(
    "R-Worker-01",
    "A worker holds weights only under a release that it has proven, at a finalized block, to be in force and its own.",
    enforcer=Enforcer.WORKER,
)
rule(
    "R-Worker-02",
    "A worker drops weights and keys as soon as any RPC's latest block shows its release expired, revoked or stopped.",
    enforcer=Enforcer.WORKER,
)
rule(
    "R-Worker-03",
    "A chain that shows no new block within the stall limit ends the worker's lease.",
    enforcer=Enforcer.WORKER,
)
rule("R-Worker-04", "A worker does what the release's scope permits, and nothing else.", enforcer=Enforcer.WORKER)
rule(
    "R-Worker-05",
    "A worker serves only under the constraints that fold to the proven ledger head; each limits every use, and one "
    "that expired denies until it is replaced.",
    enforcer=Enforcer.WORKER,
)
rule(
    "R-Worker-06",
    "A worker that cannot evaluate a rule or enforce a limit of a constraint denies what it governs.",
    enforcer=Enforcer.WORKER,
)
rule(
    "R-Worker-07",
    "No tensor is used before every chunk, the commitment and the content root of its file have passed.",
    enforcer=Enforcer.WORKER,
)
rule("R-Worker-08", "Every inference leaves a signed receipt in an unbroken chain.", enforcer=Enforcer.WORKER)
