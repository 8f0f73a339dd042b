"""The hub: a server process's only member of the groups, which feeds all its sockets.

It delivers a log by one rule, `offset == last + 1`, and reads from the event log what the channel
layer did not bring. Of channels without a log it delivers the latest value.
"""

import asyncio
import random
import time
from collections.abc import Callable, Coroutine, Iterable
from functools import cache, partial
from typing import Any
from uuid import uuid4

from django.conf import settings

from realtime import broker, log, metrics
from realtime.database_threads import for_replay, in_database
from realtime.group_listener import GroupListener
from realtime.last_values import POLL_SECONDS, LastValues
from realtime.log_reader import LogReader
from realtime.messages import Message, Position
from realtime.open_sockets import OpenSockets
from realtime.outages import for_ever
from realtime.pruning import prune
from realtime.registry import CHANNELS, LOGS
from realtime.revocation import Revocation
from realtime.socket.admission import Admission
from realtime.socket.writer import Burst, bursts_of
from realtime.subscribers import Subscriber, Subscribers

CHECK_SECONDS = 2.0
PRUNE_SECONDS = 600.0
READ_AT_ONCE = 500
MOST_NEWS = 500
GAP_SECONDS = 0.03
"""How long events before one that came may be on their way, before they are read from the log."""


class Hub:
    """Delivers the events of every channel to the subscribers of this process."""

    def __init__(self) -> None:
        self._own_id = uuid4().hex
        self._subscribers = Subscribers()
        self._last_values = LastValues(self._subscribers)
        self._group_listener = GroupListener(self._receive, self._own_id)
        self._last: dict[str, Position] = {}
        self._inbox: asyncio.Queue[Callable[[], Coroutine[Any, Any, None]]] = asyncio.Queue()
        self._news: list[broker.Payload] = []
        self._news_expected = False
        self._gaps: set[str] = set()
        self._early: dict[str, dict[int, str]] = {name: {} for name in LOGS}
        self._polls: list[asyncio.Future[None]] = []
        self._starting = asyncio.Lock()
        self.sockets = OpenSockets()
        self.admission = Admission()
        self.log_reader = LogReader()
        self.revocation = Revocation(self.sockets)
        self.broadcasts = self._subscribers.broadcasts
        self._tasks: list[asyncio.Task[None]] = []

    async def stop(self) -> None:
        """Stop all tasks and leave the groups. The hub sends nothing after this."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._group_listener.leave()

    # -- For sockets ----------------------------------------------------------------------

    async def start(self) -> None:
        """Start listening, unless it does already. Raise DatabaseError without a database."""
        async with self._starting:
            if self._tasks:
                return
            self._last = await in_database(log.current_positions)()
            own = broker.Broker(self, self._own_id)
            broker.register(own)
            self._tasks = [
                asyncio.create_task(for_ever(work))
                for work in (
                    self._deliver_all,
                    self._poll_regularly,
                    self._last_values.send_changes,
                    own.send_events,
                    own.send_changed_values,
                    self.revocation.run,
                    self._group_listener.receive_all,
                    self._check_sockets,
                    self._prune,
                )
            ]

    async def latest(self, channel: str) -> Message | None:
        """Return the value of a channel that its subscribers saw last, if it can be read."""
        return await self._last_values.latest(channel)

    def subscribe(self, subscriber: Subscriber, channels: Iterable[str]) -> dict[str, Position]:
        """Deliver every later event of `channels`; return the positions of their logs."""
        self._subscribers.add(subscriber, channels)
        return self.positions(channels)

    def unsubscribe(self, subscriber: Subscriber, channels: Iterable[str] = CHANNELS) -> None:
        self._subscribers.discard(subscriber, channels)

    def replace(self, old: Subscriber, new: Subscriber, channels: Iterable[str]) -> None:
        """Deliver to `new` the subscriptions of `old` among `channels`."""
        self.unsubscribe(old, channels)
        self.subscribe(new, channels)

    async def reach(self, position: Position, channel: str) -> None:
        """Catch up if a client knows later events than this process has delivered.

        Raise DatabaseError if the position of the log cannot be read.
        """
        last = self._last[channel]
        if position.epoch != last.epoch or position.offset > last.offset:
            await self._ask_for_poll()

    def positions(self, channels: Iterable[str]) -> dict[str, Position]:
        """Return the positions of the logs among `channels`: the last event delivered of each."""
        return {channel: self._last[channel] for channel in channels if channel in LOGS}

    def lag(self, tops: dict[str, Position]) -> int:
        """Return how many events of `tops` this process has not delivered yet."""
        behind = [tops[channel].offset - last.offset for channel, last in self._last.items()]
        return max([0, *behind])

    # -- Logs -----------------------------------------------------------------------------

    async def _deliver_all(self) -> None:
        """Run the only task that delivers events: a single task keeps them in order."""
        while True:
            work = await self._inbox.get()
            await work()
            await asyncio.sleep(0)  # let the sockets write

    async def _take_news(self) -> None:
        """Deliver the events that have arrived; keep those that arrived before their turn."""
        self._news_expected = False
        news, self._news = self._news, []
        for payload in news:
            channel = payload["channel"]
            if payload["epoch"] == self._last[channel].epoch:
                self._early[channel].update(payload["events"])
            else:
                await self._poll()  # which also delivers it, if it belongs to the current history
        channels = dict.fromkeys(payload["channel"] for payload in news)
        await self._deliver({channel: self._take_early(channel) for channel in channels})

    def _take_early(self, channel: str) -> list[str]:
        """Return the early events whose turn has come; drop those already delivered."""
        early, last = self._early[channel], self._last[channel].offset
        for offset in [offset for offset in early if offset <= last]:
            del early[offset]
        due: list[str] = []
        while (offset := last + len(due) + 1) in early:
            due.append(early.pop(offset))
        if early and channel not in self._gaps:
            self._gaps.add(channel)
            fill = partial(self._fill_gap, channel)
            asyncio.get_running_loop().call_later(GAP_SECONDS, self._inbox.put_nowait, fill)
        return due

    async def _fill_gap(self, channel: str) -> None:
        """Read from the log what is missing before the events that arrived early."""
        self._gaps.discard(channel)
        while early := self._early[channel]:
            last = self._last[channel]
            await self._catch_up(channel, last.model_copy(update={"offset": min(early) - 1}))

    async def _answer_polls(self) -> None:
        waiting, self._polls = self._polls, []
        try:
            await self._poll()
        except Exception as error:
            _resolve(waiting, error)
            raise
        _resolve(waiting)

    async def _poll(self) -> None:
        """Read what the channel layer did not bring."""
        for channel, position in (await in_database(log.current_positions)()).items():
            if _is_another_history(position, self._last[channel]):
                self._start_anew(channel, position)
            elif position.offset > self._last[channel].offset:
                await self._catch_up(channel, position)

    async def _catch_up(self, channel: str, position: Position) -> None:
        """Deliver from the log up to `position`, and then the early events that follow it."""
        while (last := self._last[channel]).offset < position.offset:
            events = await in_database(log.events_after)(channel, last, limit=READ_AT_ONCE)
            if not events or events[0][0] != last.offset + 1:
                self._start_anew(channel, position)  # away for longer than the history reaches
                return
            await self._deliver({channel: [text for _, text in events]})
        await self._deliver({channel: self._take_early(channel)})

    def _start_anew(self, channel: str, position: Position) -> None:
        """Continue from `position` although events before it are unknown; clients must subscribe
        again.
        """
        self._last[channel] = position
        self._early[channel].clear()
        for subscriber in tuple(self._subscribers.of(channel)):
            subscriber.restart()

    async def _deliver(self, events: dict[str, list[str]]) -> None:
        """Deliver the next events of logs, and the values they changed: if few, in one write.

        Of many events, the sockets write between the bursts.
        """
        last_bursts: dict[str, Burst] = {}
        for channel, texts in events.items():
            bursts = list(bursts_of(texts))
            for burst in bursts[:-1]:
                self._advance(channel, burst)
                self._subscribers.write({channel: burst})
                await asyncio.sleep(0)
            if bursts:
                last_bursts[channel] = bursts[-1]
        for channel, burst in last_bursts.items():
            self._advance(channel, burst)
        self._subscribers.write({**last_bursts, **self._last_values.due()})

    def _advance(self, channel: str, burst: Burst) -> None:
        epoch, offset = self._last[channel].epoch, self._last[channel].offset
        position = Position.model_construct(epoch=epoch, offset=offset + len(burst.texts))
        self._last[channel] = position

    async def _check_sockets(self) -> None:
        """Close the sockets that were open or silent for too long, or whose clients do not read."""
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            for socket in self.sockets.all():
                socket.check(time.monotonic())

    async def _prune(self) -> None:
        """Keep the log within its limits, as the command prune_events does."""
        while True:
            spread = random.uniform(0.5, 1.5)  # noqa: S311 — rarely two at once # nosec B311
            await asyncio.sleep(PRUNE_SECONDS * spread)
            await for_replay(prune)(
                days=settings.HITL_HISTORY_DAYS, events=settings.HITL_HISTORY_EVENTS
            )

    # -- News -----------------------------------------------------------------------------

    def wants(self, channel: str) -> bool:
        """Return whether a new value of `channel` would be sent at once. Call from any thread."""
        return self._last_values.wants(channel)

    def receive(self, payloads: list[broker.Payload], values: list[broker.LastValue]) -> None:
        """Take what a transaction of this process published, and the last values it changed."""
        with_values = {value.channel for value in values}
        for payload in payloads:
            if payload["channel"] not in with_values:
                self._receive(payload)
        for value in values:
            self._last_values.offer(value)
            self._expect_news()

    def _receive(self, payload: broker.Payload) -> None:
        if payload["type"] == broker.VALUE_CHANGED:
            self._last_values.changed(payload["channel"])
        elif payload["type"] == broker.ACCESS_CHANGED:
            self.revocation.recheck(payload["users"])
        elif len(self._news) < MOST_NEWS:  # the next poll finds what has no room here
            self._expect_news()
            self._news.append(payload)

    def _expect_news(self) -> None:
        """Wake the delivering task, unless it will run anyway."""
        if not self._news_expected:
            self._news_expected = True
            self._inbox.put_nowait(self._take_news)

    async def _poll_regularly(self) -> None:
        """Ask for a poll when the counters show an event that was not delivered.

        This task reads the counters, and not the one that delivers, so that events from the channel
        layer still go out while the database is slow.
        """
        while True:
            await asyncio.sleep(POLL_SECONDS)
            tops = await in_database(log.positions)()
            metrics.HUB_LAG.set(self.lag(tops))
            if tops != self._last:
                await self._ask_for_poll()

    async def _ask_for_poll(self) -> None:
        """Have the delivering task poll, and return when it has."""
        done = asyncio.get_running_loop().create_future()
        self._polls.append(done)
        if len(self._polls) == 1:
            self._inbox.put_nowait(self._answer_polls)
        await done


def _resolve(futures: list["asyncio.Future[None]"], error: Exception | None = None) -> None:
    for future in futures:
        if future.cancelled():
            continue
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)


def _is_another_history(now: Position, last: Position) -> bool:
    """Return whether delivered events cannot be in the current log: its epoch differs or it is
    shorter.

    A log never shrinks; if it is shorter, it was restored in a way that PostgreSQL does not tell.
    """
    return now.epoch != last.epoch or now.offset < last.offset


@cache
def get_hub() -> Hub:
    """Return the hub of this process. Its channels are those registered by the first call."""
    return Hub()
