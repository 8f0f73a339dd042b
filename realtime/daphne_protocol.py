"""What Daphne needs to serve as Uvicorn does: close codes, patience, and no log of its own."""

import asyncio
from typing import Any

from daphne.access import AccessLogGenerator
from daphne.server import Server
from daphne.ws_protocol import WebSocketProtocol
from twisted.internet import reactor  # Daphne has chosen it
from twisted.internet.task import deferLater

from realtime import leaving

FLUSH_SECONDS = 0.2
"""How long what was sent last has to leave."""

_handle_reply = WebSocketProtocol.handle_reply
_on_open = WebSocketProtocol.onOpen
_send = Server.handle_reply
_end_all = Server.kill_all_applications


def prepare_daphne() -> None:
    """Make Daphne's `send` take every close code, and wait while the client does not read.

    Told to end, it would cut all sockets without a word.

    Autobahn raises on codes other than 1000 and 3000 to 4999, which makes 1011 of each, and Daphne
    drops the reason. What a client does not read, Twisted gathers in memory without end. An ASGI
    server may do neither. Its access log holds query strings; requests have lines of our own.
    """
    AccessLogGenerator.__call__ = lambda *_: None
    WebSocketProtocol.handle_reply = _close_or_reply
    WebSocketProtocol.onOpen = _pace
    Server.handle_reply = _send_and_wait
    Server.kill_all_applications = _restart_all


def _close_or_reply(protocol: Any, message: dict[str, Any]) -> None:
    if message.get("type") == "websocket.close" and protocol.state == protocol.STATE_OPEN:
        reason = (message.get("reason") or "").encode()
        protocol.sendCloseFrame(code=message.get("code") or 1000, reasonUtf8=reason)
    else:
        _handle_reply(protocol, message)


class _Pace:
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


def _pace(protocol: Any) -> None:
    protocol.pace = _Pace()
    protocol.transport.unregisterProducer()  # the one of HTTP, which the line has done with
    protocol.transport.registerProducer(protocol.pace, True)
    _on_open(protocol)


async def _send_and_wait(server: Any, protocol: Any, message: dict[str, Any]) -> None:
    await _send(server, protocol, message)
    if message["type"] == "websocket.send" and hasattr(protocol, "pace"):
        await protocol.pace.writable.wait()


def _restart_all(server: Any) -> Any:
    leaving.begin()
    for protocol in server.connections:
        if isinstance(protocol, WebSocketProtocol) and protocol.state == protocol.STATE_OPEN:
            reason = leaving.REASON.encode()
            protocol.sendCloseFrame(code=leaving.SERVICE_RESTART, reasonUtf8=reason)
    return deferLater(reactor, FLUSH_SECONDS, _end_all, server)
