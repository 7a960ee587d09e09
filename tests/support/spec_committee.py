"""Members of a committee by the seats of their organisations, and a committee that has come as far as its key."""

from __future__ import annotations

from governance.encoding.names import compute_organisation_id
from governance.types import Epoch, OracleMember
from spec_world import World, address_of

ONE = Epoch(1)


def members(*seats: int) -> tuple[OracleMember, ...]:
    return tuple(OracleMember(compute_organisation_id(f"org-{seat}"), address_of("oracle", seat)) for seat in seats)


def acknowledging(world: World, count: int) -> World:
    for step in (world.register, world.deal):
        for place in range(5):
            step(ONE, place)
    world.settle(ONE)
    for place in range(count):
        world.acknowledge(ONE, place)
    return world
