"""A process's only listener to the groups of the channel layer."""

import asyncio
import contextlib
from collections.abc import Callable

from channels.layers import get_channel_layer

from realtime.broker import ACCESS, SEND_SECONDS, Payload, reach_layer
from realtime.outages import RETRY_SECONDS, survives
from realtime.registry import CHANNELS

ECHO_SECONDS = 10.0
"""How often the listener sends itself a message, and how long that may take."""
ECHO = "echo"


class GroupListener:
    """Joins the groups and passes each payload from other processes to `take`.

    Payloads with `own_id` as their sender come from this process and are skipped. If the layer
    takes messages but nothing comes back, the listener joins again: it may have been left with a
    server that is frozen, or is no longer the master.
    """

    def __init__(self, take: Callable[[Payload], None], own_id: str) -> None:
        self._take = take
        self._own_id = own_id
        self._name: str | None = None
        self._heard = asyncio.Event()

    async def receive_all(self) -> None:
        """Receive the groups' messages. Never return."""
        layer = get_channel_layer()
        if self._name is None:
            await reach_layer()  # a new channel is kept even if Redis did not receive it
            self._name = await layer.new_channel("hub")
        for group in (*CHANNELS, ACCESS):
            await layer.group_add(group, self._name)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._receive(self._name))
            tasks.create_task(self._check(self._name))

    async def _receive(self, name: str) -> None:
        while True:
            payload = await get_channel_layer().receive(name)
            if payload["type"] == ECHO:
                self._heard.set()
            elif payload.get("sender") != self._own_id:
                self._take(payload)

    async def _check(self, name: str) -> None:
        """Forget the layer's connections and raise ConnectionError if no echo comes."""
        while True:
            await asyncio.sleep(ECHO_SECONDS)
            if not await self._hears(name):
                self._name = None
                await get_channel_layer().flush()
                raise ConnectionError("the channel layer took a message and did not deliver it")

    async def _hears(self, name: str) -> bool:
        """Return False if the layer takes a message that does not come back."""
        self._heard.clear()
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await get_channel_layer().send(name, {"type": ECHO})
        except Exception:
            return True  # an outage: the layer's connections end by themselves
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ECHO_SECONDS):
                await self._heard.wait()
        return self._heard.is_set()

    async def leave(self) -> None:
        """Leave the groups, if the channel layer answers."""
        if self._name is not None:
            with survives("leave the groups"):
                async with asyncio.timeout(RETRY_SECONDS):
                    for group in (*CHANNELS, ACCESS):
                        await get_channel_layer().group_discard(group, self._name)
