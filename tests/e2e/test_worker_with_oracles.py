"""A worker and five real oracles, each a process of its own: with all, with three, and with two of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from committee_system import CommitteeSystem, committee_system
from governance.encoding.names import proposal_id_of
from governance.ledger.history import History
from governance.types import Phase
from worker_shell import Ran, Shell
from worker_world import Committee, Released, WorkerWorld

pytestmark = [pytest.mark.chain, pytest.mark.slow, pytest.mark.timeout(600)]

QUESTION = "Hello, who are you?"


@pytest.fixture(scope="module")
def oracles(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommitteeSystem]:
    with committee_system(tmp_path_factory.mktemp("oracles")) as made:
        for oracle in made.oracles:
            oracle.start()
        made.wait_for_phase(made.form(), Phase.IN_FORCE)
        yield made


@pytest.fixture(scope="module")
def world(oracles: CommitteeSystem, tmp_path_factory: pytest.TempPathFactory) -> WorkerWorld:
    return WorkerWorld(oracles.system, Committee(oracles.system), oracles.pulse, tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def shell(world: WorkerWorld) -> Shell:
    return Shell.at(world.directory / "shell", world.system.ledger, world.system.anvil.url)


@pytest.fixture(scope="module")
def released(world: WorkerWorld, shell: Shell) -> Released:
    found = world.release()
    shell.keep("worker", found.worker)
    return found


def ask(shell: Shell, world: WorkerWorld, released: Released, *options: str) -> Ran:
    number = History.of(world.system.ledger).get_proposal(proposal_id_of(released.release_id)).number
    where = ("--release", str(number), "--model", str(released.directory), "--key", "worker", "--max-tokens", "4")
    return shell.run("worker", "ask", QUESTION, *where, *options, timeout=240)


def test_worker_unlocks_with_all_with_three_and_not_with_two_of_five_oracles(
    oracles: CommitteeSystem, world: WorkerWorld, shell: Shell, released: Released
) -> None:
    with_all = ask(shell, world, released, "--json")
    assert with_all.code == 0, with_all.out + with_all.err
    partials = with_all.json["unlock"]["partials"]
    assert len({partial["oracle"] for partial in partials}) >= 3
    assert all(partial["transaction"].startswith("0x") for partial in partials)

    for oracle in oracles.oracles[:2]:
        oracle.kill()
    with_three = ask(shell, world, released, "--json")
    assert with_three.code == 0, with_three.out + with_three.err
    assert with_three.json["tokenIds"] == with_all.json["tokenIds"]
    answered = {partial["member"] for partial in with_three.json["unlock"]["partials"]}
    assert answered == {3, 4, 5}

    oracles.oracles[2].kill()
    with_two = ask(shell, world, released, "--patience", "20s")
    assert with_two.code == 3
    assert "2 of 3 partials" in with_two.err
    names = [f"oracle-{n} ({world.system.organisations[seat]})" for n, seat in ((1, 0), (2, 5), (3, 10))]
    assert ", ".join(names) in with_two.err

    oracles.oracles[0].start()  # one comes back
    again = ask(shell, world, released, "--json")
    assert again.code == 0, again.out + again.err
    assert again.json["tokenIds"] == with_all.json["tokenIds"]
