"""What an oracle says about itself in DIR/status.json, and what somebody else reads there."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from governance.chain.processes import get_start_time, is_running
from governance.types import Address
from oracle.board import read_facts
from oracle.config import OracleConfig, write_atomically
from oracle.endpoints import Endpoint
from oracle.heads import HeadListener
from oracle.health import read_age
from oracle.journal import Journal
from oracle.node import Node

SCHEMA = "custodes.oracle-status/1"
FILE = "status.json"
SHOWN = 5  # answers, refusals


class StatusFile:
    """Writes the status of a running oracle when it has changed."""

    def __init__(self, directory: Path, address: Address) -> None:
        self._path = directory / FILE
        self._address = address
        self._written: dict[str, Any] = {}
        self.metrics: str | None = None  # where they are read
        self.found: dict[str, Any] = {}  # what was described last, for metrics and health
        self._process = {"pid": os.getpid(), "started": get_start_time(os.getpid())}

    def write(
        self, node: Node, journal: Journal, rpcs: Sequence[Endpoint], listeners: Sequence[HeadListener] = ()
    ) -> None:
        """The file holds the status of now, whole."""
        found = self.found = {**_describe(node, journal, rpcs, listeners), "metrics": self.metrics}
        if found == self._written:
            return
        self._written = found
        content = {
            "schema": SCHEMA,
            "address": self._address,
            "process": self._process,
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            **found,
        }
        write_atomically(self._path, json.dumps(content, indent=1) + "\n")


def read_status(config: OracleConfig) -> dict[str, Any] | None:
    """The status that was written last, with `running` as it is now; None if the oracle never ran."""
    try:
        content: dict[str, Any] = json.loads((config.directory / FILE).read_text())
        process = content["process"]
        content["running"] = is_running(int(process["pid"]), str(process["started"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    age = read_age(config.directory, now=time.time())
    content["silentFor"] = None if age is None else round(age)  # [seconds]
    return content


def _describe(
    node: Node, journal: Journal, rpcs: Sequence[Endpoint], listeners: Sequence[HeadListener]
) -> dict[str, Any]:
    heads = node.pulse.heads
    board = node.ceremony.board
    facts = read_facts(board) if board is not None else None
    mine = facts.member(node.ceremony.me) if facts is not None else None
    answers = [sent for sent in journal.sent(last=200) if sent.action.startswith("post/")][:SHOWN]
    return {
        "latch": journal.latch,
        "agreement": node.agreement,
        "balance": None if node.pulse.balance is None else str(node.pulse.balance),  # [wei]
        "pending": len(journal.sent(state="pending")),
        "trouble": node.pulse.trouble,
        "stalled": node.pulse.is_stalled,
        "finalized": None if heads is None else _block(heads.finalized),
        "latest": None if heads is None else _block(heads.newest),
        "lag": None if heads is None else heads.newest.number - heads.finalized.number,
        "behind": None if heads is None else heads.behind,
        "rpcs": [
            {"name": rpc.name, "answers": heads is not None and any(rpc is each for each, _ in heads.latest)}
            for rpc in rpcs
        ],
        "heads": [{"name": listener.name, "heard": listener.is_heard} for listener in listeners],
        "epoch": None
        if facts is None
        else {
            "number": facts.epoch,
            "phase": facts.phase.name.lower(),
            "threshold": facts.threshold,
            "members": len(facts.members),
            "index": None if mine is None else mine.index,
            "predecessor": facts.predecessor or None,
            "hasShare": node.ceremony.share_of(facts.epoch) is not None,
            "registered": sum(member.registered for member in facts.members),
            "dealt": sum(dealer.dealt for dealer in facts.dealers),
            "acknowledged": sum(member.acknowledged for member in facts.members),
        },
        "openRequests": node.unlocks.open_requests,
        "answers": [
            {
                "request": sent.action.removeprefix("post/"),
                "transaction": "0x" + sent.hash.hex(),
                "state": sent.state,
                "block": sent.block,
            }
            for sent in answers
        ],
        "refusals": [
            {"subject": refusal.subject, "rule": refusal.rule or None, "reason": refusal.reason, "block": refusal.block}
            for refusal in journal.refusals(SHOWN)
        ],
    }


def _block(header: Any) -> dict[str, Any]:
    return {"number": header.number, "hash": "0x" + header.hash.hex(), "time": header.timestamp}
