"""Limits on how much a client may send, and how long it may be silent."""

import time
from collections.abc import Mapping
from typing import Any

from django.conf import settings

from realtime.socket.close_codes import MAXIMUM_AGE, MESSAGE_TOO_BIG, SILENT, CloseCode

MOST_FRAGMENTS = 1000
"""In how many pieces a message may come; empty ones cost memory too, and add up to no size."""
ABORT_SECONDS = 5.0
"""How long a connection that does not take its close frame is kept."""
PULSE = "hitl.pulse"
"""The ASGI extension's name in `scope["extensions"]`; its value is the line's Pulse."""

Ending = tuple[CloseCode, str]
"""A close code and its reason."""

TOO_MANY_FRAGMENTS: Ending = MESSAGE_TOO_BIG, "Too many fragments"


class Pulse:
    """When the client was last heard: by a message, or by a ping or pong of the protocol.

    Browsers answer pings themselves, even for a hidden tab whose timers are throttled. The server
    that holds the connection offers this, since applications do not see pings.
    """

    __slots__ = ("heard_at",)

    def __init__(self) -> None:
        self.beat()

    def beat(self) -> None:
        self.heard_at = time.monotonic()


class Patience:
    """How long a socket may stay open, and be silent."""

    def __init__(self, scope: Mapping[str, Any]) -> None:
        self._opened_at = time.monotonic()
        self.pulse: Pulse = (scope.get("extensions") or {}).get(PULSE) or Pulse()

    def ending(self, now: float) -> Ending | None:
        """Return the reason to close the socket, if any; `now` is of the monotonic clock."""
        if now - self._opened_at > settings.HITL_WS_MAX_AGE_SECONDS:
            return MAXIMUM_AGE, MAXIMUM_AGE.reason
        if now - self.pulse.heard_at > settings.HITL_WS_IDLE_SECONDS:
            return SILENT, f"No message for {settings.HITL_WS_IDLE_SECONDS} s"
        return None
