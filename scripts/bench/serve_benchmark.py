"""What governing a model costs its users: tokens a second beside plain transformers, and a cold start in its parts.

A governed worker (a process of its own, asked over HTTP, with its watch on the chain, its receipts and its limits) and
a process of plain transformers answer the same question by turns; medians of all rounds. The committee is simulated in
this process with the project's own cryptography and real transactions; the chain makes a block a second.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from governance.constraints.scope import Budget, ReleaseScope
from governance.encoding.names import proposal_id_of
from governance.ledger.history import History
from inference.client import WorkerClient
from inference.question import ask_user
from inference.token import read_token
from worker_shell import Shell
from worker_world import WorkerWorld, worker_world

SCHEMA = "custodes.bench/1"
GOAL = 0.97
ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / ".cache" / "models" / "SmolLM2-135M-Instruct"
MESSAGE = "Tell me how a city keeps those in check who are to keep it safe."
SCOPE = ReleaseScope(capabilities=("chat",), max_tokens=512, budget=Budget(requests=10_000, output_tokens=10_000_000))


@dataclass(frozen=True)
class Round:
    """One answer. Units: seconds, by the clock and of all processors."""

    tokens: int
    seconds: float
    cpu: float

    @property
    def rate(self) -> float:
        return self.tokens / self.seconds


Ask = Callable[[], Round]


@contextmanager
def governed(world: WorkerWorld, model: Path, tokens: int) -> Iterator[tuple[Ask, Mapping[str, float]]]:
    """A worker that serves `model`, and what its start took, until the first token was there."""
    released = world.release(SCOPE, source=model)
    shell = Shell.at(world.directory / "shell", world.system.ledger, world.system.anvil.url)
    shell.keep("worker", released.worker)
    number = History.of(world.system.ledger).get_proposal(proposal_id_of(released.release_id)).number
    where = ("--release", str(number), "--model", str(released.directory), "--key", "worker", "--json")
    question = ask_user(MESSAGE, "chat", max_tokens=tokens)
    began = time.perf_counter()
    with shell.start("worker", "serve", *where, "--token-file", "token", "--anchor-every", "1h") as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise RuntimeError(f"the worker did not start:\n{shell.log}")
        client = WorkerClient(json.loads(line)["url"], read_token(shell.directory / "token"))
        status = client.await_serving(300, lambda _: None)
        serving = time.perf_counter() - began
        client.ask(ask_user(MESSAGE, "chat", max_tokens=1))
        parts = dict(status["startSeconds"])
        rest = {"process": serving - sum(parts.values()), "first token": time.perf_counter() - began - serving}
        watched = psutil.Process(process.pid)

        def ask() -> Round:
            spent, start = sum(watched.cpu_times()[:2]), time.perf_counter()
            answer = client.ask(question)
            seconds = time.perf_counter() - start
            return Round(answer["usage"]["completion_tokens"], seconds, sum(watched.cpu_times()[:2]) - spent)

        yield ask, {**parts, **rest, "in all": time.perf_counter() - began}


@contextmanager
def plain(model: Path, tokens: int) -> Iterator[tuple[Ask, float]]:
    """Plain transformers, and how long they took to their first token."""
    script = Path(__file__).with_name("serve_plain.py")
    process = subprocess.Popen(
        [sys.executable, str(script), str(model), MESSAGE, str(tokens)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    told = process.stdout

    def ask() -> Round:
        print("again", file=process.stdin, flush=True)
        return Round(**json.loads(told.readline()))

    try:
        yield ask, float(json.loads(told.readline())["cold"])
    finally:
        process.stdin.close()
        process.wait()
        process.stdout.close()


def measure(model: Path, tokens: int, rounds: int) -> dict[str, Any]:
    """Both, on this machine, now. The committee rests once the worker serves: it would take a processor's time."""
    with (
        tempfile.TemporaryDirectory(prefix="custodes-serve-") as work,
        worker_world(Path(work)) as world,
        ExitStack() as stack,
    ):
        with world.committee.answering():
            stack.enter_context(world.pulse.paced(1.0))
            ours, parts = stack.enter_context(governed(world, model, tokens))
        theirs, cold = stack.enter_context(plain(model, tokens))
        return to_result(race({"governed": ours, "plain": theirs}, rounds), parts, cold, tokens)


def race(contenders: Mapping[str, Ask], rounds: int) -> dict[str, list[Round]]:
    """By turns, and who begins changes; one round before does not count."""
    taken: dict[str, list[Round]] = {name: [] for name in contenders}
    for number in range(-1, rounds):
        for name in sorted(contenders, reverse=bool(number % 2)):
            answered = contenders[name]()
            if number >= 0:
                taken[name].append(answered)
    return taken


def to_result(taken: Mapping[str, list[Round]], parts: Mapping[str, float], cold: float, tokens: int) -> dict[str, Any]:
    """The benchmark's object."""
    rates = {name: statistics.median(one.rate for one in answers) for name, answers in taken.items()}
    cpu = {name: statistics.median(one.cpu / one.tokens for one in answers) for name, answers in taken.items()}
    pairs = zip(taken["governed"], taken["plain"], strict=True)
    return {
        "schema": SCHEMA,
        "name": "serve",
        "ratios": {"governed_vs_plain_tokens": round(rates["governed"] / rates["plain"], 3)},
        "figures": {
            "tokens": tokens,
            "rounds": len(taken["plain"]),
            "tokens_per_second": {name: round(rate, 2) for name, rate in rates.items()},
            "cpu_ms_per_token": {name: round(1000 * seconds, 2) for name, seconds in cpu.items()},
            "cpu_plain_vs_governed": round(cpu["plain"] / cpu["governed"], 3),
            "paired_ratio": round(statistics.median(ours.rate / theirs.rate for ours, theirs in pairs), 3),
            "cold_start_parts_s": {re.sub(r"\W+", "_", name): round(s, 2) for name, s in parts.items()},
            "plain_cold_start_s": round(cold, 2),
        },
    }


def format_table(result: Mapping[str, Any]) -> str:
    figures, ratio = result["figures"], result["ratios"]["governed_vs_plain_tokens"]
    rates, cpu = figures["tokens_per_second"], figures["cpu_ms_per_token"]
    lines = [f"{figures['tokens']} tokens an answer, {figures['rounds']} rounds, medians"]
    lines += [f"  {name:<10}{rates[name]:>8.2f} tokens/s{cpu[name]:>9.2f} ms of CPU a token" for name in rates]
    lines.append(f"  governed / plain {ratio:.3f}   goal {GOAL:.2f}{'' if ratio >= GOAL else '  (+) below it'}")
    lines.append(f"  round by round {figures['paired_ratio']:.3f}, of CPU {figures['cpu_plain_vs_governed']:.3f}")
    lines.append("  a cold start of the worker, to its first token:")
    lines += [f"    {name:<14}{seconds:>7.2f} s" for name, seconds in figures["cold_start_parts_s"].items()]
    lines.append(f"  plain transformers: {figures['plain_cold_start_s']:.2f} s")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="scripts/bench/serve", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of the table")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--tokens", type=int, default=48, help="of an answer")
    parser.add_argument("--model", type=Path, default=MODEL, help="a transformers directory that chats")
    asked = parser.parse_args(arguments)
    if not asked.model.is_dir():
        print(f"serve: error: there is no model in {asked.model}: run scripts/fetch-model", file=sys.stderr)
        return 3
    result = measure(asked.model, asked.tokens, asked.rounds)
    print(json.dumps(result) if asked.json else format_table(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
