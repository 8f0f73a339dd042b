"""A connection to PostgreSQL that gives up if the server does not answer for too long.

PostgreSQL ends long statements itself, unless it is frozen: a stopped process, a paused machine.
The kernel then still acknowledges what PostgreSQL is sent, and Unix sockets have no timeouts.
"""

import time
from typing import Any, Self

import psycopg
from psycopg.abc import RV, PQGen
from psycopg.errors import _WaitTimeout  # raised by `wait`; it has no public name

from hitl_project.postgresql.liveness import LIVENESS, QUIET_SECONDS, Liveness, Server, Silent

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

    liveness: Liveness = LIVENESS
    server: Server | None = None
    parameters: dict[str, Any]
    """How this connection was made."""

    @classmethod
    def connect(cls, conninfo: str = "", **parameters: Any) -> Self:
        """Connect as psycopg does, and remember how."""
        made = super().connect(conninfo, **parameters)
        made.server = _server_of(made)
        made.parameters = {"conninfo": conninfo, **parameters}
        cls.liveness.connected(made.server)
        return made

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        """Wait as BoundedConnection does, while the server is there."""
        if self.server is None:
            return super().wait(gen, interval, timeout)
        answer = super().wait(self._while_there(gen, self.server), interval, timeout)
        self.liveness.heard(self.server)
        return answer

    def _while_there(self, gen: PQGen[RV], server: Server) -> PQGen[RV]:
        """Do what `gen` does. It is also continued, with nothing, after each `interval`."""
        began = time.monotonic()
        self.liveness.check(server)
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
        self.liveness.check(server)
        if time.monotonic() - began > QUIET_SECONDS:
            self.liveness.ask(server, self._server_is_there, self._reconnects)

    def _server_is_there(self) -> bool:
        """Return whether the very server of this connection answers, if only with a refusal."""
        assert self.server is not None
        very = {**self.parameters, **self.server._asdict(), "target_session_attrs": "any"}
        try:
            _ask(very)
        except (Silent, psycopg.errors.ConnectionTimeout):
            return False
        except psycopg.Error:
            return True
        return True

    def _reconnects(self) -> Server | None:
        """Return which server answers on a connection that is made like this one, if any."""
        try:
            return _ask(self.parameters)
        except psycopg.Error:
            return None


def _ask(parameters: dict[str, Any]) -> Server:
    """Return which server answers. Raise psycopg.Error if none does in time, or it refuses."""
    limited = {**parameters, "connect_timeout": ANSWER_SECONDS}
    with BoundedConnection.connect(**limited) as connection:
        connection.execute("SELECT 1")
        return _server_of(connection)


def _server_of(connection: BoundedConnection) -> Server:
    found = connection.pgconn.host, connection.pgconn.hostaddr, connection.pgconn.port
    return Server(*(part.decode() for part in found))


def bounded(seconds: float, liveness: Liveness = LIVENESS) -> type[WatchedConnection]:
    """Return the class of connections whose statements may take so many seconds."""
    traits = {"limit": seconds + SERVER_SECONDS, "liveness": liveness}
    return type("WatchedConnection", (WatchedConnection,), traits)
