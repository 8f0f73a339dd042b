"""The fault table at a small size: whatever breaks, nothing is lost, doubled or out of order."""

from collections.abc import Iterator

import pytest

from tools.faults.failover import FailoverLoad, ReplicatedWorld
from tools.faults.kinds import KINDS, Kind, LineFault, RedisLineFault, Worlds, measure
from tools.faults.load import SMALL


@pytest.fixture(scope="module")
def worlds() -> Iterator[Worlds]:
    started = Worlds()
    yield started
    started.close()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.title)
async def test_nothing_is_lost_doubled_or_out_of_order(
    kind: Kind | LineFault | RedisLineFault, worlds: Worlds
) -> None:
    outcome = await measure(kind, worlds, SMALL)
    assert outcome.clean, outcome


@pytest.fixture
def replicated() -> Iterator[ReplicatedWorld]:
    world = ReplicatedWorld()
    yield world
    world.close()


async def test_nobody_keeps_a_history_that_a_promoted_replica_does_not_have(
    replicated: ReplicatedWorld,
) -> None:
    addresses = [server.origin for server in replicated.servers]
    outcome = await FailoverLoad(replicated, SMALL, addresses).promote(2)
    assert outcome.clean, outcome
