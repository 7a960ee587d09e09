"""Where the native tools are: anvil, forge, cast and solc, each of the exact version that the project pins.

`scripts/setup` links the real binaries into `.tools/bin` of the repository. An installed wheel has no such directory
and finds the tools on PATH, if anywhere. npm's `anvil` is a script that starts the real one: a signal to it leaves the
chain running behind the caller's back, so a script is never taken for anvil.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import ClassVar, Literal

from governance.errors import Unavailable

ToolName = Literal["anvil", "forge", "cast", "solc"]

TOOLS_DIRECTORY = Path(__file__).resolve().parents[2] / ".tools" / "bin"
MUST_BE_BINARY = frozenset({"anvil"})


class ToolMissing(Unavailable):
    """A program that is needed is not on this machine, or is not what it must be."""

    hint: ClassVar[str] = (
        "run scripts/setup in the repository, or name the program with CUSTODES_ANVIL, CUSTODES_SOLC, ..."
    )


def find_tool(name: ToolName) -> Path:
    """The absolute path of the program: `CUSTODES_<NAME>` if set, else `.tools/bin` of the repository, else PATH.

    Raises: ToolMissing. A variable that is set and wrong is an error, never passed over in silence.
    """
    variable = f"CUSTODES_{name.upper()}"
    if named := os.environ.get(variable):
        path = Path(named).expanduser().absolute()
        if not _is_program(path):
            raise ToolMissing(f"{variable} names {named}, which is not a program")
        if not _is_acceptable(name, path):
            raise ToolMissing(f"{variable} names {named}, a script; {name} must be the program itself")
        return path
    for directory in (TOOLS_DIRECTORY, *_path_directories()):
        path = directory / name
        if _is_program(path) and _is_acceptable(name, path):
            return path
    raise ToolMissing(f"{name} was found neither in {TOOLS_DIRECTORY} nor on PATH")


def _path_directories() -> list[Path]:
    entries = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return [Path(entry).absolute() for entry in entries if entry]


def _is_program(path: Path) -> bool:
    return shutil.which(str(path)) is not None


def _is_acceptable(name: ToolName, path: Path) -> bool:
    if name not in MUST_BE_BINARY:
        return True
    with path.open("rb") as file:
        return file.read(2) != b"#!"
