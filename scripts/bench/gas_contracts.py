"""The contracts of contracts/bench, compiled with the settings of the contracts that are shipped."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from compile_contracts import CONTRACTS, run_compiler
from solidity_input import compute_settings, get_profile, get_sources

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache" / "bench"
TIMELOCK = "node_modules/@openzeppelin/contracts/governance/TimelockController.sol"
UNITS = {
    "MemberVotes": "bench/MemberVotes.sol",
    "SmallestGovernor": "bench/SmallestGovernor.sol",
    "StoringGovernor": "bench/StoringGovernor.sol",
    "RevocableReleases": "bench/RevocableReleases.sol",
    "TimelockController": TIMELOCK,
}


def load_baseline_code() -> dict[str, bytes]:
    """Creation code by contract. Kept in .cache under the hash of sources and settings: it takes half a minute to make.

    Raises: CompileError, SourceMissing.
    """
    profile = get_profile(CONTRACTS) | {"src": "bench"}
    sources = get_sources(CONTRACTS, profile)
    inputs = [
        {
            "language": "Solidity",
            "sources": sources,
            "settings": compute_settings(profile, {source: {name: ["evm.bytecode.object"]}}),
        }
        for name, source in UNITS.items()
    ]
    kept = CACHE / f"{hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()}.json"
    if kept.exists():
        return {name: bytes.fromhex(code) for name, code in json.loads(kept.read_text()).items()}
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        outputs = list(pool.map(run_compiler, inputs))
    made = {
        name: _get_code(output, source, name) for output, (name, source) in zip(outputs, UNITS.items(), strict=True)
    }
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=CACHE, delete=False) as file:
        json.dump(made, file)
    os.replace(file.name, kept)
    return {name: bytes.fromhex(code) for name, code in made.items()}


def _get_code(output: dict[str, Any], source: str, name: str) -> str:
    return str(output[source][name]["evm"]["bytecode"]["object"])
