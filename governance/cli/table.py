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
    "keys": "Key files that sign.",
    "model": "Sealed weights and their registration.",
    "proposal": "Proposals: list, show, execute, cancel, object.",
    "release": "Expiring permissions to unlock a model.",
    "seat": "Organisations, their seats, and the keys that vote for them.",
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
        ("custodes charter deploy charter.toml --key deployer --out deployment.json",),
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
    "proposal object": Entry(
        "governance.cli.proposal:object_",
        "Claim that an amendment loosens: it needs a second round at tier 3.",
        ('custodes proposal object 7 "it drops the audit log" --counterexample request.json',),
    ),
    "vote": Entry(
        "governance.cli.vote:vote",
        "Cast your seat's ballot, or sign it off line.",
        (
            "custodes vote 7 for",
            'custodes vote 7 against --reason "the evidence is from another model"',
            "custodes vote 7 for --sign-only --out ballot.json",
        ),
    ),
    "ballots submit": Entry(
        "governance.cli.vote:submit",
        "Send ballots that their voters signed off line; anybody may.",
        ("custodes ballots submit ballot.json", "custodes ballots submit ballots/*.json"),
    ),
    "audit verify": Entry(
        "governance.cli.audit:verify",
        "Replay every event through the rules, and compare storage.",
        ("custodes audit verify", "custodes audit verify --json"),
    ),
    "audit log": Entry("governance.cli.audit:log", "The whole story, readably.", ("custodes audit log",)),
}
