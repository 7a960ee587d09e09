"""The commands of the worker: sealed models, unlocking and serving them, the gate for pipelines.

This table is all that --help imports.
"""

from __future__ import annotations

from governance.cli.entry import Entry, Table

commands: Table = {
    "model seal": Entry(
        "inference.cli.model:seal",
        "Encrypt a transformers directory to the committee.",
        ("custodes model seal ./SmolLM2-135M-Instruct ./smollm2.sealed --registrar aurora-labs",),
    ),
    "model inspect": Entry(
        "inference.cli.model:inspect",
        "What a sealed directory says of itself.",
        ("custodes model inspect ./smollm2.sealed",),
    ),
    "model verify": Entry(
        "inference.cli.model:verify",
        "Compare every byte with what the ledger recorded; no key is needed.",
        ("custodes model verify ./smollm2.sealed",),
    ),
    "model disperse": Entry(
        "inference.cli.dispersal:disperse",
        "Split a sealed directory into fragments of which some suffice.",
        ("custodes model disperse ./smollm2.sealed ./fragments --data 3 --parity 2",),
    ),
    "model gather": Entry(
        "inference.cli.dispersal:gather",
        "Make a sealed directory of fragments; one that lies is named and left out.",
        ("custodes model gather ./smollm2.sealed ./fragments/fragment-0 ./fragments/fragment-3 http://127.0.0.1:8700",),
    ),
    "worker ask": Entry(
        "inference.cli.ask:ask",
        "Unlock a model, put one question to it, wipe it; or ask a worker that runs.",
        (
            'custodes worker ask "What is a quorum?" --release 3 --model ./smollm2.sealed --key worker',
            'custodes worker ask "What is a quorum?" --url http://127.0.0.1:8600 --token-file worker.token',
        ),
    ),
    "worker serve": Entry(
        "inference.cli.serve:serve",
        "Unlock a model and serve it on loopback, for as long as its release is in force.",
        ("custodes worker serve --release 3 --model ./smollm2.sealed --token-file worker.token --key worker",),
    ),
    "worker receipt": Entry(
        "inference.cli.receipt:receipt",
        "Write into a receipt's file where it lies under an anchored root.",
        ("custodes worker receipt receipt.json --url http://127.0.0.1:8600 --token-file worker.token",),
    ),
    "audit receipt": Entry(
        "inference.cli.receipt:verify",
        "Whether a receipt was signed by its worker and anchored on the chain.",
        (
            "custodes audit receipt receipt.json",
            "custodes audit receipt receipt.json --root 0x5f2c...   # asks no chain",
        ),
    ),
    "worker status": Entry(
        "inference.cli.status:status",
        "Whether a worker serves, waits or is dark, and why.",
        (
            "custodes worker status --url http://127.0.0.1:8600 --token-file worker.token",
            "custodes worker status --url http://127.0.0.1:8600 --token-file worker.token --wait 120",
        ),
    ),
    "gate": Entry(
        "inference.cli.gate:gate",
        "Exit 0 if a release in force permits a use of a model, 4 if none does.",
        (
            "custodes gate smollm2 --capability chat",
            "custodes gate smollm2 --capability code --purpose research && ./deploy",
        ),
    ),
}
