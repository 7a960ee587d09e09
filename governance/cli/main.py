"""`custodes`: the line is parsed, one command runs, and every failure becomes a message and an exit code.

Exit codes: 0 yes, 1 verification says no, 2 usage, 3 unavailable (retry), 4 refused by ledger or committee, 70 bug.
Global options may stand anywhere before `--`; they are moved to the front, where the root parses them.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer
from typer.main import get_command

from governance.cli.context import App
from governance.cli.groups import RootGroup, missing
from governance.cli.output import Output
from governance.cli.settings import load_settings
from governance.errors import CustodesError, InvalidInput

BUG = 70
INTERRUPTED = 130
FLAGS = frozenset({"--json", "--yes", "-y", "--dry-run"})
VALUED = frozenset({"--rpc", "--deployment", "--key", "--keystore", "--password-file"})

app = typer.Typer(
    name="custodes",
    cls=RootGroup,
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    epilog=(
        "\b\nExamples:\n"
        "  $ custodes devnet up                # a chain of your own to try things out\n"
        "  $ custodes proposal list\n"
        "  $ custodes vote 7 for --key fides-institute\n"
        "  $ custodes explain R-Council-07"
    ),
)


class UsageRefused(InvalidInput):
    """The line cannot be parsed."""

    hint = "custodes --help lists the commands, custodes COMMAND --help what one of them takes"


def _show_version(value: bool) -> None:
    if value:
        from importlib.metadata import version

        print(f"custodes {version('custodes')}")
        raise typer.Exit


@app.callback()
def root(
    ctx: typer.Context,
    rpc: Annotated[str | None, typer.Option("--rpc", metavar="URL", help="The node.")] = None,
    deployment: Annotated[
        str | None, typer.Option("--deployment", metavar="FILE", help="The deployment.json of your consortium.")
    ] = None,
    key: Annotated[
        str | None, typer.Option("--key", metavar="NAME", help="The key that signs: a name, an address or a file.")
    ] = None,
    keystore: Annotated[
        str | None, typer.Option("--keystore", metavar="DIRECTORY", help="Where key files lie.")
    ] = None,
    password_file: Annotated[
        str | None, typer.Option("--password-file", metavar="FILE", help="The file with the key's password.")
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Sign without asking.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be sent; send nothing.")] = False,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Custodes: a governance ledger for AI models. Weights open only while a consortium's votes say so."""
    options = {
        "rpc": rpc,
        "deployment": deployment,
        "key": key,
        "keystore": keystore,
        "password_file": password_file,
    }
    ctx.obj = App(load_settings(options), Output(json=json_), assume_yes=yes, dry_run=dry_run)


def move_global_options_to_front(arguments: Sequence[str]) -> list[str]:
    """The same line with the global options before the command. What follows `--` stays where it is."""
    front: list[str] = []
    rest: list[str] = []
    waiting = list(arguments)
    while waiting:
        word = waiting.pop(0)
        if word == "--":
            rest += [word, *waiting]
            break
        if word in FLAGS or word.split("=", 1)[0] in VALUED:
            front.append(word)
            if word in VALUED and waiting:
                front.append(waiting.pop(0))
        else:
            rest.append(word)
    return front + rest


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    line = move_global_options_to_front(sys.argv[1:] if arguments is None else arguments)
    output = Output(json="--json" in line)
    try:
        code = get_command(app)(args=line, prog_name="custodes", standalone_mode=False)
        sys.stdout.flush()
        if code == INTERRUPTED:  # what typer makes of Ctrl-C
            raise KeyboardInterrupt
        return code if isinstance(code, int) else 0
    except CustodesError as error:
        output.error(error)
        return error.exit_code
    except (typer.Abort, KeyboardInterrupt):
        print("\ncustodes: interrupted", file=sys.stderr)
        return INTERRUPTED
    except typer.TyperException as error:
        return _report_usage(output, error)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nobody reads any more: not an error
        return 0
    except ModuleNotFoundError as error:
        found = missing(error)
        if isinstance(found, CustodesError):
            output.error(found)
            return found.exit_code
        return _report_bug(output, error)
    except Exception as error:  # noqa: BLE001  a user never sees a traceback that was not asked for
        return _report_bug(output, error)


def _report_usage(output: Output, error: typer.TyperException) -> int:
    if type(error).__name__ == "NoArgsIsHelpError":
        print(str(error))
        return UsageRefused.exit_code
    message = error.format_message() if hasattr(error, "format_message") else str(error)
    context = getattr(error, "ctx", None)
    hint = f"{context.command_path} --help says what it takes" if context is not None else None
    output.error(UsageRefused(message.rstrip("."), hint=hint))
    return UsageRefused.exit_code


def _report_bug(output: Output, error: Exception) -> int:
    if os.environ.get("CUSTODES_DEBUG"):
        raise error
    bug = CustodesError(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)
    if output.json:
        print(json.dumps(bug.to_json()))
    else:
        output.error(bug)
        print("custodes: CUSTODES_DEBUG=1 shows where it happened", file=sys.stderr)
    return BUG


if __name__ == "__main__":
    sys.exit(main())
