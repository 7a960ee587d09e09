"""scripts/mutate: faults are small and compile, one is on at a time, and only those that a test notices are killed."""

from __future__ import annotations

import itertools
import json
import queue
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mutation_batches import apply_switches, compile_task, divide, make_tasks
from mutation_compiler import Compiler, NotCompiled
from mutation_operators import SELECTOR, Mutant, find_enums, find_mutants
from mutation_order import Killers
from mutation_report import (
    Outcome,
    compute_score,
    format_report,
    keep,
    read_equivalents,
    read_kept,
    start_kept,
    write_report,
)
from mutation_run import EQUIVALENTS, Task, Worker, choose, select_before
from mutation_scratch import Scratch

ROOT = Path(__file__).resolve().parents[3]
GATE = """// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

contract Gate {
    event Opened(uint256 width);
    error TooNarrow();

    function open(uint256 width) external returns (uint256 id) {
        if (width < 7) revert TooNarrow();
        emit Opened(width);
        id = 1 << width;
    }
}
"""
TEST = """// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

interface Vm { function getCode(string calldata) external view returns (bytes memory); }
interface IGate { function open(uint256 width) external returns (uint256 id); }

contract GateTest {
    function test_gate_opensFromSevenOn() external {
        bytes memory code = Vm(address(uint160(uint256(keccak256("hevm cheat code"))))).getCode("Gate.sol:Gate");
        address gate;
        assembly { gate := create(0, add(code, 32), mload(code)) }
        assert(IGate(gate).open(7) == 128);
        try IGate(gate).open(6) { assert(false); } catch {}
    }
}
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One contract and a test that does not look at its event."""
    root = tmp_path_factory.mktemp("project")
    (root / "src").mkdir()
    (root / "test" / "gate").mkdir(parents=True)
    (root / "src" / "Gate.sol").write_text(GATE)
    (root / "test" / "gate" / "Gate.t.sol").write_text(TEST)
    (root / "foundry.toml").write_text((ROOT / "contracts" / "foundry.toml").read_text())
    (root / "node_modules").symlink_to(ROOT / "contracts" / "node_modules")
    return root


@pytest.fixture(scope="module")
def compiler(project: Path) -> Iterator[Compiler]:
    compiler = Compiler.of(project)
    yield compiler
    compiler.close()


@pytest.fixture(scope="module")
def mutants(compiler: Compiler) -> list[Mutant]:
    asts = compiler.get_asts()
    return find_mutants("src/Gate.sol", GATE, asts, find_enums(asts))


def test_faults_are_those_of_every_operator(mutants: list[Mutant]) -> None:
    assert {(mutant.operator, mutant.before, mutant.after) for mutant in mutants} == {
        ("condition", "width < 7", "true"),
        ("condition", "width < 7", "false"),
        ("exchange", "<", "<="),
        ("constant", "7", "8"),
        ("constant", "7", "6"),
        ("deletion", "emit Opened(width)", "true"),
        ("deletion", "id = 1 << width", "true"),
        ("exchange", "<<", ">>"),
        ("constant", "1", "2"),
        ("constant", "1", "0"),
    }
    assert len({mutant.key for mutant in mutants}) == len(mutants)


def test_fault_has_the_same_key_wherever_its_function_stands(compiler: Compiler, mutants: list[Mutant]) -> None:
    moved = GATE.replace("    event", "    // a word\n\n    event")
    shifted = [mutant.key for mutant in mutants]
    found = Compiler(compiler.contracts, {"src/Gate.sol": moved}, compiler.settings)
    try:
        asts = found.get_asts()
    finally:
        found.close()
    assert [mutant.key for mutant in find_mutants("src/Gate.sol", moved, asts, {})] == shifted


def test_faults_that_overlap_are_never_switched_in_one_source(mutants: list[Mutant]) -> None:
    for group in divide([mutant for mutant in mutants if mutant.frame]):
        frames = sorted(mutant.frame for mutant in group if mutant.frame)
        assert all(before[1] <= after[0] for before, after in itertools.pairwise(frames))


def test_literal_that_is_shifted_is_never_behind_a_switch(mutants: list[Mutant]) -> None:
    """As a variable it would have eight bits, and the code that is not mutated would be another."""
    assert [mutant.frame for mutant in mutants if mutant.before == "1"] == [None, None]


def test_switches_leave_the_code_as_it_is_under_number_0(compiler: Compiler, mutants: list[Mutant]) -> None:
    group = divide([mutant for mutant in mutants if mutant.frame])[0]
    text = apply_switches(compiler.sources, group)["src/Gate.sol"]
    assert text.count(SELECTOR) == len(group) > 1
    [batch] = compile_task(compiler, group, ["Gate"])
    codes = [batch.code_of(number)["Gate"] for number in range(len(group) + 1)]
    assert len(set(codes)) == len(codes)
    assert all(SELECTOR.removeprefix("0x") not in code for code in codes)


def test_source_that_is_none_is_not_compiled(compiler: Compiler) -> None:
    with pytest.raises(NotCompiled, match="ParserError"):
        compiler.compile(["Gate"], {"src/Gate.sol": "contract {"})
    broken = Mutant("src/Gate.sol", "Gate.open", "deletion", 0, 40, 1, GATE[:40], "")
    [batch] = compile_task(compiler, [broken], ["Gate"])
    assert batch.code == {}


