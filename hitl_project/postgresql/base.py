"""The database backend, by the name under which Django looks for it."""

from typing import Any

from django.db.backends.postgresql import base

from hitl_project.postgresql.liveness import LIVENESS
from realtime import clock

TIME = "SELECT extract(epoch FROM clock_timestamp())"


class DatabaseWrapper(base.DatabaseWrapper):
    """Does not wait for a connection while PostgreSQL is known to be silent; asks it for the time.

    A request and a job each connect, if only to take a connection from the pool.
    """

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        LIVENESS.refuse_while_silent()
        return super().get_new_connection(conn_params)

    def init_connection_state(self) -> None:
        super().init_connection_state()
        clock.DATABASE.keep_right(self._seconds)

    def _seconds(self) -> float:
        return float(self.connection.execute(TIME).fetchone()[0])
