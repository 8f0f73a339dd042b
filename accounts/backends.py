"""Authentication backends: the lockout of guessed names, and permissions in one query."""

from datetime import timedelta
from typing import Any

from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.db.models import Sum
from django.utils import timezone

from audit.choices import AuditAction
from audit.models import Entry

KNOWN_DAYS = 90
"""How long an address is known as a user's after they signed in from there."""
GRANTED = """
SELECT kind.app_label || '.' || permission.codename
FROM auth_permission permission
JOIN django_content_type kind ON kind.id = permission.content_type_id
WHERE %(all)s OR permission.id IN (
    SELECT permission_id FROM auth_user_user_permissions WHERE user_id = %(user)s
    UNION ALL
    SELECT permission_id FROM auth_user_groups JOIN auth_group_permissions USING (group_id)
    WHERE user_id = %(user)s
)
"""


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
    recent = timezone.now() - settings.AXES_COOLOFF_TIME
    attempts = AccessAttempt.objects.filter(username=username, attempt_time__gt=recent)
    return attempts.aggregate(all=Sum("failures_since_start"))["all"] or 0


def _has_signed_in(username: str, address: str) -> bool:
    """Return whether the audit has a sign-in of the user from `address` in the last KNOWN_DAYS."""
    since = timezone.now() - timedelta(days=KNOWN_DAYS)
    entries = Entry.objects.filter(action=AuditAction.SIGNED_IN, actor=username)
    return entries.filter(address=address, at__gt=since).exists()


class OneQueryBackend(ModelBackend):
    """Read a user's permissions, their own and those of their groups, in one query.

    Django's backend takes two, and nearly every request needs them. This is SQL because building
    the query from models takes several times longer than running it.
    """

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        if not user_obj.is_active or user_obj.is_anonymous or obj is not None:
            return set()
        if not hasattr(user_obj, "_perm_cache"):
            with connection.cursor() as cursor:
                cursor.execute(GRANTED, {"all": user_obj.is_superuser, "user": user_obj.pk})
                user_obj._perm_cache = {name for (name,) in cursor.fetchall()}
        return user_obj._perm_cache  # type: ignore[no-any-return]
