"""The database backend of a replica, by the name under which Django looks for it."""

from typing import Any

from django.conf import settings
from django.db.backends.postgresql import base
from django.db.backends.postgresql.psycopg_any import IsolationLevel

from hitl_project.postgresql.connections import bounded
from hitl_project.postgresql.liveness import Liveness

LIVENESS = Liveness()
"""Of replicas alone: that one is silent says nothing of the primary."""
CONNECTION = bounded(settings.HITL_DB_SECONDS, LIVENESS)


class DatabaseWrapper(base.DatabaseWrapper):
    """Connects anew for each request, without a pool, which would wait for a server that is away.

    It never asks for the time, which is the primary's.
    """

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        LIVENESS.refuse_while_silent()
        self.isolation_level = IsolationLevel.READ_COMMITTED  # as Django's own does
        return CONNECTION.connect(**conn_params)
