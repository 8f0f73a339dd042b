"""Who may hand on what: nobody grants what they do not have.

Users who manage users or tokens could otherwise make themselves superusers, or act as one.
"""

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.db.models import Q, QuerySet


def grantable_permissions(actor: Any) -> QuerySet[Permission]:
    """Return the permissions that `actor` has: themselves, or by a group."""
    every: QuerySet[Permission] = Permission.objects.all()
    if actor.is_superuser:
        return every
    mine = Q(user=actor.pk) | Q(group__user=actor.pk)
    return every.filter(pk__in=Permission.objects.filter(mine).values("pk"))


def grantable_groups(actor: Any) -> QuerySet[Group]:
    """Return the groups with no permission that `actor` has not."""
    return Group.objects.exclude(permissions__in=_beyond(actor))


def manageable_users(actor: Any) -> QuerySet[Any]:
    """Return the users who may do nothing, even once enabled, that `actor` may not."""
    users: QuerySet[Any] = get_user_model()._default_manager.all()
    if actor.is_superuser:
        return users
    beyond = _beyond(actor)
    return users.filter(is_superuser=False).exclude(
        Q(user_permissions__in=beyond) | Q(groups__permissions__in=beyond)
    )


def may_manage(actor: Any, user: Any) -> bool:
    """Whether `actor` may change `user`, their password included, or act as them by a token."""
    return manageable_users(actor).filter(pk=user.pk).exists()


def _beyond(actor: Any) -> QuerySet[Permission]:
    return Permission.objects.exclude(pk__in=grantable_permissions(actor).values("pk"))
