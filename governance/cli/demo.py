"""custodes demo: the whole story on this machine, in separate processes, on a real model."""

from __future__ import annotations

import importlib.util
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from governance.cli.context import get_app
from governance.cli.errors import ExtraMissing

if TYPE_CHECKING:
    from governance.demo.runner import Runner

NEEDED = ("blake3", "safetensors", "torch", "transformers", "starlette", "uvicorn")  # by the worker that it starts
DEFAULT_MODEL = Path(__file__).resolve().parents[2] / ".cache" / "models" / "SmolLM2-135M-Instruct"
WHAT_THEY_SHOW = (
    "the whole story, from the ledger itself",
    "why that proposal failed",
    "what is stopped, and what it takes to resume",
)


def demo(
    ctx: typer.Context,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the chain and the oracles up, to play with.")] = False,
    model: Annotated[
        Path | None, typer.Option(metavar="DIR", help="A transformers directory; by default what scripts/setup brings.")
    ] = None,
    dir_: Annotated[
        Path | None, typer.Option("--dir", metavar="DIR", help="Where everything lies; by default a new directory.")
    ] = None,
) -> None:
    """Fifteen organisations vote, a committee unlocks a language model, the brake stops it, and the audit agrees.

    Anvil, five oracles and the worker are processes of their own. What must be refused is tried, and refused.
    """
    from governance.demo.narrator import Narrator
    from governance.demo.play import play, verify_needs
    from governance.demo.runner import Runner
    from governance.demo.stage import Stage

    app = get_app(ctx)
    chosen = (model or DEFAULT_MODEL).absolute()
    _verify_extra()
    verify_needs(chosen)
    directory = Path(tempfile.mkdtemp(prefix="custodes-demo-")) if dir_ is None else dir_.absolute()
    directory.mkdir(parents=True, exist_ok=True)
    runner = Runner(directory, outlives=keep)
    stage = Stage(directory, chosen, runner, Narrator(quiet=app.output.json))
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what we started ends with us, however we are told to
    try:
        result = play(stage)
    except BaseException:
        runner.end()
        app.output.note(f"everything lies in {directory}")
        raise
    if not keep:
        runner.end()
    kept = _keep(runner, result) if keep else None
    lines = [
        "",
        f"“{result['answer']['text'].strip()}”",
        f"  {result['model']['name']}, governed by fifteen organisations",
    ]
    app.output.result("custodes.demo/1", {**result, "kept": kept}, lines)
    if kept is not None:
        app.output.note("")
        app.output.note("everything is up. Three things to try:")
        app.output.note(f"  cd {directory}")
        for command, what in zip(kept["try"], WHAT_THEY_SHOW, strict=True):
            app.output.note(f"  {command.ljust(30)}  # {what}")
        app.output.note(f"and when you are done:  {kept['end']}")


def _verify_extra() -> None:
    """Returns if the worker can run here. Raises: ExtraMissing."""
    for package in NEEDED:
        if importlib.util.find_spec(package) is None:
            raise ExtraMissing(f"the demo runs a worker, which needs the package {package}, and that is not installed")


def _keep(runner: Runner, result: dict[str, Any]) -> dict[str, Any]:
    """What runs on, what to try with it, and how to end it; the processes' numbers are in the file `pids`."""
    processes = {name: process.pid for name, process in runner.processes.items()}
    (runner.directory / "pids").write_text("".join(f"{pid}\n" for pid in processes.values()))
    name = "custodes" if shutil.which("custodes") else str(Path(sys.executable).with_name("custodes"))
    failed = next(proposal["number"] for proposal in result["proposals"] if proposal["state"] == "defeated")
    return {
        "directory": str(runner.directory),
        "processes": processes,
        "try": [f"{name} audit log", f"{name} explain {failed}", f"{name} brake status"],
        "end": f"kill $(cat pids); {name} devnet down --dir devnet",
    }
