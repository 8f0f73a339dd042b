"""Uvicorn's websocket protocol with a method that writes an encoded frame.

This module uses Uvicorn's internals; `tests/hitl_project/test_library_members.py` names each member
that it relies on.
"""

from asyncio import AbstractEventLoop
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.conf import settings
from uvicorn.config import Config
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory
from websockets.frames import Frame
from websockets.http11 import Request

from hitl_project.servers.connections import CONNECTIONS
from realtime.socket.close_codes import (
    FLOODING,
    INVALID_DATA,
    NORMAL,
    PROTOCOL_ERROR,
    SERVICE_RESTART,
    SILENT,
)
from realtime.socket.frames import EXTENSION
from realtime.socket.limits import ABORT_SECONDS, MOST_FRAGMENTS, PULSE, TOO_MANY_FRAGMENTS, Pulse
from realtime.token_bucket import TokenBucket

if TYPE_CHECKING:
    from uvicorn._types import ASGISendEvent

DEFLATE = ServerPerMessageDeflateFactory(
    server_no_context_takeover=True,
    client_no_context_takeover=True,
    server_max_window_bits=12,
    client_max_window_bits=12,
    compress_settings={"memLevel": 5},
)
"""Keeps nothing between messages, where Uvicorn's own would keep 40 kB for each socket."""
HANDSHAKES_AT_ONCE = 100
"""How many handshakes a process begins at a time: their users are looked up together.

With 32, letting in cost a third more CPU, and pings of those inside took as long.
"""
HANDSHAKE_SECONDS = 30.0
"""How long a handshake may take: longer than all that it waits for together."""
UNREAD_BYTES = 64 * 1024
"""How much a line may send before its turn has come."""


class HandshakeQueue:
    """Starts a few handshakes at a time, so that a crowd of new sockets does not delay open ones.

    The others only cost their connection, and those that give up meanwhile cost nothing more.
    """

    def __init__(self) -> None:
        self._waiting: dict[FrameProtocol, None] = {}
        self._handshaking: set[FrameProtocol] = set()
        self._closed = False

    def add(self, line: "FrameProtocol") -> None:
        """Start the handshake of `line` when its turn comes."""
        self._waiting[line] = None
        line.loop.call_soon(self._begin_next)

    def done(self, line: "FrameProtocol") -> None:
        """Start the next one: `line` is open, refused or gone. May be called more than once."""
        self._waiting.pop(line, None)
        if line in self._handshaking:
            self._handshaking.remove(line)
            line.loop.call_soon(self._begin_next)

    def close(self) -> None:
        """Start no more handshakes, and close those that wait: the server shuts down."""
        self._closed = True
        self._begin_next()

    def _begin_next(self) -> None:
        while self._waiting and (self._closed or len(self._handshaking) < HANDSHAKES_AT_ONCE):
            line = next(iter(self._waiting))
            del self._waiting[line]
            if self._closed:
                line.transport.close()
            elif not line.transport.is_closing():
                self._handshaking.add(line)
                line.open()


