"""How committed events travel to the hubs: to this process's own at once, to others by the layer.

Hubs read from the log whatever does not arrive. So nothing here fails a write, no server waits for
the layer, and what cannot be carried is dropped.
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

from realtime.channels import STATE_SECONDS, STATES
from realtime.messages import Message

logger = logging.getLogger(__name__)

SEND_SECONDS = 1.0
"""How long one message of the layer may take, and how long one that failed is not tried again."""
EVENTS_PER_SEND = 100
"""How many events share one message of the layer."""
MOST_WAITING = 1000
"""How many payloads may wait for the layer."""
ACCESS = "access"
"""The group that hears of users, and no channel of the socket."""
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


class StateValue(NamedTuple):
    """A state as it was read after a commit, by the thread that committed."""

    channel: str
    message: Message
    read_at: float
    """When the reading began, by the monotonic clock."""


class Receiver(Protocol):
    """The hub, as a courier sees it."""

    def wants(self, state: str) -> bool:
        """Whether a new value of `state` would be told at once; asked from any thread."""

    def receive(self, payloads: list[Payload], values: list[StateValue]) -> None:
        """Take what a transaction told, to deliver it together; called in the event loop.

        `values` are of states among what changed.
        """


def send(payloads: list[Payload]) -> None:
    """Tell the hubs of what a transaction committed; from any thread, never raising."""
    if not _handed_over(payloads):
        _send_now(payloads)


class Courier:
    """Takes payloads out of the threads that write, in the process of a hub.

    The receiver gets them in the event loop in which this was made. What comes back from the layer
    bears `own_id` as its `sender`.
    """

    def __init__(self, receiver: Receiver, own_id: str) -> None:
        self._receiver = receiver
        self._own_id = own_id
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[Payload] = deque(maxlen=MOST_WAITING)
        self._woken = asyncio.Event()
        self._states: dict[str, Payload] = {}
        self._states_woken = asyncio.Event()

    def hand_over(self, payloads: list[Payload]) -> None:
        """Take what one transaction told, from any thread, with the states that it changed.

        The thread reads them now, as it has a connection at hand: an event and the state it changed
        then leave together, in one write to each socket. Raises RuntimeError when the loop has
        ended.
        """
        changed = [one["channel"] for one in payloads if one["type"] == "state.changed"]
        values = [value for state in changed if (value := self._read(state)) is not None]
        self._loop.call_soon_threadsafe(self._take, payloads, values)

    def _read(self, state: str) -> StateValue | None:
        """The value of a state, unless it is of no use now or cannot be read."""
        if not self._receiver.wants(state):
            return None
        began = time.monotonic()
        try:
            return StateValue(state, STATES[state].value(), began)
        except DatabaseError as error:
            logger.warning("The state %s cannot be read: %r", state, error)
            return None

    def _take(self, payloads: list[Payload], values: list[StateValue]) -> None:
        self._receiver.receive(payloads, values)
        for payload in payloads:
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
                await self._send(payload)

    async def carry_states(self) -> None:
        """Bring to the layer that states changed, now and then; goes on for ever."""
        while True:
            await self._states_woken.wait()
            self._states_woken.clear()
            states, self._states = self._states, {}
            for payload in states.values():
                await self._send(payload)
            await asyncio.sleep(STATE_SECONDS)

    async def _send(self, payload: Payload) -> None:
        await _group_send({**payload, "sender": self._own_id})


def register(courier: Courier) -> None:
    """Make `courier` the way for everything that this process writes."""
    global _courier
    _courier = courier


_courier: Courier | None = None
_failed_at = float("-inf")


def _handed_over(payloads: list[Payload]) -> bool:
    if _courier is None:
        return False  # a command, or a server before its first socket
    try:
        _courier.hand_over(payloads)
    except RuntimeError:
        return False
    return True


def _send_now(payloads: list[Payload]) -> None:
    """Bring payloads to the layer from this thread, unless that failed a moment ago."""
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
        async_to_sync(reach_layer)()
    except Exception:
        return False
    return True


async def reach_layer() -> None:
    """Send the layer something for nobody; raises what the layer raises, or TimeoutError."""
    await _group_send({"type": "health", "channel": GROUP_NOBODY_JOINS})


async def _group_send(payload: Payload) -> None:
    """Send to the group that has the channel's name."""
    async with asyncio.timeout(SEND_SECONDS):
        await get_channel_layer().group_send(payload["channel"], payload)