@pytest.mark.slow
def test_only_faults_that_a_test_notices_are_killed(
    project: Path, compiler: Compiler, mutants: list[Mutant], tmp_path: Path
) -> None:
    originals = compiler.compile(["Gate"], {})
    scratch = Scratch.make(project, tmp_path / "scratch", ["Gate"], ROOT / ".tools" / "bin")
    scratch.put(originals)
    assert scratch.find_failure(scratch.rooms()) is None
    waiting: queue.SimpleQueue[Task] = queue.SimpleQueue()
    for group in make_tasks(mutants):
        waiting.put(Task(tuple(group), ("Gate",)))
    report: queue.SimpleQueue[Outcome | None] = queue.SimpleQueue()
    Worker(compiler, scratch, originals, Killers()).run(waiting, report)
    outcomes = list(iter(report.get, None))
    alive = [outcome for outcome in outcomes if outcome is not None and outcome.status != "killed"]
    assert len(outcomes) == len(mutants)
    assert [(one.status, one.diff) for one in alive] == [
        ("survived", ["-        emit Opened(width);", "+        true;"])
    ]


def outcome(key: str, status: str, contract: str = "Seats") -> Outcome:
    return Outcome(key, contract, "src/Seats.sol", "Seats.f", 3, "constant", status, "", ["-a", "+b"])


def test_killers_of_the_same_function_are_asked_first_and_a_time_out_is_no_test() -> None:
    killers = Killers()
    for function, killer in (
        ("Gate.open", "test_b"),
        ("Gate.open", "test_a"),
        ("Gate.open", "test_a"),
        ("Gate.shut", "test_c"),
        ("Gate.open", "timeout"),
    ):
        killers.learn(Outcome("k", "Gate", "src/Gate.sol", function, 3, "constant", "killed", killer, []))
    near = Mutant("src/Gate.sol", "Gate.open", "deletion", 0, 40, 1, GATE[:40], "")
    assert killers.likely(near) == ["test_a", "test_b", "test_c"]
    assert killers.likely(replace(near, source="src/Other.sol", function="Other.open")) == []


def test_tests_that_are_asked_first_are_found_by_their_whole_name(project: Path, tmp_path: Path) -> None:
    scratch = Scratch.make(project, tmp_path / "scratch", ["Gate"], ROOT / ".tools" / "bin")
    name = "test_gate_opensFromSevenOn"
    assert scratch.find_failure_of(["test_gone", name]) == name  # nothing is deployed: the contracts are empty
    assert scratch.find_failure_of([name[:-1]]) is None
    assert scratch.find_failure_of([]) is None


def test_score_leaves_out_equivalents_and_what_the_compiler_refuses() -> None:
    outcomes = [outcome("a", "killed"), outcome("b", "survived"), outcome("c", "survived"), outcome("d", "refused")]
    score = compute_score(outcomes, {"c": "no test can see it"})
    assert (score.killed, score.survived, score.equivalent, score.total, score.share) == (1, 1, 1, 3, 0.5)


def test_report_complains_of_equivalents_that_are_killed_too_many_or_gone() -> None:
    outcomes = [outcome("a", "killed"), outcome("b", "survived")]
    lines = format_report(outcomes, {"a": "", "b": "", "z": ""}, whole=True).splitlines()
    assert "a is called equivalent, and a test kills it" in lines
    assert "z is called equivalent, and there is no such mutant" in lines
    assert "too many are called equivalent: 1 of 2" in lines
    assert "no such mutant" not in format_report(outcomes, {"z": ""}, whole=False)


def test_report_holds_a_score_of_each_contract(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    write_report(path, [outcome("a", "killed"), outcome("b", "survived", "Brake")], {})
    written = json.loads(path.read_text())
    assert written["schema"] == "custodes.mutation/1"
    assert written["contracts"]["Brake"] == {"killed": 0, "survived": 1, "equivalent": 0, "score": 0.0}


def test_what_a_broken_run_found_is_kept_without_a_line_that_was_cut(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    assert read_kept(path) == []
    keep(path, outcome("a", "killed"))
    keep(path, outcome("b", "survived"))
    path.write_text(path.read_text() + '{"key": "c", "contr')
    assert read_kept(path) == [outcome("a", "killed"), outcome("b", "survived")]


def test_what_a_later_run_found_of_a_mutant_takes_the_place_of_what_was_kept(tmp_path: Path) -> None:
    path = tmp_path / "cache" / "results.jsonl"
    start_kept(path, [outcome("a", "killed"), outcome("b", "survived")])
    keep(path, outcome("b", "killed"))
    assert read_kept(path) == [outcome("a", "killed"), outcome("b", "killed")]
    start_kept(path, [])
    assert read_kept(path) == []


def test_what_stands_is_all_but_what_is_asked_again_and_what_is_gone() -> None:
    kept = [outcome("a", "killed"), outcome("b", "survived"), outcome("c", "survived", "Brake"), outcome("d", "killed")]

    def keys(**how: Any) -> list[str]:
        return [one.key for one in select_before(kept, {"a", "b"}, **how)]

    assert keys(again=False, whole=False) == ["a", "b", "c", "d"]
    assert keys(again=True, whole=False) == ["a", "c", "d"]
    assert keys(again=False, whole=True) == ["a", "b"]
    assert keys(again=True, whole=True) == ["a"]
    assert keys(again=True, whole=True, argued={"b"}) == ["a", "b"]


def test_sample_is_always_the_same(mutants: list[Mutant]) -> None:
    assert choose(mutants, 3) == choose(list(reversed(mutants)), 3)[::-1]
    assert choose(mutants, None) == mutants


def test_committed_equivalents_each_have_a_reason() -> None:
    assert all(len(reason) > 30 for reason in read_equivalents(EQUIVALENTS).values())
