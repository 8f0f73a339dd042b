"""How much somebody may write in a minute, through REST, the pages and the admin together.

Counted in each process by itself, as sockets are: a count that processes share would cost every
decision a way to Redis and back, and fail with it.
"""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from realtime.token_bucket import TokenBuckets

READING = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


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
    return _buckets.wait(user.pk if is_somebody else request.META.get("REMOTE_ADDR", ""), most)


_buckets = TokenBuckets()
