"""Warnings that `serve` logs before it serves. None of them stops it."""

import difflib
import os
from collections.abc import Iterator
from urllib.parse import urlsplit

import psycopg
import redis
from django.conf import settings
from django.db import connection, connections
from redis.backoff import NoBackoff
from redis.retry import Retry

from hitl_project import redis_servers
from realtime.replica.freshness import fit
from realtime.replica.reading import FAILURES
from realtime.replica.routing import is_configured
from realtime.replica.standing import reason

REDIS_SECONDS = 2


CLIENTS_VARIABLES = {"HITL_URL", "HITL_TOKEN", "HITL_TOKEN_FILE", "HITL_ALLOW_HTTP"}
"""What the command `hitl` reads, which may run in the same shell."""


def unknown_variables() -> Iterator[str]:
    """Name each variable of this project that no setting reads: it may be misspelt."""
    for name in sorted(os.environ.keys() - CLIENTS_VARIABLES):
        if name.startswith("HITL_") and name not in settings.HITL_VARIABLES:
            similar = difflib.get_close_matches(name, settings.HITL_VARIABLES, n=1)
            hint = f"; did you mean {similar[0]}?" if similar else ""
            yield f"unknown variable {name}{hint}"


def silent_redis() -> Iterator[str]:
    """Warn if Redis does not answer: nothing is lost then, but everything is slower."""
    parts = urlsplit(settings.REDIS_URL)
    where = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"  # no password
    try:
        with redis_servers.client(
            settings.REDIS_URL,
            socket_connect_timeout=REDIS_SECONDS,
            socket_timeout=REDIS_SECONDS,
            retry=Retry(NoBackoff(), 0),
        ) as client:
            client.ping()
    except (redis.RedisError, ValueError) as error:
        yield f"Redis does not answer at {where}: news will take up to a second ({error})"


OPEN_SCHEMA = """
SELECT relnamespace::regnamespace::text, current_user FROM pg_class
WHERE oid = to_regclass('audit_entry') AND NOT pg_has_role(relowner, 'MEMBER')
    AND has_schema_privilege(relnamespace, 'CREATE')
"""


def open_schema() -> Iterator[str]:
    """Warn if a role that owns nothing may create objects in the schema, as in PostgreSQL 14."""
    with psycopg.connect(**connection.get_connection_params()) as direct:
        for schema, role in direct.execute(OPEN_SCHEMA):
            yield (
                f"{role} may create in the schema {schema}, where it can put its own in the way of "
                f"the owner: REVOKE CREATE ON SCHEMA {schema} FROM PUBLIC"
            )


def unfit_replica() -> Iterator[str]:
    """Warn if the replica cannot be read: the primary does its work until it can."""
    if not is_configured():
        return
    try:
        fit()
    except FAILURES as error:
        yield f"the replica is not read: {reason(error)}; see DATABASE_REPLICA_URL"
    finally:
        connections.close_all()
