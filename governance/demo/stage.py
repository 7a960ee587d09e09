"""What the demo's acts share: the stage that they leave to each other, and the props that they use on it."""

from __future__ import annotations

import json
import secrets
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from governance.chain.rpc import Rpc
from governance.demo.errors import DemoFailed
from governance.demo.narrator import Narrator
from governance.demo.runner import Refusal, Runner
from governance.ledger.client import Ledger
from governance.ledger.deployment import Deployment
from governance.ledger.events import get_block_times
from governance.ledger.names import Names
from governance.ledger.signer import Keystore, Signer
from governance.types.events.committee import PartialPosted, UnlockRequested
from governance.types.events.releases import ReleaseGranted

ORACLES, THRESHOLD = 5, 3
QUESTION = "In one sentence, why should no single person control a powerful AI?"
MAX_TOKENS = 24
# Why each of them must be refused: a no for another reason proves nothing.
REASONS = {
    "vote-by-stranger": "NotLiveSeat",
    "one-chamber-short": "UnexpectedState",
    "unlock-before-quorum": "NotReleasable",
    "one-oracle-alone": "NotApproved",
    "too-few-partials": "ThresholdNotMet",
    "wrong-share": "PartialRefused",
    "tampered-weights": "TamperedChunk",
    "use-out-of-scope": "UseRefused",
    "ask-after-brake": "WorkerDark",
    "unlock-after-brake": "NotReleasable",
}


@dataclass
class Stage:
    """What the acts leave to each other."""

    directory: Path
    model: Path
    runner: Runner
    narrator: Narrator
    refusals: list[Refusal] = field(default_factory=list)
    proposals: list[int] = field(default_factory=list)
    result: dict[str, Any] = field(default_factory=dict)

    def refused(self, refusal: Refusal) -> None:
        """It is part of the story, if it was refused for the reason that it must be. Raises: DemoFailed."""
        if refusal.error != REASONS[refusal.name]:
            raise DemoFailed(
                f"{refusal.name} was refused as {refusal.error}, and not as {REASONS[refusal.name]}: {refusal.message}"
            )
        self.refusals.append(refusal)
        self.narrator.refused(refusal)

    @property
    def sealed(self) -> Path:
        return self.directory / "sealed"

    @property
    def ledger(self) -> Ledger:
        devnet = self.result["devnet"]
        return Ledger(Rpc(devnet["url"]), Deployment.read(Path(devnet["deployment"])))

    def open_key(self, directory: Path, name: str, password_file: Path) -> Signer:
        return Keystore(directory).find(name).open(password_file.read_text().removesuffix("\n"))

    def settle(self) -> None:
        """What stands on the chain now is final."""
        height = self.runner.run("devnet", "status")["block"]
        self.runner.wait("finality", lambda: self.runner.run("devnet", "status")["finalized"] >= height)

    def worker_key(self) -> Signer:
        devnet = self.result["devnet"]
        return self.open_key(Path(devnet["keystore"]), "worker", Path(devnet["passwordFile"]))


def read_partials(stage: Stage) -> list[dict[str, Any]]:
    """Who answered the worker's request, in which transaction, and how long after the release was executed."""
    ledger, release_id = stage.ledger, stage.result["releaseId"]
    events = ledger.events()
    names = Names.of(events)
    granted = next(
        r for r in events if isinstance(r.event, ReleaseGranted) and to_hex(r.event.release_id) == release_id
    )
    request = next(r.event for r in events if isinstance(r.event, UnlockRequested))
    members = {member.index: member for member in ledger.committee.get_members(request.epoch)}
    posted = [(r, r.event) for r in events if isinstance(r.event, PartialPosted)]
    times = get_block_times(ledger.rpc, [granted.block, *(record.block for record, _ in posted)])
    return [
        {
            "oracle": event.index,
            "organisation": names.organisations[members[event.index].organisation_id],
            "transaction": to_hex(record.transaction),
            "block": record.block,
            "secondsAfterRelease": times[record.block] - times[granted.block],
        }
        for record, event in posted
        if event.request_id == request.request_id
    ]


def make_password(path: Path) -> Path:
    """A password of its own for each oracle, readable by its owner alone."""
    path.touch(mode=0o600)
    path.write_text(secrets.token_hex(16) + "\n")
    return path


def to_hex(value: bytes) -> str:
    return "0x" + value.hex()


def ask_reference(stage: Stage) -> dict[str, Any]:
    """After the worker, not beside it: two models on two cores spend their time waiting for each other."""
    words = [sys.executable, "-m", "inference.reference", str(stage.model), "--message", QUESTION]
    process = stage.runner.spawn("reference", [*words, "--max-tokens", str(MAX_TOKENS)])
    out, _ = process.communicate(timeout=180)
    if process.returncode != 0:
        raise DemoFailed("plain transformers did not run; see reference.log")
    found: dict[str, Any] = json.loads(out)
    return found


def find_worker(stage: Stage) -> str | None:
    """The URL that the worker printed, once it has."""
    for line in (stage.directory / "worker.log").read_text().splitlines():
        if line.startswith("{") and "custodes.worker-listening/1" in line:
            return str(json.loads(line)["url"])
    return None


def ask_worker(stage: Stage, *more: str) -> dict[str, Any]:
    url = str(stage.result["workerUrl"])
    words = ["worker", "ask", QUESTION, "--url", url, "--token-file", "worker.token", "--max-tokens", str(MAX_TOKENS)]
    return stage.runner.run(*words, *more)


def read_state(stage: Stage) -> str:
    url = str(stage.result["workerUrl"])
    _, status = stage.runner.exchange(["worker", "status", "--url", url, "--token-file", "worker.token"])
    found = status if "state" in status else status.get("details", {})
    return str(found.get("state"))


def copy_with_one_bit_flipped(source: Path, target: Path) -> None:
    shutil.copytree(source, target)
    shard = max(target.iterdir(), key=lambda path: path.stat().st_size)
    with shard.open("r+b") as file:
        file.seek(shard.stat().st_size // 2)
        byte = file.read(1)
        file.seek(-1, 1)
        file.write(bytes([byte[0] ^ 1]))
