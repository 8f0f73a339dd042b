"""Who can be on the team of an APV: people who may decide, and groups."""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import Group
from django.db import connection

from reviews.permissions import LEAD, Permission

MOST = 500
"""People whom a page offers; more are named over REST."""
HOLDERS = """
SELECT username, first_name, last_name FROM auth_user
WHERE is_active AND (is_superuser OR id IN (
    SELECT user_id FROM (
        SELECT user_id, permission_id FROM auth_user_user_permissions
        UNION
        SELECT user_id, permission_id
        FROM auth_user_groups JOIN auth_group_permissions USING (group_id)
    ) AS held
    JOIN auth_permission permission ON permission.id = permission_id
    JOIN django_content_type kind ON kind.id = permission.content_type_id
    WHERE kind.app_label || '.' || permission.codename = ANY(%(names)s)
    GROUP BY user_id HAVING count(*) = %(count)s
))
ORDER BY first_name, last_name, username LIMIT %(most)s
"""
"""SQL, as in `accounts.backends`: each page of an APV needs it, and building it takes longer."""


def may_be_assigned(user: Any) -> bool:
    """Return whether a user may decide, and so can be named for it."""
    return bool(user.is_active and user.has_perm(Permission.DECIDE_APV))


def may_be_escalated_to(user: Any) -> bool:
    """Return whether a user may decide on escalated APVs."""
    return bool(user.is_active and user.has_perms(LEAD))


def deciders() -> list[tuple[str, str]]:
    """Return the user names and names of those who may decide on pending APVs."""
    return _named([Permission.DECIDE_APV])


def leads() -> list[tuple[str, str]]:
    """Return the user names and names of those who may decide on escalated APVs."""
    return _named(LEAD)


def groups() -> list[str]:
    """Return the names of the groups."""
    return list(Group.objects.order_by("name").values_list("name", flat=True)[:MOST])


def _named(permissions: Iterable[Permission]) -> list[tuple[str, str]]:
    """Return the user names and names of the active users who have all of `permissions`."""
    names = [str(one) for one in permissions]
    with connection.cursor() as cursor:
        cursor.execute(HOLDERS, {"names": names, "count": len(names), "most": MOST})
        found = cursor.fetchall()
    return [(username, f"{first} {last}".strip() or username) for username, first, last in found]
