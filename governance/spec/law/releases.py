"""Rules of Releases: what may be unlocked, by whom, until when."""

from __future__ import annotations

from governance.spec.rules import rule

rule("R-Releases-01", "No identity is ever registered twice.", errors=["IdentityRegisteredBefore"])
rule(
    "R-Releases-02",
    "A model is registered once, and only a registered one is released or built upon.",
    errors=["ModelExists", "UnknownModel"],
)
rule("R-Releases-03", "A model is sealed to the committee key in force.", errors=["WrongCommitteeKey"])
rule(
    "R-Releases-04",
    "A release names 1 to 16 distinct workers, each for an identity of its model; a model has 1 to 16 identities.",
    errors=["BadWorker", "BadCount"],
)
rule("R-Releases-05", "A release ends in the future and within the longest lifetime.", errors=["BadExpiry"])
rule(
    "R-Releases-06",
    "While a stop stands, no release that it covers comes or is prolonged below tier 3; nor does one that was proposed "
    "before a stop lapsed.",
)
rule(
    "R-Releases-07",
    "Only a release that lives is renewed, and only one that was not revoked is revoked.",
    errors=["ReleaseNotAlive"],
)
rule(
    "R-Releases-08",
    "A worker may unlock while the release is executed, unexpired, unrevoked, unstopped, and names it.",
)
rule("R-Releases-09", "Only a worker that a release names anchors receipts under it.", errors=["NotNamedWorker"])
rule(
    "R-Releases-10",
    "A model's record has no zero hash and no mode without its parties.",
    errors=["MalformedModel"],
)
rule("R-Releases-11", "A release has a scope document, no longer than the parameters allow.", errors=["ScopeSize"])
rule(
    "R-Releases-12",
    "Parties of MPC belong to seated organisations of distinct affiliation groups and jurisdictions.",
    errors=["PartyWithoutSeat", "DependentParties"],
)
rule(
    "R-Releases-13",
    "Whoever was given one party of a model, or shares a group or a jurisdiction with who was, is given no other one.",
    errors=["PartyHeld"],
)
rule(
    "R-Releases-14",
    "What was registered with a predecessor stays registered: neither its id nor its seal is registered again, none of "
    "it is released, and what is derived from it is of its lineage.",
)
