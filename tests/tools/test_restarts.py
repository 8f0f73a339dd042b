"""Restarts at a small size: a herd that comes back, and servers that are killed in use."""

from collections.abc import Iterator

import pytest

from tools.faults.world import World
from tools.restarts import herd, soak


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    started = World(**soak.VARIABLES)
    yield started
    started.close()


async def test_clients_of_a_server_that_restarts_all_come_back_and_miss_nothing(
    world: World,
) -> None:
    outcome = await herd.Herd(world, herd.SMALL).run()
    assert outcome.wrong == 0, outcome
    assert outcome.pongs
    assert outcome.delays


async def test_killed_servers_leave_nothing_behind(world: World) -> None:
    outcome = await soak.Soak(world, soak.SMALL).run()
    assert outcome.clean, outcome
    assert outcome.rounds
