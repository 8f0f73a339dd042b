"""A connection to PostgreSQL that gives up if the server does not answer for too long.

PostgreSQL ends long statements itself, unless it is frozen: a stopped process, a paused machine.
The kernel then still acknowledges what PostgreSQL is sent, and Unix sockets have no timeouts.
"""

from typing import Any

import psycopg
from psycopg.abc import RV, PQGen
from psycopg.errors import _WaitTimeout  # raised by `wait`; it has no public name

SERVER_SECONDS = 3.0
"""How much longer than a statement may take PostgreSQL has to say that it has ended it."""


class BoundedConnection(psycopg.Connection[Any]):
    """Raises OperationalError and closes if the answer to a statement does not come in time."""

    seconds = 20.0
    """How long PostgreSQL itself lets a statement take."""

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        """Wait as psycopg does, for a limited time even if the caller sets no limit."""
        if timeout is not None:
            return super().wait(gen, interval, timeout)
        try:
            return super().wait(gen, interval, self.seconds + SERVER_SECONDS)
        except _WaitTimeout:
            self.pgconn.finish()  # without a message to a server that does not read
            raise psycopg.OperationalError("PostgreSQL does not answer") from None


def bounded(seconds: float) -> type[BoundedConnection]:
    """Return the class of connections whose statements may take so many seconds."""
    return type("BoundedConnection", (BoundedConnection,), {"seconds": seconds})
