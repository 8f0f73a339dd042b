"""How far the replica lags, and whether it follows this primary at all.

The age of the last transaction that it replayed is not its lag: while nothing is committed, that
age grows. And a replica that lost its primary has replayed all that it ever received. So the
primary is asked how far its log has come, and only a replica that is not there yet lags, by that
age at most.
"""

import math
import time
from typing import Any

from django.conf import settings
from django.db import connection, connections

from realtime import clock
from realtime.replica.routing import ALIAS

WAIT_SECONDS = 1.0
"""How long a replica that seems to lag too much has to reach what the primary had.

After a quiet hour it seems so for some milliseconds: it last replayed something an hour ago.
"""
STEP_SECONDS = 0.05

PRIMARY = "SELECT pg_current_wal_flush_lsn()::text, realtime_history()"
REPLICA = """
SELECT pg_is_in_recovery(),
    EXISTS (SELECT FROM realtime_counter WHERE history = %s AND history <> 'unknown'),
    pg_last_wal_replay_lsn() >= %s::pg_lsn,
    extract(epoch FROM pg_last_xact_replay_timestamp())::float8
"""


class Unfit(Exception):
    """The replica answers, but must not be read now."""


def fit() -> float:
    """Return how many seconds the replica lags at most. Raise Unfit, or what the database raises.

    It must be in recovery: a server that takes writes is the primary itself, or has a history of
    its own. And it must have a counter that was written in the primary's present history, which a
    replica that did not follow the last failover lacks.
    """
    seconds = lag()
    if seconds > settings.DATABASE_REPLICA_MAX_LAG_SECONDS:
        raise Unfit(f"it lags {seconds:.0f} s" if math.isfinite(seconds) else "it lags")
    return seconds


def lag() -> float:
    """Return how many seconds the replica lags at most, infinitely many if nobody knows."""
    position, history = _row(connection, PRIMARY)
    until = time.monotonic() + WAIT_SECONDS
    seconds = _seconds_behind(position, history)
    while seconds > settings.DATABASE_REPLICA_MAX_LAG_SECONDS and time.monotonic() < until:
        time.sleep(STEP_SECONDS)
        seconds = _seconds_behind(position, history)
    return seconds


def _seconds_behind(position: str, history: str) -> float:
    in_recovery, follows, has_all, replayed = _row(connections[ALIAS], REPLICA, history, position)
    if not in_recovery:
        raise Unfit("it takes writes, so it is no replica")
    if not follows:
        raise Unfit("it does not have the history of the primary")
    if has_all:
        return 0.0
    return math.inf if replayed is None else max(0.0, clock.seconds() - replayed)


def _row(database: Any, sql: str, *parameters: Any) -> tuple[Any, ...]:
    with database.cursor() as cursor:
        cursor.execute(sql, parameters)
        row: tuple[Any, ...] = cursor.fetchone()
    return row
