"""What waits to be written to one socket."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

Send = Callable[[dict[str, Any]], Awaitable[None]]


class Outbox:
    """Writes to one socket in order, without making the writer wait.

    `send` is the server's ASGI send. A socket that reads too slowly to stay within `limit` bytes
    gets nothing more: `overrun` is called once, and the rest is dropped.
    """

    def __init__(self, send: Send, *, limit: int, overrun: Callable[[], None]) -> None:
        self._send = send
        self._limit = limit
        self._overrun = overrun
        self._waiting: deque[str] = deque()
        self._size = 0
        self._closed = False
        self._drain: asyncio.Task[None] | None = None

    @property
    def closed(self) -> bool:
        """Whether nothing more will be written."""
        return self._closed

    def write(self, text: str) -> None:
        """Send `text`, a JSON message, after everything written before."""
        if self._closed:
            return
        self._size += len(text)
        if self._size > self._limit:
            self.discard()
            self._overrun()
            return
        self._waiting.append(text)
        if self._drain is None:
            self._drain = asyncio.create_task(self._write_waiting())

    def discard(self) -> None:
        """Write nothing more, not even what waits."""
        self._closed = True
        self._waiting.clear()

    async def flush(self) -> None:
        """Return when everything written so far has been handed to the server."""
        if self._drain is not None:
            await asyncio.shield(self._drain)

    async def _write_waiting(self) -> None:
        try:
            while self._waiting:
                text = self._waiting.popleft()
                await self._send({"type": "websocket.send", "text": text})
                self._size -= len(text)
        except OSError:  # the client is gone; its disconnect is on the way
            self.discard()
        finally:
            self._drain = None
