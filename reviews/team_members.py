"""Who can be on the team of an APV: people who may decide, and groups."""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import Group, User

from accounts.names import display_name
from reviews.permissions import LEAD, Permission

BACKEND = "accounts.backends.OneQueryBackend"
MOST = 500
"""People whom a page offers; more are named over REST."""


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
    found = User.objects.filter(is_active=True)
    for permission in permissions:
        found = found.filter(
            pk__in=User.objects.with_perm(permission, backend=BACKEND).values("pk")
        )
    rows = found.order_by("first_name", "last_name", "username")[:MOST]
    return [(one.get_username(), display_name(one)) for one in rows]
