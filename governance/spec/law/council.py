"""Rules of the Council: proposals, ballots, thresholds, time."""

from __future__ import annotations

from governance.spec.rules import rule

rule("R-Council-01", "Only a live seat proposes, votes and objects.", errors=["NotLiveSeat"])
rule(
    "R-Council-02",
    "A seat has a limited number of open proposals, and one more for tier 1.",
    errors=["TooManyOpenProposals"],
)
rule("R-Council-03", "What is executed is exactly what was voted, byte for byte.", errors=["ActionMismatch"])
rule(
    "R-Council-04", "Only a seat of the roster at a proposal's creation votes on it or objects.", errors=["NotEligible"]
)
rule("R-Council-05", "A proposal takes only the steps that its state allows.", errors=["UnexpectedState"])
rule("R-Council-06", "A seat casts at most three ballots in a round; the last one counts.", errors=["TooManyBallots"])
rule(
    "R-Council-07",
    "A signed ballot counts only with its voter's signature, and only for the round and the count that it names.",
    errors=["StaleBallot", "BadSignature"],
)
rule("R-Council-08", "A ballot is against, for, or abstains.", errors=["BadSupport"])
rule(
    "R-Council-09",
    "A proposal that passes is executable from its eta until its grace has run out, and never afterwards.",
)
rule(
    "R-Council-10",
    "A revocation and the confirmation of a stop are executable as soon as they pass.",
)
rule(
    "R-Council-11",
    "Only an amendment that is claimed to tighten, in its first round, is open to objection.",
    errors=["NotObjectable"],
)
rule(
    "R-Council-12",
    "One objection, until execution, sends an amendment into a second round at tier 3, with empty ballots and a full "
    "period.",
)
rule(
    "R-Council-13",
    "Only the proposing seat cancels, and only before another seat's ballot.",
    errors=["NotCancellable"],
)
rule("R-Council-14", "Every parameter stays within its immutable bounds.", errors=["OutOfBounds"])
rule(
    "R-Council-15",
    "Tiers are never inverted, loosening is never easier than tightening, tiers 2 to 4 need a majority, a stop "
    "outlives the vote that could resume it, and a silent seat is not replaced sooner than seats are changed.",
    errors=["UnsoundParameters"],
)
rule(
    "R-Council-16",
    "Nothing is accepted until all six contracts agree about each other and about the charter.",
    errors=["NotActive", "ActivationMismatch"],
)
rule("R-Council-17", "A proposal exists before anybody acts on it.", errors=["UnknownProposal"])
rule(
    "R-Council-18",
    "An action is executed only if it was voted at the tier that it needs at that moment.",
    errors=["TierTooLow"],
)
rule("R-Council-19", "Only the Council carries out what was voted.", errors=["OnlyCouncil"])
rule(
    "R-Council-20",
    "Every kind of action has one contract that carries it out, and no other does.",
    errors=["UnknownAction"],
)
rule(
    "R-Council-21",
    "A yes counts only from a seat that was eligible at creation and is live when the proposal is judged.",
)
rule("R-Council-22", "Thresholds are fractions of all eligible seats, never of turnout; abstaining is never yes.")
rule("R-Council-23", "The parameters of a proposal are those of its creation.")
rule(
    "R-Council-24",
    "A ballot that turns a proposal into a passing one in the last part of its round extends it, once a round, so that "
    "all others have as long to answer; what provably tightens, and what is urgent, never waits.",
)
rule(
    "R-Council-25",
    "Before its eta a chamber can veto what needs tier 2 or more, but not the replacement of a dormant seat.",
    errors=["NotVetoable"],
)
rule(
    "R-Council-26",
    "A veto is complete with more than half of the seats that its chamber had at creation, all live; nobody takes his "
    "back, and what was vetoed never is executed.",
    errors=["AlreadyVetoed"],
)
rule(
    "R-Council-27",
    "A batch of signed ballots does what they would do one by one: one that would be refused is skipped, and says why.",
)
rule(
    "R-Council-30",
    "With a successor nothing is proposed here but revocations and confirmations of stops; the rest expires.",
    errors=["HasSuccessor", "OnlyBrake"],
)
