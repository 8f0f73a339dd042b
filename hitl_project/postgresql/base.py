"""The database backend, by the name under which Django looks for it."""

from typing import Any

from django.db.backends.postgresql import base

from hitl_project.postgresql.liveness import LIVENESS


class DatabaseWrapper(base.DatabaseWrapper):
    """Does not wait for a connection while PostgreSQL is known to be silent."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        LIVENESS.refuse_while_silent()
        return super().get_new_connection(conn_params)
