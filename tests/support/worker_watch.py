"""A worker's watch of the release of a scene of faults."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from fault_scene import FaultScene
from inference.access import open_access
from inference.lease import Dark
from inference.watch import Look, Watch


@contextmanager
def watching(scene: FaultScene, urls: Sequence[str], stall_limit: float) -> Iterator[tuple[Watch, list[Dark]]]:
    """The watch through these nodes, after a first good look, and what it told. It looks on by itself.

    Units: `stall_limit` in seconds.
    """
    sight = open_access(scene.system.ledger.deployment, list(urls)).sight
    sight.view.stall_limit = stall_limit
    darkness: list[Dark] = []
    watch = Watch(
        dataclasses.replace(sight, stall_limit=stall_limit),
        scene.releases[0],
        scene.worker.address,
        on_dark=darkness.append,
    )
    assert isinstance(watch.look(), Look)
    watch.start()
    try:
        yield watch, darkness
    finally:
        watch.stop()
