"""Send committed events to the hubs: to this process's own at once, to others by the channel layer.

Hubs read from the log what does not arrive. So nothing here makes a write fail, no server waits for
the channel layer, and what cannot be sent is dropped.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, Protocol

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import Error as DatabaseError

from realtime.messages import Message
from realtime.registry import LAST_VALUES

logger = logging.getLogger(__name__)

REST_SECONDS = 0.25
"""How long a last value that was just sent rests before it is sent again."""
SEND_SECONDS = 1.0
"""How long one message of the layer may take, and how long one that failed is not tried again."""
EVENTS_PER_SEND = 100
"""How many events share one message of the layer."""
MOST_WAITING = 1000
"""How many payloads may wait for the layer."""
ACCESS = "access"
"""The group that hears of users, and no channel of the socket."""
GROUP_NOBODY_JOINS = "health"

LOG_EVENTS, VALUE_CHANGED, ACCESS_CHANGED = "log.events", "value.changed", "access.changed"
"""The types of payloads."""

Payload = dict[str, Any]


def log_events(channel: str, epoch: str, events: list[tuple[int, str]]) -> Payload:
    """Return the payload for events of a log, each an offset and its JSON text."""
    return {"type": LOG_EVENTS, "channel": channel, "epoch": epoch, "events": events}


def value_changed(channel: str) -> Payload:
    """Return the payload that says that a channel has a new last value."""
    return {"type": VALUE_CHANGED, "channel": channel}


def access_changed(users: list[int] | None) -> Payload:
    """Return the payload that has `users`, by id, checked again; None means everybody."""
    return {"type": ACCESS_CHANGED, "channel": ACCESS, "users": users}


class LastValue(NamedTuple):
    """The last value of a channel, as the committing thread read it after the commit."""

    channel: str
    message: Message
    read_at: float
    """When the reading began, by the monotonic clock."""


class Receiver(Protocol):
    """The hub, as a broker sees it."""

    def wants(self, channel: str) -> bool:
        """Return whether the hub would send a new value at once. Call from any thread."""

    def receive(self, payloads: list[Payload], values: list[LastValue]) -> None:
        """Take what a transaction published, to deliver it together. Call in the event loop.

        `values` are of channels among those that changed.
        """


def send(payloads: list[Payload]) -> None:
    """Send to the hubs what a transaction committed. Call from any thread. Never raise."""
    if not _handed_over(payloads):
        _send_now(payloads)


class Broker:
    """Takes payloads from the threads that write, in a process with a hub.

    The receiver gets them in the event loop in which the broker was created. Payloads that the
    channel layer echoes carry `own_id` as their `sender`.
    """

    def __init__(self, receiver: Receiver, own_id: str) -> None:
        self._receiver = receiver
        self._own_id = own_id
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[Payload] = deque(maxlen=MOST_WAITING)
        self._woken = asyncio.Event()
        self._values: dict[str, Payload] = {}
        self._values_woken = asyncio.Event()

    def hand_over(self, payloads: list[Payload]) -> None:
        """Take what one transaction published, from any thread, with the last values it changed.

        The thread reads these values now, as it has a connection: the event and the value it
        changed leave together, in one write to each socket. Raise RuntimeError if the loop has
        ended.
        """
        changed = [one["channel"] for one in payloads if one["type"] == VALUE_CHANGED]
        values = [value for channel in changed if (value := self._read(channel)) is not None]
        self._loop.call_soon_threadsafe(self._take, payloads, values)

    def _read(self, channel: str) -> LastValue | None:
        """Return a channel's value, or None if it is not needed now or cannot be read."""
        if not self._receiver.wants(channel):
            return None
        began = time.monotonic()
        try:
            return LastValue(channel, LAST_VALUES[channel].read(), began)
        except DatabaseError as error:
            logger.warning("The last value of %s cannot be read: %r", channel, error)
            return None

    def _take(self, payloads: list[Payload], values: list[LastValue]) -> None:
        self._receiver.receive(payloads, values)
        for payload in payloads:
            if payload["type"] == VALUE_CHANGED:
                self._values[payload["channel"]] = payload
                self._values_woken.set()
            else:
                self._waiting.append(payload)
                self._woken.set()

    async def send_events(self) -> None:
        """Send waiting events to the channel layer in as few messages as possible, for ever."""
        while True:
            await self._woken.wait()
            self._woken.clear()
            waiting = list(self._waiting)
            self._waiting.clear()
            for payload in merged(waiting):
                await self._send(payload)

    async def send_changed_values(self) -> None:
        """Send to the channel layer, at intervals, which last values changed. Never return."""
        while True:
            await self._values_woken.wait()
            self._values_woken.clear()
            values, self._values = self._values, {}
            for payload in values.values():
                await self._send(payload)
            await asyncio.sleep(REST_SECONDS)

    async def _send(self, payload: Payload) -> None:
        await _group_send({**payload, "sender": self._own_id})


def register(broker: Broker) -> None:
    """Send everything that this process writes through `broker`."""
    global _broker
    _broker = broker


_broker: Broker | None = None
_failed_at = float("-inf")


def _handed_over(payloads: list[Payload]) -> bool:
    if _broker is None:
        return False  # a command, or a server before its first socket
    try:
        _broker.hand_over(payloads)
    except RuntimeError:
        return False
    return True


def _send_now(payloads: list[Payload]) -> None:
    """Send payloads to the channel layer from this thread, unless that has just failed."""
    global _failed_at
    if time.monotonic() - _failed_at < SEND_SECONDS:
        return
    try:
        async_to_sync(_send_all)(payloads)
    except Exception as error:
        _failed_at = time.monotonic()
        types = ", ".join(payload["type"] for payload in payloads)
        logger.warning("The channel layer did not take %s: %r", types, error)


async def _send_all(payloads: list[Payload]) -> None:
    for payload in merged(payloads):
        await _group_send(payload)


def merged(payloads: Iterable[Payload]) -> Iterator[Payload]:
    """Yield the same payloads merged into as few as possible, events in order of their offsets."""
    logs: dict[tuple[str, str], list[tuple[int, str]]] = {}
    for payload in payloads:
        if payload["type"] == LOG_EVENTS:
            log = payload["channel"], payload["epoch"]
            logs.setdefault(log, []).extend(payload["events"])
        else:
            yield payload
    for (channel, epoch), events in logs.items():
        events.sort()
        for start in range(0, len(events), EVENTS_PER_SEND):
            yield log_events(channel, epoch, events[start : start + EVENTS_PER_SEND])


def layer_answers() -> bool:
    """Return whether the channel layer takes a message now. Wait for a second at most."""
    try:
        async_to_sync(reach_layer)()
    except Exception:
        return False
    return True


async def reach_layer() -> None:
    """Send the channel layer a message for nobody; raise what it raises, or TimeoutError."""
    await _group_send({"type": "health", "channel": GROUP_NOBODY_JOINS})


async def _group_send(payload: Payload) -> None:
    """Send to the group that has the channel's name."""
    async with asyncio.timeout(SEND_SECONDS):
        await get_channel_layer().group_send(payload["channel"], payload)
