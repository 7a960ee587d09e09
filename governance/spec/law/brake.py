"""Rules of the Brake: a few stop, only many resume."""

from __future__ import annotations

from governance.spec.rules import rule

rule("R-Brake-01", "Only a live seat pulls.", errors=["NotLiveSeat"])
rule(
    "R-Brake-02",
    "The k-th live seat that pulls within the window stops the scope at once, if the pulls span two chambers.",
)
rule(
    "R-Brake-03",
    "A seat whose stop lapsed unconfirmed waits out the cooldown before it pulls there again.",
    errors=["CoolingDown"],
)
rule(
    "R-Brake-04",
    "Only a standing stop is confirmed, resumed or lapses.",
    errors=["UnexpectedStop"],
)
rule("R-Brake-05", "A stop lapses only after its term, and never once it is confirmed.", errors=["TermNotOver"])
rule("R-Brake-06", "A resume names the exact stops that it lifts, 1 to 32 of them; others stand.", errors=["BadResume"])
rule("R-Brake-07", "A lapse revives nothing: a release that it had stopped never runs again.")
rule("R-Brake-08", "A stop covers the lineage of a registered root model, or everything.", errors=["UnknownScope"])
rule(
    "R-Brake-09",
    "A report, or a pull without one, has the hash of its evidence and a severity of 1 to 4.",
    errors=["BadReport"],
)
rule("R-Brake-10", "Only Releases opens a lineage's scope, when it registers the root.", errors=["OnlyReleases"])
rule(
    "R-Brake-11",
    "A live seat reports on everything, a model or a release; a worker, with one unanswered report at a time, on a "
    "release that names it.",
    errors=["NotReporter", "ReportPending", "UnknownSubject"],
)
rule(
    "R-Brake-12",
    "A pull that cites a report stops what the report is about, or everything.",
    errors=["UnknownReport", "ReportElsewhere"],
)
rule(
    "R-Brake-13",
    "A report is answered by a seat, by its model's registrar, or by its release's worker; an answer has a hash.",
    errors=["NotConcerned", "EmptyAnswer"],
)
rule(
    "R-Brake-14",
    "A resume lifts no stop whose report nobody has answered since it fell.",
    errors=["Unanswered"],
)
rule(
    "R-Brake-15",
    "A successor has 1 to 16 parts, none of them ours, each with exactly the code that was voted for.",
    errors=["BadSuccessor", "WrongCode", "OwnPart"],
)
rule("R-Brake-16", "A successor bars every release here, for ever; the brake goes on.")
rule(
    "R-Brake-17",
    "Every stop of the predecessor is taken over with its id and its report; one that stood is confirmed, and only a "
    "resume here lifts it.",
)
