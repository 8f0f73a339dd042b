"""Log lines of a socket: one when it opens and one when it closes, or one when it is refused.

They never contain a header, a query string or the text of a message, which may hold credentials.
"""

import re
import time
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

import structlog

from realtime.access import Identity
from realtime.socket.close_codes import ABNORMAL
from realtime.socket.origins import headers_of

logger = structlog.get_logger(__name__)

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


def is_request_id(text: str) -> bool:
    """Return whether an `X-Request-ID` from outside is safe to log."""
    return REQUEST_ID.fullmatch(text) is not None


class SocketLog:
    """Follows one socket from its handshake to its end.

    `broadcasts` counts what the subscribers of each channel are sent. A socket's share is computed
    from it when the socket leaves a channel, so that nothing is counted for each delivery.
    """

    def __init__(
        self, scope: Mapping[str, Any], client_id: uuid.UUID, broadcasts: Mapping[str, int]
    ) -> None:
        self.received = self.sent = 0
        self._followed: dict[str, int] = {}
        self._broadcasts = broadcasts
        self._end = ABNORMAL, ""
        self._opened_at = time.monotonic()
        given = headers_of(scope).get("x-request-id", "")
        self._logger = logger.bind(
            client_id=str(client_id),
            request_id=given if is_request_id(given) else str(uuid.uuid4()),
            ip=(scope.get("client") or [None])[0],
        )

    def opened(self, identity: Identity) -> None:
        self._logger = self._logger.bind(user_id=identity.proof.user_id)
        self._logger.info("socket_opened")

    def refused(self, code: int, reason: str) -> None:
        """Log a refused socket; `code` is its close code, or the HTTP status if it never opened."""
        self._logger.info("socket_refused", code=int(code), reason=reason)

    def follows(self, channels: Iterable[str]) -> None:
        for channel in channels:
            self._followed.setdefault(channel, self._broadcasts[channel])

    def leaves(self, channels: Iterable[str]) -> None:
        for channel in self._followed.keys() & set(channels):
            self.sent += self._broadcasts[channel] - self._followed.pop(channel)

    def ends(self, code: int, reason: str | None) -> None:
        """Record why the socket closes; the first reason counts."""
        if self._end[0] == ABNORMAL:
            self._end = code, reason or ""

    def closed(self) -> int:
        """Log the closed socket, and return its code."""
        self.leaves(tuple(self._followed))
        code, reason = self._end
        self._logger.info(
            "socket_closed",
            code=code,
            reason=reason,
            duration_s=round(time.monotonic() - self._opened_at, 3),
            messages_in=self.received,
            messages_out=self.sent,
        )
        return code
