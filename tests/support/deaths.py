"""The places at which an oracle may be killed, and oracles that are killed there and come back.

A death is a place in one stage of an oracle's life: before, after or in the middle of something that it leaves behind.
Which of them a run brings about is drawn from a seed. An oracle may die many times in one stage, at one place after the
other; it is started again at once, each time as an operator would.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from oracle_fleet import CUSTODES, OracleProcess

RUNNER = Path(__file__).with_name("dying_oracle.py")
KILLED = -9
ANY_MOMENT = "any moment"  # the place of a death from outside
FIRST, VICTIM, ACCUSED, WITNESS = 0, 1, 2, 3  # places in the list of members that have a part of their own


@dataclass(frozen=True)
class Death:
    """One way to be killed. `who` is the only member that comes by there, if it is not all of them."""

    stage: str
    place: str
    moment: str
    who: int | None = None
    number: int = 1  # which call at that place
    seconds: float = 0.0  # of life, where the place is any moment

    def __str__(self) -> str:
        return f"{self.stage}: {self.moment} {self.place}"


@dataclass(frozen=True)
class Died:
    """A death that has happened, of an oracle that runs again."""

    death: Death
    oracle: str


def _secret(stage: str, doing: str, name: str, who: int | None = None) -> list[Death]:
    return [Death(stage, f"{doing} {name}", moment, who) for moment in ("before", "torn", "after")]


def _kept(stage: str, place: str) -> list[Death]:
    return [Death(stage, place, moment) for moment in ("before", "after")]


def _transaction(stage: str, verb: str, who: int | None = None) -> list[Death]:
    moments = ("before write", "before send", "after send", "before mark", "after mark")
    return [Death(stage, f"{doing} {verb}", moment, who) for moment, doing in (each.split() for each in moments)]


def _making(stage: str) -> list[Death]:
    """Every place of a key generation or a resharing, in the order in which an oracle comes by."""
    read = _kept(stage, "read EpochStarted")
    register = [*_secret(stage, "put", "envelope"), *_transaction(stage, "register")]
    deal = [*_secret(stage, "put", "dealing")]
    registered_first = [*register, *deal] if stage == REFRESH else [*deal, *register]
    return [
        *read,
        *registered_first,
        *_transaction(stage, "deal"),
        *_transaction(stage, "settle", FIRST),
        *_secret(stage, "put", "share"),
        *_transaction(stage, "acknowledge"),
        *_secret(stage, "erase", "dealing"),
        *_secret(stage, "erase", "envelope"),
    ]


GENERATION, COMPLAINT, UNLOCK, REFRESH = "generation", "complaint", "unlock", "refresh"
TOGETHER = "together"  # where all die at once
STAGES = (GENERATION, UNLOCK, REFRESH, COMPLAINT)
PLACES = (
    *_making(GENERATION),
    *_kept(UNLOCK, "read UnlockRequested"),
    *_transaction(UNLOCK, "approve"),
    *_kept(UNLOCK, "answer request"),
    *_transaction(UNLOCK, "post"),
    *_kept(UNLOCK, "close request"),
    *_making(REFRESH),
    *_secret(REFRESH, "erase", "share"),
    *_transaction(COMPLAINT, "complain", VICTIM),
    *_transaction(COMPLAINT, "answer", ACCUSED),
    *_secret(COMPLAINT, "erase", "share", WITNESS),
)


def draw(points: int, seed: int) -> list[Death]:
    """So many deaths, one in eight at any moment and the others at places, none of them twice, in the order of life."""
    dice = random.Random(seed)
    chance = points // 8 + max(0, points - points // 8 - len(PLACES))
    named = dice.sample(PLACES, points - chance)
    loose = [
        Death(dice.choice(STAGES[:3]), ANY_MOMENT, "at", seconds=round(dice.uniform(0.3, 4.0), 2))
        for _ in range(chance)
    ]
    drawn = sorted(named, key=PLACES.index)
    for death in loose:  # between the others of its stage
        drawn.insert(dice.randrange(len(drawn) + 1), death)
    return drawn


def share_out(deaths: Iterable[Death], stage: str, members: Sequence[int]) -> dict[int, list[Death]]:
    """Who dies where in that stage: each in the order of life, and none much oftener than the others."""
    shared: dict[int, list[Death]] = {member: [] for member in members}
    for death in deaths:
        if death.stage == stage:
            least = min(members, key=lambda member: len(shared[member]))
            shared[least if death.who is None else death.who].append(death)
    return shared


@dataclass
class Reaper:
    """Oracles that die where their plan says, and are started again, as long as somebody tends to them."""

    oracles: Sequence[OracleProcess]
    plan: dict[int, list[Death]]
    on_death: Callable[[OracleProcess], None] = lambda oracle: None
    died: list[Died] = field(default_factory=list)
    _due: dict[int, Death] = field(default_factory=dict)
    _since: dict[int, float] = field(default_factory=dict)

    def start(self) -> None:
        """Who has a plan runs by it, and the others as they did."""
        for at, deaths in self.plan.items():
            if deaths and self.oracles[at].is_running:
                self.oracles[at].wait_ready()
                assert self.oracles[at].stop() == 0
            if not self.oracles[at].is_running:
                self._start(at)

    def tend(self) -> None:
        """Who has died is alive again, and whose time has come is dead."""
        for at in self.plan:
            oracle, due = self.oracles[at], self._due.get(at)
            if due is not None and due.place == ANY_MOMENT and time.monotonic() > self._since[at] + due.seconds:
                oracle.kill()
            if not oracle.is_running:
                self._bury(at)
                self._start(at)

    def until(self, condition: Callable[[], Any], *, patience: float, what: str, all_died: bool = True) -> None:
        """Returns as soon as that is true, and everybody has died as planned; fails with what is missing."""
        deadline = time.monotonic() + patience
        while True:
            self.tend()
            is_true = condition()
            if is_true and not (all_died and self.left):
                return
            if time.monotonic() > deadline:
                said = "\n".join(f"{each.directory.name}: {each.log.read_text()[-1500:]}" for each in self.oracles)
                raise AssertionError(f"{what} is {is_true} after {patience:g} s; to come: {self.left}\n{said}")
            time.sleep(0.05)

    @property
    def left(self) -> list[str]:
        """The deaths that have not come yet."""
        planned = [death for deaths in self.plan.values() for death in deaths]
        return [str(death) for death in (*self._due.values(), *planned)]

    def _start(self, at: int) -> None:
        oracle = self.oracles[at]
        oracle.program = CUSTODES
        if self.plan[at]:
            death = self._due[at] = self.plan[at].pop(0)
            self._since[at] = time.monotonic()
            if death.place != ANY_MOMENT:
                mark = str(oracle.directory / "died")
                oracle.program = (sys.executable, str(RUNNER), mark, death.place, death.moment, str(death.number), "--")
        oracle.start()

    def _bury(self, at: int) -> None:
        oracle, death = self.oracles[at], self._due.pop(at, None)
        assert oracle.process is not None
        status = oracle.process.returncode
        if death is None or status != KILLED:
            raise AssertionError(f"{oracle.directory.name} ended with {status}: {oracle.log.read_text()[-3000:]}")
        if death.place != ANY_MOMENT:
            marks = (oracle.directory / "died").read_text().splitlines()
            assert marks[-1] == f"{death.moment} {death.place}"
        self.on_death(oracle)
        self.died.append(Died(death, oracle.directory.name))
