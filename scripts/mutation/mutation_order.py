"""Which tests to ask first: those that killed what stood near the fault before.

Nothing is decided here. A fault that these tests do not notice is shown to every other test as well.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from mutation_operators import Mutant
from mutation_report import Outcome

MOST = 16  # tests that are asked first


class Killers:
    """Tests by what they killed, of this run and of the one that it goes on with."""

    def __init__(self, outcomes: Iterable[Outcome] = ()) -> None:
        self._by_function: dict[str, Counter[str]] = {}
        self._by_source: dict[str, Counter[str]] = {}
        for outcome in outcomes:
            self.learn(outcome)

    def learn(self, outcome: Outcome) -> None:
        """A test's name is learnt; a crash and a time-out are not."""
        if outcome.status == "killed" and outcome.killer.startswith("test"):
            self._by_function.setdefault(outcome.function, Counter())[outcome.killer] += 1
            self._by_source.setdefault(outcome.source, Counter())[outcome.killer] += 1

    def likely(self, mutant: Mutant) -> list[str]:
        """At most MOST names, the likeliest first: of the same function, then of the same source."""
        near = self._by_function.get(mutant.function, Counter())
        around = self._by_source.get(mutant.source, Counter())
        names = [name for name, _ in near.most_common(MOST)]
        names += [name for name, _ in around.most_common() if name not in near]
        return names[:MOST]
