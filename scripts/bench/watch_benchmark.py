"""How fast events are read beside web3's `contract.events.X.get_logs`: one chain, one run, interleaved, medians.

unverified  our eth_getLogs and typed events, of one node that is believed
verified    every header hashed and linked to its parent, blocks without our events excluded by their bloom filter, all
            receipts of the others rebuilt into the trie that their header names, typed events
web3        contract.events.BallotSkipped.get_logs over the same blocks, of one node that is believed

All three read the same events, which is checked first. What counts are ratios of medians: a machine that is busy slows
all contenders of a round. The time that the node needs to answer is in each of them.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from governance.chain.receipts import read_logs
from governance.chain.view import ChainView
from governance.errors import CustodesError
from governance.ledger.artifacts import load_artifact
from governance.ledger.codec import decode_words, event_topic
from governance.types.events.council import BallotSkipped
from watch_chain import EventfulChain, eventful_chain

SCHEMA = "custodes.bench/1"
GOALS = {"unverified_vs_web3": 15.0, "verified_vs_web3": 3.0}
Values = list[tuple[Any, ...]]  # of one event each, in the order of its fields
Read = Callable[[], list[Any]]


class Readers:
    """Three ways to the same events."""

    def __init__(self, chain: EventfulChain) -> None:
        from web3 import HTTPProvider, Web3

        self._chain = chain
        self._council = chain.ledger.deployment.addresses["Council"]
        self._topic = event_topic("Council", "BallotSkipped")
        web3 = Web3(HTTPProvider(chain.url))
        address = Web3.to_checksum_address(self._council)
        contract = web3.eth.contract(address=address, abi=load_artifact("Council").abi)
        self._event = contract.events.BallotSkipped

    def read_unverified(self) -> list[BallotSkipped]:
        records = self._chain.ledger.events(
            first=self._chain.first, last=self._chain.last, topics=["0x" + self._topic.hex()]
        )
        return [record.event for record in records if isinstance(record.event, BallotSkipped)]

    def read_verified(self) -> list[BallotSkipped]:
        rpc = self._chain.ledger.rpc
        view = ChainView([rpc], agreement=1, stall_limit=3600.0, monotonic=time.monotonic)
        view.begin_at(self._chain.first - 1)
        found: list[BallotSkipped] = []
        while True:
            heads = view.refresh()
            for log in read_logs(rpc, heads.followed, self._council):
                event = decode_words("Council", log.topics, log.data)
                if isinstance(event, BallotSkipped):
                    found.append(event)
            if not heads.behind:
                return found

    def read_by_web3(self) -> list[Any]:
        return list(self._event.get_logs(from_block=self._chain.first, to_block=self._chain.last))

    def verify(self) -> None:
        """Returns if all three found the same. Raises: AssertionError."""
        unverified: Values = [_values(event) for event in self.read_unverified()]
        verified: Values = [_values(event) for event in self.read_verified()]
        others: Values = [tuple(log["args"].values()) for log in self.read_by_web3()]
        assert len(unverified) == self._chain.events
        assert unverified == verified == others


def race(readers: Mapping[str, Read], rounds: int) -> dict[str, list[tuple[float, float]]]:
    """Seconds by the clock and of this process, by reader and round; the order turns from round to round."""
    names = list(readers)
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
    for number in range(rounds):
        for name in names[number % len(names) :] + names[: number % len(names)]:
            began = time.perf_counter(), time.process_time()
            readers[name]()
            taken[name].append((time.perf_counter() - began[0], time.process_time() - began[1]))
    return taken


def summarise(events: int, blocks: int, taken: Mapping[str, list[tuple[float, float]]]) -> dict[str, Any]:
    """The benchmark's object."""
    wall = {name: statistics.median(clock for clock, _ in times) for name, times in taken.items()}
    cpu = {name: statistics.median(own for _, own in times) for name, times in taken.items()}
    return {
        "schema": SCHEMA,
        "name": "watch",
        "ratios": _compute_ratios(wall),
        "figures": {
            "events": events,
            "blocks": blocks,
            "rounds": len(taken["web3"]),
            "events_per_second": {name: round(events / seconds) for name, seconds in wall.items()},
            "median_ms": {name: round(1000 * seconds, 1) for name, seconds in wall.items()},
            "best_ms": {name: round(1000 * min(times)[0], 1) for name, times in taken.items()},
            "cpu_ms": {name: round(1000 * seconds, 1) for name, seconds in cpu.items()},
            "cpu_ratios": _compute_ratios(cpu),
        },
    }


def format_table(result: Mapping[str, Any]) -> str:
    """Events a second, then the ratios beside their goals."""
    figures = result["figures"]
    lines = [f"{figures['events']:,} events in {figures['blocks']} blocks, medians of {figures['rounds']} rounds"]
    for name, speed in figures["events_per_second"].items():
        ms, own = figures["median_ms"][name], figures["cpu_ms"][name]
        lines.append(f"  {name:<22}{speed:>10,} events/s{ms:>10.1f} ms{own:>10.1f} ms of CPU")
    for name, ratio in result["ratios"].items():
        goal = GOALS[name]
        told = f"goal {goal:.0f}{'' if ratio >= goal else '  (-) below it'}"
        lines.append(f"  {name:<22}{ratio:>10.1f} x{figures['cpu_ratios'][name]:>12.1f} x of CPU   {told}")
    return "\n".join(lines)


def _values(event: BallotSkipped) -> tuple[Any, ...]:
    return tuple(getattr(event, field.name) for field in fields(event))


def _compute_ratios(seconds: Mapping[str, float]) -> dict[str, float]:
    return {f"{name}_vs_web3": round(seconds["web3"] / seconds[name], 2) for name in ("unverified", "verified")}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="scripts/bench/watch", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of the table")
    parser.add_argument("--events", type=int, default=20_000, help="how many events, at least")
    parser.add_argument("--rounds", type=int, default=7)
    asked = parser.parse_args(arguments)
    try:
        with tempfile.TemporaryDirectory() as directory, eventful_chain(Path(directory), asked.events) as chain:
            readers = Readers(chain)
            readers.verify()
            taken = race(
                {
                    "unverified": readers.read_unverified,
                    "verified": readers.read_verified,
                    "web3": readers.read_by_web3,
                },
                asked.rounds,
            )
            result = summarise(chain.events, chain.last - chain.first + 1, taken)
    except CustodesError as error:
        print(f"watch: error: {error}", file=sys.stderr)
        return 1
    print(json.dumps(result) if asked.json else format_table(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
