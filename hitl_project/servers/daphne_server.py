"""Daphne, the server of `manage.py runserver`. Its sockets send and close as those of `serve` do.

It is for development: only `serve` limits requests and connections. Autobahn sends only the close
codes 1000 and 3000 to 4999, and replaces others by 1011; Daphne drops reasons, and does not limit
what waits for a client that does not read.
"""

import asyncio
from typing import Any

from daphne.http_protocol import WebRequest
from daphne.server import Server
from daphne.ws_protocol import WebSocketFactory, WebSocketProtocol
from django.conf import settings
from twisted.internet import reactor  # Daphne has chosen it
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

from hitl_project.servers.asgi_types import Message, Scope
from realtime import shutdown
from realtime.socket.close_codes import FLOODING, MESSAGE_TOO_BIG, NORMAL, SERVICE_RESTART
from realtime.socket.limits import ABORT_SECONDS, MOST_FRAGMENTS, PULSE, TOO_MANY_FRAGMENTS, Pulse
from realtime.token_bucket import TokenBucket

FLUSH_SECONDS = 0.2
"""How long the reactor may take to send what was written last."""


class DevelopmentServer(Server):
    """A Daphne whose sockets are `SocketProtocol`s, and which closes them with a close code."""

    def __init__(self, *args: Any, **options: Any) -> None:
        seconds = settings.HITL_WS_PING_SECONDS
        options |= {"ping_interval": seconds, "ping_timeout": seconds}
        # Autobahn would limit what is sent too; SocketProtocol limits what is received.
        options |= {"websocket_max_message_size": 0, "websocket_max_frame_size": 0}
        super().__init__(*args, **options)

    def run(self) -> None:
        WebSocketFactory.protocol = SocketProtocol
        super().run()

    def create_application(
        self, protocol: "WebRequest | SocketProtocol", scope: Scope
    ) -> "asyncio.Queue[Message] | None":
        if isinstance(protocol, SocketProtocol):
            scope["extensions"] = {**scope.get("extensions", {}), PULSE: protocol.pulse}
        queue: asyncio.Queue[Message] | None = super().create_application(protocol, scope)
        return queue

    async def handle_reply(self, protocol: "WebRequest | SocketProtocol", message: Message) -> None:
        """Send `message`, and return when the client has taken most of what it was sent."""
        await super().handle_reply(protocol, message)
        if isinstance(protocol, SocketProtocol) and message["type"] == "websocket.send":
            await protocol.flow.writable.wait()

    def kill_all_applications(self) -> "Deferred[object]":
        """Close the sockets before their applications end, so that clients connect again."""
        shutdown.begin()
        for protocol in self.connections:
            if isinstance(protocol, SocketProtocol):
                protocol.close(SERVICE_RESTART, SERVICE_RESTART.reason)
        return deferLater(reactor, FLUSH_SECONDS, super().kill_all_applications)

    def log_action(self, *action: object) -> None:
        """Log nothing: Daphne's lines contain query strings, and requests have our own lines."""


class FlowControl:
    """A Twisted push producer: the transport tells it when to pause and when to resume."""

    def __init__(self) -> None:
        self.writable = asyncio.Event()
        self.writable.set()

    def pauseProducing(self) -> None:  # noqa: N802 — Twisted's names
        self.writable.clear()

    def resumeProducing(self) -> None:  # noqa: N802
        self.writable.set()

    def stopProducing(self) -> None:  # noqa: N802
        self.writable.set()


class SocketProtocol(WebSocketProtocol):
    """Daphne's socket, with the limits and close codes of `uvicorn_socket.FrameProtocol`."""

    def __init__(self) -> None:
        super().__init__()
        self.controls = TokenBucket(settings.HITL_WS_RATE_PER_MINUTE)
        self.pulse = Pulse()
        self.flow = FlowControl()

    def onOpen(self) -> None:  # noqa: N802 — Autobahn's names
        self.transport.unregisterProducer()  # that of HTTP, which this connection no longer uses
        self.transport.registerProducer(self.flow, True)
        # A client in full flood needs longer than Autobahn's second to come to its close frame.
        self.closeHandshakeTimeout = ABORT_SECONDS
        super().onOpen()

    # -- What is read -------------------------------------------------------------------------

    def onMessageFrameBegin(self, length: int) -> None:  # noqa: N802
        """Refuse a message that is too large before the rest of it is read."""
        super().onMessageFrameBegin(length)
        if self.message_data_total_length > settings.HITL_WS_MAX_MESSAGE_BYTES:
            self._fail_connection(MESSAGE_TOO_BIG, MESSAGE_TOO_BIG.reason)
        elif len(self.message_data) >= MOST_FRAGMENTS:
            self._fail_connection(*TOO_MANY_FRAGMENTS)

    def onPing(self, payload: bytes) -> None:  # noqa: N802
        if self._may_control() and self.flow.writable.is_set():  # else the answer is not urgent
            super().onPing(payload)

    def onPong(self, payload: bytes) -> None:  # noqa: N802
        if self._may_control():
            super().onPong(payload)

    def _may_control(self) -> bool:
        self.pulse.beat()
        is_allowed = self.controls.take()
        if not is_allowed:
            self._fail_connection(FLOODING, FLOODING.reason)
        return is_allowed

    # -- Ends ---------------------------------------------------------------------------------

    def handle_reply(self, message: Message) -> None:
        if message["type"] == "websocket.close" and self.state == self.STATE_OPEN:
            self.close(message.get("code") or NORMAL, message.get("reason") or "")
        else:
            super().handle_reply(message)

    def close(self, code: int, reason: str) -> None:
        """Send a close frame with any code, if the socket is open."""
        if self.state == self.STATE_OPEN:
            self.sendCloseFrame(code=code, reasonUtf8=reason.encode()[:123])

    def _fail_connection(self, code: int, reason: str) -> None:
        """Send the reason and close; Autobahn does one of these, and then reads on."""
        self.failedByMe = True
        if self.state == self.STATE_OPEN:
            self.close(code, reason)
            # This is what the application receives.
            self.wasClean, self.remoteCloseCode, self.remoteCloseReason = True, code, reason
        self.dropConnection()

    def dropConnection(self, abort: bool = False) -> None:  # noqa: N802
        """Close the connection after what waits unless `abort`, within a time limit."""
        super().dropConnection(abort)
        asyncio.get_event_loop().call_later(ABORT_SECONDS, self.transport.abortConnection)
