"""Committees as far as their rules have brought them."""

from __future__ import annotations

import pytest

from governance.types import (
    ActionKind,
    FormCommittee,
    ReleaseId,
    RequestId,
)
from spec_committee import members
from spec_world import World


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def forming(world: World) -> World:
    """An epoch of five that registers; slack 1."""
    world.carry(ActionKind.FORM_COMMITTEE, FormCommittee(3, 1, members(0, 3, 6, 9, 12)))
    return world


@pytest.fixture
def asked() -> tuple[World, ReleaseId, RequestId]:
    """A worker that asked for an unlock."""
    world = World()
    world.form_committee()
    release = world.grant_release(world.register_model())
    return world, release, world.request(release)
