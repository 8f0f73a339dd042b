"""A process's only listener to the groups of the channel layer."""

import asyncio
from collections.abc import Callable

from channels.layers import get_channel_layer

from realtime.broker import ACCESS, Payload, reach_layer
from realtime.outages import RETRY_SECONDS, survives
from realtime.registry import CHANNELS


class GroupListener:
    """Joins the groups and passes each payload from other processes to `take`.

    Payloads with `own_id` as their sender come from this process and are skipped.
    """

    def __init__(self, take: Callable[[Payload], None], own_id: str) -> None:
        self._take = take
        self._own_id = own_id
        self._name: str | None = None

    async def receive_all(self) -> None:
        """Receive the groups' messages. Never return."""
        layer = get_channel_layer()
        if self._name is None:
            await reach_layer()  # a new channel is kept even if Redis did not receive it
            self._name = await layer.new_channel("hub")
        for group in (*CHANNELS, ACCESS):
            await layer.group_add(group, self._name)
        while True:
            payload = await layer.receive(self._name)
            if payload.get("sender") != self._own_id:
                self._take(payload)

    async def leave(self) -> None:
        """Leave the groups, if the channel layer answers."""
        if self._name is not None:
            with survives("leave the groups"):
                async with asyncio.timeout(RETRY_SECONDS):
                    for group in (*CHANNELS, ACCESS):
                        await get_channel_layer().group_discard(group, self._name)
