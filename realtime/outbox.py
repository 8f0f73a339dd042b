"""What waits to be written to one socket."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

SERVICE_RESTART = 1012
TRY_AGAIN_LATER = 1013

Send = Callable[[dict[str, Any]], Awaitable[None]]


class Outbox:
    """Writes to one socket in order, without making the writer wait.

    `send` is the server's ASGI send. A socket that reads too slowly to stay within `limit` bytes
    gets nothing more: `end` is called with a close code and reason, and the rest is dropped.
    """

    def __init__(self, send: Send, *, limit: int, end: Callable[[int, str], None]) -> None:
        self._send = send
        self.limit = limit
        self._end = end
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
        if self._size > self.limit:
            self.overrun()
            return
        self._waiting.append(text)
        if self._drain is None:
            self._drain = asyncio.create_task(self._write_waiting())

    async def write_all(self, texts: Iterable[str]) -> None:
        """Send many messages, no faster than the client takes them."""
        for text in texts:
            if self._size + len(text) > self.limit / 2:
                await self.flush()
            self.write(text)
        await self.flush()

    def overrun(self) -> None:
        """End the socket: more waits for it than may."""
        if not self._closed:
            self._give_up(TRY_AGAIN_LATER, "Too slow to keep up")

    def restart(self) -> None:
        """Make the client connect anew; it resumes, or is told to reload."""
        if not self._closed:
            self._give_up(SERVICE_RESTART, "The event history was replaced")

    def _give_up(self, code: int, reason: str) -> None:
        self.discard()
        self._end(code, reason)

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
        except (OSError, RuntimeError):  # the line is gone or closing; its disconnect is on the way
            self.discard()
        finally:
            self._drain = None
