"""Limits on passwords: how many are checked at once, and how many one address may send.

Checking a password takes a core for a third of a second, by design. So sign-ins queue for each
other and do not delay any other work.
"""

import os
import re

from django.conf import settings
from django.http import HttpRequest

from accounts.networks import network_of
from realtime.token_bucket import TokenBuckets

AT_ONCE = max(1, min(4, (os.cpu_count() or 1) // 2))
"""How many passwords a process checks at the same time: half of the cores go on with the rest."""
PASSWORD_PATHS = re.compile(
    rf"/sign-in|{settings.API_PREFIX}token|/admin/login|/admin/password_change"
    r"|/admin/auth/user/(add|[0-9]+/password)"
)
"""The paths, without a slash at their end, to which passwords are sent."""

_senders = TokenBuckets()


def are_in(request: HttpRequest) -> bool:
    """Return whether a request contains a password to check or hash."""
    path = request.path.rstrip("/")
    return request.method == "POST" and PASSWORD_PATHS.fullmatch(path) is not None


def wait(request: HttpRequest) -> int:
    """Count a password from the request's address; return 0, or the seconds until the next one."""
    most = settings.HITL_SIGN_INS_PER_MINUTE
    return _senders.wait(network_of(request.META.get("REMOTE_ADDR", "")), most) if most else 0
