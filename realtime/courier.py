"""How committed events travel to the hubs: to this process's own at once, to others by the layer.

Hubs read from the log whatever does not arrive. So nothing here fails a write or holds it up, and
what cannot be carried is dropped.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer

logger = logging.getLogger(__name__)

SEND_SECONDS = 1.0
"""How long one message of the layer may take, and how long one that failed is not tried again."""
EVENTS_PER_SEND = 100
"""How many events share one message of the layer."""
MOST_WAITING = 1000
"""How many payloads may wait for the layer."""
ACCESS = "access"
"""The group that hears of users, and no channel of the socket."""
STATE_SECONDS = 0.25
"""How long the news of a state rests before the next; hubs tell it no oftener."""
GROUP_NOBODY_JOINS = "health"

Payload = dict[str, Any]


def log_events(channel: str, epoch: str, events: list[tuple[int, str]]) -> Payload:
    """What tells hubs of events of a log, each an offset and its JSON text."""
    return {"type": "log.events", "channel": channel, "epoch": epoch, "events": events}


def state_changed(channel: str) -> Payload:
    """What tells hubs that a state has a new value."""
    return {"type": "state.changed", "channel": channel}


def access_changed(users: list[int] | None) -> Payload:
    """What tells hubs that `users`, by id, may have lost something; None means everybody."""
    return {"type": "access.changed", "channel": ACCESS, "users": users}


def send(payload: Payload) -> None:
    """Tell the hubs of something that committed; from any thread, never raising."""
    if not _handed_over(payload):
        _send_now(payload)


class Courier:
    """Takes payloads out of the threads that write, in the process of a hub.

    `deliver` is how the hub takes one; it is called in the event loop in which this was made.
    """

    def __init__(self, deliver: Callable[[Payload], None]) -> None:
        self._deliver = deliver
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[Payload] = deque(maxlen=MOST_WAITING)
        self._woken = asyncio.Event()
        self._states: dict[str, Payload] = {}
        self._states_woken = asyncio.Event()

    def hand_over(self, payload: Payload) -> None:
        """Take a payload, from any thread. Raises RuntimeError when the loop has ended."""
        self._loop.call_soon_threadsafe(self._take, payload)

    def _take(self, payload: Payload) -> None:
        self._deliver(payload)
        if payload["type"] == "state.changed":
            self._states[payload["channel"]] = payload
            self._states_woken.set()
        else:
            self._waiting.append(payload)
            self._woken.set()

    async def carry(self) -> None:
        """Bring to the layer what waits, in as few messages as may be; goes on for ever."""
        while True:
            await self._woken.wait()
            self._woken.clear()
            waiting = list(self._waiting)
            self._waiting.clear()
            for payload in merged(waiting):
                await _group_send(payload)

    async def carry_states(self) -> None:
        """Bring to the layer that states changed, now and then; goes on for ever."""
        while True:
            await self._states_woken.wait()
            self._states_woken.clear()
            states, self._states = self._states, {}
            for payload in states.values():
                await _group_send(payload)
            await asyncio.sleep(STATE_SECONDS)


def register(courier: Courier) -> None:
    """Make `courier` the way for everything that this process writes."""
    global _courier
    _courier = courier


_courier: Courier | None = None
_failed_at = float("-inf")


def _handed_over(payload: Payload) -> bool:
    if _courier is None:
        return False  # a command, or a server before its first socket
    try:
        _courier.hand_over(payload)
    except RuntimeError:
        return False
    return True


def _send_now(payload: Payload) -> None:
    """Bring a payload to the layer from this thread, unless that failed a moment ago."""
    global _failed_at
    if time.monotonic() - _failed_at < SEND_SECONDS:
        return
    try:
        for part in merged([payload]):
            async_to_sync(_group_send)(part)
    except Exception as error:
        _failed_at = time.monotonic()
        logger.warning("The channel layer did not take %s: %r", payload["type"], error)


def merged(payloads: Iterable[Payload]) -> Iterator[Payload]:
    """The same news in as few payloads as may be, a log's events in the order of their offsets."""
    logs: dict[tuple[str, str], list[tuple[int, str]]] = {}
    for payload in payloads:
        if payload["type"] == "log.events":
            log = payload["channel"], payload["epoch"]
            logs.setdefault(log, []).extend(payload["events"])
        else:
            yield payload
    for (channel, epoch), events in logs.items():
        events.sort()
        for start in range(0, len(events), EVENTS_PER_SEND):
            yield log_events(channel, epoch, events[start : start + EVENTS_PER_SEND])


def layer_answers() -> bool:
    """Whether the channel layer takes a message now; waits a second at most."""
    try:
        async_to_sync(_group_send)({"type": "health", "channel": GROUP_NOBODY_JOINS})
    except Exception:
        return False
    return True


async def _group_send(payload: Payload) -> None:
    """Send to the group that has the channel's name."""
    async with asyncio.timeout(SEND_SECONDS):
        await get_channel_layer().group_send(payload["channel"], payload)
