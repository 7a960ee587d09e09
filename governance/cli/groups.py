"""Commands that are imported when they run: the tree of names and help stands in tables alone."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Mapping
from functools import cache
from typing import Any

from typer.core import TyperGroup
from typer.main import Typer, get_command

from governance.cli.entry import Entry, Table
from governance.cli.errors import ExtraMissing
from governance.cli.table import COMMANDS, NOUNS

GLOBAL_HINT = "Options such as --json, --yes, --rpc, --key stand anywhere on the line: custodes --help"
OWN_PACKAGES = frozenset({"governance", "oracle", "inference"})


@cache
def all_commands() -> Table:
    """The commands of governance and of every package that registered some."""
    from importlib.metadata import entry_points

    merged: dict[str, Entry] = dict(COMMANDS)
    for point in entry_points(group="custodes.commands"):
        try:
            merged.update(point.load())
        except (ImportError, AttributeError):
            continue  # a package that cannot be imported here must not take the voting commands with it
    return merged


def load_command(name: str, entry: Entry) -> Any:
    """The command, its module imported. Raises: ExtraMissing."""
    module, _, attribute = entry.target.partition(":")
    try:
        function = getattr(importlib.import_module(module), attribute)
    except ModuleNotFoundError as e:
        raise missing(e) from e
    app = Typer(add_completion=False, rich_markup_mode=None)
    app.command(name, help=inspect.getdoc(function) or entry.help, epilog=_epilog(entry.examples))(function)
    return get_command(app)


def missing(error: ModuleNotFoundError) -> Exception:
    """The error for a package that is not installed; a module of our own that is missing stays what it is, a bug."""
    package = (error.name or "").split(".")[0]
    if package in OWN_PACKAGES or not package:
        return error
    return ExtraMissing(f"this command needs the package {package}, which is not installed")


class NounGroup(TyperGroup):
    """The commands of one noun: `custodes proposal ...`."""

    def __init__(self, noun: str, entries: Mapping[str, Entry]) -> None:
        super().__init__(
            name=noun, help=NOUNS.get(noun, ""), no_args_is_help=True, rich_markup_mode=None, epilog=GLOBAL_HINT
        )
        self.entries = entries

    def list_commands(self, ctx: Any) -> list[str]:
        return sorted(self.all_entries())

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        entry = self.entries.get(cmd_name) or self.all_entries().get(cmd_name)
        return None if entry is None else load_command(cmd_name, entry)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        return super().resolve_command(ctx, _with_names(self, ctx, args))

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        entries = self.all_entries()
        with formatter.section("Commands"):
            formatter.write_dl([(name, entries[name].help) for name in sorted(entries)])

    def all_entries(self) -> dict[str, Entry]:
        """The verbs of this noun, those of other packages included (`model seal` is the worker's)."""
        return verbs_of(all_commands(), str(self.name))


class RootGroup(TyperGroup):
    """All commands: nouns with their verbs, and single ones such as `vote`."""

    def list_commands(self, ctx: Any) -> list[str]:
        return sorted({name.split(" ")[0] for name in all_commands()})

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        # Our own table first: what other packages register costs time, and may be broken.
        for table in (COMMANDS, all_commands):
            known = table() if callable(table) else table
            if cmd_name in known:
                return load_command(cmd_name, known[cmd_name])
            if verbs := verbs_of(known, cmd_name):
                return NounGroup(cmd_name, verbs)
        return None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        return super().resolve_command(ctx, _with_names(self, ctx, args))

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        table = all_commands()
        rows = [
            (name, table[name].help if name in table else " | ".join(sorted(verbs_of(table, name))))
            for name in self.list_commands(ctx)
        ]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def verbs_of(table: Table, noun: str) -> dict[str, Entry]:
    """The commands of that noun, by their second word."""
    return {name.split(" ", 1)[1]: entry for name, entry in table.items() if name.startswith(noun + " ")}


def _with_names(group: TyperGroup, ctx: Any, args: list[str]) -> list[str]:
    """The same words; where the first is no command, the group now knows all names to suggest one of."""
    if args and group.get_command(ctx, args[0]) is None:
        group.commands = dict.fromkeys(group.list_commands(ctx))  # type: ignore[assignment]
    return args


def _epilog(examples: tuple[str, ...]) -> str:
    lines = "\n".join(f"  $ {example}" for example in examples)
    return f"{GLOBAL_HINT}\n\n\b\nExamples:\n{lines}"
