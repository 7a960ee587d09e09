"""Every failure that a user may see: its hint, a test that raises it, and its printed form in a committed transcript.

`UPDATE_TRANSCRIPTS=1 pytest tests/cli/test_errors_are_shown.py` writes transcripts/errors.txt anew. There are no
exceptions: a class that nothing raises, or that no test raises, is deleted.
"""

from __future__ import annotations

import difflib
import os
import re
from pathlib import Path

import pytest

from error_catalogue import KINDS, Raised, find_errors, find_example, find_hints, find_raised, find_raised_by_tests
from governance.chain.errors import RpcError
from governance.cli.groups import all_commands
from governance.cli.main import main
from governance.cli.output import Output
from governance.errors import CustodesError
from governance.ledger.errors import LedgerRefused

TRANSCRIPT = Path(__file__).parent / "transcripts" / "errors.txt"
# A command, and not the program itself: "the installed custodes does not ...".
COMMAND = re.compile(r"(?<!install )(?<!installed )(?<!other )custodes ([a-z]+)(?: ([a-z]+))?")


def name_of(error: type[CustodesError]) -> str:
    return f"{error.__module__}.{error.__name__}"


def make(error: type[CustodesError]) -> CustodesError:
    """One of this class, worded as the code words it."""
    message = find_example(error) or ""
    if issubclass(error, LedgerRefused):
        return error(message, error="NotLiveSeat", contract="Council", rule="R-Council-01")
    if issubclass(error, RpcError):
        return error(message, code=-32000)
    return error(message)


def show(error: CustodesError, capsys: pytest.CaptureFixture[str]) -> str:
    """What a person, and what a program, sees of it."""
    Output().error(error)
    Output(json=True).error(error)
    printed = capsys.readouterr()
    messages = "".join(f"! {line}\n" for line in printed.err.splitlines())
    return f"# {name_of(type(error))}\n{messages}{printed.out}[exit {error.exit_code}]\n"


def test_every_error_is_of_one_kind_and_has_a_hint_of_its_own() -> None:
    common = {kind.hint for kind in KINDS} | {CustodesError.hint}
    for error in find_errors():
        assert sum(issubclass(error, kind) for kind in KINDS) == 1, name_of(error)
        assert error.hint.strip(), name_of(error)
        assert error.hint not in common, name_of(error)
        assert not error.hint[0].isupper() or error.hint.startswith("CUSTODES_"), name_of(error)
        assert not error.hint.removesuffix("...").endswith("."), name_of(error)
        assert error.__doc__, name_of(error)


def test_every_error_is_raised_somewhere() -> None:
    assert [name_of(error) for error in find_errors() if find_example(error) is None] == []


def test_every_error_is_raised_by_a_test() -> None:
    raised = find_raised_by_tests()
    assert [name_of(error) for error in find_errors() if error not in raised] == []


def test_no_kind_is_raised_itself_but_with_a_hint() -> None:
    """A kind's own hint fits nothing in particular."""
    bare = [f"{raised.file}:{raised.line}" for raised in find_raised() if raised.error in KINDS and not raised.hinted]
    assert bare == []


def test_every_command_that_a_hint_names_exists() -> None:
    names = set(all_commands())
    nouns = {name.split(" ")[0] for name in names}
    wrong = [
        f"{where}: {match[0]}"
        for where, hint in find_hints()
        for match in COMMAND.finditer(hint)
        if match[1] not in nouns or (match[1] not in names and f"{match[1]} {match[2]}" not in names)
    ]
    assert wrong == []


def test_every_error_is_printed_as_the_transcript_has_it(capsys: pytest.CaptureFixture[str]) -> None:
    actual = "\n".join(show(make(error), capsys) for error in find_errors())
    if os.environ.get("UPDATE_TRANSCRIPTS"):
        TRANSCRIPT.write_text(actual)
    expected = TRANSCRIPT.read_text()
    difference = "\n".join(
        difflib.unified_diff(expected.splitlines(), actual.splitlines(), "committed", "now", "", "", 1)
    )
    assert actual == expected, f"{difference}\nwrite it anew: UPDATE_TRANSCRIPTS=1 pytest {Path(__file__).name}"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_command_line_prints_an_error_so_and_ends_with_the_code_of_its_kind(
    kind: type[CustodesError], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    error = make(next(error for error in find_errors() if issubclass(error, kind)))

    def fail(options: object) -> None:
        raise error

    monkeypatch.setattr("governance.cli.main.load_settings", fail)
    assert main(["keys", "list"]) == kind.exit_code
    person = capsys.readouterr()
    assert person.out == ""
    assert main(["keys", "list", "--json"]) == kind.exit_code
    program = capsys.readouterr()
    assert program.err == ""
    messages = "".join(f"! {line}\n" for line in person.err.splitlines())
    block = f"# {name_of(type(error))}\n{messages}{program.out}[exit {kind.exit_code}]\n"
    assert block in TRANSCRIPT.read_text()


def test_catalogue_reads_messages_as_the_code_words_them() -> None:
    found = {(raised.error.__name__, raised.message) for raised in find_raised()}
    assert ("DevnetDown", "no chain runs in <directory>") in found
    assert isinstance(find_raised()[0], Raised)
