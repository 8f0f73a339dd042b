"""PostgreSQL fails over to an asynchronous replica: committed events are lost, offsets given again.

What PostgreSQL lost is lost. But every client must be told to reload, and none may go on with a
history that the database does not have.
"""

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import httpx

from tests.support.replicas import Pair, ReplicatedSite
from tests.support.site import Site
from tests.support.waiting import pause, until
from tools.faults.load import Load
from tools.faults.watcher import Watcher
from tools.faults.world import World

HELD_BACK_SECONDS = 0.4
"""How long the replica receives nothing before the primary dies."""


@dataclass(frozen=True)
class Promotions:
    """The effects of some promotions; the first three must be 0, and the fourth must not."""

    gaps: int  # events of the last history that a socket never applied and was not told of
    two_events: int  # offsets of one epoch under which sockets applied different events
    stuck: int  # sockets whose last epoch is not the log's
    lost_by_postgres: int  # decisions that were answered and that no database has any more
    reloads: int
    server_errors: int
    slowest_answer: float

    @property
    def clean(self) -> bool:
        return not (self.gaps or self.two_events or self.stuck) and self.lost_by_postgres > 0


@dataclass
class Stretch:
    """What a client applied between two reloads."""

    epoch: str
    start: int
    applied: list[tuple[int, str]] = field(default_factory=list)  # offset, decision id


class ReloadingWatcher(Watcher):
    """Reloads when it is told to: it goes on from the position that came with that answer."""

    def __init__(self, address: str, cookie: str, position: dict[str, Any]) -> None:
        super().__init__(address, cookie, position)
        self.stretches = [Stretch(self.epoch, self.last, self.applied)]

    def take(self, message: dict[str, Any]) -> bool:
        gap = super().take(message)
        if message["type"] == "subscription_confirmed" and not message["recovered"]["decisions"]:
            position = message["positions"]["decisions"]
            self.epoch, self.last, self.applied = position["epoch"], position["offset"], []
            self.stretches.append(Stretch(self.epoch, self.last, self.applied))
        return gap


class ReplicatedWorld(World):
    """Two servers on a pair of PostgreSQL servers."""

    def __init__(self) -> None:
        self.pair = Pair()
        super().__init__()

    def make_site(self) -> Site:
        return ReplicatedSite(self.pair, REDIS_URL=self.redis.url)

    def close(self) -> None:
        super().close()
        self.pair.close()


class FailoverLoad(Load):
    """Decisions while replicas are promoted; those on APVs that PostgreSQL lost are given up."""

    watcher_class = ReloadingWatcher
    world: ReplicatedWorld

    async def promote(self, times: int) -> Promotions:
        """Promote the replica so many times during the load."""
        truth = await self.follow(partial(self._promote, times))
        watchers = [one for one in self.watchers if isinstance(one, ReloadingWatcher)]
        return Promotions(
            gaps=sum(_missing(one, truth) for one in watchers),
            two_events=_told_twice(watchers, self.end, truth),
            stuck=sum(one.epoch != self.end["epoch"] for one in watchers),
            lost_by_postgres=len(set(self.answered) - await asyncio.to_thread(self._decided)),
            reloads=sum(one.reloads for one in watchers),
            server_errors=self.server_errors,
            slowest_answer=self.slowest,
        )

    async def _promote(self, times: int, world: World, stretch: float) -> None:
        for _ in range(times):
            self.world.pair.hold_back()
            await pause(HELD_BACK_SECONDS)
            await asyncio.to_thread(self.world.pair.fail_over)
            await self._decisions_again()
            await asyncio.to_thread(self.world.pair.add_replica)

    async def _decisions_again(self) -> None:
        """Wait until each server decides on the new primary."""
        answered = len(self.answered)
        await until(lambda: len(self.answered) > answered + 10)

    def refused(self, answer: httpx.Response) -> None:
        assert answer.status_code in {400, 404}, answer.text  # PostgreSQL lost the APV

    def has_all(self, watcher: Watcher, truth: list[tuple[int, str]]) -> bool:
        return watcher.epoch == self.end["epoch"] and super().has_all(watcher, truth)

    def _truth(self) -> list[tuple[int, str]]:
        self.end = self.world.position()
        return super()._truth()

    def _decided(self) -> set[str]:
        rows = self.world.site.rows("SELECT decision_id::text FROM reviews_decision")
        return {decision_id for (decision_id,) in rows}


def _missing(watcher: ReloadingWatcher, truth: list[tuple[int, str]]) -> int:
    """Return how many events after its last reload a client did not apply."""
    last = watcher.stretches[-1]
    return len({event for event in truth if event[0] > last.start} - set(last.applied))


def _told_twice(
    watchers: list[ReloadingWatcher], end: dict[str, Any], truth: list[tuple[int, str]]
) -> int:
    """Return how many offsets of an epoch stand for different events, the log among them."""
    found: dict[tuple[str, int], set[str]] = defaultdict(set)
    for watcher in watchers:
        for stretch in watcher.stretches:
            for offset, decision_id in stretch.applied:
                found[stretch.epoch, offset].add(decision_id)
    for offset, decision_id in truth:
        if (end["epoch"], offset) in found:
            found[end["epoch"], offset].add(decision_id)
    return sum(len(ids) > 1 for ids in found.values())
