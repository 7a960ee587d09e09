"""Rules that an oracle keeps for its key share: a contract's check comes too late for a partial that was broadcast."""

from __future__ import annotations

from governance.spec.rules import Enforcer, rule

rule(
    "R-Oracle-01",
    "An oracle acts only on what it has proven itself at a finalized block.",
    enforcer=Enforcer.ORACLE,
)
rule(
    "R-Oracle-02",
    "Any one RPC that shows a stop, a revocation or an expiry at its latest block suffices to refuse.",
    enforcer=Enforcer.ORACLE,
)
rule(
    "R-Oracle-03", "A chain that stands still longer than the stall limit counts as stopped.", enforcer=Enforcer.ORACLE
)
rule(
    "R-Oracle-04",
    "An oracle approves before it answers, and answers only when the threshold's approvals are finalized.",
    enforcer=Enforcer.ORACLE,
)
rule(
    "R-Oracle-05",
    "A final block that changed latches the oracle: no partials until a person resets it.",
    enforcer=Enforcer.ORACLE,
)
rule(
    "R-Oracle-06",
    "An oracle answers only a request of its own epoch, unexpired, for the identity that the release gives the worker, "
    "with a transport key whose secret the worker has proven to know.",
    enforcer=Enforcer.ORACLE,
)
