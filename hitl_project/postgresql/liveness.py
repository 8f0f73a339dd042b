"""Whether PostgreSQL is there, found out when a statement is not answered for a while.

A long statement and a frozen server look alike to the client that waits: the kernel still
acknowledges what it sends. So a thread asks the server something else, over a new connection.
"""

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from typing import NamedTuple

import psycopg

logger = logging.getLogger(__name__)

QUIET_SECONDS = 2.0
"""How long no answer may come before the server is asked whether it is there."""
PAUSE_SECONDS = 0.5
"""How long after one question a silent server is asked the next."""


class Server(NamedTuple):
    """A server by the parameters of libpq that name it; `host` may be the folder of a socket."""

    host: str
    hostaddr: str
    port: str


Reconnects = Callable[[], Server | None]


class Silent(psycopg.OperationalError):
    """PostgreSQL does not answer."""

    def __init__(self) -> None:
        super().__init__("PostgreSQL does not answer")


class Liveness:
    """Knows which servers are silent. Call it from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asking = False
        self._heard: dict[Server, float] = defaultdict(lambda: float("-inf"))
        self._silent: set[Server] = set()
        self._refusing = False

    def heard(self, server: Server) -> None:
        """Take note that a server answered a statement."""
        self._heard[server] = time.monotonic()
        if self._silent or self._refusing:
            self._silent.discard(server)
            self._refusing = False

    def connected(self, server: Server) -> None:
        """Take note of a connection. It proves nothing of a server that is away behind a pooler."""
        if not self._refusing:
            self._silent.discard(server)

    def check(self, server: Server) -> None:
        """Raise Silent if a server is known to be."""
        if server in self._silent:
            raise Silent

    def refuse_while_silent(self) -> None:
        """Raise Silent if a new connection would only be waited for."""
        if self._refusing:
            raise Silent

    def ask(self, server: Server, is_there: Callable[[], bool], reconnects: Reconnects) -> None:
        """Find out, in a thread, whether a server is there, unless it answered just now.

        If it is not, statements to it end, and new connections are refused until `reconnects`
        returns which server answers.
        """
        with self._lock:
            if self._asking or time.monotonic() - self._heard[server] < QUIET_SECONDS:
                return
            self._asking = True
        arguments = (server, is_there, reconnects)
        threading.Thread(target=self._find_out, args=arguments, daemon=True).start()

    def _find_out(
        self, server: Server, is_there: Callable[[], bool], reconnects: Reconnects
    ) -> None:
        try:
            began = time.monotonic()
            if not is_there() and self._heard[server] < began:
                self._wait_for(server, reconnects)
        finally:
            self._asking = self._refusing = False  # nobody is left who would end it

    def _wait_for(self, server: Server, reconnects: Reconnects) -> None:
        logger.warning("PostgreSQL at %s, port %s, does not answer", server.host, server.port)
        self._silent.add(server)
        self._refusing = True
        while self._refusing:
            if answering := reconnects():
                self.heard(answering)
            else:
                time.sleep(PAUSE_SECONDS)
        logger.warning("PostgreSQL answers again")


LIVENESS = Liveness()
"""Of the servers that DATABASE_URL names."""
