"""The time of the database, which all hosts share.

One host compares times that another one wrote: until when a token is valid, when a job is due, who
was silent for too long. The clocks of hosts may be minutes apart, and be set while a process runs.
So each process asks PostgreSQL for the time now and then, and counts on by a clock that nobody
sets.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime

AGE_SECONDS = 10.0
"""How old an answer of the database is before it is asked again."""


class Clock:
    """Tells the database's time, and this machine's until the database was asked."""

    def __init__(self) -> None:
        self._base = time.time() - time.monotonic()
        self._asked_at = float("-inf")  # on the wall clock, which goes on while a machine sleeps

    def seconds(self) -> float:
        """Return the seconds since 1970."""
        return time.monotonic() + self._base

    def keep_right(self, ask: Callable[[], float]) -> None:
        """Call `ask`, which returns the database's seconds, unless it was called just now."""
        if abs(time.time() - self._asked_at) < AGE_SECONDS:
            return
        self._asked_at = time.time()
        began = time.monotonic()
        told = ask()
        doubt = (time.monotonic() - began) / 2
        base = told - began - doubt
        if abs(base - self._base) > doubt:  # else it is right as far as anybody can tell
            self._base = base


DATABASE = Clock()


def seconds() -> float:
    """Return the database's seconds since 1970."""
    return DATABASE.seconds()


def now() -> datetime:
    """Return the database's time."""
    return datetime.fromtimestamp(seconds(), UTC)
