"""What the commands say, word for word. `UPDATE_TRANSCRIPTS=1 pytest tests/cli/test_transcripts.py` writes it anew."""

from __future__ import annotations

import difflib
import os
import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cli_system import CliSystem, cli_system

pytestmark = pytest.mark.chain

TRANSCRIPTS = Path(__file__).parent / "transcripts"
# What differs from run to run, and is of no interest.
VOLATILE: tuple[tuple[str, str], ...] = (
    (r"0x[0-9a-f]{130}", "<signature>"),
    (r"0x[0-9a-f]{64}", "<hash>"),
    (r"0x[0-9a-f]{8,16}…", "<id>"),
    (r"0x[0-9a-fA-F]{40}", "<address>"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC \((in )?[0-9dhms]+( ago)?\)", "<moment>"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", "<time>"),
    (r"[A-Z][a-z]{2} \d{4}-\d\d-\d\d \d\d:\d\d \w+", "<local time>"),
    (r"anvil:\d+|127\.0\.0\.1:\d{4,}", "<node>"),
    (r"-?\d{2,} s from this", "<seconds> s from this"),
    (r"about \d+ gas", "about <gas> gas"),
    (r"block +\d+", "block <number>"),
)

Step = str | Callable[[CliSystem], None]

VOTING: list[Step] = [
    "custodes seat list",
    "custodes constraint new no-bioweapons --title 'No bioweapons' --text 'Refuse whatever helps to make one.'",
    "custodes constraint propose no-bioweapons.json --limit max_output_tokens=512 --yes --key fides-institute",
    "custodes proposal list",
    "custodes vote 1 for --key aurora-labs",
    "custodes vote 1 for --dry-run --key aurora-labs",
    "custodes vote 1 for --reason 'it is time' --yes --key aurora-labs",
    "custodes explain 1",
    "custodes proposal execute 1 --yes --key aurora-labs",
    lambda cli: cli.system.vote(_id(cli, 1), range(1, 9)),  # type: ignore[arg-type]
    "custodes proposal show 1",
    "custodes inbox --key oceania-union",
    lambda cli: cli.system.warp_to_eta(_id(cli, 1)),  # type: ignore[arg-type]
    "custodes proposal execute 1 --yes --key aurora-labs",
    "custodes constraint show no-bioweapons",
    "custodes constraint log",
    "custodes brake pull everything --because 'a leak' --yes --key aurora-labs",
    "custodes brake status",
    "custodes committee status",
    "custodes explain R-Council-07",
]

REFUSALS: list[Step] = [
    "custodes vote",
    "custodes proposl list",
    "custodes vote 1 for --key nobody",
    "custodes vote 1 for --yes --key aurora-labs",
    "custodes vote 1 for --yes --rpc http://127.0.0.1:9 --key aurora-labs",
    "custodes vote 1 for --deployment absent.json --key aurora-labs",
    "custodes seat show Fides",
    "custodes brake lapse 7 --yes --key aurora-labs",
    "custodes brake lapse 7 --yes --json --key aurora-labs",
    "custodes constraint check absent.json",
    "custodes charter check absent.toml",
    "custodes devnet warp",
    "custodes devnet warp 14d --dir nowhere",
    "custodes keys new 'Not a name'",
    "custodes ballots submit absent.json --key aurora-labs",
    "custodes explain R-Council-99",
]


@pytest.fixture
def cli(tmp_path: Path) -> Iterator[CliSystem]:
    with cli_system(tmp_path) as system:
        yield system


@pytest.mark.parametrize(("name", "steps"), [("voting", VOTING), ("refusals", REFUSALS)])
def test_commands_say_what_the_transcript_says(cli: CliSystem, name: str, steps: list[Step]) -> None:
    actual = play(cli, steps)
    path = TRANSCRIPTS / f"{name}.txt"
    if os.environ.get("UPDATE_TRANSCRIPTS"):
        path.write_text(actual)
    expected = path.read_text()
    difference = "\n".join(
        difflib.unified_diff(expected.splitlines(), actual.splitlines(), "committed", "now", "", "", 1)
    )
    assert actual == expected, difference


def play(cli: CliSystem, steps: list[Step]) -> str:
    """The session as a person would see it: command, output, messages, exit code if it is not 0."""
    lines: list[str] = []
    for step in steps:
        if not isinstance(step, str):
            step(cli)
            continue
        result = cli.run(*shlex.split(step)[1:])
        lines += [f"$ {step}", *_steady(cli, result.out), *(f"! {line}" for line in _steady(cli, result.err))]
        if result.code:
            lines.append(f"[exit {result.code}]")
        lines.append("")
    return "\n".join(lines)


def _steady(cli: CliSystem, text: str) -> list[str]:
    text = text.replace(str(cli.directory), "<directory>")
    for pattern, stands_for in VOLATILE:
        text = re.sub(pattern, stands_for, text)
    return [line.rstrip() for line in text.splitlines()]


def _id(cli: CliSystem, number: int) -> int:
    return int(cli.run("proposal", "show", str(number), "--json").json["id"], 16)
