"""The hub: a server process's one member of the groups, and what feeds all its sockets.

A log is delivered by one rule, `offset == last + 1`; what the channel layer did not carry is read
from the event log. A state is delivered as its latest value.
"""

import asyncio
import random
import time
from collections.abc import Callable, Coroutine, Iterable
from functools import partial
from typing import Any
from uuid import uuid4

from django.conf import settings

from realtime import courier, history, metrics
from realtime.channels import CHANNELS, LOGS
from realtime.history import LOOK_SECONDS, for_replay, in_database
from realtime.membership import Membership
from realtime.messages import Message, Position
from realtime.outages import for_ever
from realtime.outbox import bursts_of
from realtime.revocation import OpenSockets
from realtime.states import States
from realtime.subscribers import Subscriber, Subscribers

CHECK_SECONDS = 2.0
PRUNE_SECONDS = 600.0
READ_AT_ONCE = 500
MOST_NEWS = 500
HOLE_SECONDS = 0.03
"""How long events before one that came may be on their way, before they are read from the log."""


class Hub:
    """Delivers the events of every channel to the subscribers of this process."""

    def __init__(self) -> None:
        self._own_id = uuid4().hex
        self._subscribers = Subscribers()
        self._states = States(self._subscribers)
        self._membership = Membership(self._receive, self._own_id)
        self._last: dict[str, Position] = {}
        self._inbox: asyncio.Queue[Callable[[], Coroutine[Any, Any, None]]] = asyncio.Queue()
        self._news: list[courier.Payload] = []
        self._news_expected = False
        self._holes: set[str] = set()
        self._early: dict[str, dict[int, str]] = {name: {} for name in LOGS}
        self._looks: list[asyncio.Future[None]] = []
        self._starting = asyncio.Lock()
        self.sockets = OpenSockets()
        self.broadcasts = self._subscribers.broadcasts
        self._tasks: list[asyncio.Task[None]] = []

    async def stop(self) -> None:
        """End all work and leave the groups: nothing more is to be sent here."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._membership.leave()

    # -- For sockets ----------------------------------------------------------------------

    async def start(self) -> None:
        """Begin to listen, unless it does already. Raises DatabaseError without a database."""
        async with self._starting:
            if self._tasks:
                return
            self._last = await in_database(history.positions)()
            own = courier.Courier(self, self._own_id)
            courier.register(own)
            self._tasks = [
                asyncio.create_task(for_ever(work))
                for work in (
                    self._deliver_all,
                    self._look_regularly,
                    self._states.tell_states,
                    own.carry,
                    own.carry_states,
                    self.sockets.watch,
                    self._membership.receive_all,
                    self._check_sockets,
                    self._prune,
                )
            ]

    async def latest(self, state: str) -> Message | None:
        """The value of a state channel that its subscribers have seen last, if it can be read."""
        return await self._states.latest(state)

    def subscribe(self, subscriber: Subscriber, channels: Iterable[str]) -> dict[str, Position]:
        """Deliver every later event of `channels`; returns where their logs stand."""
        self._subscribers.add(subscriber, channels)
        return self.positions(channels)

    def unsubscribe(self, subscriber: Subscriber, channels: Iterable[str] = CHANNELS) -> None:
        self._subscribers.discard(subscriber, channels)

    def replace(self, old: Subscriber, new: Subscriber, channels: Iterable[str]) -> None:
        """Deliver to `new` what `old` was subscribed to among `channels`."""
        self.unsubscribe(old, channels)
        self.subscribe(new, channels)

    async def reach(self, position: Position, channel: str) -> None:
        """Catch up if a client knows of later events than this process does.

        Raises DatabaseError when that cannot be found out.
        """
        last = self._last[channel]
        if position.epoch != last.epoch or position.offset > last.offset:
            await self._ask_for_look()

    def positions(self, channels: Iterable[str]) -> dict[str, Position]:
        """Where the logs among `channels` stand: the last event delivered of each."""
        return {channel: self._last[channel] for channel in channels if channel in LOGS}

    def lag(self, tops: dict[str, Position]) -> int:
        """How many events of `tops` this process has not delivered yet."""
        behind = [tops[channel].offset - last.offset for channel, last in self._last.items()]
        return max([0, *behind])

    # -- Logs -----------------------------------------------------------------------------

    async def _deliver_all(self) -> None:
        """The one task that delivers events, so that their order is its order."""
        while True:
            work = await self._inbox.get()
            await work()
            await asyncio.sleep(0)  # now the sockets write

    async def _take_news(self) -> None:
        """Deliver all that came meanwhile; what came before its turn waits for it."""
        self._news_expected = False
        news, self._news = self._news, []
        for payload in news:
            channel = payload["channel"]
            if payload["epoch"] == self._last[channel].epoch:
                self._early[channel].update(payload["events"])
            else:
                await self._look()  # which delivers it too, if it belongs to the history of now
        for channel in {payload["channel"] for payload in news}:
            await self._deliver_early(channel)
        self._subscribers.write(self._states.due())

    async def _deliver_early(self, channel: str) -> None:
        """Deliver those that came early and whose turn it is, and forget those that were known."""
        early, last = self._early[channel], self._last[channel].offset
        for offset in [offset for offset in early if offset <= last]:
            del early[offset]
        due: list[str] = []
        while (offset := last + len(due) + 1) in early:
            due.append(early.pop(offset))
        await self._deliver(channel, due)
        if early and channel not in self._holes:
            self._holes.add(channel)
            fill = partial(self._fill_hole, channel)
            asyncio.get_running_loop().call_later(HOLE_SECONDS, self._inbox.put_nowait, fill)

    async def _fill_hole(self, channel: str) -> None:
        """Read from the log what did not come in time before what came early."""
        self._holes.discard(channel)
        while early := self._early[channel]:
            last = self._last[channel]
            await self._catch_up(channel, last.model_copy(update={"offset": min(early) - 1}))

    async def _answer_looks(self) -> None:
        waiting, self._looks = self._looks, []
        try:
            await self._look()
        except Exception as error:
            _resolve(waiting, error)
            raise
        _resolve(waiting)

    async def _look(self) -> None:
        """Read what came without the layer's help."""
        for channel, position in (await in_database(history.positions)()).items():
            if _is_another_history(position, self._last[channel]):
                self._start_anew(channel, position)
            elif position.offset > self._last[channel].offset:
                await self._catch_up(channel, position)

    async def _catch_up(self, channel: str, position: Position) -> None:
        """Deliver from the log what comes up to `position`, and then what came early after it."""
        while (last := self._last[channel].offset) < position.offset:
            events = await in_database(history.events_after)(channel, last, limit=READ_AT_ONCE)
            if not events or events[0][0] != last + 1:
                self._start_anew(channel, position)  # we were away for longer than history reaches
                return
            await self._deliver(channel, [text for _, text in events])
        await self._deliver_early(channel)

    def _start_anew(self, channel: str, position: Position) -> None:
        """Go on from `position` though events before it are unknown; clients must ask anew."""
        self._last[channel] = position
        self._early[channel].clear()
        for subscriber in tuple(self._subscribers.of(channel)):
            subscriber.restart()

    async def _deliver(self, channel: str, texts: list[str]) -> None:
        """Deliver the next events of a log, and with the last of them the states they changed.

        The sockets write between the bursts.
        """
        bursts = list(bursts_of(texts))
        for number, burst in enumerate(bursts, start=1):
            epoch, offset = self._last[channel].epoch, self._last[channel].offset
            position = Position.model_construct(epoch=epoch, offset=offset + len(burst.texts))
            self._last[channel] = position
            if number < len(bursts):
                self._subscribers.write({channel: burst})
                await asyncio.sleep(0)
            else:
                self._subscribers.write({channel: burst, **self._states.due()})

    async def _check_sockets(self) -> None:
        """End the sockets that have been open or silent for too long, or are not read."""
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            for socket in self.sockets.all():
                socket.check(time.monotonic())

    async def _prune(self) -> None:
        """Keep the log within its bounds, as the command prune_events does."""
        while True:
            spread = random.uniform(0.5, 1.5)  # noqa: S311 — rarely two at once # nosec B311
            await asyncio.sleep(PRUNE_SECONDS * spread)
            await for_replay(history.prune)(
                days=settings.HITL_HISTORY_DAYS, events=settings.HITL_HISTORY_EVENTS
            )

    # -- News -----------------------------------------------------------------------------

    def wants(self, state: str) -> bool:
        """Whether a new value of `state` would be told at once; from any thread."""
        return self._states.wants(state)

    def receive(self, payloads: list[courier.Payload], values: list[courier.StateValue]) -> None:
        """Take what a transaction of this process told, and what the states it changed are now."""
        for payload in payloads:
            if payload["channel"] not in {value.channel for value in values}:
                self._receive(payload)
        for value in values:
            self._states.offer(value)
            self._expect_news()

    def _receive(self, payload: courier.Payload) -> None:
        if payload["type"] == "state.changed":
            self._states.changed(payload["channel"])
        elif payload["type"] == "access.changed":
            self.sockets.doubt(payload["users"])
        elif len(self._news) < MOST_NEWS:  # what finds no room is found by the next look
            self._expect_news()
            self._news.append(payload)

    def _expect_news(self) -> None:
        """Have the delivering task take the news, unless it will anyhow."""
        if not self._news_expected:
            self._news_expected = True
            self._inbox.put_nowait(self._take_news)

    async def _look_regularly(self) -> None:
        """Ask for a look when the counters show something that was not delivered.

        The counters are read here and not by the task that delivers: while the database is slow,
        what the layer brings still goes out.
        """
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            tops = await in_database(history.positions)()
            metrics.HUB_LAG.set(self.lag(tops))
            if tops != self._last:
                await self._ask_for_look()

    async def _ask_for_look(self) -> None:
        """Have the delivering task look, and return when it has."""
        done = asyncio.get_running_loop().create_future()
        self._looks.append(done)
        if len(self._looks) == 1:
            self._inbox.put_nowait(self._answer_looks)
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
    """Whether what was delivered cannot be in the log of now: another epoch, or a shorter one.

    A log never shrinks; one that did was restored without `renew_epochs`.
    """
    return now.epoch != last.epoch or now.offset < last.offset


_hub = Hub()


def get_hub() -> Hub:
    """The hub of this process."""
    return _hub
