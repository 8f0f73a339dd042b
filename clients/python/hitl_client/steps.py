"""The steps of which calls and following consist: what is to be done, without doing it.

A generator yields a step, and gets what came of it. Each client performs the steps in its way, with
threads or with asyncio, so that everything else is written once.
"""

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from hitl_client.model import Message

T = TypeVar("T")
Steps = Generator[Any, Any, T]
"""Steps, and what they lead to."""


@dataclass(frozen=True)
class Send:
    """Send a request. Gives the response, or the httpx.RequestError that came instead of it."""

    method: str
    address: str
    params: Mapping[str, str]
    json: Any = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)

    def options(self) -> dict[str, Any]:
        """Return it as httpx takes it."""
        return {
            "method": self.method,
            "url": self.address,
            "params": dict(self.params),
            "json": self.json,
            "headers": dict(self.headers),
        }


@dataclass(frozen=True)
class Sleep:
    """Wait."""

    seconds: float


@dataclass(frozen=True)
class Open:
    """Open a socket. Gives None, or Ended if there is none."""

    address: str
    headers: dict[str, str] = field(repr=False)


@dataclass(frozen=True)
class Transmit:
    """Send a text over the socket. Gives None, also if the socket is closed: see Receive."""

    text: str


@dataclass(frozen=True)
class Receive:
    """Wait for a text of the socket. Gives it; or None if none came in time; or Ended."""

    seconds: float


@dataclass(frozen=True)
class Close:
    """Close the socket, without waiting for the other side."""


@dataclass(frozen=True)
class Deliver:
    """Hand a message to the program. The next step is asked for when it has been handled."""

    message: Message


@dataclass(frozen=True)
class Ended:
    """Why there is no socket: a close code and its reason, an HTTP status, or an error."""

    code: int | None = None
    reason: str = ""
    status: int | None = None
    error: Exception | None = None

    def __str__(self) -> str:
        if self.status:
            return f"the server answered {self.status}"
        if self.code:
            return f"{self.reason or 'closed'} ({self.code})"
        return str(self.error or "") or type(self.error).__name__
