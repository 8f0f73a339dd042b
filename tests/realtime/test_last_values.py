"""The last value of a channel: read once for all who wait, and never an older one after a newer."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from realtime.broker import LastValue
from realtime.last_values import LastValues
from realtime.registry import LAST_VALUES
from realtime.socket.writer import Burst
from realtime.subscribers import Subscribers
from reviews.events import StatsUpdate
from tests.support.waiting import until


class Numbers:
    """Stands in for the tables from which `stats` is read."""

    def __init__(self) -> None:
        self.reads = 0
        self.meanwhile: Callable[[], object] = list
        """What happens between a read and its end."""

    def read(self) -> StatsUpdate:
        self.reads += 1
        found = numbered(self.reads)
        self.meanwhile()
        return found


def numbered(pending: int) -> StatsUpdate:
    return StatsUpdate(pending_reviews=pending, total_decisions=0, decisions_today=0)


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


class Follower:
    """A socket."""

    def __init__(self) -> None:
        self.heard: list[int] = []

    def write(self, burst: Burst) -> None:
        found = [StatsUpdate.model_validate_json(text) for text in burst.texts]
        self.heard += [one.pending_reviews for one in found]

    def restart(self) -> None:
        raise AssertionError("its position is valid")


async def test_a_value_that_was_read_before_a_newer_one_was_sent_is_dropped(
    numbers: Numbers,
) -> None:
    subscribers, follower = Subscribers(), Follower()
    subscribers.add(follower, ["stats"])
    values = LastValues(subscribers)

    def write_newer() -> None:
        if numbers.reads == 1:
            values.offer(LastValue("stats", numbered(100), time.monotonic()))
            subscribers.write(values.due())

    numbers.meanwhile = write_newer
    values.changed("stats")
    sending = asyncio.create_task(values.send_changes())
    await until(lambda: numbers.reads == 1)
    values.changed("stats")
    await until(lambda: 2 in follower.heard)
    sending.cancel()
    assert follower.heard == [100, 2]
