"""What both clients have besides the performing of steps."""

import logging
import ssl
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from hitl_client.exchange import check_patience
from hitl_client.following import follow
from hitl_client.operations import Operations
from hitl_client.positions import Positions
from hitl_client.records import Position
from hitl_client.server import Server, Token, from_environment
from hitl_client.steps import Ended, Open, Steps

ANSWER_SECONDS = 30.0
"""How long one answer may take, before the call is sent again."""
PATIENCE_SECONDS = 60.0
CLOSE_SECONDS = 1.0
"""How long a closing socket waits for the other side, which may be gone."""
MOST_MESSAGE_BYTES = 16 * 1024 * 1024

NO_SOCKET = (WebSocketException, OSError)
"""What is raised where there is no socket, or no longer."""

try:
    VERSION = version("hitl-client")
except PackageNotFoundError:  # it runs from its source
    VERSION = "0+source"
USER_AGENT = f"hitl-client/{VERSION}"

_socket_logger = logging.getLogger("hitl_client.socket")
_socket_logger.setLevel(logging.INFO)  # at DEBUG, websockets logs the token


class BaseClient(Operations, ABC):
    """A client of one server, on behalf of one user."""

    def __init__(
        self,
        url: str | None = None,
        token: Token | None = None,
        *,
        patience: float = PATIENCE_SECONDS,
        timeout: float = ANSWER_SECONDS,
        tls: ssl.SSLContext | None = None,
        allow_http: bool | None = None,
    ) -> None:
        """Take the address of the server and a token; HITL_URL and HITL_TOKEN have the defaults.

        `patience` is how many seconds a call is tried while no answer comes, or one that passes;
        `timeout` how many each try may take. `tls` says which certificates are trusted, by default
        those of httpx. A token is sent over plain HTTP only to this machine, unless `allow_http`.
        Raise Misconfigured.
        """
        self.server: Server = from_environment(url, token, tls, allow_http)
        self.patience = check_patience(patience)
        self._timeout = timeout
        self._start()

    @abstractmethod
    def _start(self) -> None:
        """Make what sends requests."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.server.url!r})"

    def _http_options(self) -> dict[str, Any]:
        return {
            "timeout": self._timeout,
            "verify": self.server.tls,
            "headers": {"User-Agent": USER_AGENT},
        }

    def _socket_options(self, step: Open) -> dict[str, Any]:
        """Return what both ways to connect take. Pings of `line` show that the server lives."""
        return {
            "uri": step.address,
            "additional_headers": step.headers,
            "user_agent_header": USER_AGENT,
            "ssl": self.server.tls if self.server.is_secure else None,
            "open_timeout": self._timeout,
            "close_timeout": CLOSE_SECONDS,
            "ping_interval": None,
            "max_size": MOST_MESSAGE_BYTES,
            "logger": _socket_logger,
        }

    def _following(
        self,
        channels: Sequence[str],
        since: Mapping[str, Position] | None,
        positions: Path | str | None,
    ) -> Steps[None]:
        return follow(self.server, channels, Positions(positions, since))


def ended_by(error: Exception) -> Ended:
    """Return why there is no socket, or no longer."""
    if isinstance(error, ConnectionClosed) and error.rcvd is not None:
        return Ended(error.rcvd.code, error.rcvd.reason)
    if isinstance(error, InvalidStatus):
        return Ended(status=error.response.status_code)
    return Ended(error=error)
