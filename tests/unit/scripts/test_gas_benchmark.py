"""scripts/bench/gas: one run on a real chain; gas is the same each time, so that its ratios have ceilings."""

from __future__ import annotations

import json
from contextlib import redirect_stdout
from io import StringIO
from typing import Any

import pytest

import gas_benchmark
from gas_benchmark import COMPARED, PROPOSALS, compare, format_tables

# A ratio that rises above its ceiling is a regression, whatever the goal; one that falls well below lowers its ceiling.
CEILINGS = {
    "first_vote": 0.48,
    "next_vote": 0.60,
    "vote_by_sig": 0.49,
    "batched_ballot_20": 0.165,
    "queue_execute": 0.33,
    "propose_vs_storage": 0.53,
}


@pytest.fixture(scope="module")
def printed() -> dict[str, Any]:
    """What --json prints."""
    with redirect_stdout(StringIO()) as out:
        assert gas_benchmark.main(["--json"]) == 0
    found: dict[str, Any] = json.loads(out.getvalue())
    return found


def goal(name: str) -> float:
    return COMPARED[name][3]


@pytest.mark.chain
@pytest.mark.slow
def test_benchmark_prints_its_schema_and_a_positive_number_for_each_ratio(printed: dict[str, Any]) -> None:
    assert (printed["schema"], printed["name"]) == ("custodes.bench/1", "gas")
    assert set(CEILINGS) <= set(printed["ratios"]) == set(printed["later_ratios"]) <= set(COMPARED)
    assert all(ratio > 0 for key in ("ratios", "later_ratios") for ratio in printed[key].values())
    assert set(printed["figures"]) == set(PROPOSALS)


@pytest.mark.chain
def test_ratios_of_the_first_proposal_are_below_their_ceilings(printed: dict[str, Any]) -> None:
    assert {name: ratio for name, ratio in printed["ratios"].items() if ratio > CEILINGS.get(name, goal(name))} == {}


@pytest.mark.chain
def test_tables_say_which_ratios_miss_their_goals(printed: dict[str, Any]) -> None:
    lines = format_tables(printed["figures"]).splitlines()
    for row in compare(printed["figures"]["first proposal"]):
        [line] = [line for line in lines if line.startswith(row.name)]
        assert line.split()[1] == f"{row.goal:.2f}"
        assert ("(+)" in line) >= (row.ratio > row.goal)


def test_step_that_the_council_does_not_have_gives_no_ratio() -> None:
    steps = {"vote, first": 100, "vote by signature": 200, "queue": 60, "execute": 40, "propose": 1, "vote, next": 1}
    ours = {"vote, first": 40, "execute": 30}
    rows = compare({"ours": ours, "smallest": steps, "storing": steps})
    assert {row.name: row.ratio for row in rows} == {"first_vote": 0.4, "queue_execute": 0.3}


def test_failure_of_the_compiler_is_said_and_exits_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse() -> None:
        raise gas_benchmark.CompileError("no such unit")

    monkeypatch.setattr(gas_benchmark, "load_baseline_code", refuse)
    assert gas_benchmark.main([]) == 1
    assert "gas: error: no such unit" in capsys.readouterr().err
