"""From the unlock request to the data key in the worker: oracles as processes of their own, blocks each second."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from governance.chain.processes import dying_with_parent
from governance.chain.rpc import as_int
from governance.crypto.ibe import DataKey
from governance.errors import Unavailable
from governance.types.events.committee import PartialPosted, UnlockApproved, UnlockRequested
from inference.unlock import Waiting, unlock
from unlock_chain import Chain
from unlock_members import Home

PATIENCE = 120.0  # [seconds] for one unlock
START_PATIENCE = 180.0  # [seconds] until every oracle has read the chain
DATA_KEY = DataKey(bytes(range(32)))


class OraclesFailed(Unavailable):
    """An oracle of the benchmark ended, or did not catch up with the chain."""

    hint = "see what it says in its log; is the machine too busy for so many processes?"


@dataclass(frozen=True)
class Latency:
    """One unlock. Blocks count from the request's own; milliseconds from before it was sent."""

    blocks_to_approvals: int  # the block of the t-th
    blocks_to_partials: int
    blocks: int  # the chain's head when the worker held the data key
    ms: int


def measure_latency(chain: Chain, homes: Sequence[Home], threshold: int, rounds: int) -> list[Latency]:
    """That many unlocks, one after the other; what their transactions cost is in `chain.gas`.

    Raises: OraclesFailed, UnlockTimedOut.
    """
    release, identity, manifest = chain.release_model(DATA_KEY)
    chain.anvil.rpc.call("evm_setIntervalMining", 1)
    found = []
    with _running(chain, homes):
        for _ in range(rounds):
            waiting = Waiting(report=lambda _: None, check=lambda: None, names={}, patience=PATIENCE)
            first, start = _head(chain) + 1, time.monotonic()
            unlocked = unlock(chain.ledger, chain.worker, release, identity, manifest, waiting)
            ms, head = round(1000 * (time.monotonic() - start)), _head(chain)
            if unlocked.data_key.expose() != DATA_KEY:
                raise AssertionError("another data key came back")
            at = _read_steps(chain, first)
            (asked,) = at["request"]
            approved = sorted(at["approve"])[threshold - 1]
            found.append(Latency(approved - asked, unlocked.blocks, head - asked, ms))
            time.sleep(2)  # what comes too late is refused, and belongs to no later unlock
    return found


def _read_steps(chain: Chain, first: int) -> dict[str, list[int]]:
    """The blocks of the unlock's transactions since that one, by step; the gas that they used is kept."""
    blocks: dict[str, list[int]] = {}
    steps = {UnlockRequested: "request", UnlockApproved: "approve", PartialPosted: "partial"}
    for record in chain.ledger.events(first=first):
        step = steps.get(type(record.event))
        if step is None:
            continue
        receipt = chain.anvil.rpc.call("eth_getTransactionReceipt", "0x" + record.transaction.hex())
        chain.gas[step].append(as_int(receipt["gasUsed"]))
        blocks.setdefault(step, []).append(record.block)
    return blocks


def _head(chain: Chain) -> int:
    return as_int(chain.anvil.rpc.call("eth_blockNumber"))


@contextmanager
def _running(chain: Chain, homes: Sequence[Home]) -> Iterator[None]:
    """Every oracle runs, and has seen the chain; all end with the block."""
    deployment = homes[0].directory.parent / "deployment.json"
    processes: list[subprocess.Popen[bytes]] = []
    try:
        processes += [_start(home.directory, chain.anvil.url, deployment) for home in homes]
        deadline = time.monotonic() + START_PATIENCE
        for home, process in zip(homes, processes, strict=True):
            while not _is_ready(home.directory, process):
                if process.poll() is not None or time.monotonic() > deadline:
                    said = (home.directory / "log").read_text()[-600:]
                    raise OraclesFailed(f"{home.directory.name} did not catch up with the chain: {said}")
                time.sleep(0.1)
        yield
    finally:
        for process in processes:
            process.kill()
        for process in processes:
            process.wait()


def _start(directory: Path, url: str, deployment: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "governance.cli.main", "oracle", "run", "--dir", str(directory), "--rpc", url]
    with (directory / "log").open("ab") as log:
        return subprocess.Popen(
            dying_with_parent([*command, "--deployment", str(deployment)]),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )


def _is_ready(directory: Path, process: subprocess.Popen[bytes]) -> bool:
    """The process that runs now has read every final block."""
    path = directory / "status.json"
    if not path.exists():
        return False
    status = json.loads(path.read_text())
    return bool(status["process"]["pid"] == process.pid and status["behind"] == 0)
