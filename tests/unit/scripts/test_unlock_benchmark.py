"""scripts/bench/unlock: a small committee of real oracles, one unlock; schema and figures of what is printed."""

from __future__ import annotations

import json
from contextlib import redirect_stdout
from io import StringIO

import pytest

import unlock_benchmark
from unlock_benchmark import STEPS, Measured, format_tables
from unlock_latency import Latency

GAS = {"deal": [9], "answer, bad share": [480_000], "partial": [210_000, 200_001]}


@pytest.mark.chain
@pytest.mark.slow
@pytest.mark.timeout(180)
def test_benchmark_measures_every_step_of_a_committee_that_no_charter_could_form() -> None:
    with redirect_stdout(StringIO()) as out:
        assert unlock_benchmark.main(["--json", "--size", "4:3", "--rounds", "1", "--unlocks", "1"]) == 0
    found = json.loads(out.getvalue())
    assert (found["schema"], found["name"], found["ratios"]) == ("custodes.bench/1", "unlock", {})
    size = found["sizes"]["4_3"]
    assert not size["allowed"]
    assert set(size["cpu_ms"]) == set(STEPS)
    assert set(size["gas"]) == {
        "register", "deal", "settle", "acknowledge", "complain", "answer, bad share", "answer, closing",
        "settle again", "acknowledge again", "request", "approve", "partial",
    }  # fmt: skip
    figures = found["figures"]
    assert figures["partial_gas"] == figures["partial_gas_4_3"] == size["gas"]["partial"]["max"] > 123_900
    assert figures["combine_open_ms_4_3"] > 0
    # two finalities lie between the request and the data key, whatever the oracles do
    (unlock,) = size["unlocks"]
    assert unlock["blocks"] >= unlock["blocks_to_partials"] >= unlock["blocks_to_approvals"] + 2 >= 4
    assert figures["unlock_ms_4_3"] >= 4000


def test_tables_say_which_goals_are_missed_and_which_sizes_no_committee_may_have() -> None:
    steps = dict.fromkeys(STEPS, 1.0)
    lines = format_tables([Measured(31, 21, steps, GAS, [Latency(3, 6, 7, 7100)], 0.5)]).splitlines()
    missed = {line.split()[0]: "(+)" in line for line in lines if "_" in line.split(" ")[0]}
    assert missed == {
        "partial_gas": True,
        "bad_share_gas_21": False,
        "combine_open_ms_31_21": False,
        "unlock_blocks_31_21": False,
    }
    assert any("31:21 *" in line for line in lines)
    allowed = format_tables([Measured(5, 3, steps, GAS, [Latency(3, 6, 8, 7100)], 0.5)])
    assert "*" not in allowed
    assert "(+)" in next(line for line in allowed.splitlines() if line.startswith("unlock_blocks_5_3"))


@pytest.mark.parametrize("text", ["5", "5:1", "5:5", "32:3", "x:3", "5:-3"])
def test_size_that_is_none_is_a_usage_error(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        unlock_benchmark.main(["--size", text])
    assert ended.value.code == 2
    assert f"{text} is no n:t" in capsys.readouterr().err
