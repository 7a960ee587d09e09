"""A small run of scripts/fuzz: no parser of others' bytes does anything but accept, or refuse with a typed error."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from fuzz import fuzz_with_hypothesis, mutations
from fuzz_targets import Finding, Target, check, make_targets
from governance.errors import InvalidInput

ROOT = Path(__file__).resolve().parents[2]
CASES = 60


@pytest.mark.parametrize("target", make_targets(), ids=lambda target: target.name)
def test_parser_accepts_its_seeds_and_survives_what_is_made_of_them(target: Target) -> None:
    assert all(check(target, data) for data in target.seeds)
    accepted = fuzz_with_hypothesis(target, CASES, 1)
    assert accepted < CASES


def test_finding_is_told_with_its_bytes() -> None:
    """The positive control: a target that breaks is found, and one that refuses is not."""

    def break_down(data: bytes) -> None:
        if data != b"seed":
            raise KeyError("not typed")

    with pytest.raises(Finding, match="KeyError: 'not typed' on 0x"):
        fuzz_with_hypothesis(Target("broken", break_down, (b"seed",)), 50, 1)

    def refuse(_: bytes) -> None:
        raise InvalidInput("no")

    assert fuzz_with_hypothesis(Target("typed", refuse, (b"seed",)), 50, 1) == 0


def test_command_names_its_targets_and_prints_one_object() -> None:
    command = [str(ROOT / "scripts" / "fuzz"), "--cases", "5", "--seed", "1", "--json", "--target", "fragment"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    assert (told["schema"], told["seed"], list(told["targets"])) == ("custodes.fuzz/1", 1, ["fragment"])
    assert mutations((b"x",)) is not None
