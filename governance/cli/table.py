"""Every command of governance, so that help needs no import of what the commands do.

Packages above add theirs by the entry-point group `custodes.commands`.
"""

from __future__ import annotations

from governance.cli.entry import Entry, Table

# What stands before the commands of a noun in --help.
NOUNS: dict[str, str] = {
    "audit": "Whether the history follows from the rules, and what happened.",
    "ballots": "Ballots that were signed off line.",
    "brake": "Stop a lineage or everything, at once.",
    "charter": "The genesis document: check it, deploy it, show it.",
    "committee": "The oracles that hold the key in shares.",
    "constraint": "Safety rules: write, propose, tighten, loosen, read.",
    "devnet": "A chain on this machine, to try things out.",
    "incident": "Misuse reports and their answers.",
    "keys": "Key files that sign.",
    "model": "Sealed weights and their registration.",
    "oracle": "A committee member's node: make it, run it, see how it does.",
    "proposal": "Proposals: list, show, execute, cancel, veto, object.",
    "release": "Expiring permissions to unlock a model.",
    "seat": "Organisations, their seats, and the keys that vote for them.",
    "successor": "What follows this system, and ends it.",
    "worker": "Serve a governed model, and ask it.",
}

COMMANDS: Table = {
    "devnet up": Entry(
        "governance.cli.devnet:up",
        "Start a chain on this machine, with a charter deployed on it.",
        ("custodes devnet up", "custodes devnet up --dir /tmp/devnet --port 8545"),
    ),
    "devnet down": Entry("governance.cli.devnet:down", "End it; its state is kept.", ("custodes devnet down",)),
    "devnet status": Entry(
        "governance.cli.devnet:status", "Whether it runs, where, and what time it has.", ("custodes devnet status",)
    ),
    "devnet warp": Entry(
        "governance.cli.devnet:warp",
        "Move its clock forward.",
        ("custodes devnet warp 14d", "custodes devnet warp --until 7     # until proposal 7 can be executed"),
    ),
    "devnet fund": Entry(
        "governance.cli.devnet:fund",
        "Give an account ether for gas.",
        ("custodes devnet fund 0x52908400098527886E0F7030069857D2E4169EE7",),
    ),
    "charter check": Entry(
        "governance.cli.charter:check",
        "Whether a charter is sound, and which absences each tier tolerates.",
        ("custodes charter check charter.toml", "custodes charter check --template standard"),
    ),
    "charter deploy": Entry(
        "governance.cli.charter:deploy",
        "Put a charter's six contracts on the chain and activate them.",
        (
            "custodes charter deploy charter.toml --key deployer --out deployment.json",
            "custodes charter deploy next.toml --predecessor deployment.json --out next.json",
        ),
    ),
    "charter activate": Entry(
        "governance.cli.charter:activate",
        "Begin where the predecessor ended, once its vote has said so.",
        ("custodes charter activate --deployment next.json",),
    ),
    "charter show": Entry(
        "governance.cli.charter:show",
        "The charter in force, its numbers and its addresses; or a template.",
        ("custodes charter show", "custodes charter show --template standard > charter.toml"),
    ),
    "keys new": Entry(
        "governance.cli.keys:new",
        "Make a key in a file that a password opens.",
        ("custodes keys new fides-voting", "custodes keys new fides-voting --password-file ~/.fides-password"),
    ),
    "keys list": Entry("governance.cli.keys:list_", "The key files there are.", ("custodes keys list",)),
    "keys export": Entry(
        "governance.cli.keys:export",
        "The address of a key, and the file that other wallets open.",
        ("custodes keys export fides-voting", "custodes keys export fides-voting --out wallet.json"),
    ),
    "proposal list": Entry(
        "governance.cli.proposal:list_",
        "Proposals with their state.",
        ("custodes proposal list", "custodes proposal list --state active --json"),
    ),
    "proposal show": Entry(
        "governance.cli.proposal:show",
        "One proposal: what it does, who voted how, what is missing.",
        ("custodes proposal show 7",),
    ),
    "proposal execute": Entry(
        "governance.cli.proposal:execute", "Carry out what was voted.", ("custodes proposal execute 7",)
    ),
    "proposal cancel": Entry(
        "governance.cli.proposal:cancel",
        "Take back your proposal, before another seat has voted.",
        ("custodes proposal cancel 7",),
    ),
    "proposal veto": Entry(
        "governance.cli.proposal:veto",
        "Stop it before its eta, with more than half of your chamber.",
        ('custodes proposal veto 7 "the committee it was voted for is gone"',),
    ),
    "proposal object": Entry(
        "governance.cli.proposal:object_",
        "Claim that an amendment loosens: it needs a second round at tier 3.",
        ('custodes proposal object 7 "it drops the audit log" --counterexample request.json',),
    ),
    "seat list": Entry("governance.cli.seat:list_", "Every seat, its labels and its key.", ("custodes seat list",)),
    "seat show": Entry(
        "governance.cli.seat:show",
        "One seat in full.",
        ("custodes seat show 5", "custodes seat show 'Fides Institute'"),
    ),
    "seat rotate": Entry(
        "governance.cli.seat:rotate",
        "Vote with another key.",
        (
            "custodes seat rotate 'Fides Institute' --to fides-2 --key fides-institute",
            "custodes seat rotate 'Fides Institute' --to fides-2 --recover --key fides-institute.recovery",
            "custodes seat rotate 'Fides Institute' --complete",
            "custodes seat rotate 'Fides Institute' --recovery-key --to fides-safe --key fides-institute.recovery",
        ),
    ),
    "seat suspend": Entry(
        "governance.cli.seat:suspend",
        "Propose to take a seat's vote away.",
        ("custodes seat suspend 'Gauge Safety' --evidence report.pdf",),
    ),
    "seat reclassify": Entry(
        "governance.cli.silence:reclassify",
        "Propose to say anew what a seat is: jurisdiction, affiliation, framework.",
        ("custodes seat reclassify 'Gauge Safety' --affiliation 'Aurora Holding' --evidence register.pdf",),
    ),
    "seat challenge": Entry(
        "governance.cli.silence:challenge",
        "Count a seat's silence; once it has lasted, challenge the seat.",
        ("custodes seat challenge 'Lok Sabha Forum'",),
    ),
    "seat answer": Entry(
        "governance.cli.silence:answer",
        "Say that your seat is there, as any vote of yours does.",
        ("custodes seat answer", "custodes seat answer 'Lok Sabha Forum' --key lok-sabha-forum.recovery"),
    ),
    "seat replace": Entry(
        "governance.cli.silence:replace",
        "Propose who takes the place of a seat that stayed silent through its challenge.",
        ("custodes seat replace 'Lok Sabha Forum' grant.json -m 'nobody has heard of it for seven months'",),
    ),
    "seat change": Entry(
        "governance.cli.seat:change", "Propose to remove and grant seats.", ("custodes seat change batch.json",)
    ),
    "constraint new": Entry(
        "governance.cli.constraint:new",
        "Write a constraint's document.",
        ("custodes constraint new no-bioweapons --title 'No bioweapons' --text 'Refuse every request that ...'",),
    ),
    "constraint check": Entry(
        "governance.cli.constraint:check",
        "Whether a document is well formed.",
        ("custodes constraint check no-bioweapons.json",),
    ),
    "constraint propose": Entry(
        "governance.cli.constraint:propose_",
        "Propose to add one.",
        ("custodes constraint propose no-bioweapons.json --limit max_output_tokens=512 -m 'first of its kind'",),
    ),
    "constraint amend": Entry(
        "governance.cli.constraint:amend",
        "Propose another text for one.",
        (
            "custodes constraint amend no-bioweapons new.json",
            "custodes constraint amend no-bioweapons new.json --looser",
        ),
    ),
    "constraint tighten": Entry(
        "governance.cli.constraint:tighten",
        "Propose a tighter limit.",
        ("custodes constraint tighten no-bioweapons max_output_tokens=256",),
    ),
    "constraint loosen": Entry(
        "governance.cli.constraint:loosen",
        "Propose a looser limit.",
        ("custodes constraint loosen no-bioweapons max_output_tokens=1024",),
    ),
    "constraint retire": Entry(
        "governance.cli.constraint:retire", "Propose to end one.", ("custodes constraint retire no-bioweapons",)
    ),
    "constraint show": Entry(
        "governance.cli.constraint_show:show",
        "All constraints, or one in full.",
        ("custodes constraint show", "custodes constraint show no-bioweapons"),
    ),
    "constraint log": Entry(
        "governance.cli.constraint_show:log",
        "Every change, with the hash chain.",
        ("custodes constraint log",),
    ),
    "brake pull": Entry(
        "governance.cli.brake:pull",
        "Stop a lineage, or everything, together with other seats.",
        (
            "custodes brake pull SmolLM2 --because 'it answers how to ...' --severity critical --report report.json",
            "custodes brake pull everything --because 'the committee key may have leaked'",
            "custodes brake pull SmolLM2 --incident 3 --because 'report 3 is true'",
        ),
    ),
    "brake status": Entry("governance.cli.brake:status", "What stands still.", ("custodes brake status",)),
    "brake confirm": Entry(
        "governance.cli.brake:confirm", "Propose that a stop never lapses.", ("custodes brake confirm 1",)
    ),
    "brake resume": Entry(
        "governance.cli.brake:resume", "Propose to lift stops.", ("custodes brake resume 1 -m 'the cause is fixed'",)
    ),
    "brake lapse": Entry(
        "governance.cli.brake:lapse", "End a stop that nobody confirmed in its term.", ("custodes brake lapse 1",)
    ),
    "incident report": Entry(
        "governance.cli.incident:report",
        "Put misuse on the record.",
        (
            "custodes incident report SmolLM2 --because 'it answers how to ...' --evidence log.json",
            "custodes incident report release:4 --because 'a user probes it' --key worker --severity low",
        ),
    ),
    "incident respond": Entry(
        "governance.cli.incident:respond",
        "Answer a report.",
        ("custodes incident respond 1 --because 'the filter is mended' --response report.pdf",),
    ),
    "incident show": Entry(
        "governance.cli.incident:show", "One report with its answers and stops.", ("custodes incident show 1",)
    ),
    "incident list": Entry("governance.cli.incident:list_", "Every report.", ("custodes incident list",)),
    "successor propose": Entry(
        "governance.cli.successor:propose_",
        "Propose to end this system for another.",
        ("custodes successor propose next/deployment.json -m 'batches, and a larger roster'",),
    ),
    "successor show": Entry(
        "governance.cli.successor:show", "Whether this system has ended.", ("custodes successor show",)
    ),
    "model register": Entry(
        "governance.cli.model:register",
        "Propose to register sealed weights.",
        ("custodes model register ./smollm2-sealed -m 'the chat model'",),
    ),
    "model list": Entry("governance.cli.model:list_", "Registered models.", ("custodes model list",)),
    "release propose": Entry(
        "governance.cli.release:propose_",
        "Propose that workers may unlock a model.",
        (
            "custodes release propose SmolLM2 --worker 0x5290…9EE7='Gauge Safety' --for 30d --capability chat",
            "custodes release propose SmolLM2 --worker my-worker --for 12h --scope scope.json",
        ),
    ),
    "release renew": Entry(
        "governance.cli.release:renew", "Propose a later end.", ("custodes release renew 9 --for 30d",)
    ),
    "release revoke": Entry(
        "governance.cli.release:revoke",
        "Propose an end now.",
        ("custodes release revoke 9 --because 'the worker was stolen'",),
    ),
    "release list": Entry("governance.cli.release:list_", "Releases and their standing.", ("custodes release list",)),
    "release show": Entry("governance.cli.release:show", "One release in full.", ("custodes release show 9",)),
    "committee form": Entry(
        "governance.cli.committee:form",
        "Propose a committee.",
        (
            (
                "custodes committee form --threshold 2"
                " --oracle aurora-labs=oracle-1 --oracle incerta=oracle-2 --oracle oceania-union=oracle-3"
            ),
        ),
    ),
    "committee reshare": Entry(
        "governance.cli.committee:reshare",
        "Propose to deal its key again.",
        (
            "custodes committee reshare",
            (
                "custodes committee reshare --threshold 2"
                " --oracle incerta=oracle-2 --oracle oceania-union=oracle-3 --oracle fides-institute=oracle-4"
            ),
        ),
    ),
    "committee status": Entry(
        "governance.cli.committee:status",
        "Who holds the key in shares.",
        ("custodes committee status",),
    ),
    "explain": Entry(
        "governance.cli.explain:explain",
        "Why a proposal stands where it stands; what a rule says.",
        ("custodes explain 7", "custodes explain R-Council-07"),
    ),
    "doctor": Entry(
        "governance.cli.doctor:doctor", "Whether this machine can take part, and how to mend it.", ("custodes doctor",)
    ),
    "inbox": Entry(
        "governance.cli.inbox:inbox",
        "What awaits your seat, until when, and what silence means.",
        ("custodes inbox", "custodes inbox --ics deadlines.ics"),
    ),
    "vote": Entry(
        "governance.cli.vote:vote",
        "Cast your seat's ballot, or sign it off line.",
        (
            "custodes vote 7 for",
            'custodes vote 7 against --reason "the evidence is from another model"',
            "custodes vote 7 for --sign-only --out ballot.json",
            "custodes vote 7 for --sign-only --from proposal-7.json --out ballot.json   # needs no chain",
        ),
    ),
    "ballots submit": Entry(
        "governance.cli.ballots:submit",
        "Send ballots that their voters signed off line; anybody may.",
        ("custodes ballots submit ballot.json", "custodes ballots submit ballots/*.json"),
    ),
    "audit verify": Entry(
        "governance.cli.audit:verify",
        "Replay every event through the rules, and compare storage.",
        ("custodes audit verify", "custodes audit verify --json"),
    ),
    "audit log": Entry("governance.cli.audit:log", "The whole story, readably.", ("custodes audit log",)),
    "demo": Entry(
        "governance.cli.demo:demo",
        "The whole story on this machine, on a real model.",
        ("custodes demo", "custodes demo --keep     # leaves everything up to play with", "custodes demo --json"),
    ),
}
