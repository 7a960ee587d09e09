"""kill -9 of a worker at each step of an unlock: the next one waits for the request whose key was lost, and unlocks.

The transport key of a request is in the dead process's memory alone: what the committee still answers opens nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from governance.encoding.names import proposal_id_of
from governance.ledger.history import History
from governance.types import RequestId, RequestRecord
from governance.types.events.committee import PartialPosted, UnlockRequested
from plaintext_poller import Poller
from tiny_model import read_rows
from worker_shell import Ran, Shell
from worker_world import SIZE, THRESHOLD, Released, WorkerWorld, wait_for, worker_world

pytestmark = pytest.mark.chain

QUESTION = "Hello, who are you?"
EVERYBODY = frozenset(range(SIZE))


@dataclass(frozen=True)
class Step:
    """Where an unlock stands when its worker is killed: what the chain shows, with these members alive and willing."""

    approvals: int
    partials: int
    alive: frozenset[int] = EVERYBODY
    willing: frozenset[int] = EVERYBODY

    def is_reached(self, request: RequestRecord) -> bool:
        return request.approvals.bit_count() >= self.approvals and request.partials.bit_count() >= self.partials


STEPS = {
    "asked": Step(0, 0, alive=frozenset()),
    "approved, unanswered": Step(THRESHOLD, 0, willing=frozenset()),
    "one partial short": Step(THRESHOLD, THRESHOLD - 1, willing=frozenset(range(THRESHOLD - 1))),
    "answered": Step(THRESHOLD, THRESHOLD),
}


@dataclass
class Patient:
    """A worker that is killed and started again."""

    world: WorkerWorld
    shell: Shell
    released: Released
    where: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        number = History.of(self.world.system.ledger).get_proposal(proposal_id_of(self.released.release_id)).number
        model = ("--release", str(number), "--model", str(self.released.directory), "--key", "worker")
        self.where = ("worker", "ask", QUESTION, *model, "--max-tokens", "4", "--json")

    def ask(self) -> Ran:
        ran = self.shell.run(*self.where, timeout=90)
        assert ran.code == 0, ran.out + ran.err
        return ran

    def last_request(self) -> RequestId:
        return self.world.system.ledger.committee.get_last_request(
            self.released.release_id, self.released.worker.address
        )

    def die_at(self, step: Step) -> RequestId:
        """The worker is killed as soon as a new request of its stands there; that request."""
        committee, before = self.world.system.ledger.committee, self.last_request()
        self.world.committee.alive, self.world.committee.willing = set(step.alive), set(step.willing)
        with self.shell.start(*self.where) as process:
            wait_for(lambda: self.last_request() != before, what="a request")
            asked = self.last_request()
            wait_for(lambda: step.is_reached(committee.get_request(asked)), what=f"{step}")
            assert process.poll() is None, self.shell.log
            process.kill()
            process.wait()
        self.world.committee.alive, self.world.committee.willing = set(EVERYBODY), set(EVERYBODY)
        answered = STEPS["answered"]
        wait_for(lambda: answered.is_reached(committee.get_request(asked)), what="answers that nobody can use")
        return asked


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Patient]:
    with worker_world(tmp_path_factory.mktemp("world")) as world, world.committee.answering():
        shell = Shell.at(world.directory / "shell", world.system.ledger, world.system.anvil.url)
        released = world.release()
        shell.keep("worker", released.worker)
        yield Patient(world, shell, released)


@pytest.mark.fault(
    "KILL-06",
    "a worker is killed when it has asked, when t approve, when t - 1 have answered, and when t have",
    "each is followed by one that asks anew, and the last opens the model; no member answers a request twice",
    deadline=180,
)
def test_workers_killed_at_each_step_of_an_unlock_unlock_anew(patient: Patient) -> None:
    undisturbed = patient.ask().json["tokenIds"]
    lost = [patient.die_at(step) for step in STEPS.values()]
    again = patient.ask().json
    assert again["tokenIds"] == undisturbed
    assert bytes.fromhex(again["unlock"]["requestId"].removeprefix("0x")) not in lost
    events = [record.event for record in patient.world.system.ledger.events()]
    asked = [event.request_id for event in events if isinstance(event, UnlockRequested)]
    answers = Counter((event.request_id, event.index) for event in events if isinstance(event, PartialPosted))
    assert len(asked) == len(set(asked)) == 1 + len(STEPS) + 1
    assert set(answers.values()) == {1}
    assert all(sum(request == each for request, _ in answers) == THRESHOLD for each in asked)
    rows = read_rows(patient.released.source, count=50)
    poller = Poller(rows, [patient.world.directory, Path("/dev/shm")], list, patient.released.source)
    poller.look()
    assert poller.files > 10
    assert not poller.found
