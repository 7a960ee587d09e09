"""Many mutants in one compilation: each stands behind a switch, and a number in the code says which one is on.

The number is a 32-byte word that the compiler pushes wherever a switch is, so that another mutant is switched on by
replacing those bytes. Number 0 is the code as it is. Mutants whose frames overlap are in different batches.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from mutation_compiler import Compiler, NotCompiled
from mutation_operators import SELECTOR, Mutant

LARGEST = 60  # mutants of a batch: more make functions too large for the compiler's stack

Code = dict[str, str]  # creation code by contract, as hex


@dataclass(frozen=True)
class Batch:
    """Compiled mutants of sources that the same contracts are made of."""

    mutants: tuple[Mutant, ...]
    code: Code

    def code_of(self, number: int) -> Code:
        """The contracts with that mutant on, counted from 1."""
        selector = SELECTOR.removeprefix("0x")
        return {name: code.replace(selector, f"{number:064x}") for name, code in self.code.items()}


def make_tasks(mutants: Sequence[Mutant]) -> list[list[Mutant]]:
    """What is compiled at once: groups of switched mutants, and alone those that no switch fits."""
    alone = [[mutant] for mutant in mutants if mutant.frame is None]
    return divide([mutant for mutant in mutants if mutant.frame is not None]) + alone


def divide(mutants: Sequence[Mutant]) -> list[list[Mutant]]:
    """The mutants in few groups; within one no two frames of the same source touch."""
    groups: list[list[Mutant]] = []
    for mutant in mutants:
        for group in groups:
            if len(group) < LARGEST and not any(_touch(mutant, other) for other in group):
                group.append(mutant)
                break
        else:
            groups.append([mutant])
    return groups


def _touch(a: Mutant, b: Mutant) -> bool:
    assert a.frame is not None
    assert b.frame is not None
    return a.source == b.source and a.frame[0] < b.frame[1] and b.frame[0] < a.frame[1]


def compile_task(compiler: Compiler, mutants: Sequence[Mutant], contracts: Sequence[str]) -> Iterator[Batch]:
    """Every mutant of the task once, in some batch; one that the compiler refuses is in a batch without code."""
    if len(mutants) == 1:
        yield _compile_alone(compiler, mutants[0], contracts)
        return
    try:
        yield Batch(tuple(mutants), compiler.compile(contracts, apply_switches(compiler.sources, mutants)))
    except NotCompiled:  # one of them is of the wrong type: find it
        half = len(mutants) // 2
        yield from compile_task(compiler, mutants[:half], contracts)
        yield from compile_task(compiler, mutants[half:], contracts)


def _compile_alone(compiler: Compiler, mutant: Mutant, contracts: Sequence[str]) -> Batch:
    try:
        code = compiler.compile(contracts, {mutant.source: mutant.apply(compiler.sources[mutant.source])})
    except NotCompiled:
        return Batch((mutant,), {})
    return Batch((mutant,), code)


def apply_switches(sources: Mapping[str, str], mutants: Sequence[Mutant]) -> dict[str, str]:
    """The sources with a switch for each mutant, numbered from 1 in the order given."""
    replaced: dict[str, str] = {}
    numbered = list(enumerate(mutants, 1))
    for source in {mutant.source for mutant in mutants}:
        data = sources[source].encode()
        here = [(number, mutant) for number, mutant in numbered if mutant.source == source and mutant.frame]
        original = data
        for number, mutant in sorted(here, key=lambda pair: -(pair[1].frame or (0, 0))[0]):
            assert mutant.frame is not None
            start, end = mutant.frame
            data = data[:start] + mutant.switch(original, number) + data[end:]
        replaced[source] = data.decode()
    return replaced
