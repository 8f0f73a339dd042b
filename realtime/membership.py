"""A process's one membership of the channel layer's groups."""

import asyncio
import contextlib
from collections.abc import Callable

from channels.layers import get_channel_layer

from realtime.channels import CHANNELS
from realtime.courier import ACCESS, Payload
from realtime.outages import RETRY_SECONDS, survives

GROUPS = (*CHANNELS, ACCESS)
REJOIN_SECONDS = 10.0
"""How often membership is renewed, which layers with a memory forget, or lose with their Redis."""


class Membership:
    """Joins the groups and hears what other processes tell; `take` gets each payload.

    What bears `own_id` as its sender comes from this process, and is passed over.
    """

    def __init__(self, take: Callable[[Payload], None], own_id: str) -> None:
        self._take = take
        self._own_id = own_id
        self._name: str | None = None
        self._doubted = asyncio.Event()

    def doubt(self) -> None:
        """Renew it soon: something was not heard."""
        self._doubted.set()

    async def receive_all(self) -> None:
        """Take the groups' messages; goes on for ever."""
        layer = get_channel_layer()
        if self._name is None:
            self._name = await layer.new_channel("hub")
        await self._join()
        while True:
            payload = await layer.receive(self._name)
            if payload.get("sender") != self._own_id:
                self._take(payload)

    async def stay_member(self) -> None:
        """Renew the membership now and then; goes on for ever."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(REJOIN_SECONDS):
                    await self._doubted.wait()
            self._doubted.clear()
            async with asyncio.timeout(REJOIN_SECONDS):
                await self._join()
            await asyncio.sleep(RETRY_SECONDS)

    async def leave(self) -> None:
        """Leave the groups, if the layer answers."""
        if self._name is not None:
            with survives("leave the groups"):
                async with asyncio.timeout(RETRY_SECONDS):
                    for group in GROUPS:
                        await get_channel_layer().group_discard(group, self._name)

    async def _join(self) -> None:
        if self._name is not None:
            for group in GROUPS:
                await get_channel_layer().group_add(group, self._name)
