"""Rules of the Committee: a key that nobody holds, and answers that nobody gives alone."""

from __future__ import annotations

from governance.spec.rules import rule

rule(
    "R-Committee-01",
    "A committee has t of at least 2 and n of at least 2t - 1 and at most 31 distinct oracles, t plus slack within n.",
    errors=["MalformedCommittee"],
)
rule("R-Committee-02", "An oracle belongs to a live seat's organisation, one each.", errors=["BadOrganisation"])
rule(
    "R-Committee-03",
    "No affiliation group and no jurisdiction holds as many oracles as the threshold.",
    errors=["TooConcentrated"],
)
rule("R-Committee-04", "Key generation goes phase by phase.", errors=["UnexpectedPhase"])
rule(
    "R-Committee-05",
    "A step is taken within its phase, and a phase is ended only after its time.",
    errors=["PhaseDeadline"],
)
rule(
    "R-Committee-06",
    "Only a member of the epoch acts in it, and after registration only one that registered.",
    errors=["NotMember"],
)
rule("R-Committee-07", "A member does each thing once.", errors=["AlreadyDone"])
rule(
    "R-Committee-08",
    "A dealer reveals exactly the t commitments that it committed to, and an envelope for every other member that "
    "registered.",
    errors=["CommitmentMismatch"],
)
rule(
    "R-Committee-09",
    "Every point is canonical, on the curve, in the subgroup, not the identity; the secret of T is proven to be known.",
    errors=["BadPoint"],
)
rule("R-Committee-10", "A dealer and a member prove that they hold what they speak for.", errors=["BadProof"])
rule(
    "R-Committee-11",
    "A key in force is not replaced but dealt again, by the epoch that the vote names; one epoch is made at a time.",
    errors=["CommitteeBusy"],
)
rule("R-Committee-12", "No key is made while everything is stopped.", errors=["EverythingStopped"])
rule(
    "R-Committee-13",
    "Asking, approving and answering need a release that lets the worker unlock.",
    errors=["NotReleasable"],
)
rule(
    "R-Committee-14",
    "A worker has one open request under a release, each with a fresh transport key.",
    errors=["RequestOpen"],
)
rule("R-Committee-15", "Only an open request is approved or answered.", errors=["NoOpenRequest"])
rule(
    "R-Committee-16",
    "No answer is accepted before as many members as the threshold approved, the answering one among them.",
    errors=["NotApproved"],
)
rule(
    "R-Committee-17",
    "A partial is accepted only if it verifies under its member's key; a wrong one is on record with its oracle.",
    errors=["BadPartial"],
)
rule(
    "R-Committee-18",
    "A stop that falls between the first partial for an identity and the t-th bars that identity until a refresh.",
    errors=["IdentityBarred"],
)
rule("R-Committee-19", "Nothing is asked for without a committee key in force.", errors=["NoCommittee"])
rule(
    "R-Committee-20",
    "An epoch comes in force with as many acknowledgements as threshold and slack ask for, and aborts with fewer.",
)
rule(
    "R-Committee-21",
    "A member complains once, of all dealings together that are wrong for it, and never of its own.",
    errors=["NoDealing"],
)
rule("R-Committee-22", "In a resharing a dealer deals the share that it has proven.", errors=["NotItsShare"])
rule(
    "R-Committee-23",
    "A dealer with t complaints is disqualified and reveals nothing; with fewer it reveals the disputed shares, and a "
    "wrong one, or silence, disqualifies it.",
    errors=["NoComplaint"],
)
rule(
    "R-Committee-24",
    "The key is the sum of all valid dealings; a resharing sums so that it stays as it is.",
    errors=["WrongDealings"],
)
rule(
    "R-Committee-25",
    "At least t dealings make a new key, and exactly the first t valid ones by index deal one again.",
)
