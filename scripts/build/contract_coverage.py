"""Coverage of the contracts, in a tree of its own where the tests are compiled the quick way, and the contracts through
the IR, as `forge coverage --ir-minimum` wants them.

forge calls a source by its number in its compilation. Two compilations both count from 0, in the order of paths, and of
two sources with one number the later path stands. So the tests lie in `check`, which comes before `src`: where a test's
number is a contract's too, the contract stands; and the tests, which are more than all sources of the contracts, come
first in their own compilation, so that what it calls a contract's source is no number of the other.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

TESTS = "check"
UNTOLD = ("src/interfaces/", "src/types/")  # sources without a line that runs
SKIPPED = ("invariant", "attacks", "symbolic")  # the unit tests reach every line without them
FUZZ_RUNS = 16  # what is reached shows after a few
PROFILE = f"""
[profile.coverage]
test = "{TESTS}"

[profile.coverage.fuzz]
runs = {FUZZ_RUNS}
"""


def make_tree(contracts: Path, tree: Path, solc: Path) -> None:
    """The contracts and their tests, with forge's settings for them; anything else that was there is gone."""
    shutil.rmtree(tree, ignore_errors=True)
    tree.mkdir(parents=True)
    shutil.copytree(contracts / "src", tree / "src")
    shutil.copytree(contracts / "test", tree / TESTS)
    (tree / "node_modules").symlink_to((contracts / "node_modules").resolve())
    settings = (contracts / "foundry.toml").read_text().replace('"test/**', f'"{TESTS}/**')
    settings = re.sub(r'^solc = ".*"$', f'solc = "{solc}"', settings, count=1, flags=re.MULTILINE)
    (tree / "foundry.toml").write_text(settings + PROFILE)


def make_command(report: Path) -> list[str]:
    """forge's command line, for FOUNDRY_PROFILE=coverage in the tree."""
    command = ["forge", "coverage", "--ir-minimum", "--report", "lcov", "--report-file", str(report)]
    command += ["--no-match-coverage", f"({TESTS}|node_modules)/"]
    command += ["--no-match-test", "_costs"]  # ceilings of gas hold for the optimised code alone
    return command + [word for room in SKIPPED for word in ("--skip", f"{TESTS}/{room}/*")]


def find_untold(contracts: Path, told: set[str]) -> list[str]:
    """One line for each source that ought to be in the report and is not, or the other way round."""
    paths = {path.relative_to(contracts).as_posix() for path in (contracts / "src").rglob("*.sol")}
    meant = {path for path in paths if not path.startswith(UNTOLD)}
    missing = [f"{path} is not in the coverage report" for path in sorted(meant - told)]
    return missing + [f"{path} is in the coverage report, and has no code" for path in sorted(told - meant)]
