"""kill -9 at the places where an oracle leaves something behind: what was begun is finished, and nothing is done twice.

Here a few places are drawn for each stage, from a fixed seed; `scripts/faults` goes to all of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

import death_stages as stages
from committee_player import THRESHOLD
from committee_system import CommitteeSystem, Unlockable
from deaths import GENERATION, PLACES, REFRESH, UNLOCK, Death, Reaper, draw
from oracle_fleet import wait_until

pytestmark = [pytest.mark.chain, pytest.mark.timeout(300)]

SEED = 20_261_123
EACH = 2  # deaths of each stage


def drawn(stage: str) -> list[Death]:
    """A few of a stage's deaths, the same ones in every run."""
    named = [death for death in draw(len(PLACES), SEED) if death.stage == stage and death.seconds == 0]
    return sorted(named[3 :: len(named) // EACH][:EACH], key=PLACES.index)


@dataclass
class Life:
    """Of five oracles, from one case to the next: each finds what those before it have left, and all five running."""

    committee: CommitteeSystem
    made: Unlockable | None = None

    def generate(self, deaths: list[Death]) -> int:
        """The key is made; returns how many have died."""
        died = stages.generate(self.committee, deaths)
        self.made = stages.release(self.committee)
        return len(died)

    @property
    def unlockable(self) -> Unlockable:
        if self.made is None:
            self.generate([])
        assert self.made is not None
        return self.made


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    with stages.mortals(tmp_path_factory.mktemp("mortals")) as committee:
        yield Life(committee)


@pytest.mark.fault(
    "KILL-01",
    "kill -9 at drawn places of a key generation: in the store, in the journal, around a transaction",
    "the key is made; each member has sent each transaction once; each share verifies",
    deadline=120,
)
def test_oracles_killed_while_a_key_is_made_finish_it(life: Life) -> None:
    assert life.generate(drawn(GENERATION)) == EACH


@pytest.mark.fault(
    "KILL-02",
    "kill -9 at drawn places of an unlock: request read, approved, partial written down, sent",
    "three partials by three members, each sent once; the data key's identity opens",
    deadline=120,
)
def test_oracles_killed_during_an_unlock_finish_it(life: Life) -> None:
    assert len(stages.unlock(life.unlockable, drawn(UNLOCK))) == EACH


@pytest.mark.fault(
    "KILL-03",
    "partials are written down, their oracles killed before they are sent, and a stop stands when they come back",
    "R-Oracle-02: the partials are withheld and dropped; they are sent once the quorum has lifted the stop",
    deadline=120,
)
def test_oracles_killed_before_their_answers_left_ask_again_whether_they_may(life: Life) -> None:
    committee, doomed = life.unlockable.committee, life.committee.oracles[:THRESHOLD]
    for oracle in committee.oracles[THRESHOLD:]:
        oracle.freeze()
    reaper = Reaper(committee.oracles, {at: [Death(UNLOCK, "send post", "before")] for at in range(THRESHOLD)})
    reaper.start()
    asked = committee.ask(committee.grant(life.unlockable.model))
    wait_until(lambda: not any(each.is_running for each in doomed), patience=40, what="they die", oracles=doomed)
    committee.pull()
    sent = [committee.transactions_of(each) for each in doomed]
    reaper.tend()  # they are started again
    wait_until(lambda: all(each.lines("withdrawn") for each in doomed), patience=30, what="no answer", oracles=doomed)
    committee.settle(4)
    assert [committee.transactions_of(each) for each in doomed] == sent
    assert committee.partials(asked) == []
    for oracle in doomed:
        assert [said["action"] for said in oracle.lines("withdrawn")] == [f"post/0x{asked.request_id.hex()}"]
        rules = [said["rule"] for said in oracle.lines("refused") if asked.request_id.hex() in said["subject"]]
        assert rules[0] in ("R-Oracle-02", "R-Oracle-01")
    committee.resume()
    committee.wait_for_partials(asked, THRESHOLD)
    for oracle in committee.oracles[THRESHOLD:]:
        oracle.thaw()


@pytest.mark.fault(
    "KILL-04",
    "kill -9 at drawn places of a resharing: dealt again, old shares erased",
    "the same key, other shares; no old share is gone before the new ones are final; nothing is sent twice",
    deadline=120,
)
def test_oracles_killed_during_a_resharing_finish_it(life: Life) -> None:
    assert life.unlockable  # there is a key in force
    assert len(stages.refresh(life.committee, drawn(REFRESH))) == EACH


@pytest.mark.fault(
    "KILL-05",
    "all five are killed at once in the middle of an unlock, and one loses its journal with it",
    "the chain is read again; three partials by three members, nothing is sent twice",
    deadline=120,
)
def test_all_oracles_killed_at_once_during_an_unlock_finish_it(life: Life) -> None:
    committee, unlockable = life.committee, life.unlockable
    before = [committee.transactions_of(each) for each in committee.oracles]
    asked = committee.ask(unlockable.release)
    wait_until(lambda: committee.approvals(asked), patience=60, what="an approval", oracles=committee.oracles)
    for oracle in committee.oracles:
        oracle.kill()
    for path in committee.oracles[0].directory.glob("journal.sqlite*"):
        path.unlink()
    for oracle in committee.oracles:
        oracle.start()
    partials = committee.wait_for_partials(asked, THRESHOLD)
    committee.settle()
    assert len({partial.member for partial in partials}) == len(committee.partials(asked)) == THRESHOLD
    approvals = committee.approvals(asked)
    assert len(approvals) == len(set(approvals))
    after = [committee.transactions_of(each) for each in committee.oracles]
    # One approval and one answer at most: an answer may come just too late, when a reserve has stepped in.
    assert max(now - then for now, then in zip(after, before, strict=True)) <= 2
