"""Functions that read the replica while it is fit, and the primary otherwise."""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import (
    InterfaceError,
    InternalError,
    OperationalError,
    ProgrammingError,
    connection,
    connections,
)

from realtime import clock
from realtime.replica.freshness import Unfit, fit
from realtime.replica.routing import ALIAS, is_configured, reading_replica
from realtime.replica.standing import STANDING

FAILURES = (Unfit, OperationalError, InterfaceError, InternalError, ProgrammingError)
"""What the primary may do better: a replica may even lack a new column, or a right."""

P = ParamSpec("P")
R = TypeVar("R")


def may_lag(read: Callable[P, R]) -> Callable[P, R]:
    """Let a function read the replica. It must only read, and begin again if it is called again.

    Inside a transaction it reads the primary, as does everything that is not marked.
    """

    @wraps(read)
    def wherever(*args: P.args, **kwargs: P.kwargs) -> R:
        if not is_configured() or connection.in_atomic_block or not STANDING.may_be_tried():
            return read(*args, **kwargs)
        try:
            with reading_replica(clock.now() - timedelta(seconds=fit())):
                found = read(*args, **kwargs)
        except FAILURES as error:
            STANDING.leave_out(error)
            connections[ALIAS].close()
            return read(*args, **kwargs)
        STANDING.take_again()
        return found

    return wherever
