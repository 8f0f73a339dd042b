"""Lock out those who guess the password of a name."""

from datetime import timedelta
from typing import Any

from axes.models import AccessAttempt
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db.models import Sum

from audit.archives.detaching import READ_DAYS
from audit.choices import AuditAction
from audit.models import Entry
from realtime import clock

KNOWN_DAYS = READ_DAYS
"""How long an address is known as a user's after they signed in from there."""


class NameBound:
    """Refuse passwords for a name that was guessed from many addresses.

    Each address has a limit of its own, which an attacker with many addresses escapes. This limit
    does not lock out the user: they can still sign in from addresses that they used before, and
    their open sessions continue.
    """

    def authenticate(self, request: Any, username: str | None = None, **_: Any) -> None:
        """Raise PermissionDenied if the name has reached its limit."""
        if request is None or not username:
            return
        address = request.META.get("REMOTE_ADDR", "")
        if _failures(username) >= settings.HITL_SIGN_IN_FAILURES_PER_NAME and not _has_signed_in(
            username, address
        ):
            request.axes_locked_out = True  # our middleware answers it; axes does not count it
            raise PermissionDenied


def _failures(username: str) -> int:
    """Return the number of recent wrong passwords for a name, from all addresses."""
    recent = clock.now() - settings.AXES_COOLOFF_TIME
    attempts = AccessAttempt.objects.filter(username=username, attempt_time__gt=recent)
    return attempts.aggregate(all=Sum("failures_since_start"))["all"] or 0


def _has_signed_in(username: str, address: str) -> bool:
    """Return whether the audit has a sign-in of the user from `address` in the last KNOWN_DAYS."""
    since = clock.now() - timedelta(days=KNOWN_DAYS)
    entries = Entry.objects.filter(action=AuditAction.SIGNED_IN, actor=username)
    return entries.filter(address=address, at__gt=since).exists()
