"""What a committee costs, from its key to an unlock: milliseconds of processor time, gas, and blocks with real oracles.

For each size n:t
- the processor time of each step, by the project's own functions;
- the gas of each transaction of a key generation on anvil, in which one dealer is caught with a bad share;
- n oracles, each a process of its own (custodes oracle run), on a chain with a block each second: the blocks and the
  time from a worker's request until it holds the data key.

The contract wants n >= 2t - 1 (R-Committee-01), so that no committee of 7:5, 15:10 or 31:21 can be formed. They are
measured all the same: the quorum names the highest t that is allowed, and the devnet's storage gets the asked one
written over it before anybody registers. Contracts and oracles are those that are shipped.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from governance.errors import CustodesError
from unlock_chain import start_chain
from unlock_crypto import measure_steps
from unlock_latency import Latency, measure_latency
from unlock_members import Home, generate_key

SCHEMA = "custodes.bench/1"
SIZES = ((5, 3), (7, 5), (15, 10), (31, 21))
FINALITY = 2  # [blocks] anvil's finalized block lies so far behind its head
LATENCY_GOAL = 2 * FINALITY + 3  # [blocks]
PARTIAL_GOAL, BAD_SHARE_GOAL, COMBINE_OPEN_GOAL = 200_000, 500_000, 25.0  # [gas], [gas], [ms]
BLOCKS = {
    "blocks_to_approvals": "blocks to the t-th approval",
    "blocks_to_partials": "blocks to the t-th partial",
    "blocks": "blocks to the data key",
}
STEPS = ("deal", "verify", "acknowledge", "partial", "verify partial", "combine", "open")


@dataclass(frozen=True)
class Measured:
    """One size of committee."""

    size: int
    threshold: int
    cpu_ms: dict[str, float]
    gas: dict[str, list[int]]
    unlocks: list[Latency]
    load: float  # of the machine, a minute's average before the unlocks

    @property
    def name(self) -> str:
        return f"{self.size}_{self.threshold}"

    @property
    def is_allowed(self) -> bool:
        """R-Committee-01."""
        return self.size >= 2 * self.threshold - 1

    @property
    def combine_open_ms(self) -> float:
        return round(self.cpu_ms["combine"] + self.cpu_ms["open"], 2)

    @property
    def blocks(self) -> int:
        return round(statistics.median(each.blocks for each in self.unlocks))

    @property
    def ms(self) -> int:
        return round(statistics.median(each.ms for each in self.unlocks))


def measure(size: int, threshold: int, rounds: int, unlocks: int) -> Measured:
    """Everything about one size. Raises: CustodesError."""
    print(f"unlock: a committee of {size}:{threshold}", file=sys.stderr)
    cpu = measure_steps(size, threshold, rounds)
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        homes = [Home.make(directory / f"oracle-{number}") for number in range(1, size + 1)]
        with start_chain(directory, size, [home.signer.address for home in homes]) as chain:
            generate_key(chain, homes, threshold)
            load = round(os.getloadavg()[0], 1)
            latencies = measure_latency(chain, homes, threshold, unlocks)
            return Measured(size, threshold, cpu, dict(chain.gas), latencies, load)


def collect_figures(measured: list[Measured]) -> dict[str, float]:
    """The figures that have goals, and their like for every size. Units: gas, milliseconds, blocks, by name."""
    figures: dict[str, float] = {"partial_gas": max(gas for each in measured for gas in each.gas["partial"])}
    for each in measured:
        figures[f"partial_gas_{each.name}"] = max(each.gas["partial"])
        figures[f"bad_share_gas_{each.threshold}"] = max(each.gas["answer, bad share"])
        figures[f"combine_open_ms_{each.name}"] = each.combine_open_ms
        figures[f"unlock_blocks_{each.name}"] = each.blocks
        figures[f"unlock_ms_{each.name}"] = each.ms
    return figures


def format_json(measured: list[Measured]) -> str:
    sizes = {
        each.name: {
            "allowed": each.is_allowed,
            "oracles": "processes",
            "cpu_ms": each.cpu_ms,
            "gas": {step: {"median": round(statistics.median(gas)), "max": max(gas)} for step, gas in each.gas.items()},
            "unlocks": [vars(latency) for latency in each.unlocks],
            "load": each.load,
        }
        for each in measured
    }
    return json.dumps(
        {"schema": SCHEMA, "name": "unlock", "ratios": {}, "figures": collect_figures(measured), "sizes": sizes}
    )


def format_tables(measured: list[Measured]) -> str:
    """A column for each size, then the figures that have goals."""
    heads = [f"{each.size}:{each.threshold}{'' if each.is_allowed else ' *'}" for each in measured]
    lines = [_row("milliseconds of processor time", heads)]
    lines += [_row(step, [f"{each.cpu_ms[step]:,.2f}" for each in measured]) for step in STEPS]
    lines += ["", _row("gas, the dearest of its kind", heads)]
    steps = list(dict.fromkeys(step for each in measured for step in each.gas))
    lines += [_row(step, [f"{max(each.gas[step]):,}" for each in measured]) for step in steps]
    lines += ["", _row("unlock, median", heads)]
    for name, words in BLOCKS.items():
        medians = [statistics.median(getattr(unlock, name) for unlock in each.unlocks) for each in measured]
        lines.append(_row(words, [f"{blocks:g}" for blocks in medians]))
    lines.append(_row("milliseconds", [f"{each.ms:,}" for each in measured]))
    lines.append(_row("load of the machine before it", [f"{each.load:g}" for each in measured]))
    lines += ["", f"{'figure':<32}{'goal':>12}{'measured':>16}"]
    lines += [_judge(name, goal, value) for name, goal, value in _goals(measured)]
    cores = os.cpu_count()
    lines += [
        "",
        f"(+) is above the goal. Oracles are processes, n of them on {cores} cores beside anvil and the worker;",
        f"finality is {FINALITY} blocks, a block one second. verify: all others' dealings, their envelopes opened.",
    ]
    if not all(each.is_allowed for each in measured):
        lines += [
            "* The contract refuses this t for this n (R-Committee-01). After a vote on the highest t that",
            "is allowed, the asked one was written into the devnet's storage; contracts and oracles are as shipped.",
        ]
    return "\n".join(lines)


def _goals(measured: list[Measured]) -> list[tuple[str, float, float]]:
    figures, largest = collect_figures(measured), measured[-1]
    return [
        ("partial_gas", PARTIAL_GOAL, figures["partial_gas"]),
        (f"bad_share_gas_{largest.threshold}", BAD_SHARE_GOAL, figures[f"bad_share_gas_{largest.threshold}"]),
        (f"combine_open_ms_{largest.name}", COMBINE_OPEN_GOAL, largest.combine_open_ms),
        (f"unlock_blocks_{largest.name}", LATENCY_GOAL, largest.blocks),
    ]


def _row(name: str, cells: list[str]) -> str:
    return f"{name:<32}" + "".join(f"{cell:>12}" for cell in cells)


def _judge(name: str, goal: float, value: float) -> str:
    return f"{name:<32}{goal:>12,g}{'' if value <= goal else '(+) ':>6}{value:>10,g}"


def _size(text: str) -> tuple[int, int]:
    size, _, threshold = text.partition(":")
    if not (size.isdigit() and threshold.isdigit() and 2 <= int(threshold) <= int(size) - 1 <= 30):
        raise argparse.ArgumentTypeError(f"{text} is no n:t with 2 <= t < n <= 31")
    return int(size), int(threshold)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="scripts/bench/unlock", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of the tables")
    parser.add_argument("--size", type=_size, action="append", metavar="N:T", help="only this size; can be repeated")
    parser.add_argument("--rounds", type=int, default=5, help="of each cryptographic step (5)")
    parser.add_argument("--unlocks", type=int, default=3, help="for each size (3)")
    asked = parser.parse_args(arguments)
    try:
        measured = [measure(size, threshold, asked.rounds, asked.unlocks) for size, threshold in asked.size or SIZES]
    except CustodesError as error:
        print(f"unlock: error: {error}", file=sys.stderr)
        return 1
    print(format_json(measured) if asked.json else format_tables(measured))
    return 0


if __name__ == "__main__":
    sys.exit(main())
