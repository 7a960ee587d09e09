"""What a command is before it is needed: a name, a sentence, examples, and where its function is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """One command. `target` is "module:function"; the module is imported when the command runs or its help is shown."""

    target: str
    help: str  # one line, for the list of commands
    examples: tuple[str, ...]


# By its words: "vote", "proposal show". Packages above governance offer a table of this form in the entry-point group
# `custodes.commands`.
Table = Mapping[str, Entry]
