"""A connection to PostgreSQL that gives up if the server does not answer for too long.

PostgreSQL ends long statements itself, unless it is frozen: a stopped process, a paused machine.
The kernel then still acknowledges what PostgreSQL is sent, and Unix sockets have no timeouts.
"""

import time
from typing import Any, Self

import psycopg
from psycopg.abc import RV, PQGen
from psycopg.errors import _WaitTimeout  # raised by `wait`; it has no public name

from hitl_project.postgresql.liveness import LIVENESS, QUIET_SECONDS, Server, Silent

SERVER_SECONDS = 3.0
"""How much longer than a statement may take PostgreSQL has to say that it has ended it."""
ANSWER_SECONDS = 2
"""How long PostgreSQL may take to connect, and to answer, when asked whether it is there."""


class BoundedConnection(psycopg.Connection[Any]):
    """Raises Silent and closes if the answer to a statement does not come in time."""

    limit: float = ANSWER_SECONDS
    """How many seconds that is."""

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        """Wait as psycopg does, for a limited time even if the caller sets no limit."""
        if timeout is not None:
            return super().wait(gen, interval, timeout)
        try:
            return super().wait(gen, interval, self.limit)
        except (_WaitTimeout, Silent):
            self.pgconn.finish()  # without a message to a server that does not read
            raise Silent from None


class WatchedConnection(BoundedConnection):
    """Also gives up as soon as the server turns out to be silent; asks after a while."""

    server: Server | None = None
    parameters: dict[str, Any]
    """How this connection was made."""

    @classmethod
    def connect(cls, conninfo: str = "", **parameters: Any) -> Self:
        """Connect as psycopg does. An answer is an answer, also to this."""
        made = super().connect(conninfo, **parameters)
        found = made.pgconn.host, made.pgconn.hostaddr, made.pgconn.port
        made.server = Server(*(part.decode() for part in found))
        made.parameters = {"conninfo": conninfo, **parameters}
        LIVENESS.heard(made.server)
        return made

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        """Wait as BoundedConnection does, while the server is there."""
        if self.server is None:
            return super().wait(gen, interval, timeout)
        answer = super().wait(self._while_there(gen, self.server), interval, timeout)
        LIVENESS.heard(self.server)
        return answer

    def _while_there(self, gen: PQGen[RV], server: Server) -> PQGen[RV]:
        """Do what `gen` does. It is also continued, with nothing, after each `interval`."""
        began = time.monotonic()
        LIVENESS.check(server)
        try:
            step = next(gen)
            while True:
                ready = yield step
                if not ready:
                    self._look(server, began)
                step = gen.send(ready)
        except StopIteration as end:
            answer: RV = end.value
            return answer

    def _look(self, server: Server, began: float) -> None:
        LIVENESS.check(server)
        if time.monotonic() - began > QUIET_SECONDS:
            LIVENESS.ask(server, self._server_is_there, self._reconnects)

    def _server_is_there(self) -> bool:
        """Return whether the very server of this connection answers, if only with a refusal."""
        assert self.server is not None
        very = {**self.parameters, **self.server._asdict(), "target_session_attrs": "any"}
        try:
            _ask(BoundedConnection, very)
        except (Silent, psycopg.errors.ConnectionTimeout):
            return False
        except psycopg.Error:
            return True
        return True

    def _reconnects(self) -> bool:
        """Return whether a connection like this one can be made, to whichever server."""
        try:
            _ask(WatchedConnection, self.parameters)
        except psycopg.Error:
            return False
        return True


def _ask(kind: type[BoundedConnection], parameters: dict[str, Any]) -> None:
    """Connect and query. Raise psycopg.Error if there is no answer in time, or a refusal."""
    with kind.connect(**{**parameters, "connect_timeout": ANSWER_SECONDS}) as connection:
        connection.execute("SELECT 1")


def bounded(seconds: float) -> type[WatchedConnection]:
    """Return the class of connections whose statements may take so many seconds."""
    limit = seconds + SERVER_SECONDS
    return type("WatchedConnection", (WatchedConnection,), {"limit": limit})
