"""Channels that carry only their latest value: when to read it, and when to send it.

A changed value is sent at most every REST_SECONDS, and the last one always. If a thread of this
process wrote, it has already read the value, which leaves with the events of the same transaction;
otherwise it is read here.
"""

import asyncio
import contextlib
import time
from collections.abc import Sequence
from functools import partial

from realtime.batches import Batches
from realtime.broker import REST_SECONDS, LastValue
from realtime.database_threads import in_database
from realtime.messages import Message
from realtime.outages import survives
from realtime.registry import LAST_VALUES
from realtime.socket.writer import Burst
from realtime.subscribers import Subscribers

POLL_SECONDS = 1.0
"""How often a process asks the database for what nothing told it."""


class LastValues:
    """The value of each channel as it was last read, and what is known of changes since."""

    def __init__(self, subscribers: Subscribers) -> None:
        self._subscribers = subscribers
        self._latest: dict[str, LastValue] = {}
        self._sent_at = dict.fromkeys(LAST_VALUES, float("-inf"))
        self._values: list[LastValue] = []
        self._changed: dict[str, float] = {}
        self._woken = asyncio.Event()
        self._first_reads = Batches(self._read_first)

    async def latest(self, channel: str) -> Message | None:
        """Return the value that subscribers saw last, if it can be read.

        It is read before the first one subscribes, so that the next poll can compare.
        """
        if not self._is_followed(channel):
            await self._first_reads.result_of(channel)
        return self._latest[channel].message if channel in self._latest else None

    def _is_followed(self, channel: str) -> bool:
        return channel in self._latest and bool(self._subscribers.of(channel))

    async def _read_first(self, channels: Sequence[str]) -> list[None]:
        """Read the value of each channel once for all that are to be its first subscribers."""
        for channel in dict.fromkeys(channels):
            if not self._is_followed(channel):
                self._latest.pop(channel, None)
                with survives("read a last value"):
                    await self._read(channel)
        return [None] * len(channels)

    def changed(self, channel: str) -> None:
        """Record that a channel has a new value, which must be read and sent."""
        self._changed[channel] = time.monotonic()
        self._woken.set()

    def wants(self, channel: str) -> bool:
        """Return whether a new value would be sent at once. Call from any thread."""
        rested = time.monotonic() - self._sent_at[channel] >= REST_SECONDS
        return rested and bool(self._subscribers.of(channel))

    def offer(self, value: LastValue) -> None:
        """Take a value that a writing thread read; `due` returns it."""
        self._values.append(value)

    def due(self) -> dict[str, Burst]:
        """Return the offered values to send now. Values sent too recently are read again later."""
        values, self._values = self._values, []
        due: dict[str, Burst] = {}
        for value in values:
            if self.wants(value.channel):
                due.update(self._news(value, always=True))
            else:
                self.changed(value.channel)
        return due

    async def send_changes(self) -> None:
        """Read and send changed values. Never return."""
        while True:
            announced = await self._wait_for_change()
            for channel in tuple(announced or LAST_VALUES):
                await asyncio.sleep(self._sent_at[channel] + REST_SECONDS - time.monotonic())
                if self._must_read(channel, announced.get(channel)):
                    with survives("read a last value", then=partial(self.changed, channel)):
                        await self._read(channel, always=channel in announced)
            await asyncio.sleep(REST_SECONDS)

    async def _wait_for_change(self) -> dict[str, float]:
        """Return the announced channels, with the time of each; none after a while without one."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0 if self._changed else POLL_SECONDS):
                await self._woken.wait()
        self._woken.clear()
        announced, self._changed = self._changed, {}
        return announced

    def _must_read(self, channel: str, announced_at: float | None) -> bool:
        """Return whether the channel has subscribers and was not read since the announcement."""
        latest = self._latest.get(channel)
        is_sent = latest and announced_at and latest.read_at > announced_at
        return bool(self._subscribers.of(channel)) and not is_sent

    async def _read(self, channel: str, *, always: bool = False) -> None:
        began = time.monotonic()
        message = await in_database(LAST_VALUES[channel].read)()
        self._subscribers.write(self._news(LastValue(channel, message, began), always=always))

    def _news(self, value: LastValue, *, always: bool) -> dict[str, Burst]:
        """Return the value's message if it is newer and differs, or with `always`."""
        before = self._latest.get(value.channel)
        if before is not None and value.read_at < before.read_at:
            return {}
        self._latest[value.channel] = value
        is_news = always or before is None or _differ(before.message, value.message)
        if not (is_news and self._subscribers.of(value.channel)):
            return {}
        self._sent_at[value.channel] = time.monotonic()
        return {value.channel: Burst([value.message.encode()])}


def _differ(before: Message, after: Message) -> bool:
    """Return whether two values of a channel differ in more than their time."""
    return before.model_copy(update={"timestamp": after.timestamp}) != after
