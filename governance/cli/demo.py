"""custodes demo: the whole story on this machine, in separate processes, on a real model."""

from __future__ import annotations

import importlib.util
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

from governance.cli.context import App, get_app
from governance.cli.errors import ExtraMissing

NEEDED = ("blake3", "safetensors", "torch", "transformers", "starlette", "uvicorn")  # by the worker that it starts
DEFAULT_MODEL = Path(__file__).resolve().parents[2] / ".cache" / "models" / "SmolLM2-135M-Instruct"


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
    from governance.demo.play import Stage, play, verify_needs
    from governance.demo.runner import Runner

    app = get_app(ctx)
    chosen = (model or DEFAULT_MODEL).absolute()
    _verify_extra()
    verify_needs(chosen)
    directory = Path(tempfile.mkdtemp(prefix="custodes-demo-")) if dir_ is None else dir_.absolute()
    directory.mkdir(parents=True, exist_ok=True)
    runner = Runner(directory, outlives=keep)
    stage = Stage(directory, chosen, runner, Narrator(quiet=app.output.json))
    try:
        result = play(stage)
    except BaseException:
        runner.stop()
        runner.stop_devnet()
        app.output.note(f"everything lies in {directory}")
        raise
    if not keep:
        runner.stop()
        runner.stop_devnet()
    lines = [
        "",
        f"“{result['answer']['text'].strip()}”",
        f"  {result['model']['name']}, governed by fifteen organisations",
    ]
    app.output.result("custodes.demo/1", _shown(result, directory, keep), lines)
    if keep:
        _suggest(app, stage.result, directory)


def _verify_extra() -> None:
    """Returns if the worker can run here. Raises: ExtraMissing."""
    for package in NEEDED:
        if importlib.util.find_spec(package) is None:
            raise ExtraMissing(f"the demo runs a worker, which needs the package {package}, and that is not installed")


def _shown(result: dict[str, Any], directory: Path, keep: bool) -> dict[str, Any]:
    return {**result, "kept": str(directory) if keep else None}


def _suggest(app: App, result: dict[str, Any], directory: Path) -> None:
    app.output.note("")
    app.output.note(f"everything is up, in {directory}. Three things to try there:")
    app.output.note("  custodes audit log                         # the whole story, from the ledger itself")
    app.output.note(
        f"  custodes explain {result['proposals'][2]['number']}                         # why that proposal failed"
    )
    app.output.note("  custodes brake status                      # what is stopped, and what it takes to resume")
    app.output.note("and when you are done:  custodes devnet down --dir devnet")
