"""What Daphne needs to speak our protocol: close codes that Autobahn keeps from applications."""

from typing import Any

from daphne.ws_protocol import WebSocketProtocol


def allow_every_close_code() -> None:
    """Let an application close with any code of RFC 6455, such as 1007 or 1013.

    Autobahn raises on codes other than 1000 and 3000 to 4999, which would make 1011 of each;
    an ASGI server may not choose for its application.
    """
    WebSocketProtocol.serverClose = _close


def _close(protocol: Any, code: int | None = None) -> None:
    protocol.sendCloseFrame(code=1000 if code is None else code)
