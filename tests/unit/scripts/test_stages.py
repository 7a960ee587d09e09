"""scripts/test: a failure is a failure, is shown, and stops the run unless it was told to go on."""

from __future__ import annotations

import sys
from pathlib import Path
from threading import Barrier

import pytest

import run_stages
import snapshots
import stages
from contract_coverage import find_untold
from coverage_report import Covered, Ratio, parse_lcov, parse_python, sum_files
from stages import SPARE, Counts, Stage, StageFailed, Workbench


def passing(bench: Workbench) -> str:
    bench.counts.append(Counts(3, 0))
    return "all well"


def failing(bench: Workbench) -> str:
    bench.counts.append(Counts(1, 2))
    bench.call(sys.executable, "-c", "print('the reason'); raise SystemExit(9)")
    return "never"


@pytest.fixture(autouse=True)
def own_stages(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    table = (Stage("a", "first", passing), Stage("b", "second", failing), Stage("c", "third", passing))
    monkeypatch.setattr(run_stages, "STAGES", table)
    monkeypatch.setattr(stages, "ROOT", tmp_path)
    monkeypatch.setattr(stages, "WORK", tmp_path / "work")


def test_run_exits_1_and_stops_at_the_first_failure(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_stages.main([]) == 1
    printed = capsys.readouterr().out
    assert "the reason" in printed
    assert "exited 9" in printed
    assert "c                   -  not run" in printed
    assert printed.endswith("\n4 passed, 2 failed\n")


def test_run_goes_on_when_told_and_still_exits_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_stages.main(["--keep-going"]) == 1
    assert capsys.readouterr().out.endswith("\n7 passed, 2 failed\n")


def test_run_exits_0_when_the_chosen_stages_pass(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_stages.main(["--only", "a", "--only", "c"]) == 0
    assert capsys.readouterr().out.endswith("\n6 passed, 0 failed\n")


def test_lanes_run_side_by_side_and_before_the_stages_without_one(monkeypatch: pytest.MonkeyPatch) -> None:
    met = Barrier(2, timeout=20)  # broken unless both lanes are under way at once
    ended: list[str] = []

    def meet(_: Workbench) -> str:
        met.wait()
        ended.append("lane")
        return ""

    def last(_: Workbench) -> str:
        ended.append("alone")
        return ""

    table = (Stage("a", "", meet, "left"), Stage("b", "", meet, "right"), Stage("c", "", last))
    monkeypatch.setattr(run_stages, "STAGES", table)
    assert run_stages.main([]) == 0
    assert ended == ["lane", "lane", "alone"]


def test_a_failure_in_a_lane_keeps_the_stages_after_the_lanes_from_running(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    table = (Stage("a", "", failing, "left"), Stage("b", "", passing, "right"), Stage("c", "", passing))
    monkeypatch.setattr(run_stages, "STAGES", table)
    assert run_stages.main([]) == 1
    assert "c                   -  not run" in capsys.readouterr().out


def test_spare_lane_runs_beside_the_stages_without_one_and_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    met = Barrier(2, timeout=20)  # broken unless the spare lane still runs when the lanes have ended

    def meet(_: Workbench) -> str:
        met.wait()
        return ""

    def meet_and_fail(bench: Workbench) -> str:
        met.wait()
        return failing(bench)

    table = [Stage("a", "", passing, "left"), Stage("b", "", meet, SPARE), Stage("c", "", meet)]
    monkeypatch.setattr(run_stages, "STAGES", table)
    assert run_stages.main([]) == 0
    table[1] = Stage("b", "", meet_and_fail, SPARE)
    assert run_stages.main([]) == 1


def test_commands_of_the_spare_lane_give_way_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    def tell(bench: Workbench) -> str:
        bench.counts.append(Counts(1, 0))
        return bench.call(sys.executable, "-c", "import os; print(os.nice(0))").strip()

    table = [Stage("a", "", tell, "left"), Stage("b", "", tell, SPARE), Stage("c", "", tell)]
    bench = Workbench.make(update_snapshots=False)
    outcomes = run_stages.run_stages(table, bench, keep_going=False)
    assert {outcome.stage.name: outcome.note for outcome in outcomes} == {"a": "0", "b": "19", "c": "0"}
    assert len(bench.counts) == 3


def test_run_refuses_a_stage_that_does_not_exist() -> None:
    with pytest.raises(SystemExit) as caught:
        run_stages.main(["--only", "z"])
    assert caught.value.code == 2


def test_call_ends_a_command_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stages, "STAGE_LIMIT", 0.3)
    bench = Workbench.make(update_snapshots=False)
    with pytest.raises(StageFailed, match="no end after"):
        bench.call(sys.executable, "-c", "import time; time.sleep(60)")


LCOV = """SF:src/A.sol
DA:1,5
DA:2,0
DA:3,0
BRDA:2,0,0,-
BRDA:2,0,1,7
BRDA:3,1,0,0
DA:2,1
DA:3,0
BRDA:3,1,0,0
LF:5
LH:2
end_of_record
SF:test/A.t.sol
DA:1,1
end_of_record
SF:src/B.sol
DA:1,1
end_of_record
"""


def test_lcov_counts_sources_and_not_tests_and_what_two_compilations_report_once() -> None:
    files = parse_lcov(LCOV)
    assert files == {
        "src/A.sol": Covered(Ratio(2, 3), Ratio(1, 3)),
        "src/B.sol": Covered(Ratio(1, 1), Ratio(0, 0)),
    }
    assert sum_files(files.values()).lines.percent == 75.0


def test_coverage_that_leaves_a_contract_out_is_seen(tmp_path: Path) -> None:
    for name in ("Seats.sol", "interfaces/ISeats.sol", "libraries/Tally.sol"):
        (tmp_path / "src" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "src" / name).touch()
    assert find_untold(tmp_path, {"src/Seats.sol", "src/libraries/Tally.sol"}) == []
    assert find_untold(tmp_path, {"src/Seats.sol", "src/interfaces/ISeats.sol"}) == [
        "src/libraries/Tally.sol is not in the coverage report",
        "src/interfaces/ISeats.sol is in the coverage report, and has no code",
    ]


def test_python_coverage_counts_lines_and_branches() -> None:
    summary = '{"covered_lines": 8, "num_statements": 10, "covered_branches": 1, "num_branches": 10}'
    total, files = parse_python(f'{{"files": {{"governance/x.py": {{"summary": {summary}}}}}}}')
    assert total.percent == 45.0
    assert total.branches.percent == 10.0
    assert list(files) == ["governance/x.py"]


@pytest.mark.parametrize(
    ("committed", "measured", "complaints"),
    [
        ({"g": {"a": 10_000}}, {"g": {"a": 10_100}}, 0),
        ({"g": {"a": 10_000}}, {"g": {"a": 9_900}}, 0),
        ({"g": {"a": 10_000}}, {"g": {"a": 10_101}}, 1),
        ({"g": {"a": 10_000}}, {"g": {"a": 9_899}}, 1),
        ({"g": {"a": 1}}, {"g": {"a": 1, "b": 1}}, 1),
        ({"g": {"a": 1, "b": 1}}, {"g": {"a": 1}}, 1),
        ({"g": {"a": 0}}, {"g": {"a": 1}}, 1),
        ({}, {}, 0),
    ],
)
def test_snapshots_complain_beyond_one_percent(
    committed: dict[str, dict[str, int]], measured: dict[str, dict[str, int]], complaints: int
) -> None:
    found = snapshots.compare(committed, measured)
    assert len(found) == (complaints + 1 if complaints else 0)  # the last line says what to do


def test_snapshots_read_what_was_written_and_forget_old_groups(tmp_path: Path) -> None:
    snapshots.write_groups({"old": {"x": 1}}, tmp_path)
    snapshots.write_groups({"Council": {"castVote": 5}}, tmp_path)
    assert snapshots.read_groups(tmp_path) == {"Council": {"castVote": 5}}


def test_sizes_find_a_contract_that_no_chain_accepts() -> None:
    assert snapshots.find_oversized({"A runtime": 24_576, "A creation": 49_152}) == []
    assert len(snapshots.find_oversized({"A runtime": 24_577, "A creation": 49_153})) == 2
