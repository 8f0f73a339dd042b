"""The limit on a user's writes per minute, through REST, pages and admin together.

Each process counts for itself, as with sockets. A shared count would cost every decision a round
trip to Redis, and would fail with it.
"""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from realtime.token_bucket import TokenBuckets

READING = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


def wait(request: HttpRequest, user: Any) -> int:
    """Count a request of `user`; return 0, or in how many seconds the next one is allowed.

    Reads are not counted. Requests without valid credentials count by their address.
    """
    return 0 if request.method in READING else wait_as_write(request, user)


def wait_as_write(request: HttpRequest, user: Any) -> int:
    """Count a request that costs as much as a write, whatever its method."""
    most = settings.HITL_WRITES_PER_MINUTE
    if not most:
        return 0
    is_somebody = user.is_authenticated and not getattr(request, "open_access", False)
    return _buckets.wait(user.pk if is_somebody else request.META.get("REMOTE_ADDR", ""), most)


_buckets = TokenBuckets()
