"""scripts/bench/watch: three readers of the same events, ratios of their medians."""

from __future__ import annotations

import json
from contextlib import redirect_stdout
from io import StringIO
from typing import Any

import pytest

import watch_benchmark
from watch_benchmark import GOALS, format_table, race, summarise

# Far below what is measured: a machine under load must not fail a build, but the long way for every event must.
FLOORS = {"unverified_vs_web3": 4.0, "verified_vs_web3": 3.0}


@pytest.mark.chain
def test_benchmark_reads_the_same_events_in_three_ways_and_prints_its_schema() -> None:
    with redirect_stdout(StringIO()) as out:
        assert watch_benchmark.main(["--json", "--events", "2000", "--rounds", "3"]) == 0
    printed: dict[str, Any] = json.loads(out.getvalue())
    assert (printed["schema"], printed["name"]) == ("custodes.bench/1", "watch")
    assert (printed["figures"]["events"], printed["figures"]["blocks"]) == (2000, 20)
    assert printed["ratios"].keys() == printed["figures"]["cpu_ratios"].keys() == GOALS.keys()
    assert {name for name, floor in FLOORS.items() if printed["figures"]["cpu_ratios"][name] < floor} == set()


def test_race_turns_its_order() -> None:
    order: list[str] = []
    taken = race({name: lambda name=name: order.append(name) or [] for name in "abc"}, 3)  # type: ignore[misc]
    assert "".join(order) == "abc" + "bca" + "cab"
    assert {len(times) for times in taken.values()} == {3}


def test_table_says_which_goals_are_missed() -> None:
    taken = {"unverified": [(1.0, 1.0)], "verified": [(1.0, 1.0)], "web3": [(4.0, 8.0)]}
    result = summarise(100, 2, taken)
    assert result["ratios"] == {"unverified_vs_web3": 4.0, "verified_vs_web3": 4.0}
    assert result["figures"]["events_per_second"] == {"unverified": 100, "verified": 100, "web3": 25}
    lines = {line.split()[0]: line for line in format_table(result).splitlines()}
    assert "below" in lines["unverified_vs_web3"]
    assert "below" not in lines["verified_vs_web3"]
    assert "8.0 x of CPU" in lines["verified_vs_web3"]
