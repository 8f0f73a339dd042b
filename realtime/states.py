"""The channels that carry their latest value only: when it is read, and when it is told.

A state that changed is told at most every STATE_SECONDS, and its last value always. Whoever wrote
in this process has read it already, and it leaves with the events of the same transaction; else it
is read here.
"""

import asyncio
import contextlib
import time
from functools import partial

from realtime.channels import STATE_SECONDS, STATES
from realtime.courier import StateValue
from realtime.history import LOOK_SECONDS, in_database
from realtime.messages import Message
from realtime.outages import survives
from realtime.outbox import Burst
from realtime.subscribers import Subscribers


class States:
    """What each state was when it was read last, and what is known of changes since."""

    def __init__(self, subscribers: Subscribers) -> None:
        self._subscribers = subscribers
        self._latest: dict[str, StateValue] = {}
        self._told_at = dict.fromkeys(STATES, float("-inf"))
        self._values: list[StateValue] = []
        self._changed: dict[str, float] = {}
        self._woken = asyncio.Event()

    async def latest(self, state: str) -> Message | None:
        """The value that subscribers have seen last, if it can be read.

        Read before the first one subscribes, so that the next look has something to compare with.
        """
        if state not in self._latest or not self._subscribers.of(state):
            self._latest.pop(state, None)
            with survives("read a state"):
                await self._read(state)
        return self._latest[state].message if state in self._latest else None

    def changed(self, state: str) -> None:
        """Note that a state has a new value, to be read and told."""
        self._changed[state] = time.monotonic()
        self._woken.set()

    def wants(self, state: str) -> bool:
        """Whether a new value would be told at once; from any thread."""
        rested = time.monotonic() - self._told_at[state] >= STATE_SECONDS
        return rested and bool(self._subscribers.of(state))

    def offer(self, value: StateValue) -> None:
        """Take a value that a writer read; `due` has it."""
        self._values.append(value)

    def due(self) -> dict[str, Burst]:
        """What is to be told of the offered values now; those that must rest are read later."""
        values, self._values = self._values, []
        told: dict[str, Burst] = {}
        for value in values:
            if self.wants(value.channel):
                told.update(self._telling(value, always=True))
            else:
                self.changed(value.channel)
        return told

    async def tell_states(self) -> None:
        """Read and tell states that changed; goes on for ever."""
        while True:
            announced = await self._wait_for_change()
            for state in announced or STATES:
                await asyncio.sleep(self._told_at[state] + STATE_SECONDS - time.monotonic())
                if self._subscribers.of(state) and not self._is_told(state, announced.get(state)):
                    with survives("read a state", then=partial(self.changed, state)):
                        await self._read(state, always=state in announced)
            await asyncio.sleep(STATE_SECONDS)

    async def _wait_for_change(self) -> dict[str, float]:
        """The states that were announced, with when, or none after a while without news."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0 if self._changed else LOOK_SECONDS):
                await self._woken.wait()
        self._woken.clear()
        announced, self._changed = self._changed, {}
        return announced

    def _is_told(self, state: str, announced_at: float | None) -> bool:
        """Whether a value was read after an announcement, and so sent already."""
        latest = self._latest.get(state)
        return bool(latest and announced_at and latest.read_at > announced_at)

    async def _read(self, state: str, *, always: bool = False) -> None:
        began = time.monotonic()
        message = await in_database(STATES[state].value)()
        self._subscribers.write(self._telling(StateValue(state, message, began), always=always))

    def _telling(self, value: StateValue, *, always: bool) -> dict[str, Burst]:
        """What to send of a value, if anything: what is newer, and if it differs or `always`."""
        before = self._latest.get(value.channel)
        if before is not None and value.read_at < before.read_at:
            return {}
        self._latest[value.channel] = value
        news = always or before is None or _differ(before.message, value.message)
        if not (news and self._subscribers.of(value.channel)):
            return {}
        self._told_at[value.channel] = time.monotonic()
        return {value.channel: Burst([value.message.encode()])}


def _differ(before: Message, after: Message) -> bool:
    """Whether two values of a state differ in more than their time."""
    return before.model_copy(update={"timestamp": after.timestamp}) != after
