"""What Daphne needs to serve as Uvicorn does: close codes of every kind, and no log of its own."""

from typing import Any

from daphne.access import AccessLogGenerator
from daphne.ws_protocol import WebSocketProtocol

_handle_reply = WebSocketProtocol.handle_reply


def allow_every_close_code() -> None:
    """Let an application close with any code of RFC 6455, such as 1007 or 1013, and a reason.

    Autobahn raises on codes other than 1000 and 3000 to 4999, which makes 1011 of each, and Daphne
    drops the reason; an ASGI server may do neither.
    """
    WebSocketProtocol.handle_reply = _close_or_reply


def silence_access_log() -> None:
    """Leave requests to the application's own lines: Daphne's hold query strings."""
    AccessLogGenerator.__call__ = lambda *_: None


def _close_or_reply(protocol: Any, message: dict[str, Any]) -> None:
    if message.get("type") == "websocket.close" and protocol.state == protocol.STATE_OPEN:
        reason = (message.get("reason") or "").encode()
        protocol.sendCloseFrame(code=message.get("code") or 1000, reasonUtf8=reason)
    else:
        _handle_reply(protocol, message)
