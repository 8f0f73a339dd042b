from collections.abc import Iterator

import pytest

from tests.support.nginx import BEHIND, Nginx, nginx_before
from tools.faults.world import World


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """An installation of two servers that trust the proxy on this machine."""
    started = World(**BEHIND)
    yield started
    started.close()


@pytest.fixture(scope="module")
def nginx(world: World) -> Iterator[Nginx]:
    with nginx_before(*world.servers) as running:
        yield running
