"""Uvicorn's websocket protocol with a way to write a frame that is encoded already.

The one place that knows Uvicorn from inside; tests/realtime/test_uvicorn_protocol.py fails when an
upgrade changes what it relies on.
"""

from collections.abc import Callable, Iterable
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame, Opcode
from websockets.http11 import Request

EXTENSION = "hitl.frames"
"""The ASGI extension's name in `scope["extensions"]`; its value is the protocol itself."""
ABORT_SECONDS = 5.0
"""How long a line that does not take its close frame is kept."""


class FrameProtocol(WebSocketsSansIOProtocol):
    """Offers the ASGI extension `hitl.frames`: `write_frames`, `waiting_bytes`, `drained`, `end`.

    Not offered where a socket negotiated compression, whose frames are its own.
    """

    waiting_bytes: Callable[[], int]
    """How many bytes the client has not taken yet."""

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
