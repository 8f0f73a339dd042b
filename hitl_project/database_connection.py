"""A connection to PostgreSQL that is given up when the server says nothing for too long.

PostgreSQL ends long statements by itself, unless it is frozen: a stopped process, a paused machine.
Its kernel then goes on to acknowledge what it is sent, and a Unix socket has no timeouts at all.
"""

from typing import Any

import psycopg
from psycopg.abc import RV, PQGen
from psycopg.errors import _WaitTimeout  # what `wait` raises; it has no public name

SERVER_SECONDS = 3.0
"""How much longer than a statement may take PostgreSQL has to say that it has ended it."""


class BoundedConnection(psycopg.Connection[Any]):
    """Raises OperationalError, and is closed, when the answer to a statement does not come."""

    seconds = 20.0
    """How long PostgreSQL itself lets a statement take."""

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        """Wait as psycopg does, for a bounded time also where the caller names none."""
        if timeout is not None:
            return super().wait(gen, interval, timeout)
        try:
            return super().wait(gen, interval, self.seconds + SERVER_SECONDS)
        except _WaitTimeout:
            self.pgconn.finish()  # without a word to a server that does not listen
            raise psycopg.OperationalError("PostgreSQL does not answer") from None


def bounded(seconds: float) -> type[BoundedConnection]:
    """Return the class of connections whose statements may take so many seconds."""
    return type("BoundedConnection", (BoundedConnection,), {"seconds": seconds})
