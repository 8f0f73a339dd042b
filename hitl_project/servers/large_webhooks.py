"""Room for webhooks that are larger than what anybody may send.

Their signature is over the whole body, so the sender is known only when all of it is there. Few
such bodies are received at once, and each must arrive as soon as forges themselves expect: so
strangers can fill the room for others' large webhooks, which are made up for by reconciliation, but
neither the memory nor the disk.
"""

import asyncio
import re

from django.conf import settings

MOST_BYTES = 25 * 1024 * 1024
"""What GitHub sends at most; it sends nothing instead of more."""
AT_ONCE = 4
SECONDS = 10.0
"""How long one may wait for room, and then take to arrive: GitHub gives up after so long."""
PATH = re.compile(rf"{settings.API_PREFIX}forges/[^/]+/webhook/*")

_room = asyncio.Semaphore(AT_ONCE)


def is_webhook(path: str) -> bool:
    return PATH.fullmatch(path) is not None


async def take_room() -> bool:
    """Wait until there is room; return False if that takes too long."""
    try:
        async with asyncio.timeout(SECONDS):
            await _room.acquire()
    except TimeoutError:
        return False
    return True


def leave_room() -> None:
    _room.release()
