"""What Daphne needs to serve as Uvicorn does: close codes, bounds, patience, no log of its own."""

import asyncio
from typing import Any

from daphne.access import AccessLogGenerator
from daphne.server import Server
from daphne.ws_protocol import WebSocketProtocol
from django.conf import settings
from twisted.internet import reactor  # Daphne has chosen it
from twisted.internet.task import deferLater

from hitl_project.servers.uvicorn_socket import ABORT_SECONDS
from realtime import shutdown
from realtime.socket.close_codes import FLOODING, MESSAGE_TOO_BIG, SERVICE_RESTART
from realtime.socket.limits import MOST_FRAGMENTS, PULSE, Pulse
from realtime.token_bucket import TokenBucket

_handle_reply = WebSocketProtocol.handle_reply
_on_open = WebSocketProtocol.onOpen
_on_frame_begin = WebSocketProtocol.onMessageFrameBegin
_on_message = WebSocketProtocol.onMessage
_on_ping = WebSocketProtocol.onPing
_on_pong = WebSocketProtocol.onPong
_drop_connection = WebSocketProtocol.dropConnection
_send = Server.handle_reply
_create_application = Server.create_application
_run = Server.run
_end_all = Server.kill_all_applications

MOST_WAITING = 16
"""How many messages may wait for the application before no more are read."""
POLL_SECONDS = 0.01
FLUSH_SECONDS = 0.2
"""How long what was sent last has to leave."""


def prepare_daphne() -> None:
    """Make Daphne's `send` take every close code, and wait while the client does not read.

    Told to end, it would cut all sockets without a word.

    Autobahn raises on codes other than 1000 and 3000 to 4999, which makes 1011 of each, and Daphne
    drops the reason. What a client does not read, and what it sends in a flood, gathers in memory
    without end. An ASGI server may do none of this. Who breaks the protocol is told so, and a
    message is refused before more of it was read than may be. Its access log holds query strings;
    requests have lines of our own.
    """
    AccessLogGenerator.__call__ = lambda *_: None
    WebSocketProtocol.handle_reply = _close_or_reply
    WebSocketProtocol.onOpen = _open
    WebSocketProtocol.onMessageFrameBegin = _begin_frame
    WebSocketProtocol.onMessage = _message
    WebSocketProtocol.onPing = _ping
    WebSocketProtocol.onPong = _pong
    WebSocketProtocol._fail_connection = _fail
    WebSocketProtocol.dropConnection = _drop
    Server.handle_reply = _send_and_wait
    Server.create_application = _create_with_pulse
    Server.run = _run_with_pings
    Server.kill_all_applications = _restart_all


def _run_with_pings(server: Any) -> None:
    server.ping_interval = server.ping_timeout = settings.HITL_WS_PING_SECONDS
    _run(server)


def _create_with_pulse(server: Any, protocol: Any, scope: dict[str, Any]) -> Any:
    if scope["type"] == "websocket":
        protocol.pulse = Pulse()
        scope["extensions"] = {**scope.get("extensions", {}), PULSE: protocol.pulse}
    return _create_application(server, protocol, scope)


# -- What is written --------------------------------------------------------------------------


def _close_or_reply(protocol: Any, message: dict[str, Any]) -> None:
    if message.get("type") == "websocket.close" and protocol.state == protocol.STATE_OPEN:
        reason = (message.get("reason") or "").encode()
        protocol.sendCloseFrame(code=message.get("code") or 1000, reasonUtf8=reason)
    else:
        _handle_reply(protocol, message)


class Pace:
    """A Twisted push producer: the transport tells it when to pause, and when to go on."""

    def __init__(self) -> None:
        self.writable = asyncio.Event()
        self.writable.set()

    def pauseProducing(self) -> None:  # noqa: N802 — Twisted's names
        self.writable.clear()

    def resumeProducing(self) -> None:  # noqa: N802
        self.writable.set()

    def stopProducing(self) -> None:  # noqa: N802
        self.writable.set()


def _open(protocol: Any) -> None:
    protocol.controls = TokenBucket(settings.HITL_WS_RATE_PER_MINUTE)
    protocol.pace = Pace()
    protocol.transport.unregisterProducer()  # the one of HTTP, which the line has done with
    protocol.transport.registerProducer(protocol.pace, True)
    _on_open(protocol)


async def _send_and_wait(server: Any, protocol: Any, message: dict[str, Any]) -> None:
    await _send(server, protocol, message)
    is_followed = message["type"] == "websocket.send" or message.get("more_body", False)
    if is_followed and hasattr(protocol, "pace"):
        await protocol.pace.writable.wait()


# -- What is read -----------------------------------------------------------------------------


def _begin_frame(protocol: Any, length: int) -> None:
    _on_frame_begin(protocol, length)
    if protocol.message_data_total_length > settings.HITL_WS_MAX_MESSAGE_BYTES:
        protocol._fail_connection(MESSAGE_TOO_BIG, MESSAGE_TOO_BIG.reason)
    elif len(protocol.message_data) >= MOST_FRAGMENTS:
        protocol._fail_connection(MESSAGE_TOO_BIG, "Too many fragments")


def _message(protocol: Any, payload: bytes, binary: bool) -> None:
    _on_message(protocol, payload, binary)
    if protocol.application_queue.qsize() == MOST_WAITING:
        protocol.transport.pauseProducing()
        _read_on_when_taken(protocol)


def _read_on_when_taken(protocol: Any) -> None:
    if protocol.application_queue.qsize() < MOST_WAITING:
        protocol.transport.resumeProducing()
    elif protocol.state != protocol.STATE_CLOSED:
        loop = asyncio.get_event_loop()
        loop.call_later(POLL_SECONDS, _read_on_when_taken, protocol)


def _ping(protocol: Any, payload: bytes) -> None:
    protocol.pulse.beat()
    if not protocol.controls.take():
        protocol._fail_connection(FLOODING, FLOODING.reason)
    elif protocol.pace.writable.is_set():  # who does not read need not be answered at once
        _on_ping(protocol, payload)


def _pong(protocol: Any, payload: bytes) -> None:
    protocol.pulse.beat()
    if protocol.controls.take():
        _on_pong(protocol, payload)
    else:
        protocol._fail_connection(FLOODING, FLOODING.reason)


# -- Ends -------------------------------------------------------------------------------------


def _fail(protocol: Any, code: int, reason: str) -> None:
    """Say why, and hang up; Autobahn does the one or the other, and then reads on."""
    protocol.failedByMe = True
    if protocol.state == protocol.STATE_OPEN:
        protocol.sendCloseFrame(code=code, reasonUtf8=reason.encode()[:123])
        # What the application is told.
        protocol.wasClean, protocol.remoteCloseCode, protocol.remoteCloseReason = True, code, reason
    protocol.dropConnection()


def _drop(protocol: Any, abort: bool = False) -> None:
    """Hang up, behind what waits unless `abort`; but do not wait for ever for a reader."""
    _drop_connection(protocol, abort)
    asyncio.get_event_loop().call_later(ABORT_SECONDS, protocol.transport.abortConnection)


def _restart_all(server: Any) -> Any:
    shutdown.begin()
    for protocol in server.connections:
        if isinstance(protocol, WebSocketProtocol) and protocol.state == protocol.STATE_OPEN:
            reason = SERVICE_RESTART.reason.encode()
            protocol.sendCloseFrame(code=SERVICE_RESTART, reasonUtf8=reason)
    return deferLater(reactor, FLUSH_SECONDS, _end_all, server)
