"""The first subscribers of a channel of last values share one read of the value."""

import asyncio
from dataclasses import replace

import pytest

from realtime.last_values import LastValues
from realtime.registry import LAST_VALUES
from realtime.subscribers import Subscribers
from reviews.events import StatsUpdate


class Numbers:
    """Stands in for the tables from which `stats` is read."""

    reads = 0

    def read(self) -> StatsUpdate:
        self.reads += 1
        return StatsUpdate(pending_reviews=self.reads, total_decisions=0, decisions_today=0)


@pytest.fixture
def numbers(monkeypatch: pytest.MonkeyPatch) -> Numbers:
    found = Numbers()
    stats = replace(LAST_VALUES["stats"], read=found.read)
    monkeypatch.setitem(LAST_VALUES, "stats", stats)
    return found


async def test_those_who_come_together_share_a_read(numbers: Numbers) -> None:
    values = LastValues(Subscribers())
    found = await asyncio.gather(*(values.latest("stats") for _ in range(50)))
    assert numbers.reads == 1
    assert {id(one) for one in found} == {id(found[0])}


async def test_a_value_that_nobody_follows_is_read_again(numbers: Numbers) -> None:
    values = LastValues(Subscribers())
    for reads in (1, 2):
        found = await values.latest("stats")
        assert isinstance(found, StatsUpdate)
        assert found.pending_reviews == reads
