"""Oracles are killed with SIGKILL while they make a key, unlock, deal the key again and dispute a dealing.

Each point is a place where an oracle leaves something behind (in its store, in its journal, on the chain) with a moment
before, after or in the middle of it; one in eight is a kill from outside at any moment. Which points a run goes to is
drawn from the seed. A killed oracle is started again at once. A stage passes if it ends as if nobody had died: what was
begun is finished, no transaction is sent twice, every share verifies, and no old share is gone before the new ones are
final. A stage that fails ends the run with exit code 1, and its directory is kept.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import death_stages as stages
from deaths import COMPLAINT, GENERATION, PLACES, REFRESH, TOGETHER, UNLOCK, Death, Died, draw

POINTS = 50
SCHEMA = "custodes.faults/1"


@dataclass(frozen=True)
class Ended:
    """A stage that was gone through."""

    stage: str
    seconds: float
    died: list[Died]
    failure: str | None = None


def run(directory: Path, deaths: list[Death]) -> Iterator[Ended]:
    """One stage after the other. The dispute, and the deaths of all at once, have chains of their own."""
    with stages.mortals(_made(directory / "life")) as committee:
        yield _go(GENERATION, lambda: stages.generate(committee, deaths))
        yield _go(UNLOCK, lambda: stages.unlock(stages.release(committee), deaths))
        yield _go(REFRESH, lambda: stages.refresh(committee, deaths))
    with stages.mortals(_made(directory / "dispute")) as divided:
        yield _go(COMPLAINT, lambda: stages.dispute(divided, deaths))
    with stages.mortals(_made(directory / "together")) as struck:
        yield _go(TOGETHER, lambda: stages.generate_together(struck))


def _go(stage: str, go: Callable[[], list[Died]]) -> Ended:
    start = time.monotonic()
    try:
        died = go()
    except AssertionError:
        return Ended(stage, time.monotonic() - start, [], traceback.format_exc())
    return Ended(stage, time.monotonic() - start, died)


def _made(directory: Path) -> Path:
    directory.mkdir()
    return directory


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="scripts/faults",
        description=__doc__.partition("\n")[0] if __doc__ else None,
        epilog=f"There are {len(PLACES)} places. Exit code 1: a stage did not end as it must.",
    )
    parser.add_argument("--points", type=int, default=POINTS, help=f"how many deaths; {POINTS} by default, at least 8")
    parser.add_argument("--seed", type=int, help="repeat the run with this seed")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    arguments = parser.parse_args()
    if arguments.points < 8:
        parser.error("fewer than 8 points are no run")
    seed = arguments.seed if arguments.seed is not None else random.SystemRandom().randrange(2**32)
    print(f"faults: seed {seed}", file=sys.stderr)
    directory = Path(tempfile.mkdtemp(prefix="custodes-faults-"))
    ended: list[Ended] = []
    for stage in run(directory, draw(arguments.points, seed)):
        ended.append(stage)
        end = f"failed: {stage.failure}" if stage.failure else f"{len(stage.died)} deaths, finished"
        print(f"faults: {stage.stage}: {end} in {stage.seconds:.0f} s", file=sys.stderr)
        if stage.failure:
            break
    failed = [stage for stage in ended if stage.failure]
    if failed:
        print(f"faults: everything is kept in {directory}", file=sys.stderr)
    else:
        shutil.rmtree(directory)
    rows = [(each.death, each.oracle) for stage in ended for each in stage.died]
    if arguments.json:
        print(json.dumps(_describe(seed, ended, rows)))
    else:
        for number, (death, oracle) in enumerate(rows, 1):
            print(f"{number:4}  {death.stage:10}  {death.moment:9}  {_place(death):22}  {oracle}  finished")
        print(f"{len(rows)} deaths, {len(failed)} stages failed, seed {seed}")
    return 1 if failed else 0


def _place(death: Death) -> str:
    return f"{death.place}, {death.seconds:g} s" if death.seconds else death.place


def _describe(seed: int, ended: list[Ended], rows: list[tuple[Death, str]]) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "ok": not any(stage.failure for stage in ended),
        "seed": seed,
        "deaths": [
            {"stage": death.stage, "moment": death.moment, "place": death.place, "oracle": oracle}
            for death, oracle in rows
        ],
        "stages": [{"stage": each.stage, "seconds": round(each.seconds, 1), "failure": each.failure} for each in ended],
    }


if __name__ == "__main__":
    sys.exit(main())
