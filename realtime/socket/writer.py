"""Write to one socket, in order, without blocking the caller."""

import asyncio
import math
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from realtime import metrics
from realtime.socket.close_codes import SERVICE_RESTART, TRY_AGAIN_LATER, CloseCode
from realtime.socket.frames import EXTENSION, FrameLine, encode_frames

BURST_SIZE = 32 * 1024
"""How many characters leave in one write: far less than may wait for a slow reader."""
STALL_SECONDS = 10.0
"""How long a client may take nothing of what waits for it."""

Send = Callable[[dict[str, Any]], Awaitable[None]]


def writer_for(scope: Mapping[str, Any], send: Send, *, limit: int) -> "Writer":
    """Return the fastest writer that the server of an ASGI `scope` offers.

    `limit` is how many bytes may wait for the client. Beyond it, the socket is closed.
    """
    line = (scope.get("extensions") or {}).get(EXTENSION)
    return QueuedWriter(send, limit) if line is None else FrameWriter(line, limit)


class Burst:
    """JSON messages that are sent together, encoded once for any number of sockets."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = texts
        self.size = sum(map(len, texts))

    @cached_property
    def frames(self) -> bytes:
        return encode_frames(self.texts)


def bursts_of(texts: Iterable[str]) -> Iterator[Burst]:
    """Split `texts` into bursts of at most BURST_SIZE characters, or of one message."""
    together: list[str] = []
    size = 0
    for text in texts:
        if together and size + len(text) > BURST_SIZE:
            yield Burst(together)
            together, size = [], 0
        together.append(text)
        size += len(text)
    if together:
        yield Burst(together)


class Writer:
    """Writes to one socket; closes it if the client is too slow."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.closed = False
        """Whether nothing more will be written."""
        self.ended_with: tuple[int, str] | None = None
        """The code and reason with which the writer ended the socket by itself, if it did."""
        self._written = 0
        self._taken = -math.inf
        """How much had been taken when `check` last saw that grow, which was at `_moved_at`."""
        self._moved_at = 0.0

    def write(self, burst: Burst) -> None:
        """Send a burst after everything before."""
        if self.closed:
            return
        if self.waiting_bytes() + burst.size > self.limit:
            self.overrun()
        else:
            self._written += burst.size
            self._put(burst)

    async def write_all(self, texts: Iterable[str]) -> None:
        """Send many messages, no faster than the client takes them."""
        for burst in bursts_of(texts):
            if self.waiting_bytes() + burst.size > self.limit / 2:
                await self.flush()
            self.write(burst)
        await self.flush()

    def check(self, now: float) -> None:
        """Close the socket if its client took nothing for STALL_SECONDS. Call this regularly.

        `now` is in seconds, of any monotonic clock.
        """
        waiting = self.waiting_bytes()
        taken = self._written - waiting
        if not waiting or taken > self._taken:
            self._taken, self._moved_at = taken, now
        elif now - self._moved_at > STALL_SECONDS:
            self.overrun()

    def overrun(self) -> None:
        """Close the socket: too much waits for it, or for too long."""
        if not self.closed:
            metrics.SLOW_CLIENTS.inc()
        self.end(TRY_AGAIN_LATER)

    def restart(self) -> None:
        """Close the socket so that the client connects again; it then resumes, or must reload."""
        self.end(SERVICE_RESTART, "The event history was replaced")

    def discard(self) -> None:
        """Write nothing more, not even what waits."""
        self.closed = True

    def end(self, code: CloseCode, reason: str = "") -> None:
        """Close the socket at once; drop what waits, if that is still possible."""
        if not self.closed:
            self.discard()
            self.ended_with = code, reason or code.reason
            self._end(*self.ended_with)

    def waiting_bytes(self) -> int:
        """Return how many bytes the client has not taken yet."""
        raise NotImplementedError

    async def flush(self) -> None:
        """Return when the client has taken most of what was written, or is gone."""
        raise NotImplementedError

    def _put(self, burst: Burst) -> None:
        raise NotImplementedError

    def _end(self, code: int, reason: str) -> None:
        raise NotImplementedError


class FrameWriter(Writer):
    """Writes encoded frames directly to the connection, if the server offers that."""

    def __init__(self, line: FrameLine, limit: int) -> None:
        super().__init__(limit)
        self._line = line
        # These are the connection's own methods without a wrapper: every delivery to a socket calls
        # them.
        self.waiting_bytes = line.waiting_bytes  # type: ignore[method-assign]
        self.flush = line.drained  # type: ignore[method-assign]

    def _put(self, burst: Burst) -> None:
        self._written += len(burst.frames) - burst.size  # the waiting data are the frames' bytes
        self._line.write_frames(burst.frames)

    def _end(self, code: int, reason: str) -> None:
        self._line.end(code, reason)


class QueuedWriter(Writer):
    """Sends through plain ASGI, from its own task while anything waits."""

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

    def _put(self, burst: Burst) -> None:
        self._size += burst.size
        self._waiting.extend(burst.texts)
        if self._drain is None:
            self._drain = asyncio.create_task(self._write_waiting())

    async def _write_waiting(self) -> None:
        try:
            while self._waiting:
                text = self._waiting.popleft()
                await self._send({"type": "websocket.send", "text": text})
                self._size -= len(text)
        except (OSError, RuntimeError):  # closing or gone; its disconnect event follows
            self.discard()
        finally:
            self._drain = None

    def _end(self, code: int, reason: str) -> None:
        close = {"type": "websocket.close", "code": code, "reason": reason}
        self._ending = asyncio.ensure_future(self._send(close))
