"""A command that only explains a rule must not pay for a chain client."""

from __future__ import annotations

import subprocess
import sys

HEAVY = ("web3", "eth_abi", "eth_account", "eth_utils", "pydantic", "rfc8785", "torch", "requests")


def test_rules_types_and_encoding_import_nothing_heavy() -> None:
    program = (
        "import sys, governance.spec.replay, governance.spec.law, governance.encoding.signatures, "
        "governance.encoding.documents, governance.encoding.charter\n"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"
