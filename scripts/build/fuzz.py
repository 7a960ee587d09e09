"""Hostile bytes for every parser that reads what others wrote: it accepts, or refuses with a typed error, or is broken.

Two engines: hypothesis mutates bytes that are accepted (as bytes, and as JSON values); atheris is guided by the
coverage that it sees, and is installed into an environment of its own (.tools/atheris) when it is first asked for. The
number of cases is for all targets together. A finding ends the run with exit code 1, and its bytes are printed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st

from fuzz_targets import Finding, Target, check, make_targets
from side_environment import ROOT, EnvironmentFailed, ensure_environment

CASES = 200_000
_NUMBERS = [b"\xff" * 8, bytes(8), b"\x7f" + b"\xff" * 7, bytes(7) + b"\x01"]  # as counts and lengths are written
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=8,
)


@st.composite
def mutations(draw: st.DrawFn, seeds: tuple[bytes, ...]) -> bytes:
    """A seed with a few edits; sometimes noise."""
    data = bytearray(draw(st.sampled_from(seeds)))
    if draw(st.integers(0, 19)) == 0:
        return draw(st.binary(max_size=400))
    if data[:1] == b"{" and draw(st.booleans()):
        return _mutate_json(draw, json.loads(data))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        match draw(st.integers(0, 4)):
            case 0:
                data[at : at + 1] = bytes([draw(st.integers(0, 255))])
            case 1:
                data[at:at] = draw(st.binary(min_size=1, max_size=8))
            case 2:
                del data[at : at + draw(st.integers(1, 64))]
            case 3:
                data[at : at + 8] = draw(st.sampled_from(_NUMBERS))
            case _:
                source = draw(st.integers(0, len(data)))
                data[at : at + 16] = data[source : source + 16]
    return bytes(data)


def _mutate_json(draw: st.DrawFn, value: Any) -> bytes:
    """One place in it holds something else, in the form in which canonical JSON has it."""
    place: Any = [value]
    at: Any = 0
    while isinstance(inner := place[at], dict | list) and inner and draw(st.integers(0, 3)):
        place, at = inner, draw(st.sampled_from(sorted(inner) if isinstance(inner, dict) else list(range(len(inner)))))
    place[at] = draw(_JSON)
    return json.dumps(value, separators=(",", ":"), sort_keys=True).encode()


def fuzz_with_hypothesis(target: Target, cases: int, seed: int) -> int:
    """How many of so many cases were accepted. Raises: Finding."""
    accepted = 0

    @seeded(seed)
    @settings(
        max_examples=cases,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(mutations(target.seeds))
    def run(data: bytes) -> None:
        nonlocal accepted
        accepted += check(target, data)

    run()
    return accepted


def fuzz_with_atheris(target: Target, cases: int, seed: int) -> None:
    """That many runs, guided by coverage, in a process of its own. Raises: Finding, EnvironmentFailed."""
    python = ensure_environment("atheris") / "python"
    script = Path(__file__).with_name("fuzz_atheris.py")
    path = os.pathsep.join(map(str, [script.parent, ROOT, sysconfig.get_paths()["purelib"]]))
    with tempfile.TemporaryDirectory(prefix="custodes-corpus-") as corpus:
        for number, data in enumerate(target.seeds):
            (Path(corpus) / str(number)).write_bytes(data)
        options = [f"-runs={cases}", f"-seed={seed}", "-max_len=8192", "-rss_limit_mb=4096", "-verbosity=0"]
        done = subprocess.run(
            [str(python), str(script), target.name, *options, corpus],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PYTHONPATH": path},
            cwd=corpus,
        )
    if done.returncode != 0:
        raise Finding(f"{target.name}: {(done.stdout + done.stderr)[-3000:]}")


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="scripts/fuzz", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", type=int, default=CASES, help="of all targets together")
    parser.add_argument("--engine", choices=["hypothesis", "atheris"], default="hypothesis")
    parser.add_argument("--seed", type=int, help="by default another one each time; it is printed")
    parser.add_argument("--target", action="append", help="one of them; may be given more than once")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    asked = parser.parse_args()
    seed = asked.seed if asked.seed is not None else int.from_bytes(os.urandom(3))
    targets = [target for target in make_targets() if not asked.target or target.name in asked.target]
    if not targets:
        parser.error(f"targets are: {', '.join(target.name for target in make_targets())}")
    told: dict[str, Any] = {"schema": "custodes.fuzz/1", "engine": asked.engine, "seed": seed, "targets": {}}
    for target in targets:
        cases, began = -(-asked.cases // len(targets)), time.monotonic()
        try:
            if asked.engine == "hypothesis":
                note = {"accepted": fuzz_with_hypothesis(target, cases, seed)}
            else:
                fuzz_with_atheris(target, cases, seed)
                note = {}
        except (Finding, EnvironmentFailed) as e:
            print(f"fuzz: error: {e}\nfuzz: seed {seed}", file=sys.stderr)
            return 1 if isinstance(e, Finding) else 3
        told["targets"][target.name] = {"cases": cases, **note, "seconds": round(time.monotonic() - began, 1)}
        if not asked.json:
            print(f"fuzz: {target.name:<20}{told['targets'][target.name]}", flush=True)
    print(json.dumps(told) if asked.json else f"fuzz: nothing was found (engine {asked.engine}, seed {seed})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