class FrameProtocol(WebSocketsSansIOProtocol):
    """Offers the ASGI extension `hitl.frames`: `write_frames`, `waiting_bytes`, `drained`, `end`.

    It is not offered if a socket negotiated compression, whose frames are its own. The class also
    limits what a client may send without ever completing a message.
    """

    waiting_bytes: Callable[[], int]
    """How many bytes the client has not taken yet."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.controls = TokenBucket(settings.HITL_WS_RATE_PER_MINUTE)
        self.pulse = Pulse()
        if self.config.ws_per_message_deflate:
            self.conn.available_extensions = [DEFLATE]
        self._handshakes = handshake_queue_of(server_state)
        self._unread: bytes | None = b""
        """What came before its turn; None from then on."""

    # -- Handshakes ---------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        if self._unread is None:
            super().data_received(data)
            return
        if not self._unread:
            self._handshakes.add(self)
        self._unread += data
        if len(self._unread) > UNREAD_BYTES:
            self.transport.abort()

    def open(self) -> None:
        """Start the handshake, as it is this connection's turn, with a time limit."""
        unread, self._unread = self._unread, None
        self.loop.call_later(HANDSHAKE_SECONDS, self._time_out)
        try:
            super().data_received(unread or b"")
        except Exception:
            self.transport.abort()
            raise
        if not self.handshake_initiated and self.conn.handshake_exc is not None:
            # websockets refused the request and has written a response, and Uvicorn waits.
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.transport.close()
        if self.handshake_complete:
            self._handshakes.done(self)  # refused at once

    def _time_out(self) -> None:
        if not self.handshake_complete:
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        CONNECTIONS.release(self.transport)
        self._handshakes.done(self)

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if not self.handshake_initiated or self.close_sent:
            return
        extensions: dict[str, Any] = self.scope["extensions"]
        extensions[PULSE] = self.pulse
        if not self.conn.extensions:
            extensions[EXTENSION] = self
            self.waiting_bytes = self.transport.get_write_buffer_size

    # -- What is written ----------------------------------------------------------------------

    def write_frames(self, frames: bytes) -> None:
        """Write encoded frames at once; what the client does not take yet waits in memory."""
        if self.handshake_complete and not self.close_sent and not self.transport.is_closing():
            self.transport.write(frames)

    async def drained(self) -> None:
        """Return when the client has taken most of what waited, or is gone."""
        await self.writable.wait()

    async def send(self, message: "ASGISendEvent") -> None:
        """Send as Uvicorn does, but do not delay a close for a client that reads nothing."""
        if message["type"] == "websocket.close" and not self.writable.is_set():
            self.end(message.get("code") or NORMAL, message.get("reason") or "")
        else:
            await super().send(message)
        if self.handshake_complete:
            self._handshakes.done(self)

    # -- Ends ---------------------------------------------------------------------------------

    def shutdown(self) -> None:
        """Shut down as Uvicorn does, which raises if the client is just closing the connection."""
        if self.handshake_complete:
            self.stop_keepalive()
            self.end(SERVICE_RESTART, SERVICE_RESTART.reason)
        else:
            super().shutdown()

    def end(self, code: int, reason: str) -> None:
        """Close the connection after what waits; abort it if the client does not take even that."""
        self.loop.call_later(ABORT_SECONDS, self.transport.abort)
        if self.close_sent or self.transport.is_closing():
            return
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.conn.send_close(code, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.transport.close()

    async def run_asgi(self) -> None:
        await super().run_asgi()
        self.loop.call_later(ABORT_SECONDS, self.transport.abort)  # it may wait for a reader

    def keepalive_timeout(self) -> None:
        """Close the connection of a silent peer. Uvicorn would wait for it, and send 1011."""
        self.end(SILENT, SILENT.reason)
        self.transport.abort()

    def fail(self, code: int, reason: str) -> None:
        """Close the connection of a client that breaks the protocol; read nothing more from it."""
        if not self.close_sent and not self.transport.is_closing():
            self.frames = []
            self.conn.fail(code, reason)
            self.handle_parser_exception()

    def handle_parser_exception(self) -> None:
        if self.conn.close_sent is None:  # broken before it was accepted, so nobody can be told
            self.queue.put_nowait({"type": "websocket.disconnect", "code": PROTOCOL_ERROR})
            self.transport.close()
        elif not self.close_sent:
            super().handle_parser_exception()

    # -- What is read -------------------------------------------------------------------------

    def handle_cont(self, event: Frame) -> None:
        if len(self.frames) < MOST_FRAGMENTS:
            super().handle_cont(event)
        else:
            self.fail(*TOO_MANY_FRAGMENTS)

    def send_receive_event_to_app(self) -> None:
        if self.curr_msg_data_type == "text" and not _is_utf8(b"".join(self.frames)):
            self.fail(INVALID_DATA, "Text that is not UTF-8")  # Uvicorn would log a traceback
        else:
            super().send_receive_event_to_app()

    def handle_ping(self) -> None:
        self.pulse.beat()
        if not self.controls.take():
            self.fail(FLOODING, FLOODING.reason)
        elif self.writable.is_set():
            super().handle_ping()
        else:  # a client that does not read needs no answer at once (RFC 6455, 5.5.3)
            self.conn.data_to_send()

    def handle_pong(self, event: Frame) -> None:
        self.pulse.beat()
        if bytes(event.data) != self.pending_ping_payload and not self.controls.take():
            self.fail(FLOODING, FLOODING.reason)
        else:
            super().handle_pong(event)


def handshake_queue_of(server_state: ServerState) -> HandshakeQueue:
    """Return the server's queue of handshakes; create it on first use."""
    queue: HandshakeQueue = vars(server_state).setdefault("handshake_queue", HandshakeQueue())
    return queue


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
