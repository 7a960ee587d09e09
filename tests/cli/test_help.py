"""Help: quick, light, and with examples that the command itself would accept.

What --help imports, its time in a process of its own, and that each command's help ends in an example are asserted in
tests/unit/governance/cli; here the examples are taken at their word, and the installed command is measured.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from command_lines import parse_custodes, split_commands
from governance.cli.groups import all_commands

LIMIT = 0.5  # [seconds] of processor time
EXAMPLES = [(name, example) for name, entry in all_commands().items() for example in entry.examples]
CUSTODES = Path(sys.executable).with_name("custodes")


def test_every_command_has_an_example() -> None:
    assert [name for name, entry in all_commands().items() if not entry.examples] == []


@pytest.mark.parametrize(("name", "example"), EXAMPLES, ids=[example for _, example in EXAMPLES])
def test_example_is_accepted_by_the_command_that_it_stands_under(name: str, example: str) -> None:
    first = split_commands(example)[0]
    assert first[0] == "custodes"
    assert parse_custodes(first[1:]) == name


@pytest.mark.parametrize(
    ("line", "fault"),
    [("vote 7 for --loudly", "--loudly"), ("vote 7 perhaps", "perhaps"), ("vote", "Missing"), ("vot 7 for", "vot")],
)
def test_example_is_refused_when_the_command_would_refuse_it(line: str, fault: str) -> None:
    with pytest.raises(Exception, match=fault):
        parse_custodes(line.split())


def test_installed_command_shows_its_help_in_half_a_second() -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    times = []
    for _ in range(4):  # the first fills caches
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run([str(CUSTODES), "--help"], env=environment, capture_output=True, text=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
        assert done.stdout.rstrip().endswith("$ custodes explain R-Council-07")
    assert min(times) < LIMIT, times
