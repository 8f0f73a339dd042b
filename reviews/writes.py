"""How much somebody may write in a minute, through REST, the pages and the admin together.

Counted in each process by itself, as sockets are: a count that processes share would cost every
decision a way to Redis and back, and fail with it.
"""

import math
import time
from threading import Lock
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from realtime.limits import Allowance

READING = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
MINUTE = 60.0

Key = int | str
"""A user's id, or the address of somebody who is no user."""


def wait(request: HttpRequest, user: Any) -> int:
    """Count a request of `user`; 0, or in how many seconds the next one will be let through.

    What only reads is not counted. Those who show no good credentials count by their address.
    """
    return 0 if request.method in READING else wait_as_write(request, user)


def wait_as_write(request: HttpRequest, user: Any) -> int:
    """Count a request that costs as much as a write does, whatever its method."""
    most = settings.HITL_WRITES_PER_MINUTE
    if not most:
        return 0
    is_somebody = user.is_authenticated and not getattr(request, "open_access", False)
    return _writers.wait(user.pk if is_somebody else request.META.get("REMOTE_ADDR", ""), most)


class Writers:
    """What each user or address has left; from any thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._recent: dict[Key, Allowance] = {}
        self._older: dict[Key, Allowance] = {}
        self._turned_at = time.monotonic()

    def wait(self, key: Key, most: int) -> int:
        """Take one of `most` a minute; 0, or the seconds until there is one."""
        with self._lock:
            allowance = self._recent[key] = self._find(key) or Allowance(most)
            return 0 if allowance.take() else math.ceil(allowance.wait())

    def _find(self, key: Key) -> Allowance | None:
        """Who wrote nothing for a minute may be forgotten: as much is left to them as to others."""
        now = time.monotonic()
        if now - self._turned_at > MINUTE:
            self._older, self._recent, self._turned_at = self._recent, {}, now
        return self._recent.get(key) or self._older.pop(key, None)


_writers = Writers()
