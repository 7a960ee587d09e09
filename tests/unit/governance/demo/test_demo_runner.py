"""The demo's hands: what does not go as it must ends the demo, and says which step it was."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from governance.chain.processes import get_start_time
from governance.demo.errors import DemoFailed, ModelMissing
from governance.demo.narrator import Narrator
from governance.demo.play import verify_needs
from governance.demo.runner import Refusal, Runner
from governance.demo.stage import Stage


@pytest.fixture
def runner(tmp_path: Path) -> Iterator[Runner]:
    runner = Runner(tmp_path)
    yield runner
    runner.end()


def test_needs_are_not_met_by_a_directory_that_holds_no_model(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match=r"no model in .*/absent"):
        verify_needs(tmp_path / "absent")
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ModelMissing):
        verify_needs(tmp_path)
    (tmp_path / "model.safetensors").touch()
    verify_needs(tmp_path)


def test_run_raises_with_the_commands_own_words_when_it_fails(runner: Runner) -> None:
    with pytest.raises(DemoFailed, match=r"custodes seat list … failed: no rpc is given"):
        runner.run("seat", "list")
    assert runner.run("explain", "R-Council-08")["rule"] == "R-Council-08"


def test_refuse_raises_when_nothing_is_refused_or_something_else_breaks(runner: Runner) -> None:
    with pytest.raises(DemoFailed, match="should have been refused, and was not"):
        runner.refuse("a-law", "explain", "R-Council-08")
    with pytest.raises(DemoFailed, match="a-list: no rpc is given"):  # exit 2 is no refusal
        runner.refuse("a-list", "seat", "list")


def test_stage_takes_no_refusal_that_was_made_for_another_reason(runner: Runner) -> None:
    stage = Stage(runner.directory, runner.directory, runner, Narrator(quiet=True))
    other = Refusal("tampered-weights", "DeploymentMismatch", "DeploymentMismatch", "compiled from other sources")
    with pytest.raises(DemoFailed, match="refused as DeploymentMismatch, and not as TamperedChunk: compiled"):
        stage.refused(other)
    assert stage.refusals == []
    stage.refused(Refusal("tampered-weights", "TamperedChunk", "TamperedChunk", "chunk 7 of a tensor"))
    assert len(stage.refusals) == 1


def test_wait_raises_when_the_time_is_over_or_a_process_has_ended(runner: Runner) -> None:
    with pytest.raises(DemoFailed, match="waited 0 s for the end of the world"):
        runner.wait("the end of the world", lambda: False, patience=0.1)
    runner.start("short", "explain", "R-Council-08")
    with pytest.raises(DemoFailed, match=r"short ended by itself; see .*short\.log"):
        runner.wait("nothing", lambda: False, patience=60)
    assert "R-Council-08" in (runner.directory / "short.log").read_text()
    del runner.processes["short"]


def test_end_leaves_nothing_running(runner: Runner) -> None:
    sleeper = runner.spawn("sleeper", [sys.executable, "-c", "import time; time.sleep(60)"])
    runner.processes["sleeper"] = sleeper
    runner.end()
    assert runner.processes == {}
    deadline = time.monotonic() + 5
    while get_start_time(sleeper.pid) is not None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert sleeper.stdout is not None
    sleeper.stdout.close()
