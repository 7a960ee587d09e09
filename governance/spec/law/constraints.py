"""Rules of Constraints: tightening is easy, loosening is hard, and nothing is rewritten."""

from __future__ import annotations

from governance.spec.rules import rule

rule("R-Constraints-01", "The id of a constraint is never used again.", errors=["ConstraintExists"])
rule(
    "R-Constraints-02",
    "A change names the version that it was written against, and fails against any other.",
    errors=["UnexpectedParent"],
)
rule(
    "R-Constraints-03",
    "A document travels in its proposal, is not empty, and is no longer than the parameters allow.",
    errors=["DocumentSize"],
)
rule("R-Constraints-04", "A tightened parameter is tighter than before.", errors=["NotTighter"])
rule("R-Constraints-05", "A loosened parameter is looser than before.", errors=["NotLooser"])
rule(
    "R-Constraints-06",
    "An expiry lies in the future or is never; a claimed tightening neither shortens one nor revives what expired.",
    errors=["ExpiryShortened", "ExpiryPast"],
)
rule("R-Constraints-07", "The ledger head is the fold of all entries; entries are only appended.")
rule("R-Constraints-08", "Only a constraint that is in force is changed or retired.", errors=["NotInForce"])
rule(
    "R-Constraints-09",
    "A parameter is named once and gets its direction when its constraint is added, for ever.",
    errors=["BadParameter"],
)
rule(
    "R-Constraints-10",
    "A system that follows another one begins only when the predecessor's vote has named it, once, and with all of it.",
    errors=["NotItsSuccessor", "NothingToInherit"],
)
rule(
    "R-Constraints-11",
    "What was in force in the predecessor is in force in its successor, with the same words, limits and term, until a "
    "vote there changes it; its ledger goes on from the same head.",
)
