"""The commands of this package, for `custodes`: names and help alone; what they do is imported when they run."""

from __future__ import annotations

from governance.cli.entry import Entry, Table

commands: Table = {
    "oracle init": Entry(
        "oracle.commands:init",
        "Make an oracle: its account, its encrypted store, its configuration.",
        (
            "custodes oracle init --dir oracle-1 --rpc http://127.0.0.1:8545 --deployment deployment.json",
            "custodes oracle init --dir oracle-1 --insecure-devnet     # quick to open, and worth nothing",
        ),
    ),
    "oracle run": Entry(
        "oracle.commands:run",
        "Run an oracle until it is told to end: key generation, approvals, answers.",
        (
            "custodes oracle run --dir oracle-1 --password-file oracle-1.password",
            "custodes oracle run --dir oracle-1 --rpc http://one:8545,http://two:8545,http://three:8545 --agreement 2",
            "custodes oracle run --dir oracle-1 --heads ws://127.0.0.1:8546 --poll 5",
            "custodes oracle run --dir oracle-1 --metrics-port 0     # where: custodes oracle status --dir oracle-1",
            "custodes oracle run --dir oracle-1 --reset-latch     # after a person has looked",
        ),
    ),
    "oracle status": Entry(
        "oracle.commands:status",
        "What an oracle sees and has done. Exit code 3 if it does not run, 4 if its latch is set.",
        ("custodes oracle status --dir oracle-1", "custodes oracle status --dir oracle-1 --json"),
    ),
}
