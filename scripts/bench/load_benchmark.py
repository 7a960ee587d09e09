"""How long sealed weights take to open, beside plain ones and beside others' formats: one run, interleaved, medians.

In each round every contender loads the same model once, with the page cache hot; the order turns from round to round.
What counts are ratios of medians: a machine that is busy slows all contenders of a round. Where more runs than there
are cores, the processor time beside them says more than the clock: load_file copies with one thread, we with two.

Others are installed into an environment of their own (.tools/load-peers); tensorizer needs libsodium.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import load_memory
from load_contenders import Contenders, Taken
from load_model import SealedModel, write_plain
from side_environment import EnvironmentFailed, ensure_environment

SCHEMA = "custodes.bench/1"
GIB = 1 << 30
# ratio: numerator, denominator, goal
RATIOS = {
    "blake3_vs_reader": ("sealed", "reader", 2.0),
    "blake3_vs_copy": ("sealed", "load_file and copy", 1.25),
    "plain_vs_copy": ("sealed without blake3", "load_file and copy", 1.0),
    "blake3_vs_cryptotensors": ("sealed", "cryptotensors", 0.85),
    "blake3_vs_tensorizer": ("sealed", "tensorizer", 0.30),
    "fresh_vs_cryptotensors": ("sealed, fresh", "cryptotensors", None),
}
Load = Callable[[], Taken]


@contextmanager
def peers(plain: Path, directory: Path, threads: int) -> Iterator[dict[str, Load]]:
    """What others' formats take, each in seconds; they live in a process that waits meanwhile.

    Raises: EnvironmentFailed.
    """
    python = ensure_environment("load-peers") / "python"
    environment = {**os.environ, "PYTHONPATH": sysconfig.get_paths()["purelib"]}
    script = Path(__file__).with_name("load_peers.py")
    process = subprocess.Popen(
        [str(python), str(script), str(plain), str(directory), str(threads)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    assert process.stdin is not None
    assert process.stdout is not None

    def ask(name: str) -> Taken:
        assert process.stdin is not None
        assert process.stdout is not None
        print(name, file=process.stdin, flush=True)
        return Taken(*json.loads(process.stdout.readline()))

    try:
        first = process.stdout.readline()
        if not first:
            raise EnvironmentFailed("cryptotensors or tensorizer failed; its message is above")
        yield {name: lambda name=name: ask(name) for name in json.loads(first)}  # type: ignore[misc]
    finally:
        process.stdin.close()
        process.wait()
        process.stdout.close()


def race(contenders: Mapping[str, Load], rounds: int) -> dict[str, list[Taken]]:
    """What each contender took, by round. One round before does not count: it warms the page cache."""
    names = list(contenders)
    for load in contenders.values():
        load()
    taken: dict[str, list[Taken]] = {name: [] for name in names}
    for number in range(rounds):
        turned = names[number % len(names) :] + names[: number % len(names)]
        for name in turned:
            taken[name].append(contenders[name]())
            if sys.stderr.isatty():
                print(f"\rround {number + 1} of {rounds}: {name:<24}", end="", file=sys.stderr, flush=True)
    if sys.stderr.isatty():
        print("\r" + " " * 50 + "\r", end="", file=sys.stderr)
    return taken


def run(work: Path, size: int, large: int | None, rounds: int, threads: int, with_peers: bool) -> dict[str, object]:
    """The benchmark's object. Raises: EnvironmentFailed."""
    plain = write_plain(work / "plain", size)
    key_file = work / "key.json"
    sealing = {_name(size): load_memory.measure("seal", plain.parent, work / "sealed", threads, key_file)["peak_mb"]}
    extra = load_memory.measure("open", key_file, threads)["extra_mb"]
    own = Contenders(plain, SealedModel.read(key_file), threads)
    contenders: dict[str, Load] = {
        "sealed": own.open_into_memory_that_is_there,
        "reader": own.read_without_crypto,
        "sealed without blake3": own.open_without_blake3,
        "load_file and copy": own.load_file_and_copy,
        "sealed, fresh": own.open_fresh,
        "reader, no scratch": own.read_directly,
    }
    if with_peers:
        with peers(plain, work, threads) as others:
            taken = race(contenders | others, rounds)
    else:
        taken = race(contenders, rounds)
    if large is not None:
        shutil.rmtree(work / "sealed")
        big = write_plain(work / "large", large)
        peak = load_memory.measure("seal", big.parent, work / "large-sealed", threads, work / "large.json")["peak_mb"]
        sealing[_name(large)] = peak
    medians = {name: statistics.median(one.wall for one in loads) for name, loads in taken.items()}
    cpu = {name: statistics.median(one.cpu for one in loads) for name, loads in taken.items()}
    return {
        "schema": SCHEMA,
        "name": "load",
        "ratios": compute_ratios(medians),
        "figures": {
            "bytes": plain.stat().st_size,
            "threads": threads,
            "rounds": rounds,
            "median_ms": {name: round(1000 * seconds, 1) for name, seconds in medians.items()},
            "best_ms": {name: round(1000 * min(loads).wall, 1) for name, loads in taken.items()},
            "cpu_ms": {name: round(1000 * seconds, 1) for name, seconds in cpu.items()},
            "cpu_ratios": compute_ratios(cpu),
            "open_extra_mb": round(extra, 1),
            "seal_peak_rss_mb": {name: round(peak, 1) for name, peak in sealing.items()},
        },
    }


