"""Members of a committee by the seats of their organisations, and a committee that has come as far as its key."""

from __future__ import annotations

from governance.encoding.names import compute_organisation_id
from governance.spec import committee
from governance.types import Epoch, OracleMember
from spec_charter import address_of
from spec_world import World

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


def try_register(world: World, place: int, **changes: object) -> object:
    arguments: dict[str, object] = {
        "caller": world.oracle(place),
        "epoch": ONE,
        "transport_key": bytes(1216),
        "commitments_hash": world.commitments_hash(ONE, place),
        "now": world.now,
    }
    return committee.process_register(world.state, **(arguments | changes))  # type: ignore[arg-type]


def try_deal(world: World, place: int, **changes: object) -> object:
    arguments: dict[str, object] = {
        "caller": world.oracle(place),
        "epoch": ONE,
        "commitments": world.commitments(ONE, place),
        "proof": b"proof",
        "envelopes": world.envelopes(ONE, place),
        "now": world.now,
    }
    return committee.process_deal(world.state, **(arguments | changes))  # type: ignore[arg-type]
