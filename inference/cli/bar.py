"""A progress bar for long work, on a terminal alone; elsewhere nothing, since a log of percentages helps nobody."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from governance.cli.context import App, is_interactive


@contextmanager
def show_progress(app: App, what: str) -> Iterator[Callable[[int, int], None] | None]:
    """Gives what takes (bytes done, in all), or None where nobody watches."""
    if app.output.json or not is_interactive():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (TextColumn(what), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what)
        yield lambda done, total: progress.update(task, completed=done, total=total)
