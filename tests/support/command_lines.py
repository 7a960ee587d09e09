"""Command lines as they stand in help and in documents: cut into commands, and parsed without being run."""

from __future__ import annotations

import shlex
from typing import Any

from typer.main import get_command

from governance.cli.main import app, move_global_options_to_front

OPERATORS = frozenset({"&&", "||", ";", "|", "&"})


def split_commands(line: str) -> list[list[str]]:
    """The words of each command of a shell line, without comments and redirections."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    commands: list[list[str]] = [[]]
    words = iter(lexer)
    for word in words:
        if word in OPERATORS:
            commands.append([])
        elif word in {">", ">>", "<"}:
            next(words)
        else:
            commands[-1].append(word)
    return [command for command in commands if command]


def parse_custodes(words: list[str]) -> str:
    """The command that these words (after `custodes`) name; every option and argument of them is known.

    Raises: typer.TyperException, if one is not; LookupError, if they name no command.
    """
    group: Any = get_command(app)
    context = group.make_context("custodes", move_global_options_to_front(words))
    path = []
    while hasattr(group, "resolve_command"):
        rest = [*getattr(context, "_protected_args", []), *context.args]
        if not rest:
            raise LookupError(f"custodes {' '.join(words)} names no command")
        name, group, rest = group.resolve_command(context, rest)
        path.append(str(name))
        context = group.make_context(name, rest, parent=context)
    return " ".join(path)
