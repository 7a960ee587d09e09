"""Rules of Seats: who votes, and why nobody votes twice under another name."""

from __future__ import annotations

from governance.spec.rules import rule

rule("R-Seats-01", "An organisation holds one seat at most.", errors=["OrganisationSeated"])
rule(
    "R-Seats-02", "An affiliation group holds one seat at most, in all chambers together.", errors=["AffiliationSeated"]
)
rule("R-Seats-03", "Every chamber has at least three seats.", errors=["ChamberTooSmall"])
rule("R-Seats-04", "No chamber holds more than half of all seats.", errors=["ChamberTooLarge"])
rule(
    "R-Seats-05",
    "A seat is granted only if its jurisdiction then holds no more than half of the chamber.",
    errors=["JurisdictionTooLarge"],
)
rule(
    "R-Seats-06",
    "There are at most 64 seats, and the number of a removed seat rests until no living proposal can count it.",
    errors=["NoFreeSeat"],
)
rule("R-Seats-07", "A key serves one seat in one role, once; it never comes back.", errors=["KeyUsed"])
rule(
    "R-Seats-08",
    "A new key signs for its own rotation, and for the role that it takes.",
    errors=["PossessionNotProven"],
)
rule(
    "R-Seats-09",
    "A rotation by the voting key waits for the rotation delay; only a pending one can be completed or cancelled.",
    errors=["RotationNotReady"],
)
rule(
    "R-Seats-10",
    "The voting key starts a rotation of its seat; the recovery key cancels one, rotates at once, or gives its own "
    "place to another key.",
    errors=["NotSeatKey"],
)
rule(
    "R-Seats-11",
    "A suspended seat keeps its place in every count of seats: a suspension never lowers a bar.",
)
rule(
    "R-Seats-12",
    "The seats that are live can always pass every tier: no suspension and no batch may end that.",
    errors=["WouldDeadlock"],
)
rule("R-Seats-13", "Only a live seat is suspended or rotated, and only a seat that is held is removed.",
     errors=["UnexpectedStanding"])  # fmt: skip
rule("R-Seats-14", "There are three or four chambers, each with a name of its own.", errors=["BadChambers"])
rule(
    "R-Seats-15",
    "A grant names a chamber, an organisation, its jurisdiction and affiliation, and a supported kind of key, and a "
    "reclassification names both labels.",
    errors=["MalformedGrant", "MalformedLabels"],
)
rule("R-Seats-16", "A batch of seat changes changes something.", errors=["EmptyBatch"])
rule(
    "R-Seats-17",
    "A removal is never refused for affiliation or jurisdiction: labels bind only what is granted.",
)
rule(
    "R-Seats-18",
    "A suspended seat comes back only under a new number, so that no old proposal regains a yes.",
)
rule(
    "R-Seats-19",
    "A reclassification is never refused for what it reveals; of the live seats that then share an affiliation, or too "
    "many a jurisdiction, the latest granted are suspended, unless the live seats could no longer pass every tier.",
)
rule(
    "R-Seats-20",
    "A seat's silence is counted from when another live seat asks for it, and whatever the seat does ends it: a "
    "ballot, a proposal, an objection, a pull, a report, an answer, a change of keys, a count of its own, or its word.",
    errors=["SilenceNotCounted", "SilenceCountedAlready"],
)
rule(
    "R-Seats-22",
    "A seat is challenged once its counted silence has lasted for the dormancy, and then has the challenge period to "
    "answer.",
    errors=["NotSilentEnough", "ChallengedAlready"],
)
rule(
    "R-Seats-23",
    "Only a seat that was silent through its whole challenge, before the proposal and ever since, is replaced by a "
    "vote of those who are awake, and only in its own chamber.",
    errors=["NotDormant", "OtherChamber"],
)
rule(
    "R-Seats-24",
    "A replacement needs 4/5 of the seats that are not dormant, and more than half of those of each chamber that is "
    "not mostly dormant; while fewer than two chambers are mostly awake, dormant seats count like all others.",
)
rule(
    "R-Seats-21",
    "How a seat signs is fixed when it is granted: an EOA by its signature alone, a contract (ERC-1271) by its own "
    "answer, for which it is given a bounded amount of gas.",
    errors=["NotEnoughGas"],
)
