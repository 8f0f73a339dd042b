"""What is written to one socket, in order, without making the writer wait."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from realtime.uvicorn_protocol import EXTENSION, FrameProtocol, encode_frame

SERVICE_RESTART = 1012
TRY_AGAIN_LATER = 1013

Send = Callable[[dict[str, Any]], Awaitable[None]]


def outbox_for(scope: Mapping[str, Any], send: Send, *, limit: int) -> "Outbox":
    """The fastest outbox that the server behind an ASGI `scope` offers.

    `limit` is how many bytes may wait for the client; one that lets more gather is cut off.
    """
    line = (scope.get("extensions") or {}).get(EXTENSION)
    return QueuedOutbox(send, limit) if line is None else FrameOutbox(line, limit)


class Outbox:
    """Writes to one socket; ends it when the client is too slow."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.closed = False
        """Whether nothing more will be written."""

    def write(self, text: str, frame: bytes | None = None) -> None:
        """Send `text`, a JSON message, behind everything before; `frame` is its encoded form."""
        if self.closed:
            return
        if self.waiting_bytes() + len(text) > self.limit:
            self.overrun()
        else:
            self._put(text, frame)

    async def write_all(self, texts: Iterable[str]) -> None:
        """Send many messages, no faster than the client takes them."""
        for text in texts:
            if self.waiting_bytes() + len(text) > self.limit / 2:
                await self.flush()
            self.write(text)
        await self.flush()

    def overrun(self) -> None:
        """End the socket: more waits for it than may."""
        self.end(TRY_AGAIN_LATER, "Too slow to keep up")

    def restart(self) -> None:
        """Make the client connect anew; it resumes, or is told to reload."""
        self.end(SERVICE_RESTART, "The event history was replaced")

    def discard(self) -> None:
        """Write nothing more, not even what waits."""
        self.closed = True

    def end(self, code: int, reason: str) -> None:
        """End the socket at once; what waits is dropped where that is still possible."""
        if not self.closed:
            self.discard()
            self._end(code, reason)

    def waiting_bytes(self) -> int:
        """How much the client has not taken yet."""
        raise NotImplementedError

    async def flush(self) -> None:
        """Return when the client has taken most of what was written, or is gone."""
        raise NotImplementedError

    def _put(self, text: str, frame: bytes | None) -> None:
        raise NotImplementedError

    def _end(self, code: int, reason: str) -> None:
        raise NotImplementedError


class FrameOutbox(Outbox):
    """Writes encoded frames straight to the line, where the server offers that."""

    def __init__(self, line: FrameProtocol, limit: int) -> None:
        super().__init__(limit)
        self._line = line
        self.waiting_bytes = line.waiting_bytes  # type: ignore[method-assign]
        self.flush = line.drained  # type: ignore[method-assign]

    def _put(self, text: str, frame: bytes | None) -> None:
        self._line.write_frame(frame or encode_frame(text))

    def _end(self, code: int, reason: str) -> None:
        self._line.end(code, reason)


class QueuedOutbox(Outbox):
    """Sends through plain ASGI, from a task of its own while anything waits."""

    def __init__(self, send: Send, limit: int) -> None:
        super().__init__(limit)
        self._send = send
        self._waiting: deque[str] = deque()
        self._size = 0
        self._drain: asyncio.Task[None] | None = None
        self._ending: asyncio.Task[None] | None = None

    def waiting_bytes(self) -> int:
        return self._size

    def discard(self) -> None:
        super().discard()
        self._waiting.clear()

    async def flush(self) -> None:
        if self._drain is not None:
            await asyncio.shield(self._drain)

    def _put(self, text: str, frame: bytes | None) -> None:
        self._size += len(text)
        self._waiting.append(text)
        if self._drain is None:
            self._drain = asyncio.create_task(self._write_waiting())

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

    def _end(self, code: int, reason: str) -> None:
        close = {"type": "websocket.close", "code": code, "reason": reason}
        self._ending = asyncio.ensure_future(self._send(close))
