"""Uvicorn's websocket protocol with a way to write a frame that is encoded already.

The one place that knows Uvicorn from inside; tests/realtime/test_uvicorn_protocol.py fails when an
upgrade changes what it relies on.
"""

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from uvicorn._types import ASGISendEvent
from uvicorn.config import Config
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.frames import Frame, Opcode
from websockets.http11 import Request

EXTENSION = "hitl.frames"
"""The ASGI extension's name in `scope["extensions"]`; its value is the protocol itself."""
ABORT_SECONDS = 5.0
"""How long a line that does not take its close frame is kept."""
OPENING_AT_ONCE = 4
"""How many lines a process lets in at a time: more would only wait for each other."""
UNREAD_BYTES = 64 * 1024
"""How much a line may send before its turn has come."""


class Turns:
    """Lets lines in a few at a time, so that a crowd at the door holds up nobody inside.

    The others cost nothing but their connection, and those that give up meanwhile no more at all.
    """

    def __init__(self) -> None:
        self._waiting: deque[FrameProtocol] = deque()
        self._opening: set[FrameProtocol] = set()

    def wait(self, line: "FrameProtocol") -> None:
        """Have `line` opened when its turn comes."""
        self._waiting.append(line)
        line.loop.call_soon(self._go_on)

    def done(self, line: "FrameProtocol") -> None:
        """`line` was let in or turned away, or is gone; may be told more than once."""
        if line in self._opening:
            self._opening.remove(line)
            line.loop.call_soon(self._go_on)

    def _go_on(self) -> None:
        while self._waiting and len(self._opening) < OPENING_AT_ONCE:
            line = self._waiting.popleft()
            if not line.transport.is_closing():
                self._opening.add(line)
                line.open()


class FrameProtocol(WebSocketsSansIOProtocol):
    """Offers the ASGI extension `hitl.frames`: `write_frames`, `waiting_bytes`, `drained`, `end`.

    Not offered where a socket negotiated compression, whose frames are its own.
    """

    waiting_bytes: Callable[[], int]
    """How many bytes the client has not taken yet."""

    def __init__(self, config: Config, server_state: ServerState, *args: Any, **options: Any):
        super().__init__(config, server_state, *args, **options)
        self._turns: Turns = vars(server_state).setdefault("turns", Turns())
        self._unread: bytes | None = b""
        """What came before its turn; None from then on."""

    def data_received(self, data: bytes) -> None:
        if self._unread is None:
            super().data_received(data)
            return
        if not self._unread:
            self._turns.wait(self)
        self._unread += data
        if len(self._unread) > UNREAD_BYTES:
            self.transport.abort()

    def open(self) -> None:
        """Begin with the handshake: it is this line's turn."""
        unread, self._unread = self._unread, None
        super().data_received(unread or b"")
        if self.handshake_complete:
            self._turns.done(self)  # turned away at once

    async def send(self, message: ASGISendEvent) -> None:
        await super().send(message)
        if self.handshake_complete:
            self._turns.done(self)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._turns.done(self)

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if self.handshake_initiated and not self.close_sent and not self.conn.extensions:
            extensions: dict[str, Any] = self.scope["extensions"]
            extensions[EXTENSION] = self
            self.waiting_bytes = self.transport.get_write_buffer_size

    def write_frames(self, frames: bytes) -> None:
        """Write encoded frames at once; what the client does not take yet waits in memory."""
        if self.handshake_complete and not self.close_sent and not self.transport.is_closing():
            self.transport.write(frames)

    async def drained(self) -> None:
        """Return when the client has taken most of what waited, or is gone."""
        await self.writable.wait()

    def end(self, code: int, reason: str) -> None:
        """Close the line behind whatever waits; cut it if the client does not take even that."""
        if self.close_sent or self.transport.is_closing():
            return
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.conn.send_close(code, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.transport.close()
        self.loop.call_later(ABORT_SECONDS, self.transport.abort)


def encode_frames(texts: Iterable[str]) -> bytes:
    """Each of `texts` as one unmasked text frame, the same for every client."""
    return b"".join(Frame(Opcode.TEXT, text.encode()).serialize(mask=False) for text in texts)
