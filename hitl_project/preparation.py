"""Let one process at a time prepare the database."""

import contextlib
from collections.abc import Iterator

import psycopg
from django.db import connection

LOCK = 4_011_983
"""The number of PostgreSQL's advisory lock; any that nobody else takes in this database."""
PATIENT = "-c lock_timeout=0 -c statement_timeout=0 -c idle_in_transaction_session_timeout=0"


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Hold the lock on preparing the database; wait until no other process holds it.

    A transaction on a separate connection holds the lock, so it ends with the process.
    """
    options = {**connection.get_connection_params(), "options": PATIENT, "autocommit": False}
    with psycopg.connect(**options) as holder:
        holder.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        yield
