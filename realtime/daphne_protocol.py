"""What Daphne needs to speak our protocol: close codes and reasons of every kind."""

from typing import Any

from daphne.ws_protocol import WebSocketProtocol

_handle_reply = WebSocketProtocol.handle_reply


def allow_every_close_code() -> None:
    """Let an application close with any code of RFC 6455, such as 1007 or 1013, and a reason.

    Autobahn raises on codes other than 1000 and 3000 to 4999, which makes 1011 of each, and Daphne
    drops the reason; an ASGI server may do neither.
    """
    WebSocketProtocol.handle_reply = _close_or_reply


def _close_or_reply(protocol: Any, message: dict[str, Any]) -> None:
    if message.get("type") == "websocket.close" and protocol.state == protocol.STATE_OPEN:
        reason = (message.get("reason") or "").encode()
        protocol.sendCloseFrame(code=message.get("code") or 1000, reasonUtf8=reason)
    else:
        _handle_reply(protocol, message)
