"""What the README tells people to type is typed here, as printed."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from command_lines import parse_custodes, split_commands
from governance.chain.devnet import DevnetChain
from governance.cli.groups import all_commands

ROOT = Path(__file__).parents[2]
READMES = sorted([ROOT / "README.md", *ROOT.glob("*/README.md")])
# Each brings packages or takes minutes: that they are there is asserted here, what they do has tests of its own.
SETS_UP = frozenset({"./scripts/setup", "./scripts/demo", "./scripts/test", "scripts/setup", "scripts/demo"})
FENCE = re.compile(r"^```(?P<language>\w*)[^\n]*\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`custodes ([a-z][^`]*)`")


@dataclass(frozen=True)
class Block:
    """A fenced block: what stands in it, and where."""

    readme: Path
    line: int
    language: str
    text: str

    @property
    def where(self) -> str:
        return f"{self.readme.relative_to(ROOT)}:{self.line}"

    def commands(self) -> list[list[str]]:
        """The words of each line's commands; none of a line that the shell alone understands."""
        lines = self.text.replace("\\\n", " ").splitlines()
        return [words for line in lines for words in split_commands(line)]

    def programs(self) -> set[str]:
        return {words[0] for words in self.commands()}


def read_blocks() -> list[Block]:
    found = []
    for readme in READMES:
        text = readme.read_text()
        for match in FENCE.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            found.append(Block(readme, line, match["language"], match["text"]))
    return found


BLOCKS = read_blocks()
SHELL = [block for block in BLOCKS if block.language in ("sh", "bash", "console", "shell")]
SETTING_UP = [block for block in SHELL if block.programs() <= SETS_UP]
DEMOS = [block for block in SHELL if all(words[1:2] == ["demo"] for words in block.commands())]
CAST = [block for block in SHELL if "cast call" in block.text]  # test_readme_cast.py types them on a chain of its own
RUN = [block for block in SHELL if block not in SETTING_UP and block not in DEMOS and block not in CAST]


def where(block: Block) -> str:
    return block.where


def test_readme_has_all_three_kinds_of_blocks() -> None:
    assert [len(kind) > 0 for kind in (SETTING_UP, DEMOS, RUN)] == [True] * 3


@pytest.mark.parametrize("block", SETTING_UP, ids=where)
def test_command_that_sets_up_is_there_and_can_be_started(block: Block) -> None:
    for program in block.programs():
        path = ROOT / program
        assert os.access(path, os.X_OK), f"{block.where}: {program}"
        subprocess.run(["bash", "-n", str(path)], check=True, timeout=20)


@pytest.mark.parametrize("block", DEMOS, ids=where)
def test_command_of_the_demo_is_installed_and_its_options_are_known(block: Block) -> None:
    for words in block.commands():
        assert (ROOT / words[0]).exists(), f"{block.where}: {words[0]}"
        assert parse_custodes(words[1:]) == "demo"


@pytest.mark.chain
@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("block", RUN, ids=where)
def test_commands_do_what_the_readme_says_when_they_are_pasted(block: Block, tmp_path: Path) -> None:
    """In a directory that has the README's .venv and nothing else; a line that fails fails the block."""
    (tmp_path / ".venv").symlink_to(ROOT / ".venv")
    (tmp_path / "tmp").mkdir()
    try:
        done = subprocess.run(
            ["bash", "-e", "-u", "-o", "pipefail", "-c", block.text],
            cwd=tmp_path, env={**os.environ, "TMPDIR": str(tmp_path / "tmp")}, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, check=False, timeout=800,
        )  # fmt: skip
    finally:
        left = [DevnetChain(record.parent) for record in tmp_path.glob("tmp/**/anvil.json")]
        still_running = [chain.directory for chain in left if chain.down()]
    assert done.returncode == 0, f"{block.where}\n{done.stdout}\n{done.stderr}"
    assert still_running == []
    if "proposal execute" in block.text:
        assert "executed proposal 1" in done.stdout
        assert "are what the rules make them" in done.stdout


@pytest.mark.parametrize("block", BLOCKS, ids=where)
def test_custodes_commands_in_any_block_are_accepted(block: Block) -> None:
    for line in block.text.splitlines():
        if line.lstrip().removeprefix("$ ").startswith("custodes "):
            for words in split_commands(line.lstrip().removeprefix("$ ")):
                assert words[0] != "custodes" or parse_custodes(words[1:]), f"{block.where}: {line}"


@pytest.mark.parametrize("readme", READMES, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_named_in_the_text_exist(readme: Path) -> None:
    names = set(all_commands())
    nouns = {name.split(" ")[0] for name in names}
    for match in INLINE.finditer(readme.read_text()):
        words = match[1].split()
        assert " ".join(words[:2]) in names or words[0] in names or (words[0] in nouns and len(words) == 1), match[0]


@pytest.mark.parametrize("readme", READMES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_that_a_readme_links_to_exist(readme: Path) -> None:
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", readme.read_text()):
        assert (readme.parent / target).exists(), f"{readme.relative_to(ROOT)} links to {target}"