def compute_ratios(seconds: Mapping[str, float]) -> dict[str, float]:
    """Those of which both sides were measured."""
    return {
        name: round(seconds[ours] / seconds[theirs], 3)
        for name, (ours, theirs, _) in RATIOS.items()
        if theirs in seconds
    }


def format_table(result: Mapping[str, object]) -> str:
    """Medians, then the ratios beside their goals."""
    figures, ratios = result["figures"], result["ratios"]
    assert isinstance(figures, dict)
    assert isinstance(ratios, dict)
    lines = [f"{figures['bytes'] / GIB:.2f} GiB bf16, {figures['threads']} threads, {figures['rounds']} rounds, hot"]
    cpu = figures["cpu_ms"]
    lines += [f"  {name:<28}{ms:>9.1f} ms{cpu[name]:>10.1f} ms of CPU" for name, ms in figures["median_ms"].items()]
    for name, ratio in ratios.items():
        goal = RATIOS[name][2]
        told = "" if goal is None else f"   goal {goal:.2f}{'' if ratio <= goal else '  (+) above it'}"
        of_cpu = figures["cpu_ratios"][name]
        lines.append(f"  {name:<28}{ratio:>9.3f}{of_cpu:>13.3f} of CPU{told}")
    lines.append(f"  opening takes {figures['open_extra_mb']} MB above the tensors (goal 64)")
    peaks = ", ".join(f"{peak} MB at {name}" for name, peak in figures["seal_peak_rss_mb"].items())
    lines.append(f"  sealing takes {peaks} in all (goal 300)")
    return "\n".join(lines)


def _name(size: int) -> str:
    return f"{size / GIB:.1f} GiB"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="scripts/bench/load", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of the table")
    parser.add_argument("--gib", type=float, default=1.2, help="size of the model")
    parser.add_argument("--large-gib", type=float, help="seal one of this size too, for its peak memory (such as 6)")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--no-peers", action="store_true", help="leave cryptotensors and tensorizer out")
    parser.add_argument("--directory", type=Path, help="where to write several times that size; by default TMPDIR")
    asked = parser.parse_args(arguments)
    large = None if asked.large_gib is None else int(asked.large_gib * GIB)
    try:
        with tempfile.TemporaryDirectory(dir=asked.directory, prefix="custodes-load-") as work:
            result = run(Path(work), int(asked.gib * GIB), large, asked.rounds, asked.threads, not asked.no_peers)
    except EnvironmentFailed as error:
        print(f"load: error: {error}", file=sys.stderr)
        return 1
    print(json.dumps(result) if asked.json else format_table(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
